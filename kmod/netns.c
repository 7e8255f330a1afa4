// SPDX-License-Identifier: GPL-2.0-only
/*
 * One block of counters per network namespace: made, attached, added up.
 */
#include <linux/percpu.h>
#include <linux/rwsem.h>
#include <linux/ktime.h>
#include <net/net_namespace.h>

#include "access.h"
#include "compat.h"
#include "drop.h"
#include "netns.h"
#include "sa.h"

unsigned int ipsecstat_net_id __read_mostly;

static void ipsecstat_cpu_init(struct ipsecstat_cpu *cpu)
{
	int class;

	for (class = 0; class < IPSECSTAT_CLASSES; class++)
		u64_stats_init(&cpu->class[class].syncp);
	u64_stats_init(&cpu->syncp);
}

/* The MIB of a new namespace is still zero, as are our counters: in step. */
static int __net_init ipsecstat_net_init(struct net *net)
{
	struct ipsecstat_net *block = ipsecstat_net(net);
	int cpu, err;

	block->cpu = alloc_percpu(struct ipsecstat_cpu);
	if (!block->cpu)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		ipsecstat_cpu_init(per_cpu_ptr(block->cpu, cpu));

	err = ipsecstat_access_init(net);
	if (err) {
		free_percpu(block->cpu);
		return err;
	}
	ipsecstat_recent_net_init(net);
	block->since = ktime_get_boottime_ns();
	return 0;
}

/*
 * The SAs have let go of the block before (sa.c); those who may have found it
 * through one of them are done, a grace period later.
 */
static void __net_exit ipsecstat_net_exit(struct net *net)
{
	ipsecstat_recent_net_exit(net);
	ipsecstat_access_exit(net);
	free_percpu(ipsecstat_net(net)->cpu);
}

static struct pernet_operations ipsecstat_net_ops = {
	.init		= ipsecstat_net_init,
	.exit		= ipsecstat_net_exit,
	.id		= &ipsecstat_net_id,
	.size		= sizeof(struct ipsecstat_net),
};

/**
 * ipsecstat_net_register() - give every namespace, also future ones, a block
 *
 * Context: Process context, may sleep.
 * Return: 0 or a negative errno
 */
int ipsecstat_net_register(void)
{
	return register_pernet_subsys(&ipsecstat_net_ops);
}

/**
 * ipsecstat_net_unregister() - take the blocks away again
 *
 * Context: Process context, may sleep. No hook may be attached any more.
 */
void ipsecstat_net_unregister(void)
{
	unregister_pernet_subsys(&ipsecstat_net_ops);
}

/**
 * ipsecstat_net_take_over() - attach to the namespaces that exist already
 *
 * Counts the SAs found, and brings the view of the MIB up to date.
 *
 * Context: Process context, may sleep. Called once, with all hooks attached.
 */
void ipsecstat_net_take_over(void)
{
	struct net *net;

	ipsecstat_drop_start();
	down_read(&net_rwsem);
	for_each_net(net) {
		ipsecstat_net(net)->since = ktime_get_boottime_ns();
		ipsecstat_sa_take_over(net);
	}
	up_read(&net_rwsem);
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
	u64 drop[IPSECSTAT_DROPS];
	unsigned int start;
	int i;

	do {
		start = u64_stats_fetch_begin(&c->syncp);
		for (i = 0; i < IPSECSTAT_DROPS; i++)
			drop[i] = u64_stats_read(&c->drop[i]);
	} while (u64_stats_fetch_retry(&c->syncp, start));

	for (i = 0; i < IPSECSTAT_DROPS; i++)
		sum->drop[i] += drop[i];
	sum->drop[IPSECSTAT_CLEAR_TEXT] += READ_ONCE(c->clear_text_settled);
}

static void ipsecstat_add_cpu(struct net *net, int cpu,
			      struct ipsecstat_sum *sum)
{
	const struct ipsecstat_cpu *c;
	int class;

	c = per_cpu_ptr(ipsecstat_net(net)->cpu, cpu);
	for (class = 0; class < IPSECSTAT_CLASSES; class++)
		ipsecstat_add_class(sum, class, &c->class[class]);
	ipsecstat_add_drops(sum, c);
	/* After the causes, so that the total is never less than their sum. */
	sum->drop_total += ipsecstat_drop_total(net, cpu);
}

/**
 * ipsecstat_net_settle() - bring the counters up to date
 * @net: the namespace; the caller holds a reference
 *
 * Context: Process context, may sleep.
 */
void ipsecstat_net_settle(struct net *net)
{
	ipsecstat_drop_settle(net);
	ipsecstat_sa_settle(net);
}

/**
 * ipsecstat_net_sum() - add up the counters of a namespace
 * @net: the namespace; the caller holds a reference
 * @cpu: a possible CPU, or negative for all of them, offline ones too
 * @sum: filled in
 *
 * Context: Process context.
 */
void ipsecstat_net_sum(struct net *net, int cpu, struct ipsecstat_sum *sum)
{
	memset(sum, 0, sizeof(*sum));
	if (cpu >= 0) {
		ipsecstat_add_cpu(net, cpu, sum);
		return;
	}
	for_each_possible_cpu(cpu)
		ipsecstat_add_cpu(net, cpu, sum);
}
