// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generic netlink family: ipsecstat.yaml describes it.
 */
#include <linux/ipsecstat.h>
#include <linux/module.h>
#include <net/genetlink.h>

#include "events.h"
#include "message.h"
#include "netlink.h"
#include "peer_nl.h"
#include "recent_nl.h"
#include "stats_nl.h"

static const struct genl_ops ipsecstat_ops[] = {
	{
		.cmd		= IPSECSTAT_CMD_GET,
		.doit		= ipsecstat_get_doit,
		.dumpit		= ipsecstat_get_dumpit,
		.policy		= ipsecstat_stats_policy,
		.maxattr	= IPSECSTAT_A_STATS_CPU,
	},
	{
		.cmd		= IPSECSTAT_CMD_DROP_GET,
		.flags		= GENL_UNS_ADMIN_PERM,
		.doit		= ipsecstat_drop_get_doit,
		.dumpit		= ipsecstat_drop_get_dumpit,
		.done		= ipsecstat_drop_get_done,
	},
	{
		.cmd		= IPSECSTAT_CMD_PEER_GET,
		.flags		= GENL_UNS_ADMIN_PERM,
		.doit		= ipsecstat_peer_get_doit,
		.dumpit		= ipsecstat_peer_get_dumpit,
		.done		= ipsecstat_peer_get_done,
		.policy		= ipsecstat_peer_policy,
		.maxattr	= IPSECSTAT_A_PEER_IF_ID,
	},
};

static const struct genl_multicast_group ipsecstat_groups[] = {
	[IPSECSTAT_GROUP_DROPS] = {
		.name		= IPSECSTAT_MCGRP_DROPS,
		.flags		= GENL_MCAST_CAP_NET_ADMIN,
	},
	[IPSECSTAT_GROUP_PEERS] = {
		.name		= IPSECSTAT_MCGRP_PEERS,
		.flags		= GENL_MCAST_CAP_NET_ADMIN,
	},
};

struct genl_family ipsecstat_family __ro_after_init = {
	.name		= IPSECSTAT_FAMILY_NAME,
	.version	= IPSECSTAT_FAMILY_VERSION,
	.module		= THIS_MODULE,
	.netnsok	= true,
	.parallel_ops	= true,
	.resv_start_op	= IPSECSTAT_CMD_GET,
	.ops		= ipsecstat_ops,
	.n_ops		= ARRAY_SIZE(ipsecstat_ops),
	.mcgrps		= ipsecstat_groups,
	.n_mcgrps	= ARRAY_SIZE(ipsecstat_groups),
};

/**
 * ipsecstat_netlink_register() - register the family
 *
 * Context: Process context, may sleep. All hooks are attached.
 * Return: 0 or a negative errno
 */
int ipsecstat_netlink_register(void)
{
	int err = genl_register_family(&ipsecstat_family);

	if (!err) {
		ipsecstat_events_open(IPSECSTAT_GROUP_DROPS, ipsecstat_drop_send);
		ipsecstat_events_open(IPSECSTAT_GROUP_PEERS, ipsecstat_peer_send);
	}
	return err;
}

/**
 * ipsecstat_netlink_unregister() - answer no more requests, send no more events
 *
 * Context: Process context, may sleep.
 */
void ipsecstat_netlink_unregister(void)
{
	ipsecstat_events_close(IPSECSTAT_GROUP_PEERS);
	ipsecstat_events_close(IPSECSTAT_GROUP_DROPS);
	genl_unregister_family(&ipsecstat_family);
}
