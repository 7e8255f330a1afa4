/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPSECSTAT_MEMBER_H
#define _IPSECSTAT_MEMBER_H

#include <linux/types.h>

struct ipsecstat_net;
struct ipsecstat_peer;
struct xfrm_state;

/**
 * struct ipsecstat_lifetime - what an SA carried, by its lifetime
 * @bytes: of it
 * @packets: of it
 */
struct ipsecstat_lifetime {
	u64 bytes;
	u64 packets;
};

/**
 * struct ipsecstat_member - a VALID SA and the company it keeps
 * @node: in the hash of all members, by @x
 * @flow: among the SAs that carry the same traffic, if it has a reqid
 * @of_peer: among the SAs of @peer
 * @x: the SA
 * @peer: all SAs between the same ends, NULL if there was no memory
 * @seen: what of its lifetime is settled
 * @device: a device counts its packets, and is asked for them
 * @dir: of it, as its peer sees it: enum ipsecstat_dir
 */
struct ipsecstat_member {
	struct hlist_node node;
	struct hlist_node flow;
	struct hlist_node of_peer;
	struct xfrm_state *x;
	struct ipsecstat_peer *peer;
	struct ipsecstat_lifetime seen;
	bool device;
	u8 dir;
};

int ipsecstat_member_init(void);
void ipsecstat_member_level(void);
void ipsecstat_member_exit(void);
struct ipsecstat_member *ipsecstat_member_add(struct ipsecstat_net *block,
					      struct xfrm_state *x,
					      bool *replaces);
struct ipsecstat_member *ipsecstat_member_find(const struct xfrm_state *x);
int ipsecstat_member_move(struct ipsecstat_net *block,
			  struct ipsecstat_member *member);
void ipsecstat_member_del(struct ipsecstat_net *block,
			  struct ipsecstat_member *member, u8 reason);
struct ipsecstat_lifetime ipsecstat_member_settle(struct ipsecstat_member *member);
void ipsecstat_member_reset(struct ipsecstat_member *member);

#endif /* _IPSECSTAT_MEMBER_H */
