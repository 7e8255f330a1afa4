/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPSECSTAT_MEMBER_H
#define _IPSECSTAT_MEMBER_H

#include <linux/types.h>

struct ipsecstat_member;
struct ipsecstat_net;
struct xfrm_state;

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
void ipsecstat_member_reset(struct ipsecstat_member *member);

#endif /* _IPSECSTAT_MEMBER_H */
