// SPDX-License-Identifier: GPL-2.0-only
/*
 * Read the headers of a packet that is being dropped. The packet can be in any
 * state, so nothing beyond its linear part is read.
 */
#include <linux/ipsecstat.h>
#include <linux/ipv6.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/xfrm.h>

#include "compat.h"
#include "packet.h"
#include "recent.h"

/* Offset of the SPI in an ESP or AH header; the sequence number follows. */
static int ipsecstat_spi_offset(u8 proto)
{
	return proto == IPPROTO_AH ? offsetof(struct ip_auth_hdr, spi) :
				     offsetof(struct ip_esp_hdr, spi);
}

/* Check whether these bytes are in the packet, behind the transport header. */
static bool ipsecstat_has(const struct sk_buff *skb, int offset,
			  const void *want, size_t size)
{
	const u8 *at = skb_transport_header(skb) + offset;

	return at + size <= skb_tail_pointer(skb) && !memcmp(at, want, size);
}

/**
 * ipsecstat_packet_at_header() - check whether the header that named the SA is
 * in place
 * @skb: the packet
 * @x: its last SA
 *
 * Context: Any.
 * Return: true if @x has not transformed the packet
 */
bool ipsecstat_packet_at_header(const struct sk_buff *skb,
				const struct xfrm_state *x)
{
	return ipsecstat_has(skb, ipsecstat_spi_offset(x->id.proto), &x->id.spi,
			     sizeof(x->id.spi));
}

/**
 * ipsecstat_packet_spi_proto() - the protocol of an SPI without an SA
 * @skb: the packet, on its way into xfrm_input()
 * @family: AF_INET or AF_INET6
 * @spi: the SPI
 * @seq: the sequence number beside it
 *
 * The IP header has the protocol; UDP and TCP stand for ESP in them. If an SA
 * in transport mode was already taken off, the IP header has the protocol of
 * that SA. Then the SPI is looked for in an ESP or AH header; where there is
 * none, it is one of IPComp.
 *
 * Context: Any.
 * Return: the IP protocol
 */
u8 ipsecstat_packet_spi_proto(const struct sk_buff *skb, u16 family,
			      __be32 spi, __be32 seq)
{
	const __be32 want[] = { spi, seq };
	bool esp = ipsecstat_has(skb, ipsecstat_spi_offset(IPPROTO_ESP), want,
				 sizeof(want));
	bool ah = ipsecstat_has(skb, ipsecstat_spi_offset(IPPROTO_AH), want,
				sizeof(want));
	u8 proto = family == AF_INET ? ip_hdr(skb)->protocol :
		   skb_network_header(skb)[IP6CB(skb)->nhoff];

	switch (proto) {
	case IPPROTO_AH:
		return ah ? IPPROTO_AH : esp ? IPPROTO_ESP : IPPROTO_COMP;
	case IPPROTO_ESP:
	case IPPROTO_UDP:
	case IPPROTO_TCP:
		return esp ? IPPROTO_ESP : ah ? IPPROTO_AH : IPPROTO_COMP;
	default:
		return proto;
	}
}

static void ipsecstat_who_ipv4(const u8 *at, struct ipsecstat_who *who)
{
	const struct iphdr *ip = (const void *)at;

	who->family = AF_INET;
	who->proto = ip->protocol;
	who->src.s6_addr32[0] = ip->saddr;
	who->dst.s6_addr32[0] = ip->daddr;
}

static void ipsecstat_who_ipv6(const struct sk_buff *skb, const u8 *at,
			       struct ipsecstat_who *who)
{
	const struct ipv6hdr *ip = (const void *)at;
	__be16 fragment;

	who->family = AF_INET6;
	who->proto = ip->nexthdr;
	ipv6_skip_exthdr(skb, at - skb->data + sizeof(*ip), &who->proto,
			 &fragment);
	who->src = ip->saddr;
	who->dst = ip->daddr;
}

/* Read the IP header at @at, if there is one. */
static void ipsecstat_who_header(const struct sk_buff *skb, const u8 *at,
				 struct ipsecstat_who *who)
{
	long room = skb_tail_pointer(skb) - at;

	if (room >= (long)sizeof(struct iphdr) && *at >> 4 == 4)
		ipsecstat_who_ipv4(at, who);
	else if (room >= (long)sizeof(struct ipv6hdr) && *at >> 4 == 6)
		ipsecstat_who_ipv6(skb, at, who);
}

static void ipsecstat_who_sa(const struct xfrm_state *x,
			     struct ipsecstat_who *who)
{
	bool ipv4 = x->props.family == AF_INET;
	size_t size = ipv4 ? sizeof(struct in_addr) : sizeof(struct in6_addr);

	who->family = ipv4 ? AF_INET : AF_INET6;
	memcpy(&who->src, &x->props.saddr, size);
	memcpy(&who->dst, &x->id.daddr, size);
}

/*
 * A word of an ESP or AH header behind the IP header: the SPI, or the sequence
 * number. Leaves @word unchanged if it is not there.
 */
static bool ipsecstat_header_word(const struct sk_buff *skb, u8 proto,
				  int index, __be32 *word)
{
	const u8 *at = skb_transport_header(skb) + ipsecstat_spi_offset(proto) +
		       index * sizeof(*word);

	if ((proto != IPPROTO_ESP && proto != IPPROTO_AH) ||
	    !skb_transport_header_was_set(skb) ||
	    at + sizeof(*word) > skb_tail_pointer(skb))
		return false;
	memcpy(word, at, sizeof(*word));
	return true;
}

/**
 * ipsecstat_packet_in_window() - check whether a sequence number is in the
 * replay window
 * @x: the SA
 * @seq: the number, its lower half if it is an extended one
 *
 * The kernel takes an extended number left of the window for one of the next
 * subspace, and then the ICV is wrong.
 *
 * Context: x->lock is held.
 * Return: false if the number is left of the window
 */
bool ipsecstat_packet_in_window(const struct xfrm_state *x, u32 seq)
{
	const struct xfrm_replay_state_esn *esn = x->replay_esn;

	if (!seq)
		return false;
	if (esn)
		return esn->seq - seq < esn->replay_window;
	return x->replay.seq - seq <
	       min_t(u32, x->props.replay_window,
		     sizeof(x->replay.bitmap) * BITS_PER_BYTE);
}

/*
 * The IP header is that of the refused packet, unless the SA has removed it. If
 * an SA allows ICMP errors, it can be that of the packet inside an error.
 */
static bool ipsecstat_has_header(const struct sk_buff *skb,
				 const struct xfrm_state *last)
{
	if (ipsecstat_packet_at_header(skb, last))
		return true;
	return last->props.mode == XFRM_MODE_TRANSPORT &&
	       !(last->props.flags & XFRM_STATE_ICMP);
}

/**
 * ipsecstat_packet_set_seq() - record a sequence number
 * @packet: what is known of a packet
 * @seq: the number
 *
 * Context: Any.
 */
void ipsecstat_packet_set_seq(struct ipsecstat_packet *packet, __be32 seq)
{
	packet->has_seq = true;
	packet->seq = ntohl(seq);
}

/**
 * ipsecstat_packet_read() - record addresses, SPI and the like of an inbound
 * packet
 * @net: the namespace of the drop; devices of others are not recorded
 * @skb: the packet
 * @x: the SA at fault, NULL if the packet passed none
 * @last: the last SA in its path
 * @packet: filled in, but for the reason and the policy
 *
 * The outer IP header is used while it is there: the source address of an SA
 * need not be set.
 *
 * Context: Any.
 */
void ipsecstat_packet_read(const struct net *net, const struct sk_buff *skb,
			   const struct xfrm_state *x,
			   const struct xfrm_state *last,
			   struct ipsecstat_packet *packet)
{
	struct ipsecstat_who *who = &packet->who;
	__be32 seq;

	memset(packet, 0, sizeof(*packet));
	if (skb->dev && net_eq(dev_net(skb->dev), net))
		packet->ifindex = skb->dev->ifindex;
	if (!x || ipsecstat_has_header(skb, last))
		ipsecstat_who_header(skb, skb_network_header(skb), who);
	else
		ipsecstat_who_sa(x, who);
	if (x) {
		who->proto = x->id.proto;
		who->spi = x->id.spi;
	} else {
		ipsecstat_header_word(skb, who->proto, 0, &who->spi);
	}
	if ((!x || ipsecstat_packet_at_header(skb, x)) &&
	    ipsecstat_header_word(skb, who->proto, 1, &seq))
		ipsecstat_packet_set_seq(packet, seq);
}

static void ipsecstat_packet_set_inner(const struct sk_buff *skb, const u8 *at,
				       struct ipsecstat_packet *packet)
{
	struct ipsecstat_who inner = { 0 };

	ipsecstat_who_header(skb, at, &inner);
	packet->inner_family = inner.family;
	packet->inner_src = inner.src;
	packet->inner_dst = inner.dst;
}

/**
 * ipsecstat_packet_read_inner() - record the addresses inside a tunnel
 * @skb: the packet, decapsulated
 * @last: the SA that decapsulated it
 * @packet: filled in, if the SA is in tunnel mode
 *
 * Context: Any.
 */
void ipsecstat_packet_read_inner(const struct sk_buff *skb,
				 const struct xfrm_state *last,
				 struct ipsecstat_packet *packet)
{
	if (last->props.mode == XFRM_MODE_TUNNEL)
		ipsecstat_packet_set_inner(skb, skb_network_header(skb), packet);
}

/* Between the outer header and the transform, the inner one can be read. */
static bool ipsecstat_is_wrapped(const struct sk_buff *skb,
				 const struct xfrm_state *x, u8 reason)
{
	if (x->props.mode != XFRM_MODE_TUNNEL ||
	    skb_inner_network_header(skb) < skb->data)
		return false;
	return reason == IPSECSTAT_DROP_REASON_EXPIRED ||
	       reason == IPSECSTAT_DROP_REASON_INVALID ||
	       reason == IPSECSTAT_DROP_REASON_SEQUENCE;
}

/**
 * ipsecstat_packet_read_out() - record a packet that an outbound SA refused
 * @skb: the packet
 * @x: the SA
 * @reason: why
 * @packet: filled in
 *
 * Context: Any.
 */
void ipsecstat_packet_read_out(const struct sk_buff *skb,
			       const struct xfrm_state *x, u8 reason,
			       struct ipsecstat_packet *packet)
{
	struct ipsecstat_who *who = &packet->who;

	memset(packet, 0, sizeof(*packet));
	ipsecstat_who_sa(x, who);
	who->proto = x->id.proto;
	who->spi = x->id.spi;
	who->reason = reason;
	who->out = true;
	if (ipsecstat_is_wrapped(skb, x, reason))
		ipsecstat_packet_set_inner(skb, skb_inner_network_header(skb),
					   packet);
}
