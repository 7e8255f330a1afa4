/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPSECSTAT_PEER_NL_H
#define _IPSECSTAT_PEER_NL_H

#include <linux/types.h>
#include <net/netlink.h>

struct genl_info;
struct net;
struct netlink_callback;
struct sk_buff;

extern const struct nla_policy ipsecstat_peer_policy[];

int ipsecstat_peer_get_doit(struct sk_buff *skb, struct genl_info *info);
int ipsecstat_peer_get_dumpit(struct sk_buff *msg, struct netlink_callback *cb);
int ipsecstat_peer_get_done(struct netlink_callback *cb);

void ipsecstat_peer_send(struct net *net);

#endif /* _IPSECSTAT_PEER_NL_H */
