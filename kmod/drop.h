/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPSECSTAT_DROP_H
#define _IPSECSTAT_DROP_H

#include <linux/types.h>

struct net;

int ipsecstat_drop_attach(void);
void ipsecstat_drop_detach(void);
void ipsecstat_drop_start(void);
void ipsecstat_drop_settle(struct net *net);
u64 ipsecstat_drop_total(struct net *net, int cpu);

#endif /* _IPSECSTAT_DROP_H */
