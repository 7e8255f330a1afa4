/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPSECSTAT_NETNS_H
#define _IPSECSTAT_NETNS_H

#include <linux/types.h>

struct ipsecstat_sum;
struct net;

int ipsecstat_net_register(void);
void ipsecstat_net_unregister(void);
int ipsecstat_net_take_over(void);
int ipsecstat_net_read_begin(struct net *net);
void ipsecstat_net_read_end(struct net *net);
void ipsecstat_net_sum(struct net *net, int cpu, struct ipsecstat_sum *sum);
u64 ipsecstat_net_drops(struct net *net);

#endif /* _IPSECSTAT_NETNS_H */
