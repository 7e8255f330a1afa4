/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPSECSTAT_MEMBER_H
#define _IPSECSTAT_MEMBER_H

#include <linux/types.h>

struct ipsecstat_net;
struct ipsecstat_tunnel;
struct xfrm_state;

/**
 * struct ipsecstat_member - a VALID SA and the company it keeps
 * @node: in the hash of all members, by @x
 * @flow: among the SAs that carry the same traffic, if it has a reqid
 * @x: the SA
 * @tunnel: the SAs between the same end points, NULL in transport mode
 * @bytes: if a device counts, what of the lifetime is counted already
 * @packets: the same in packets
 */
struct ipsecstat_member {
	struct hlist_node node;
	struct hlist_node flow;
	struct xfrm_state *x;
	struct ipsecstat_tunnel *tunnel;
	u64 bytes;
	u64 packets;
};

int ipsecstat_member_init(void);
void ipsecstat_member_exit(void);
struct ipsecstat_member *ipsecstat_member_add(struct ipsecstat_net *block,
					      struct xfrm_state *x,
					      bool *replaces);
struct ipsecstat_member *ipsecstat_member_find(const struct xfrm_state *x);
int ipsecstat_member_move(struct ipsecstat_net *block,
			  struct ipsecstat_member *member);
void ipsecstat_member_del(struct ipsecstat_net *block,
			  struct ipsecstat_member *member);

#endif /* _IPSECSTAT_MEMBER_H */
