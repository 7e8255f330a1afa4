/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's own count of dropped packets: /proc/net/xfrm_stat.
 */
#ifndef _IPSECSTAT_MIB_H
#define _IPSECSTAT_MIB_H

#include <linux/types.h>

#include "counters.h"

struct net;

/**
 * enum ipsecstat_mib_by - what increments a line, and for which packet
 * @IPSECSTAT_MIB_BY_LOOKUP: the lookup of the SA, which is hooked itself
 * @IPSECSTAT_MIB_BY_INPUT: xfrm_input()
 * @IPSECSTAT_MIB_BY_POLICY: the policy check, also called by xfrm_input()
 * @IPSECSTAT_MIB_BY_ROUTE: the look-up of the policies and SAs of a route, before
 *	there is a packet, or of one that is forwarded
 * @IPSECSTAT_MIB_BY_OUTPUT: xfrm_output() and what it calls
 */
enum ipsecstat_mib_by {
	IPSECSTAT_MIB_BY_LOOKUP,
	IPSECSTAT_MIB_BY_INPUT,
	IPSECSTAT_MIB_BY_POLICY,
	IPSECSTAT_MIB_BY_ROUTE,
	IPSECSTAT_MIB_BY_OUTPUT,
};

/**
 * struct ipsecstat_mib_line - an inbound line, and what an increment means
 * @line: its number in the MIB
 * @by: enum ipsecstat_mib_by
 * @sa: the reason if the packet passed an SA
 * @plain: the reason if it passed none
 * @hinted: the reason if its hook ran before
 * @left: the reason if no packet was seen freed
 * @left_owner: the protocol of such a packet
 */
struct ipsecstat_mib_line {
	u8 line;
	u8 by;
	u8 sa;
	u8 plain;
	u8 hinted;
	u8 left;
	u8 left_owner;
};

/* Lines that are used by name. */
enum {
	IPSECSTAT_MIB_NO_STATES,
	IPSECSTAT_MIB_DIRECTION,
};

/**
 * struct ipsecstat_mib_out - an outbound line
 * @line: its number in the MIB
 * @by: enum ipsecstat_mib_by
 * @reason: what an increment means
 */
struct ipsecstat_mib_out {
	u8 line;
	u8 by;
	u8 reason;
};

extern const struct ipsecstat_mib_line ipsecstat_mib_in[IPSECSTAT_MIB_IN];
extern const struct ipsecstat_mib_out ipsecstat_mib_out[IPSECSTAT_MIB_OUT];

unsigned long ipsecstat_mib_moved(struct net *net, int line);
int ipsecstat_mib_out_moved(struct net *net, enum ipsecstat_mib_by by);
bool ipsecstat_mib_settled(struct net *net);
int ipsecstat_mib_settle(struct net *net);
void ipsecstat_mib_unseen(struct net *net, u64 *packets);
void ipsecstat_mib_sum(struct net *net, int cpu, struct ipsecstat_sum *sum);
bool ipsecstat_mib_has_moved(struct net *net, int cpu);
void ipsecstat_mib_start(struct net *only);
void ipsecstat_mib_pause(struct net *net);
void ipsecstat_mib_stop(void);
bool ipsecstat_mib_ready(struct net *net);

#endif /* _IPSECSTAT_MIB_H */
