/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPSECSTAT_MEMBER_H
#define _IPSECSTAT_MEMBER_H

#include <linux/types.h>

struct ipsecstat_group;
struct ipsecstat_net;
struct xfrm_state;

/**
 * struct ipsecstat_member - a VALID SA and the company it keeps
 * @node: in the hash of all members
 * @x: the SA
 * @flow: SAs that carry the same traffic, NULL without a reqid
 * @tunnel: SAs between the same end points, NULL in transport mode
 * @bytes: if a device counts, what of the lifetime is counted already
 * @packets: the same in packets
 */
struct ipsecstat_member {
	struct hlist_node node;
	const struct xfrm_state *x;
	struct ipsecstat_group *flow;
	struct ipsecstat_group *tunnel;
	u64 bytes;
	u64 packets;
};

int ipsecstat_member_init(void);
void ipsecstat_member_exit(void);
struct ipsecstat_member *ipsecstat_member_add(struct ipsecstat_net *block,
					      const struct xfrm_state *x);
struct ipsecstat_member *ipsecstat_member_find(const struct xfrm_state *x);
int ipsecstat_member_move(struct ipsecstat_net *block,
			  struct ipsecstat_member *member);
void ipsecstat_member_del(struct ipsecstat_net *block,
			  struct ipsecstat_member *member);
unsigned int ipsecstat_member_peers(const struct ipsecstat_member *member);

#endif /* _IPSECSTAT_MEMBER_H */
