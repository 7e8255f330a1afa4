/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPSECSTAT_PACKET_H
#define _IPSECSTAT_PACKET_H

#include <linux/types.h>

struct ipsecstat_packet;
struct net;
struct sk_buff;
struct xfrm_state;

bool ipsecstat_packet_at_header(const struct sk_buff *skb,
				const struct xfrm_state *x);
u8 ipsecstat_packet_spi_proto(const struct sk_buff *skb, u16 family,
			      __be32 spi, __be32 seq);
bool ipsecstat_packet_in_window(const struct xfrm_state *x, u32 seq);
void ipsecstat_packet_read(const struct net *net, const struct sk_buff *skb,
			   const struct xfrm_state *x,
			   const struct xfrm_state *last,
			   struct ipsecstat_packet *packet);
void ipsecstat_packet_read_inner(const struct sk_buff *skb,
				 const struct xfrm_state *last,
				 struct ipsecstat_packet *packet);
void ipsecstat_packet_read_out(const struct sk_buff *skb,
			       const struct xfrm_state *x, u8 reason,
			       struct ipsecstat_packet *packet);
void ipsecstat_packet_set_seq(struct ipsecstat_packet *packet, __be32 seq);

#endif /* _IPSECSTAT_PACKET_H */
