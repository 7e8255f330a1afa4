// SPDX-License-Identifier: GPL-2.0-only
/*
 * Set up, attach and read the data of a network namespace.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ktime.h>
#include <linux/rwsem.h>
#include <net/net_namespace.h>

#include "access.h"
#include "compat.h"
#include "drop.h"
#include "mib.h"
#include "net.h"
#include "netns.h"
#include "sa.h"

unsigned int ipsecstat_net_id __read_mostly;
DEFINE_RAW_SPINLOCK(ipsecstat_sa_lock);

/* The MIB of a new namespace is zero, and so are its counters. */
static int __net_init ipsecstat_net_init(struct net *net)
{
	struct ipsecstat_net *block = ipsecstat_net(net);
	int err;

	err = ipsecstat_access_init(net);
	if (err)
		return err;
	mutex_init(&block->settle_lock);
	init_rwsem(&block->read_lock);
	ipsecstat_recent_net_init(net);
	ipsecstat_peer_net_init(block);
	block->since = ktime_get_boottime_ns();
	return 0;
}

/*
 * The SAs were released before (sa.c), and packets that found the block through
 * one of them ended within a grace period.
 */
static void __net_exit ipsecstat_net_exit(struct net *net)
{
	ipsecstat_recent_clear(net);
	ipsecstat_access_exit(net);
	ipsecstat_counters_put(ipsecstat_net(net));
}

static struct pernet_operations ipsecstat_net_ops = {
	.init		= ipsecstat_net_init,
	.exit		= ipsecstat_net_exit,
	.id		= &ipsecstat_net_id,
	.size		= sizeof(struct ipsecstat_net),
};

/**
 * ipsecstat_net_register() - set up every namespace, also future ones
 *
 * Context: Process context, may sleep.
 * Return: 0 or a negative errno
 */
int ipsecstat_net_register(void)
{
	return register_pernet_subsys(&ipsecstat_net_ops);
}

/**
 * ipsecstat_net_unregister() - undo ipsecstat_net_register()
 *
 * Context: Process context, may sleep. No hook may be attached any more.
 */
void ipsecstat_net_unregister(void)
{
	ipsecstat_mib_stop();
	unregister_pernet_subsys(&ipsecstat_net_ops);
}

/* There are SAs or policies, or a packet was dropped. */
static bool ipsecstat_net_is_used(struct net *net)
{
	int dir, cpu;

	if (READ_ONCE(net->xfrm.state_num))
		return true;
	for (dir = 0; dir < ARRAY_SIZE(net->xfrm.policy_count); dir++)
		if (READ_ONCE(net->xfrm.policy_count[dir]))
			return true;
	for_each_possible_cpu(cpu)
		if (ipsecstat_mib_has_moved(net, cpu))
			return true;
	return false;
}

/**
 * ipsecstat_net_take_over() - attach to the namespaces that exist already
 *
 * Counts the SAs that exist, and takes the current values of the MIB.
 *
 * Context: Process context, may sleep. All hooks are attached.
 * Return: 0 or -ENOMEM
 */
int ipsecstat_net_take_over(void)
{
	bool used = false;
	struct net *net;
	int err = 0;

	down_read(&net_rwsem);
	for_each_net(net) {
		if (err || !ipsecstat_net_is_used(net))
			continue;
		err = ipsecstat_counters_get(ipsecstat_net(net));
		used = true;
	}
	up_read(&net_rwsem);
	if (!err && used)
		err = ipsecstat_drop_arm();
	if (err)
		return err;

	ipsecstat_mib_start(NULL);

	down_read(&net_rwsem);
	for_each_net(net) {
		ipsecstat_net(net)->since = ktime_get_boottime_ns();
		ipsecstat_sa_take_over(net);
	}
	up_read(&net_rwsem);
	return 0;
}

/*
 * An event was lost, so the figures are reset and the SAs that exist are taken
 * over, as when the module was loaded. Packets in progress end with the old
 * figures; acquires in progress are in the list after the second grace period.
 */
static void ipsecstat_net_count_again(struct net *net)
{
	struct ipsecstat_net *block = ipsecstat_net(net);

	ipsecstat_mib_pause(net);
	ipsecstat_sa_release(net);
	synchronize_rcu();
	ipsecstat_counters_clear(block);
	ipsecstat_recent_clear(net);
	ipsecstat_sa_reopen(block);
	synchronize_rcu();
	ipsecstat_mib_start(net);
	block->since = ktime_get_boottime_ns();
	ipsecstat_sa_take_over(net);
	pr_warn_ratelimited("an event was lost: counting began again in namespace net:[%u]\n",
			    net->ns.inum);
}

static int ipsecstat_net_recover(struct net *net)
{
	struct ipsecstat_net *block = ipsecstat_net(net);
	int err = 0;

	if (!ipsecstat_drop_is_armed() && ipsecstat_net_is_used(net))
		err = ipsecstat_drop_arm();
	if (!err && READ_ONCE(block->lost))
		err = ipsecstat_counters_get(block);
	if (err || likely(!READ_ONCE(block->lost)))
		return err;
	if (down_write_killable(&block->read_lock))
		return -EINTR;
	if (READ_ONCE(block->lost))
		ipsecstat_net_count_again(net);
	up_write(&block->read_lock);
	return READ_ONCE(block->lost) ? -ENOMEM : 0;
}

/**
 * ipsecstat_net_read_begin() - bring the figures up to date, and keep counting
 * from beginning again
 * @net: the namespace; the caller holds a reference
 *
 * If an event was lost, out of memory, counting begins again first.
 *
 * Context: Process context, may sleep.
 * Return: 0, with ipsecstat_net_read_end() to follow; -ENOMEM, or -EINTR if the
 *	caller is killed
 */
int ipsecstat_net_read_begin(struct net *net)
{
	struct ipsecstat_net *block = ipsecstat_net(net);
	int err;

	err = ipsecstat_net_recover(net);
	if (err)
		return err;
	if (down_read_killable(&block->read_lock))
		return -EINTR;
	ipsecstat_sa_settle(net);
	err = ipsecstat_mib_settle(net);
	if (err)
		up_read(&block->read_lock);
	return err;
}

/**
 * ipsecstat_net_read_end() - the figures have been read
 * @net: the namespace
 *
 * Context: Process context.
 */
void ipsecstat_net_read_end(struct net *net)
{
	up_read(&ipsecstat_net(net)->read_lock);
}

static void ipsecstat_add_cpu(struct net *net, int cpu,
			      struct ipsecstat_sum *sum)
{
	const struct ipsecstat_cpu *c;

	c = ipsecstat_on_cpu(ipsecstat_net(net), cpu);
	if (c)
		ipsecstat_counters_add(c, sum);
	ipsecstat_mib_sum(net, cpu, sum);
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
