// SPDX-License-Identifier: GPL-2.0-only
/*
 * ipsecstat: IPsec statistics for each network namespace.
 *
 * The way of a figure:
 *
 *	traffic.c drop.c sa.c	a hook sees a packet or an SA event (mark.h class.c)
 *	counters.c net.h	a counter of this namespace, and of this CPU
 *	netns.c			their sum
 *	stats_nl.c access.c	a reply to those who may read
 *
 * Peers: sa.c member.c peer.c peer_nl.c. Recent drops: drop.c site.c mib.c
 * packet.c recent.c recent_nl.c. events.c schedules the events of both;
 * netlink.c has the family. On a kernel whose sources have not been read,
 * selftest.c tries the hooks first.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>

#include "compat.h"
#include "drop.h"
#include "member.h"
#include "netlink.h"
#include "netns.h"
#include "peer.h"
#include "recent.h"
#include "sa.h"
#include "selftest.h"
#include "site.h"
#include "traffic.h"

static bool ipsecstat_try_hooks = IPSECSTAT_UNREAD;
module_param_named(selftest, ipsecstat_try_hooks, bool, 0444);
MODULE_PARM_DESC(selftest, "try the hooks first, and do not load if one counts wrong");

static int __init ipsecstat_start(void)
{
	int err;

	err = ipsecstat_net_register();
	if (err)
		return err;
	err = ipsecstat_traffic_attach();
	if (err)
		goto err_net;
	err = ipsecstat_drop_attach();
	if (err)
		goto err_traffic;
	err = ipsecstat_sa_attach();
	if (err)
		goto err_drop;
	err = ipsecstat_net_take_over();
	if (err)
		goto err_sa;
	return 0;

err_sa:
	ipsecstat_sa_detach();
err_drop:
	ipsecstat_drop_detach();
err_traffic:
	ipsecstat_traffic_detach();
err_net:
	ipsecstat_net_unregister();
	return err;
}

static void ipsecstat_stop(void)
{
	ipsecstat_sa_detach();
	ipsecstat_drop_detach();
	ipsecstat_traffic_detach();
	ipsecstat_net_unregister();
}

/* Counting begins after the packets of the self-test. */
static int __init ipsecstat_try(void)
{
	int err = ipsecstat_start();

	if (err)
		return err;
	err = ipsecstat_selftest();
	ipsecstat_stop();
	return err;
}

static int __init ipsecstat_init(void)
{
	int err;

	if (IPSECSTAT_SOFTIRQS_MIX) {
		pr_err("not loaded: softirqs of this PREEMPT_RT kernel preempt each other (CONFIG_PREEMPT_RT_NEEDS_BH_LOCK is off), so figures could be wrong\n");
		return -EOPNOTSUPP;
	}
	err = ipsecstat_counters_init();
	if (err)
		return err;
	err = ipsecstat_member_init();
	if (err)
		goto err_counters;
	err = ipsecstat_peer_init();
	if (err)
		goto err_member;
	err = ipsecstat_recent_init();
	if (err)
		goto err_peer;
	err = ipsecstat_site_init();
	if (err)
		goto err_recent;
	err = ipsecstat_try_hooks ? ipsecstat_try() : 0;
	if (err)
		goto err_site;
	err = ipsecstat_start();
	if (err)
		goto err_site;
	err = ipsecstat_netlink_register();
	if (err)
		goto err_started;
	return 0;

err_started:
	ipsecstat_stop();
err_site:
	ipsecstat_site_exit();
err_recent:
	ipsecstat_recent_exit();
err_peer:
	ipsecstat_peer_exit();
err_member:
	ipsecstat_member_exit();
err_counters:
	ipsecstat_counters_exit();
	pr_err("not loaded (%pe)\n", ERR_PTR(err));
	return err;
}

static void __exit ipsecstat_exit(void)
{
	ipsecstat_netlink_unregister();
	ipsecstat_stop();
	ipsecstat_site_exit();
	ipsecstat_recent_exit();
	ipsecstat_peer_exit();
	ipsecstat_member_exit();
	ipsecstat_counters_exit();
}

module_init(ipsecstat_init);
module_exit(ipsecstat_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("IPsec statistics per network namespace");
