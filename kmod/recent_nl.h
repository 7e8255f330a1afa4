/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPSECSTAT_RECENT_NL_H
#define _IPSECSTAT_RECENT_NL_H

#include <linux/types.h>

struct genl_info;
struct net;
struct netlink_callback;
struct sk_buff;

int ipsecstat_drop_get_doit(struct sk_buff *skb, struct genl_info *info);
int ipsecstat_drop_get_dumpit(struct sk_buff *msg, struct netlink_callback *cb);
int ipsecstat_drop_get_done(struct netlink_callback *cb);

void ipsecstat_drop_send(struct net *net);

#endif /* _IPSECSTAT_RECENT_NL_H */
