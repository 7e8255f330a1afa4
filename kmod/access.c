// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may read the statistics: the access right FWPM_ACTRL_READ_STATS of WFP.
 *
 * A reader needs CAP_NET_ADMIN in the user namespace of the network namespace,
 * or a group within net.ipsecstat.read_group_range. The sysctl works like
 * net.ipv4.ping_group_range: two group IDs, first and last; the default "1 0"
 * is an empty range.
 */
#include <linux/cred.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <linux/sysctl.h>
#include <linux/user_namespace.h>
#include <net/net_namespace.h>

#include "access.h"
#include "compat.h"
#include "net.h"

static void ipsecstat_readers_get(struct ipsecstat_net *block, kgid_t range[2])
{
	unsigned int seq;

	do {
		seq = read_seqbegin(&block->readers_lock);
		range[0] = block->readers[0];
		range[1] = block->readers[1];
	} while (read_seqretry(&block->readers_lock, seq));
}

static void ipsecstat_readers_set(struct ipsecstat_net *block, kgid_t first,
				  kgid_t last)
{
	write_seqlock(&block->readers_lock);
	block->readers[0] = first;
	block->readers[1] = last;
	write_sequnlock(&block->readers_lock);
}

/*
 * An empty range reads as "1 0", even in a user namespace without these groups.
 */
static void ipsecstat_readers_show(const kgid_t range[2], unsigned long gid[2])
{
	if (gid_lt(range[1], range[0])) {
		gid[0] = 1;
		gid[1] = 0;
		return;
	}
	gid[0] = from_kgid_munged(current_user_ns(), range[0]);
	gid[1] = from_kgid_munged(current_user_ns(), range[1]);
}

static int ipsecstat_readers_parse(struct ipsecstat_net *block,
				   const unsigned long gid[2])
{
	kgid_t first = make_kgid(current_user_ns(), gid[0]);
	kgid_t last = make_kgid(current_user_ns(), gid[1]);

	if (gid[1] < gid[0]) {
		first = KGIDT_INIT(1);
		last = KGIDT_INIT(0);
	} else if (!gid_valid(first) || !gid_valid(last) ||
		   gid_lt(last, first)) {
		return -EINVAL;
	}
	ipsecstat_readers_set(block, first, last);
	return 0;
}

static int ipsecstat_readers_sysctl(ipsecstat_ctl_table *table, int write,
				    void *buffer, size_t *lenp, loff_t *ppos)
{
	static unsigned long lowest, highest = (gid_t)-2;
	struct ipsecstat_net *block = table->extra1;
	unsigned long gid[2];
	struct ctl_table both = {
		.data	= gid,
		.maxlen	= sizeof(gid),
		.mode	= table->mode,
		.extra1	= &lowest,
		.extra2	= &highest,
	};
	kgid_t range[2];
	int err;

	ipsecstat_readers_get(block, range);
	ipsecstat_readers_show(range, gid);

	err = proc_doulongvec_minmax(&both, write, buffer, lenp, ppos);
	if (write && !err)
		err = ipsecstat_readers_parse(block, gid);
	return err;
}

static const struct ctl_table ipsecstat_sysctls[] = {
	{
		.procname	= "read_group_range",
		.maxlen		= 2 * sizeof(unsigned long),
		.mode		= 0644,
		.proc_handler	= ipsecstat_readers_sysctl,
	},
	{ }	/* older kernels need an end marker */
};

/**
 * ipsecstat_access_init() - restrict reading to the administrator
 * @net: the namespace
 *
 * Context: Process context, may sleep.
 * Return: 0 or -ENOMEM
 */
int ipsecstat_access_init(struct net *net)
{
	struct ipsecstat_net *block = ipsecstat_net(net);
	struct ctl_table *table;

	seqlock_init(&block->readers_lock);
	ipsecstat_readers_set(block, KGIDT_INIT(1), KGIDT_INIT(0));

	table = kmemdup(ipsecstat_sysctls, sizeof(ipsecstat_sysctls),
			GFP_KERNEL);
	if (!table)
		return -ENOMEM;
	table[0].extra1 = block;

	block->sysctl = register_net_sysctl_sz(net, "net/ipsecstat", table, 1);
	if (!block->sysctl) {
		kfree(table);
		return -ENOMEM;
	}
	return 0;
}

/**
 * ipsecstat_access_exit() - remove the sysctl
 * @net: the namespace
 *
 * Context: Process context, may sleep.
 */
void ipsecstat_access_exit(struct net *net)
{
	struct ctl_table_header *sysctl = ipsecstat_net(net)->sysctl;
	const struct ctl_table *table = sysctl->ctl_table_arg;

	unregister_net_sysctl_table(sysctl);
	kfree(table);
}

static bool ipsecstat_in_range(kgid_t gid, const kgid_t range[2])
{
	return gid_lte(range[0], gid) && gid_lte(gid, range[1]);
}

static bool ipsecstat_is_reader(const struct cred *cred, const kgid_t range[2])
{
	const struct group_info *groups = cred->group_info;
	int i;

	if (ipsecstat_in_range(cred->egid, range))
		return true;
	for (i = 0; i < groups->ngroups; i++)
		if (ipsecstat_in_range(groups->gid[i], range))
			return true;
	return false;
}

/*
 * The process that opened the socket reads the answer. It may have tricked a
 * program of the group into writing to the socket, so it must be allowed to
 * read, too. A request with a destination address cannot be such an accident.
 */
static bool ipsecstat_opener_may(const struct sk_buff *request, struct net *net,
				 const kgid_t range[2])
{
	const struct netlink_skb_parms *from = &NETLINK_CB(request);
	const struct file *file = from->sk->sk_socket->file;

	return from->flags & NETLINK_SKB_DST ||
	       ipsecstat_is_reader(file->f_cred, range) ||
	       file_ns_capable(file, net->user_ns, CAP_NET_ADMIN);
}

/**
 * ipsecstat_access_check() - check whether the sender of a request may read
 * @request: the request
 * @net: the namespace to be read
 * @extack: gets the reason for a refusal
 *
 * Context: Process context of the sender.
 * Return: 0 or -EPERM
 */
int ipsecstat_access_check(const struct sk_buff *request, struct net *net,
			   struct netlink_ext_ack *extack)
{
	kgid_t range[2];

	if (netlink_ns_capable(request, net->user_ns, CAP_NET_ADMIN))
		return 0;
	ipsecstat_readers_get(ipsecstat_net(net), range);
	if (ipsecstat_is_reader(current_cred(), range) &&
	    ipsecstat_opener_may(request, net, range))
		return 0;
	NL_SET_ERR_MSG(extack,
		       "needs CAP_NET_ADMIN or a group within net.ipsecstat.read_group_range");
	return -EPERM;
}
