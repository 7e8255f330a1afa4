/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPSECSTAT_SA_H
#define _IPSECSTAT_SA_H

struct ipsecstat_net;
struct ipsecstat_sa;
struct net;

int ipsecstat_sa_attach(void);
void ipsecstat_sa_detach(void);
void ipsecstat_sa_take_over(struct net *net);
void ipsecstat_sa_release(struct net *net);
void ipsecstat_sa_reopen(struct ipsecstat_net *block);
void ipsecstat_sa_settle(struct net *net);
int ipsecstat_sa_read(struct net *net, struct ipsecstat_sa *sa);

#endif /* _IPSECSTAT_SA_H */
