/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The counters of packets and SAs.
 *
 * Every namespace has one struct ipsecstat_net. Packets are counted in its
 * per-CPU part, without locks; that part is allocated with the first SA or
 * dropped packet. SA events are rare and counted in struct ipsecstat_sa under a
 * lock, so that a reply is consistent.
 */
#ifndef _IPSECSTAT_COUNTERS_H
#define _IPSECSTAT_COUNTERS_H

#include <linux/types.h>
#include <linux/u64_stats_sync.h>
#include <linux/ipsecstat.h>

/*
 * SAs are counted by class: ESP by its transform flags, and AH, which always
 * authenticates, by its mode.
 */
#define IPSECSTAT_CLASS_AH	16
#define IPSECSTAT_CLASSES	18

enum ipsecstat_dir {
	IPSECSTAT_IN,
	IPSECSTAT_OUT,
	IPSECSTAT_DIRS
};

struct ipsecstat_traffic {
	u64_stats_t bytes;
	u64_stats_t packets;
};

/*
 * The mark of an SA points here (mark.h), so a packet needs one load to find
 * it.
 */
struct ipsecstat_class {
	struct ipsecstat_traffic dir[IPSECSTAT_DIRS];
	struct u64_stats_sync syncp;
};

/* Inbound reasons come first in the enumeration. */
#define IPSECSTAT_REASONS	(IPSECSTAT_DROP_REASON_IPTFS + 1)

/*
 * Protocol of a dropped packet: that of the last SA it passed, or of its SPI.
 */
enum ipsecstat_owner {
	IPSECSTAT_OWNER_ESP,
	IPSECSTAT_OWNER_AH,
	IPSECSTAT_OWNER_OTHER,
	IPSECSTAT_OWNER_NONE,
	IPSECSTAT_OWNERS
};

/* Lines of the kernel's MIB; see the tables of mib.c. */
#define IPSECSTAT_MIB_IN	17
#define IPSECSTAT_MIB_OUT	15

/**
 * struct ipsecstat_cpu - what one CPU counted in one namespace
 * @class: transforms, by class of SA
 * @drop: dropped packets, by reason and protocol
 * @syncp: guards @drop on 32-bit hosts
 * @mib_seen: inbound lines of the MIB, as far as they are attributed
 * @mib_due: the same, up to where a reader wants them attributed
 * @mib_settled: what readers attributed, see ipsecstat_mib_settle()
 * @mib_out: outbound lines of the MIB when counting began
 * @mib_out_seen: the same, when the last packet was freed that may have moved
 *	one
 * @paused: attribute no packet, as counting is about to begin again
 */
struct ipsecstat_cpu {
	struct ipsecstat_class class[IPSECSTAT_CLASSES];
	u64_stats_t drop[IPSECSTAT_REASONS][IPSECSTAT_OWNERS];
	struct u64_stats_sync syncp;
	unsigned long mib_seen[IPSECSTAT_MIB_IN];
	unsigned long mib_due[IPSECSTAT_MIB_IN];
	unsigned long mib_settled[IPSECSTAT_MIB_IN];
	unsigned long mib_out[IPSECSTAT_MIB_OUT];
	unsigned long mib_out_seen[IPSECSTAT_MIB_OUT];
	bool paused;
};

/**
 * struct ipsecstat_sa - the SAs of one namespace
 * @added: became VALID
 * @deleted: left the state VALID
 * @rekeyed: outbound SAs that replaced a live one
 * @larval: larval SAs now
 * @tunnels: pairs of tunnel end points now
 * @offloaded: SAs bound to a device now
 *
 * @added - @deleted SAs are active.
 */
struct ipsecstat_sa {
	u64 added;
	u64 deleted;
	u64 rekeyed;
	u64 larval;
	u64 tunnels;
	u64 offloaded;
};

/**
 * struct ipsecstat_sum - counters of one or of all CPUs, added up
 * @bytes: by direction and class
 * @packets: by direction and class
 * @drop: inbound packets dropped, by reason and protocol
 * @out: outbound lines of the MIB
 */
struct ipsecstat_sum {
	u64 bytes[IPSECSTAT_DIRS][IPSECSTAT_CLASSES];
	u64 packets[IPSECSTAT_DIRS][IPSECSTAT_CLASSES];
	u64 drop[IPSECSTAT_REASONS][IPSECSTAT_OWNERS];
	u64 out[IPSECSTAT_MIB_OUT];
};

struct ipsecstat_net;

bool ipsecstat_counters_take(struct ipsecstat_net *block);
int ipsecstat_counters_get(struct ipsecstat_net *block);
void ipsecstat_counters_put(struct ipsecstat_net *block);
void ipsecstat_counters_clear(struct ipsecstat_net *block);
void ipsecstat_counters_add(const struct ipsecstat_cpu *c,
			    struct ipsecstat_sum *sum);
int ipsecstat_counters_init(void);
void ipsecstat_counters_exit(void);

#endif /* _IPSECSTAT_COUNTERS_H */
