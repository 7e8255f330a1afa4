/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is counted, and where it is kept.
 *
 * Every namespace has one struct ipsecstat_net. Packets are counted in its
 * per-CPU part, by the CPU that handles them and without locks; it comes with the
 * first SA or dropped packet. SA events, which are rare, are counted in struct
 * ipsecstat_sa under a lock, so that one reply shows one consistent set.
 */
#ifndef _IPSECSTAT_COUNTERS_H
#define _IPSECSTAT_COUNTERS_H

#include <linux/types.h>
#include <linux/u64_stats_sync.h>
#include <linux/ipsecstat.h>

/*
 * The kinds of SA that are counted apart: ESP by its transform flags, and AH,
 * which always authenticates, by its mode.
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

/* The SA itself points here (see mark.h), so a packet finds it in one load. */
struct ipsecstat_class {
	struct ipsecstat_traffic dir[IPSECSTAT_DIRS];
	struct u64_stats_sync syncp;
};

/* Inbound reasons come first in the enumeration. */
#define IPSECSTAT_REASONS	(IPSECSTAT_DROP_REASON_IPTFS + 1)

/* Whose packets are dropped: by the last SA they passed, or their SPI. */
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
 * @class: transforms, by kind of SA
 * @drop: dropped packets, by reason and owner
 * @syncp: guards @drop on 32-bit hosts
 * @mib_seen: inbound lines of the MIB, as far as they are attributed
 * @mib_due: the same, as far as a reader wants them attributed
 * @mib_settled: what readers attributed, see ipsecstat_mib_settle()
 * @mib_out: outbound lines of the MIB when counting began
 * @mib_out_seen: the same, when a packet was seen last that one may have moved
 * @paused: attribute no packet: counting begins again
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
 * @deleted: were VALID and left
 * @rekeyed: outbound SAs that replaced a live one
 * @larval: larval SAs now
 * @tunnels: pairs of tunnel end points now
 * @offloaded: SAs bound to a device now
 *
 * The SAs active now are @added - @deleted.
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
 * @bytes: by direction and kind of SA
 * @packets: by direction and kind of SA
 * @drop: inbound packets dropped, by reason and owner
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
