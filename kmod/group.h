/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPSECSTAT_GROUP_H
#define _IPSECSTAT_GROUP_H

#include <linux/types.h>
#include <net/xfrm.h>

struct ipsecstat_net;

struct ipsecstat_group_key {
	const struct ipsecstat_net *block;
	xfrm_address_t a;
	xfrm_address_t b;
	u32 if_id;
	u32 reqid;
	u32 mark_v;
	u32 mark_m;
	u32 cpu;
	u16 family;
	u8 proto;
	u8 mode;
};

int ipsecstat_group_init(void);
void ipsecstat_group_exit(void);
void ipsecstat_flow_key(struct ipsecstat_group_key *key,
			const struct ipsecstat_net *block,
			const struct xfrm_state *x);
void ipsecstat_tunnel_key(struct ipsecstat_group_key *key,
			  const struct ipsecstat_net *block,
			  const struct xfrm_state *x);
int ipsecstat_group_join(struct ipsecstat_net *block,
			 const struct ipsecstat_group_key *key);
bool ipsecstat_group_leave(struct ipsecstat_net *block,
			   const struct ipsecstat_group_key *key);
void ipsecstat_group_purge(struct ipsecstat_net *block);

#endif /* _IPSECSTAT_GROUP_H */
