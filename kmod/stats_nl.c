// SPDX-License-Identifier: GPL-2.0-only
/*
 * The statistics of a namespace as netlink messages; ipsecstat.yaml has the
 * format.
 */
#include <net/genetlink.h>
#include <net/netlink.h>

#include "access.h"
#include "class.h"
#include "compat.h"
#include "message.h"
#include "mib.h"
#include "net.h"
#include "netns.h"
#include "sa.h"
#include "stats_nl.h"

const struct nla_policy ipsecstat_stats_policy[IPSECSTAT_A_STATS_CPU + 1] = {
	[IPSECSTAT_A_STATS_CPU] = { .type = NLA_U32 },
};

#define ESP	BIT(IPSECSTAT_OWNER_ESP)
#define AH	BIT(IPSECSTAT_OWNER_AH)
#define SECURED	(ESP | AH | BIT(IPSECSTAT_OWNER_OTHER))
#define ANY	(SECURED | BIT(IPSECSTAT_OWNER_NONE))
#define WHY(_reason)	BIT(IPSECSTAT_DROP_REASON_##_reason)

/*
 * The drop counters of WFP: each is the sum of these reasons of these
 * protocols.
 */
static const struct {
	u8 nest;
	u8 attr;
	u32 reasons;
	u8 owners;
} ipsecstat_drop_attrs[] = {
#define ATTR(_nest, _attr, _reasons, _owners)				\
	{ IPSECSTAT_A_STATS_##_nest, IPSECSTAT_A_##_attr, _reasons, _owners }
	ATTR(DROP_ESP, DROP_PROTO_NO_STATE, WHY(NO_STATE), ESP),
	ATTR(DROP_ESP, DROP_PROTO_AUTH, WHY(AUTH), ESP),
	ATTR(DROP_ESP, DROP_PROTO_DECRYPT, WHY(TRANSFORM), ESP),
	ATTR(DROP_ESP, DROP_PROTO_REPLAY, WHY(REPEATED) | WHY(LATE), ESP),
	ATTR(DROP_ESP, DROP_PROTO_LARVAL, WHY(LARVAL), ESP),
	ATTR(DROP_AH, DROP_PROTO_NO_STATE, WHY(NO_STATE), AH),
	ATTR(DROP_AH, DROP_PROTO_AUTH, WHY(AUTH), AH),
	ATTR(DROP_AH, DROP_PROTO_REPLAY, WHY(REPEATED) | WHY(LATE), AH),
	ATTR(DROP_AH, DROP_PROTO_LARVAL, WHY(LARVAL), AH),
	ATTR(DROP, DROP_ENCAP, WHY(ENCAP), ANY),
	ATTR(DROP, DROP_CLEAR_TEXT, WHY(CLEAR_TEXT), ANY),
	ATTR(DROP, DROP_WRONG_SA, WHY(SELECTOR) | WHY(TEMPLATE) |
	     WHY(DIRECTION) | WHY(MODE), ANY),
	ATTR(DROP, DROP_NO_POLICY, WHY(NO_POLICY) | WHY(BLOCKED), SECURED),
	ATTR(DROP, DROP_TOTAL, ~0, ANY),
#undef ATTR
};

static u64 ipsecstat_sum_drops(const struct ipsecstat_sum *sum, u32 reasons,
			       u8 owners)
{
	u64 count = 0;
	int reason, owner;

	for (reason = 0; reason < IPSECSTAT_REASONS; reason++)
		for (owner = 0; owner < IPSECSTAT_OWNERS; owner++)
			if (reasons & BIT(reason) && owners & BIT(owner))
				count += sum->drop[reason][owner];
	return count;
}

static int ipsecstat_put_drops(struct sk_buff *msg, int nest_attr,
			       const struct ipsecstat_sum *sum)
{
	struct nlattr *nest = nla_nest_start(msg, nest_attr);
	u64 count;
	int i;

	if (!nest)
		return -EMSGSIZE;
	for (i = 0; i < ARRAY_SIZE(ipsecstat_drop_attrs); i++) {
		if (ipsecstat_drop_attrs[i].nest != nest_attr)
			continue;
		count = ipsecstat_sum_drops(sum, ipsecstat_drop_attrs[i].reasons,
					    ipsecstat_drop_attrs[i].owners);
		if (nla_put_uint(msg, ipsecstat_drop_attrs[i].attr, count))
			return -EMSGSIZE;
	}
	nla_nest_end(msg, nest);
	return 0;
}

static int ipsecstat_put_dropped_in(struct sk_buff *msg,
				    const struct ipsecstat_sum *sum)
{
	static const u8 protos[IPSECSTAT_OWNERS] = {
		[IPSECSTAT_OWNER_ESP] = IPPROTO_ESP,
		[IPSECSTAT_OWNER_AH] = IPPROTO_AH,
		[IPSECSTAT_OWNER_OTHER] = IPPROTO_COMP,
	};
	int reason, owner, err = 0;

	for (reason = 0; reason < IPSECSTAT_REASONS; reason++)
		for (owner = 0; !err && owner < IPSECSTAT_OWNERS; owner++)
			err = ipsecstat_put_dropped(msg,
						    IPSECSTAT_A_STATS_DROPPED_IN,
						    reason, protos[owner],
						    sum->drop[reason][owner]);
	return err;
}

/* MIB lines with the same reason are one entry. */
static int ipsecstat_put_dropped_out(struct sk_buff *msg,
				     const struct ipsecstat_sum *sum)
{
	u64 packets[IPSECSTAT_DROP_REASON_QUEUE + 1] = {};
	int i, err = 0;

	for (i = 0; i < IPSECSTAT_MIB_OUT; i++)
		packets[ipsecstat_mib_out[i].reason] += sum->out[i];
	for (i = 0; !err && i < ARRAY_SIZE(packets); i++)
		err = ipsecstat_put_dropped(msg, IPSECSTAT_A_STATS_DROPPED_OUT,
					    i, 0, packets[i]);
	return err;
}

static int ipsecstat_put_sa(struct sk_buff *msg, const struct ipsecstat_sa *sa)
{
	struct nlattr *nest = nla_nest_start(msg, IPSECSTAT_A_STATS_SA);

	if (!nest ||
	    nla_put_uint(msg, IPSECSTAT_A_SA_ACTIVE, sa->added - sa->deleted) ||
	    nla_put_uint(msg, IPSECSTAT_A_SA_LARVAL, sa->larval) ||
	    nla_put_uint(msg, IPSECSTAT_A_SA_ADDED, sa->added) ||
	    nla_put_uint(msg, IPSECSTAT_A_SA_DELETED, sa->deleted) ||
	    nla_put_uint(msg, IPSECSTAT_A_SA_REKEYED, sa->rekeyed) ||
	    nla_put_uint(msg, IPSECSTAT_A_SA_TUNNELS, sa->tunnels) ||
	    nla_put_uint(msg, IPSECSTAT_A_SA_OFFLOADED, sa->offloaded))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int ipsecstat_put_transform(struct sk_buff *msg, int attr, int class,
				   u64 bytes, u64 packets)
{
	struct nlattr *nest = nla_nest_start(msg, attr);

	if (!nest ||
	    nla_put_u8(msg, IPSECSTAT_A_TRANSFORM_PROTO,
		       ipsecstat_class_proto(class)) ||
	    nla_put_u32(msg, IPSECSTAT_A_TRANSFORM_FLAGS,
			ipsecstat_class_flags(class)) ||
	    nla_put_uint(msg, IPSECSTAT_A_TRANSFORM_BYTES, bytes) ||
	    nla_put_uint(msg, IPSECSTAT_A_TRANSFORM_PACKETS, packets))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int ipsecstat_put_traffic(struct sk_buff *msg,
				 const struct ipsecstat_sum *sum)
{
	static const u8 attr[IPSECSTAT_DIRS] = {
		[IPSECSTAT_IN] = IPSECSTAT_A_STATS_IN,
		[IPSECSTAT_OUT] = IPSECSTAT_A_STATS_OUT,
	};
	int dir, class;

	for (dir = 0; dir < IPSECSTAT_DIRS; dir++)
		for (class = 0; class < IPSECSTAT_CLASSES; class++)
			if (sum->packets[dir][class] &&
			    ipsecstat_put_transform(msg, attr[dir], class,
						    sum->bytes[dir][class],
						    sum->packets[dir][class]))
				return -EMSGSIZE;
	return 0;
}

/* Attributes of the namespace as a whole, or the number of the CPU. */
static int ipsecstat_put_scope(struct sk_buff *msg, struct net *net, int cpu)
{
	struct ipsecstat_sa sa;
	int err;

	if (nla_put_uint(msg, IPSECSTAT_A_STATS_SINCE,
			 ipsecstat_net(net)->since))
		return -EMSGSIZE;
	if (cpu >= 0)
		return nla_put_u32(msg, IPSECSTAT_A_STATS_CPU, cpu);

	err = ipsecstat_sa_read(net, &sa);
	return err ? err : ipsecstat_put_sa(msg, &sa);
}

/*
 * One message: the counters of a CPU, or of the namespace if @cpu is negative.
 */
static int ipsecstat_fill(struct sk_buff *msg, struct net *net, int cpu,
			  u32 portid, u32 seq, int flags)
{
	struct ipsecstat_sum sum;
	void *header;
	int err;

	header = genlmsg_put(msg, portid, seq, &ipsecstat_family, flags,
			     IPSECSTAT_CMD_GET);
	if (!header)
		return -EMSGSIZE;

	ipsecstat_net_sum(net, cpu, &sum);
	err = ipsecstat_put_scope(msg, net, cpu);
	if (!err)
		err = ipsecstat_put_drops(msg, IPSECSTAT_A_STATS_DROP_ESP, &sum);
	if (!err)
		err = ipsecstat_put_drops(msg, IPSECSTAT_A_STATS_DROP_AH, &sum);
	if (!err)
		err = ipsecstat_put_drops(msg, IPSECSTAT_A_STATS_DROP, &sum);
	if (!err)
		err = ipsecstat_put_traffic(msg, &sum);
	if (!err)
		err = ipsecstat_put_dropped_in(msg, &sum);
	if (!err)
		err = ipsecstat_put_dropped_out(msg, &sum);
	if (err) {
		genlmsg_cancel(msg, header);
		return err;
	}
	genlmsg_end(msg, header);
	return 0;
}

/* Room for every class and every reason that a reply can have. */
#define IPSECSTAT_REPLY_SIZE	8192

static int ipsecstat_check(const struct sk_buff *request, struct net *net,
			   const struct genlmsghdr *header,
			   struct netlink_ext_ack *extack)
{
	int err = ipsecstat_check_version(header, extack);

	return err ? err : ipsecstat_access_check(request, net, extack);
}

static int ipsecstat_wanted_cpu(const struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[IPSECSTAT_A_STATS_CPU];
	u32 cpu;

	if (!attr)
		return -1;
	cpu = nla_get_u32(attr);
	if (cpu >= nr_cpu_ids || !cpu_possible(cpu)) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "not a possible CPU of this machine");
		return -ERANGE;
	}
	return cpu;
}

/**
 * ipsecstat_get_doit() - send the figures of a namespace, or of one of its CPUs
 * @skb: the request
 * @info: the same, parsed
 *
 * Context: Process context, may sleep.
 * Return: 0 or a negative errno
 */
int ipsecstat_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct net *net = genl_info_net(info);
	struct sk_buff *msg;
	int cpu, err;

	err = ipsecstat_check(skb, net, info->genlhdr, info->extack);
	if (err)
		return err;
	cpu = ipsecstat_wanted_cpu(info);
	if (cpu < -1)
		return cpu;

	msg = genlmsg_new(IPSECSTAT_REPLY_SIZE, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	err = ipsecstat_net_read_begin(net);
	if (!err) {
		err = ipsecstat_fill(msg, net, cpu, info->snd_portid,
				     info->snd_seq, 0);
		ipsecstat_net_read_end(net);
	}
	if (err) {
		if (err == -ENOMEM)
			NL_SET_ERR_MSG(info->extack,
				       "an event was lost, out of memory: ask again");
		nlmsg_free(msg);
		return err;
	}
	return genlmsg_reply(msg, info);
}

static int ipsecstat_check_dump(struct netlink_callback *cb)
{
	const struct genlmsghdr *header = nlmsg_data(cb->nlh);
	const struct nlattr *attr;

	attr = nlmsg_find_attr(cb->nlh, GENL_HDRLEN, IPSECSTAT_A_STATS_CPU);
	if (attr) {
		NL_SET_ERR_MSG_ATTR(cb->extack, attr,
				    "a dump is of all CPUs; ask for one by do");
		return -EINVAL;
	}
	return ipsecstat_check(cb->skb, sock_net(cb->skb->sk), header,
			       cb->extack);
}

/**
 * ipsecstat_get_dumpit() - send the figures of each possible CPU
 * @msg: to be filled
 * @cb: of the dump; args[0] is the next CPU, args[1] whether the request was
 *	checked
 *
 * The first call checks the request, in the context of the sender. A start
 * callback cannot: 6.1 sends its refusals without their text.
 *
 * Context: Process context, may sleep.
 * Return: the bytes sent, 0 at the end, or a negative errno
 */
int ipsecstat_get_dumpit(struct sk_buff *msg, struct netlink_callback *cb)
{
	struct net *net = sock_net(msg->sk);
	unsigned int cpu;
	int err = 0;

	if (!cb->args[1]) {
		err = ipsecstat_check_dump(cb);
		if (err)
			return err;
		err = ipsecstat_net_read_begin(net);
		if (err)
			return err;
		ipsecstat_net_read_end(net);
		cb->args[1] = 1;
	}
	for (cpu = cpumask_next(cb->args[0] - 1, cpu_possible_mask);
	     cpu < nr_cpu_ids; cpu = cpumask_next(cpu, cpu_possible_mask)) {
		err = ipsecstat_fill(msg, net, cpu, NETLINK_CB(cb->skb).portid,
				     cb->nlh->nlmsg_seq, NLM_F_MULTI);
		if (err)
			break;
	}
	if (err && !msg->len)
		return err;
	cb->args[0] = cpu;
	return msg->len;
}
