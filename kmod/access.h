/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPSECSTAT_ACCESS_H
#define _IPSECSTAT_ACCESS_H

#include <linux/types.h>

struct net;
struct netlink_ext_ack;
struct sk_buff;

int ipsecstat_access_init(struct net *net);
void ipsecstat_access_exit(struct net *net);
int ipsecstat_access_check(const struct sk_buff *request, struct net *net,
			   struct netlink_ext_ack *extack);

#endif /* _IPSECSTAT_ACCESS_H */
