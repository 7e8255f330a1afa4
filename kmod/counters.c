// SPDX-License-Identifier: GPL-2.0-only
/*
 * The per-CPU counters of a namespace: allocation and sums.
 *
 * Most namespaces never see IPsec, and have none. The first SA or the first
 * dropped packet of a namespace needs them at once, in atomic context. So a few
 * are kept ready, and replaced later by a work.
 */
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "counters.h"
#include "net.h"

#define IPSECSTAT_SPARES	4

static struct ipsecstat_cpu __percpu *ipsecstat_spare[IPSECSTAT_SPARES];
static unsigned int ipsecstat_spares;
/* Guards both, and the assignment of counters to a namespace. */
static DEFINE_RAW_SPINLOCK(ipsecstat_spare_lock);

static struct ipsecstat_cpu __percpu *ipsecstat_counters_new(gfp_t gfp)
{
	struct ipsecstat_cpu __percpu *counters;
	struct ipsecstat_cpu *c;
	int cpu, class;

	counters = alloc_percpu_gfp(struct ipsecstat_cpu, gfp | __GFP_NOWARN);
	if (!counters)
		return NULL;
	for_each_possible_cpu(cpu) {
		c = per_cpu_ptr(counters, cpu);
		for (class = 0; class < IPSECSTAT_CLASSES; class++)
			u64_stats_init(&c->class[class].syncp);
		u64_stats_init(&c->syncp);
	}
	return counters;
}

static bool ipsecstat_spare_add(gfp_t gfp)
{
	struct ipsecstat_cpu __percpu *counters = ipsecstat_counters_new(gfp);
	unsigned long flags;

	if (!counters)
		return false;
	raw_spin_lock_irqsave(&ipsecstat_spare_lock, flags);
	if (ipsecstat_spares < IPSECSTAT_SPARES) {
		ipsecstat_spare[ipsecstat_spares] = counters;
		WRITE_ONCE(ipsecstat_spares, ipsecstat_spares + 1);
		counters = NULL;
	}
	raw_spin_unlock_irqrestore(&ipsecstat_spare_lock, flags);
	free_percpu(counters);
	return true;
}

static bool ipsecstat_spare_fill(void)
{
	while (READ_ONCE(ipsecstat_spares) < IPSECSTAT_SPARES)
		if (!ipsecstat_spare_add(GFP_KERNEL))
			return false;
	return true;
}

static void ipsecstat_spare_work(struct work_struct *work)
{
	ipsecstat_spare_fill();
}

static DECLARE_WORK(ipsecstat_spare_filler, ipsecstat_spare_work);

/**
 * ipsecstat_counters_take() - assign counters to a namespace that has none
 * @block: of the namespace
 *
 * On PREEMPT_RT, a caller that cannot be preempted gets only what is kept
 * ready.
 *
 * Context: Any in which packets are freed, without the lock of sa.c.
 * Return: whether the namespace has counters now
 */
bool ipsecstat_counters_take(struct ipsecstat_net *block)
{
	unsigned long flags;
	bool there;

	if (!READ_ONCE(ipsecstat_spares) &&
	    (!IS_ENABLED(CONFIG_PREEMPT_RT) || preemptible()))
		ipsecstat_spare_add(GFP_ATOMIC);

	raw_spin_lock_irqsave(&ipsecstat_spare_lock, flags);
	if (!block->cpu && ipsecstat_spares) {
		WRITE_ONCE(ipsecstat_spares, ipsecstat_spares - 1);
		/* Zero before the pointer is visible. */
		smp_store_release(&block->cpu,
				  ipsecstat_spare[ipsecstat_spares]);
	}
	there = block->cpu;
	raw_spin_unlock_irqrestore(&ipsecstat_spare_lock, flags);
	schedule_work(&ipsecstat_spare_filler);
	return there;
}

/**
 * ipsecstat_counters_get() - assign counters, waiting for memory
 * @block: of the namespace
 *
 * Context: Process context, may sleep.
 * Return: 0 or -ENOMEM
 */
int ipsecstat_counters_get(struct ipsecstat_net *block)
{
	if (READ_ONCE(block->cpu))
		return 0;
	ipsecstat_spare_fill();
	return ipsecstat_counters_take(block) ? 0 : -ENOMEM;
}

/**
 * ipsecstat_counters_put() - free the counters of a namespace
 * @block: of the namespace, in which nothing is counted any more
 *
 * Context: Process context.
 */
void ipsecstat_counters_put(struct ipsecstat_net *block)
{
	free_percpu(block->cpu);
}

/**
 * ipsecstat_counters_clear() - set the counters of a namespace to zero
 * @block: of the namespace, in which nothing is counted meanwhile
 *
 * Context: Process context.
 */
void ipsecstat_counters_clear(struct ipsecstat_net *block)
{
	struct ipsecstat_cpu *c;
	int cpu, class;

	for_each_possible_cpu(cpu) {
		c = per_cpu_ptr(block->cpu, cpu);
		for (class = 0; class < IPSECSTAT_CLASSES; class++)
			memset(c->class[class].dir, 0,
			       sizeof(c->class[class].dir));
		memset(c->drop, 0, sizeof(c->drop));
		memset(c->mib_settled, 0, sizeof(c->mib_settled));
	}
}

static void ipsecstat_add_class(struct ipsecstat_sum *sum, int index,
				const struct ipsecstat_class *class)
{
	u64 bytes[IPSECSTAT_DIRS], packets[IPSECSTAT_DIRS];
	unsigned int start;
	int dir;

	do {
		start = u64_stats_fetch_begin(&class->syncp);
		for (dir = 0; dir < IPSECSTAT_DIRS; dir++) {
			bytes[dir] = u64_stats_read(&class->dir[dir].bytes);
			packets[dir] = u64_stats_read(&class->dir[dir].packets);
		}
	} while (u64_stats_fetch_retry(&class->syncp, start));

	for (dir = 0; dir < IPSECSTAT_DIRS; dir++) {
		sum->bytes[dir][index] += bytes[dir];
		sum->packets[dir][index] += packets[dir];
	}
}

static void ipsecstat_add_drops(struct ipsecstat_sum *sum,
				const struct ipsecstat_cpu *c)
{
	unsigned int start;
	int i, owner;
	u64 count;

	for (i = 0; i < IPSECSTAT_REASONS; i++)
		for (owner = 0; owner < IPSECSTAT_OWNERS; owner++) {
			do {
				start = u64_stats_fetch_begin(&c->syncp);
				count = u64_stats_read(&c->drop[i][owner]);
			} while (u64_stats_fetch_retry(&c->syncp, start));
			sum->drop[i][owner] += count;
		}
}

/**
 * ipsecstat_counters_add() - add what one CPU counted
 * @c: its counters
 * @sum: added to
 *
 * Context: Any.
 */
void ipsecstat_counters_add(const struct ipsecstat_cpu *c,
			    struct ipsecstat_sum *sum)
{
	int class;

	for (class = 0; class < IPSECSTAT_CLASSES; class++)
		ipsecstat_add_class(sum, class, &c->class[class]);
	ipsecstat_add_drops(sum, c);
}

/**
 * ipsecstat_counters_init() - allocate the counters that are kept ready
 *
 * Context: Process context, may sleep.
 * Return: 0 or -ENOMEM
 */
int ipsecstat_counters_init(void)
{
	if (ipsecstat_spare_fill())
		return 0;
	ipsecstat_counters_exit();
	return -ENOMEM;
}

/**
 * ipsecstat_counters_exit() - undo ipsecstat_counters_init()
 *
 * Context: Process context, may sleep. No hook is attached any more.
 */
void ipsecstat_counters_exit(void)
{
	cancel_work_sync(&ipsecstat_spare_filler);
	while (ipsecstat_spares)
		free_percpu(ipsecstat_spare[--ipsecstat_spares]);
}
