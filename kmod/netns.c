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
#include "mib.h"
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

	mutex_init(&block->settle_lock);
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
	ipsecstat_peer_net_init(block);
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
	ipsecstat_mib_net_exit(net);
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
	ipsecstat_mib_stop();
	unregister_pernet_subsys(&ipsecstat_net_ops);
}

/**
 * ipsecstat_net_take_over() - attach to the namespaces that exist already
 *
 * Counts the SAs found, and brings the view of the MIB up to date.
 *
 * Context: Process context, may sleep. All hooks are attached.
 * Return: 0 or -ENOMEM
 */
int ipsecstat_net_take_over(void)
{
	int err = ipsecstat_mib_start();
	struct net *net;

	if (err)
		return err;
	down_read(&net_rwsem);
	for_each_net(net) {
		ipsecstat_net(net)->since = ktime_get_boottime_ns();
		ipsecstat_sa_take_over(net);
	}
	up_read(&net_rwsem);
	return 0;
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

static void ipsecstat_add_cpu(struct net *net, int cpu,
			      struct ipsecstat_sum *sum)
{
	const struct ipsecstat_cpu *c;
	int class;

	c = per_cpu_ptr(ipsecstat_net(net)->cpu, cpu);
	for (class = 0; class < IPSECSTAT_CLASSES; class++)
		ipsecstat_add_class(sum, class, &c->class[class]);
	ipsecstat_add_drops(sum, c);
	ipsecstat_mib_sum(net, cpu, sum);
}

/**
 * ipsecstat_net_settle() - bring the counters up to date
 * @net: the namespace; the caller holds a reference
 *
 * Context: Process context, may sleep.
 * Return: 0, or -EINTR if the caller is killed
 */
int ipsecstat_net_settle(struct net *net)
{
	ipsecstat_sa_settle(net);
	return ipsecstat_mib_settle(net);
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

/**
 * ipsecstat_net_drops() - inbound packets dropped for any reason
 * @net: the namespace; the caller holds a reference
 *
 * Context: Process context.
 * Return: packets
 */
u64 ipsecstat_net_drops(struct net *net)
{
	struct ipsecstat_sum sum;
	int reason, owner;
	u64 count = 0;

	ipsecstat_net_sum(net, -1, &sum);
	for (reason = 0; reason < IPSECSTAT_REASONS; reason++)
		for (owner = 0; owner < IPSECSTAT_OWNERS; owner++)
			count += sum.drop[reason][owner];
	return count;
}
