/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPSECSTAT_NETNS_H
#define _IPSECSTAT_NETNS_H

#include <linux/mutex.h>
#include <linux/seqlock.h>
#include <linux/uidgid.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "counters.h"
#include "peer.h"
#include "recent.h"

struct ctl_table_header;
struct ipsecstat_mib_base;

/**
 * struct ipsecstat_net - all that belongs to one network namespace
 * @cpu: counters of packets
 * @sa: counters of SAs, under the lock of sa.c
 * @peers: all SAs between two ends each, under the lock of sa.c
 * @device_counted: SAs whose packets their device counts
 * @sa_lost: an SA event could not be recorded: out of memory
 * @dying: the namespace or the module is going; count nothing new
 * @mib_base: where the MIB began, by CPU; NULL if at zero
 * @settle_lock: one reader settles at a time
 * @settle_begun: how often one did
 * @since: when counting began, CLOCK_BOOTTIME in ns
 * @readers_lock: guards @readers
 * @readers: groups that may read, first and last
 * @sysctl: /proc/sys/net/ipsecstat
 * @recent: who sent what was dropped
 */
struct ipsecstat_net {
	struct ipsecstat_cpu __percpu *cpu;
	struct ipsecstat_sa sa;
	struct ipsecstat_peers peers;
	unsigned int device_counted;
	bool sa_lost;
	bool dying;
	struct ipsecstat_mib_base *mib_base;
	struct mutex settle_lock;	/* guards the MIB's due and settled */
	unsigned int settle_begun;
	u64 since;
	seqlock_t readers_lock;
	kgid_t readers[2];
	struct ctl_table_header *sysctl;
	struct ipsecstat_recent recent;
};

extern unsigned int ipsecstat_net_id;

/**
 * ipsecstat_net() - the block of a namespace
 * @net: the namespace
 *
 * Context: Any. The caller keeps @net from going away: by a reference, or by
 *	running with preemption off or under RCU for an SA that ipsecstat still
 *	tracks.
 * Return: the block, never NULL while the module is registered
 */
static inline struct ipsecstat_net *ipsecstat_net(const struct net *net)
{
	return net_generic(net, ipsecstat_net_id);
}

int ipsecstat_net_register(void);
void ipsecstat_net_unregister(void);
int ipsecstat_net_take_over(void);
int ipsecstat_net_settle(struct net *net);
void ipsecstat_net_sum(struct net *net, int cpu, struct ipsecstat_sum *sum);
u64 ipsecstat_net_drops(struct net *net);

#endif /* _IPSECSTAT_NETNS_H */
