// SPDX-License-Identifier: GPL-2.0-only
/*
 * Try the hooks: does this kernel call the hooked functions where it counts a
 * packet, where it drops one, and where an SA begins and ends?
 *
 * Two SAs of the initial namespace are used, with a transform of this file that
 * changes nothing, between addresses of RFC 5737 and with an SPI that RFC 4303
 * reserves. Packets go through the kernel's own functions:
 *
 *	xfrm_output_resume()	one, which the transform takes
 *	xfrm_input()		one that is taken and then dropped, since
 *				no tunnel carries what it says is in it
 *				the same once more, one with a wrong ICV, and
 *				one of an SPI that nobody has
 *
 * Nothing reaches a device or a socket. 4 lines of /proc/net/xfrm_stat are one
 * more afterwards, and with auditing on there are three records. The class is
 * one that other traffic does not use: an SA that encrypts and does not
 * authenticate.
 *
 * Not tried are larval SAs, updates and Mobile IPv6: they need a key manager or
 * a device.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ip.h>
#include <net/dst_metadata.h>
#include <net/ip.h>
#include <net/xfrm.h>

#include "counters.h"
#include "drop.h"
#include "netns.h"
#include "sa.h"
#include "selftest.h"

#define IPSECSTAT_TRY_SPI	1
#define IPSECSTAT_TRY_NO_SPI	2
#define IPSECSTAT_TRY_SOURCE	0xc0000201	/* 192.0.2.1 */
#define IPSECSTAT_TRY_IN	0xc0000202
#define IPSECSTAT_TRY_OUT	0xc0000203
#define IPSECSTAT_TRY_PAYLOAD	64

#define IPSECSTAT_TRY_CLASS_OUT	IPSECSTAT_TRANSFORM_FLAGS_ENCRYPTED
#define IPSECSTAT_TRY_CLASS_IN	(IPSECSTAT_TRANSFORM_FLAGS_ENCRYPTED | \
				 IPSECSTAT_TRANSFORM_FLAGS_TUNNEL)

struct ipsecstat_try {
	struct xfrm_state *in;
	struct xfrm_state *out;
	struct metadata_dst *dst;
	struct ipsecstat_sum before;
	struct ipsecstat_sum after;
	struct ipsecstat_sa sa_before;
	struct ipsecstat_sa sa_begun;
	struct ipsecstat_sa sa_after;
};

/* The first byte behind the ESP header selects the outcome. */
static int ipsecstat_try_input(struct xfrm_state *x, struct sk_buff *skb)
{
	__skb_pull(skb, sizeof(struct ip_esp_hdr));
	return skb->data[0] ? -EBADMSG : IPPROTO_NONE;
}

static int ipsecstat_try_output(struct xfrm_state *x, struct sk_buff *skb)
{
	consume_skb(skb);
	return -EINPROGRESS;
}

static const struct xfrm_type ipsecstat_try_type = {
	.owner	= THIS_MODULE,
	.proto	= IPPROTO_ESP,
	.flags	= XFRM_TYPE_REPLAY_PROT,
	.input	= ipsecstat_try_input,
	.output	= ipsecstat_try_output,
};

static struct xfrm_state * __init ipsecstat_try_sa(u32 daddr, u8 mode)
{
	struct xfrm_state *x = xfrm_state_alloc(&init_net);

	if (!x)
		return NULL;
	x->id.daddr.a4 = htonl(daddr);
	x->id.spi = htonl(IPSECSTAT_TRY_SPI);
	x->id.proto = IPPROTO_ESP;
	x->props.saddr.a4 = htonl(IPSECSTAT_TRY_SOURCE);
	x->props.family = AF_INET;
	x->props.mode = mode;
	x->props.header_len = sizeof(struct ip_esp_hdr);
	x->props.replay_window = 32;
	x->outer_mode.encap = mode;
	x->outer_mode.family = AF_INET;
	if (mode == XFRM_MODE_TUNNEL)
		x->outer_mode.flags = XFRM_MODE_FLAG_TUNNEL;
	x->inner_mode = x->outer_mode;
	x->type = &ipsecstat_try_type;
	x->km.state = XFRM_STATE_VALID;

	xfrm_state_hold(x);
	xfrm_state_insert(x);
	return x;
}

static void __init ipsecstat_try_end(struct xfrm_state *x)
{
	if (x)
		xfrm_state_delete(x);
}

/* The kernel frees x later, when this module may be gone. */
static void __init ipsecstat_try_put(struct xfrm_state *x)
{
	if (!x)
		return;
	x->type = NULL;
	xfrm_state_put(x);
}

/* Returns a packet as IP hands it to ESP, or NULL. */
static struct sk_buff * __init
ipsecstat_try_packet(struct ipsecstat_try *t, u32 spi, u32 seq, bool wrong_icv)
{
	struct sk_buff *skb = alloc_skb(LL_MAX_HEADER + 256, GFP_KERNEL);
	struct ip_esp_hdr *esp;
	struct iphdr *iph;

	if (!skb)
		return NULL;
	skb_reserve(skb, LL_MAX_HEADER);
	skb_reset_network_header(skb);
	iph = skb_put_zero(skb, sizeof(*iph));
	iph->version = 4;
	iph->ihl = sizeof(*iph) / 4;
	iph->ttl = IPDEFTTL;
	iph->protocol = IPPROTO_ESP;
	iph->saddr = htonl(IPSECSTAT_TRY_SOURCE);
	iph->daddr = htonl(IPSECSTAT_TRY_IN);
	skb_set_transport_header(skb, sizeof(*iph));
	esp = skb_put_zero(skb, sizeof(*esp));
	esp->spi = htonl(spi);
	esp->seq_no = htonl(seq);
	memset(skb_put(skb, IPSECSTAT_TRY_PAYLOAD), wrong_icv,
	       IPSECSTAT_TRY_PAYLOAD);
	iph->tot_len = htons(skb->len);

	skb->protocol = htons(ETH_P_IP);
	skb->dev = init_net.loopback_dev;
	dst_hold(&t->dst->dst);
	skb_dst_set(skb, &t->dst->dst);
	return skb;
}

static int __init ipsecstat_try_in(struct ipsecstat_try *t, u32 spi, u32 seq,
				   bool wrong_icv)
{
	struct sk_buff *skb = ipsecstat_try_packet(t, spi, seq, wrong_icv);

	if (!skb)
		return -ENOMEM;
	__skb_pull(skb, skb_transport_offset(skb));
	XFRM_TUNNEL_SKB_CB(skb)->tunnel.ip4 = NULL;
	XFRM_SPI_SKB_CB(skb)->family = AF_INET;
	XFRM_SPI_SKB_CB(skb)->daddroff = offsetof(struct iphdr, daddr);
	local_bh_disable();
	xfrm_input(skb, IPPROTO_ESP, 0, 0);
	local_bh_enable();
	return 0;
}

static int __init ipsecstat_try_out(struct ipsecstat_try *t)
{
	struct sk_buff *skb = ipsecstat_try_packet(t, 0, 0, false);

	if (!skb)
		return -ENOMEM;
	/* A route of its own lasts as long as this packet. */
	t->dst->dst.dev = init_net.loopback_dev;
	t->dst->dst.xfrm = t->out;
	local_bh_disable();
	xfrm_output_resume(NULL, skb, 1);
	local_bh_enable();
	t->dst->dst.xfrm = NULL;
	t->dst->dst.dev = NULL;
	return 0;
}

static int __init ipsecstat_try_packets(struct ipsecstat_try *t)
{
	int err = ipsecstat_try_out(t);

	if (!err)
		err = ipsecstat_try_in(t, IPSECSTAT_TRY_SPI, 1, false);
	if (!err)
		err = ipsecstat_try_in(t, IPSECSTAT_TRY_SPI, 1, false);
	if (!err)
		err = ipsecstat_try_in(t, IPSECSTAT_TRY_SPI, 2, true);
	if (!err)
		err = ipsecstat_try_in(t, IPSECSTAT_TRY_NO_SPI, 3, false);
	return err;
}

static int __init ipsecstat_try_all(struct ipsecstat_try *t)
{
	int err;

	err = ipsecstat_sa_read(&init_net, &t->sa_before);
	if (err)
		return err;
	ipsecstat_net_sum(&init_net, -1, &t->before);

	t->in = ipsecstat_try_sa(IPSECSTAT_TRY_IN, XFRM_MODE_TUNNEL);
	t->out = ipsecstat_try_sa(IPSECSTAT_TRY_OUT, XFRM_MODE_TRANSPORT);
	if (!t->in || !t->out)
		return -ENOMEM;
	err = ipsecstat_sa_read(&init_net, &t->sa_begun);
	if (!err)
		err = ipsecstat_drop_arm();
	if (!err)
		err = ipsecstat_try_packets(t);
	return err;
}

/* Other traffic may add to a figure. */
static bool __init ipsecstat_try_rose(const char *what, u64 before, u64 after,
				      u64 least)
{
	if (after - before >= least)
		return true;
	pr_err("selftest: %s: counted %llu, not %llu\n", what, after - before,
	       least);
	return false;
}

static bool __init ipsecstat_try_traffic(const struct ipsecstat_try *t,
					 const char *what,
					 enum ipsecstat_dir dir, int class,
					 const struct xfrm_state *x)
{
	u64 packets = t->after.packets[dir][class] - t->before.packets[dir][class];
	u64 bytes = t->after.bytes[dir][class] - t->before.bytes[dir][class];

	if (x->curlft.packets == 1 && packets == 1 && bytes == x->curlft.bytes)
		return true;
	pr_err("selftest: a packet %s: counted %llu of %llu bytes, the kernel %llu of %llu\n",
	       what, packets, bytes, x->curlft.packets, x->curlft.bytes);
	return false;
}

static const struct {
	const char *what;
	enum ipsecstat_drop_reason reason;
} ipsecstat_try_drops[] = {
	{ "a packet of no known mode", IPSECSTAT_DROP_REASON_MODE },
	{ "a packet seen before", IPSECSTAT_DROP_REASON_REPEATED },
	{ "a wrong ICV", IPSECSTAT_DROP_REASON_AUTH },
	{ "an SPI without an SA", IPSECSTAT_DROP_REASON_NO_STATE },
};

static bool __init ipsecstat_try_judge(const struct ipsecstat_try *t)
{
	bool right;
	int i;

	right = ipsecstat_try_rose("SAs that begin", t->sa_before.added,
				   t->sa_begun.added, 2);
	right &= ipsecstat_try_rose("SAs that end", t->sa_before.deleted,
				    t->sa_after.deleted, 2);
	right &= ipsecstat_try_traffic(t, "out", IPSECSTAT_OUT,
				       IPSECSTAT_TRY_CLASS_OUT, t->out);
	right &= ipsecstat_try_traffic(t, "in", IPSECSTAT_IN,
				       IPSECSTAT_TRY_CLASS_IN, t->in);
	for (i = 0; i < ARRAY_SIZE(ipsecstat_try_drops); i++) {
		int reason = ipsecstat_try_drops[i].reason;

		right &= ipsecstat_try_rose(ipsecstat_try_drops[i].what,
				t->before.drop[reason][IPSECSTAT_OWNER_ESP],
				t->after.drop[reason][IPSECSTAT_OWNER_ESP], 1);
	}
	return right;
}

/**
 * ipsecstat_selftest() - try the hooks
 *
 * Changes the figures of the initial namespace, so counting has to begin again
 * afterwards.
 *
 * Context: Process context, may sleep. All is attached, and nobody reads.
 * Return: 0, -ENOMEM, or -EINVAL if a hook did not count what it should, with
 *	what it was in the log
 */
int __init ipsecstat_selftest(void)
{
	struct ipsecstat_try *t = kzalloc(sizeof(*t), GFP_KERNEL);
	int err = -ENOMEM;

	if (!t)
		return err;
	t->dst = metadata_dst_alloc(0, METADATA_IP_TUNNEL, GFP_KERNEL);
	if (!t->dst)
		goto out;
	err = ipsecstat_try_all(t);
	ipsecstat_net_sum(&init_net, -1, &t->after);
	ipsecstat_try_end(t->in);
	ipsecstat_try_end(t->out);
	if (!err)
		err = ipsecstat_sa_read(&init_net, &t->sa_after);
	if (!err && !ipsecstat_try_judge(t))
		err = -EINVAL;
	ipsecstat_try_put(t->in);
	ipsecstat_try_put(t->out);
	dst_release(&t->dst->dst);
out:
	kfree(t);
	return err;
}
