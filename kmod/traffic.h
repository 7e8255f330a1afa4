/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPSECSTAT_TRAFFIC_H
#define _IPSECSTAT_TRAFFIC_H

#include <linux/percpu.h>
#include <linux/u64_stats_sync.h>

#include "counters.h"

/* Softirqs are off, and only softirqs count on this CPU. */
static __always_inline void
ipsecstat_count(const struct ipsecstat_class __percpu *counters,
		enum ipsecstat_dir dir, u64 bytes, u64 packets)
{
	struct ipsecstat_class *class = this_cpu_ptr((void __percpu *)counters);

	u64_stats_update_begin(&class->syncp);
	u64_stats_add(&class->dir[dir].bytes, bytes);
	u64_stats_add(&class->dir[dir].packets, packets);
	u64_stats_update_end(&class->syncp);
}

int ipsecstat_traffic_attach(void);
void ipsecstat_traffic_detach(void);

#endif /* _IPSECSTAT_TRAFFIC_H */
