/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPSECSTAT_STATS_NL_H
#define _IPSECSTAT_STATS_NL_H

#include <net/netlink.h>

struct genl_info;
struct netlink_callback;
struct sk_buff;

extern const struct nla_policy ipsecstat_stats_policy[];

int ipsecstat_get_doit(struct sk_buff *skb, struct genl_info *info);
int ipsecstat_get_dumpit(struct sk_buff *msg, struct netlink_callback *cb);

#endif /* _IPSECSTAT_STATS_NL_H */
