/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPSECSTAT_EVENTS_H
#define _IPSECSTAT_EVENTS_H

#include <linux/types.h>

#include "message.h"

struct net;

bool ipsecstat_events_wanted(struct net *net, enum ipsecstat_group group);
void ipsecstat_events_due(enum ipsecstat_group group);
void ipsecstat_events_open(enum ipsecstat_group group,
			   void (*send)(struct net *net));
void ipsecstat_events_close(enum ipsecstat_group group);
void ipsecstat_events_drain(enum ipsecstat_group group);

#endif /* _IPSECSTAT_EVENTS_H */
