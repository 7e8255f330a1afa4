/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The data of a network namespace, and how to find it. netns.c sets it up.
 */
#ifndef _IPSECSTAT_NET_H
#define _IPSECSTAT_NET_H

#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rwsem.h>
#include <linux/seqlock.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "counters.h"
#include "peer.h"
#include "recent.h"

struct ctl_table_header;

/* Which SAs of a namespace are followed. */
enum ipsecstat_phase {
	IPSECSTAT_COUNTING,
	IPSECSTAT_RELEASING,	/* none is added: for good, or to count again */
	IPSECSTAT_TAKING_OVER,	/* those that are there; that is no news */
};

/**
 * struct ipsecstat_net - all that belongs to one network namespace
 * @cpu: counters of packets; NULL if there was no SA and no drop
 * @sa: counters of SAs, under the lock of sa.c
 * @peers: all SAs between two ends each, under the lock of sa.c
 * @device_counted: SAs whose packets their device counts
 * @lost: an event could not be recorded, out of memory
 * @phase: enum ipsecstat_phase, under the lock of sa.c
 * @read_lock: held for reading while figures are read, for writing to count again
 * @settle_lock: one reader settles at a time
 * @settle_begun: how often one began to
 * @since: when counting began, CLOCK_BOOTTIME in ns
 * @readers_lock: guards @readers
 * @readers: groups that may read, first and last
 * @sysctl: /proc/sys/net/ipsecstat
 * @recent: recent drops
 */
struct ipsecstat_net {
	struct ipsecstat_cpu __percpu *cpu;
	struct ipsecstat_sa sa;
	struct ipsecstat_peers peers;
	unsigned int device_counted;
	bool lost;
	u8 phase;
	struct rw_semaphore read_lock;
	struct mutex settle_lock;	/* guards the MIB's due and settled */
	unsigned int settle_begun;
	u64 since;
	seqlock_t readers_lock;
	kgid_t readers[2];
	struct ctl_table_header *sysctl;
	struct ipsecstat_recent recent;
};

extern unsigned int ipsecstat_net_id;

/* Guards the SAs, members and peers of all namespaces; sa.c says how. */
extern raw_spinlock_t ipsecstat_sa_lock;

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

/**
 * ipsecstat_on_cpu() - the counters that one CPU has of a namespace
 * @block: of the namespace
 * @cpu: a possible CPU
 *
 * Context: Any.
 * Return: the counters, or NULL if the namespace has none yet
 */
static inline struct ipsecstat_cpu *
ipsecstat_on_cpu(const struct ipsecstat_net *block, int cpu)
{
	struct ipsecstat_cpu __percpu *counters = READ_ONCE(block->cpu);

	return counters ? per_cpu_ptr(counters, cpu) : NULL;
}

#endif /* _IPSECSTAT_NET_H */
