// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recent drops over netlink: the operations drop-get and drop-ntf.
 *
 * An event is lost if out of memory, or if the socket of a listener is full;
 * the table is not.
 */
#include <linux/ipsecstat.h>
#include <linux/mm.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>

#include "compat.h"
#include "message.h"
#include "netns.h"
#include "peer.h"
#include "recent.h"
#include "recent_nl.h"

static int ipsecstat_put_who(struct sk_buff *msg,
			     const struct ipsecstat_who *who)
{
	if (nla_put_u32(msg, IPSECSTAT_A_RECENT_REASON, who->reason) ||
	    nla_put_u8(msg, IPSECSTAT_A_RECENT_PROTO, who->proto) ||
	    ipsecstat_put_address(msg, IPSECSTAT_A_RECENT_SRC, who->family,
				  &who->src) ||
	    ipsecstat_put_address(msg, IPSECSTAT_A_RECENT_DST, who->family,
				  &who->dst) ||
	    nla_put_be32(msg, IPSECSTAT_A_RECENT_SPI, who->spi) ||
	    (who->out && nla_put_flag(msg, IPSECSTAT_A_RECENT_OUTBOUND)))
		return -EMSGSIZE;
	return 0;
}

static int ipsecstat_put_inner(struct sk_buff *msg,
			       const struct ipsecstat_packet *packet)
{
	u16 family = packet->inner_family;

	if (!family)
		return 0;
	if (ipsecstat_put_address(msg, IPSECSTAT_A_RECENT_INNER_SRC, family,
				  &packet->inner_src) ||
	    ipsecstat_put_address(msg, IPSECSTAT_A_RECENT_INNER_DST, family,
				  &packet->inner_dst))
		return -EMSGSIZE;
	return 0;
}

/* When the SA of that SPI ended. */
static int ipsecstat_put_sa_until(struct sk_buff *msg, struct net *net,
				  const struct ipsecstat_who *who)
{
	u64 until;

	if (who->out || who->reason != IPSECSTAT_DROP_REASON_NO_STATE)
		return 0;
	until = ipsecstat_peer_sa_until(net, who);
	return until ? nla_put_uint(msg, IPSECSTAT_A_RECENT_SA_UNTIL, until) : 0;
}

/* What is known only of some packets. */
static int ipsecstat_put_more(struct sk_buff *msg, struct net *net,
			      const struct ipsecstat_recent_drop *drop)
{
	const struct ipsecstat_packet *packet = &drop->packet;

	if (packet->has_seq &&
	    (nla_put_u32(msg, IPSECSTAT_A_RECENT_SEQ_FIRST, drop->seq_first) ||
	     nla_put_u32(msg, IPSECSTAT_A_RECENT_SEQ_LAST, packet->seq)))
		return -EMSGSIZE;
	if (packet->has_policy &&
	    nla_put_u8(msg, IPSECSTAT_A_RECENT_POLICY, packet->policy))
		return -EMSGSIZE;
	if (packet->ifindex &&
	    nla_put_u32(msg, IPSECSTAT_A_RECENT_IFINDEX, packet->ifindex))
		return -EMSGSIZE;
	if (ipsecstat_put_sa_until(msg, net, &packet->who))
		return -EMSGSIZE;
	return ipsecstat_put_inner(msg, packet);
}

/* One message: a line. */
static int ipsecstat_put_line(struct sk_buff *msg, struct net *net,
			      const struct ipsecstat_recent_drop *drop,
			      u8 cmd, u32 portid, u32 seq, int flags)
{
	void *header = genlmsg_put(msg, portid, seq, &ipsecstat_family, flags,
				   cmd);

	if (!header)
		return -EMSGSIZE;
	if (ipsecstat_put_who(msg, &drop->packet.who) ||
	    ipsecstat_put_more(msg, net, drop) ||
	    nla_put_uint(msg, IPSECSTAT_A_RECENT_COUNT, drop->count) ||
	    nla_put_uint(msg, IPSECSTAT_A_RECENT_FIRST, drop->first) ||
	    nla_put_uint(msg, IPSECSTAT_A_RECENT_LAST, drop->last)) {
		genlmsg_cancel(msg, header);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, header);
	return 0;
}

/* One message: the table as a whole. */
static int ipsecstat_put_table(struct sk_buff *msg, struct net *net,
			       const struct genl_info *info)
{
	struct ipsecstat_recent_sum sum;
	void *header = genlmsg_put(msg, info->snd_portid, info->snd_seq,
				   &ipsecstat_family, 0,
				   IPSECSTAT_CMD_DROP_GET);
	u64 unseen;

	/* A packet is counted before it is recorded. */
	ipsecstat_recent_sum(net, &sum);
	unseen = ipsecstat_net_drops(net) - sum.recorded;
	if (!header ||
	    nla_put_u32(msg, IPSECSTAT_A_RECENT_LIMIT, IPSECSTAT_RECENT_LIMIT) ||
	    nla_put_u32(msg, IPSECSTAT_A_RECENT_LINES, sum.lines) ||
	    nla_put_uint(msg, IPSECSTAT_A_RECENT_EVICTED, sum.evicted) ||
	    nla_put_uint(msg, IPSECSTAT_A_RECENT_MISSED, sum.missed) ||
	    nla_put_uint(msg, IPSECSTAT_A_RECENT_UNSEEN, unseen))
		return -EMSGSIZE;
	genlmsg_end(msg, header);
	return 0;
}

/**
 * ipsecstat_drop_get_doit() - send the counters of the table
 * @skb: the request
 * @info: the same, parsed
 *
 * Context: Process context of the sender.
 * Return: 0 or a negative errno
 */
int ipsecstat_drop_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct net *net = genl_info_net(info);
	struct sk_buff *msg;
	int err;

	err = ipsecstat_check_version(info->genlhdr, info->extack);
	if (err)
		return err;
	msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	err = ipsecstat_net_read_begin(net);
	if (!err) {
		err = ipsecstat_put_table(msg, net, info);
		ipsecstat_net_read_end(net);
	}
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	return genlmsg_reply(msg, info);
}

/**
 * struct ipsecstat_recent_dump - what a dump still has to send
 * @count: all lines
 * @next: the next line to send
 * @drop: the lines, as they were when the dump began
 */
struct ipsecstat_recent_dump {
	unsigned int count;
	unsigned int next;
	struct ipsecstat_recent_drop drop[IPSECSTAT_RECENT_LIMIT];
};

/*
 * A line moves with each packet, so walking the table from message to message
 * would miss lines. A copy is complete, and no larger than the socket buffer of
 * the reader.
 */
static int ipsecstat_drop_get_begin(struct netlink_callback *cb)
{
	struct ipsecstat_recent_dump *dump;
	int err;

	err = ipsecstat_check_version(nlmsg_data(cb->nlh), cb->extack);
	if (err)
		return err;
	dump = kvmalloc(sizeof(*dump), GFP_KERNEL_ACCOUNT);
	if (!dump)
		return -ENOMEM;
	dump->count = ipsecstat_recent_all(sock_net(cb->skb->sk), dump->drop);
	dump->next = 0;
	cb->args[0] = (long)dump;
	return 0;
}

/**
 * ipsecstat_drop_get_dumpit() - send the lines of the table
 * @msg: takes as many as fit
 * @cb: the state of the dump
 *
 * Context: Process context; the first call is in that of the sender.
 * Return: the bytes sent, 0 at the end, or a negative errno
 */
int ipsecstat_drop_get_dumpit(struct sk_buff *msg, struct netlink_callback *cb)
{
	struct ipsecstat_recent_dump *dump;
	int err;

	if (!cb->args[0]) {
		err = ipsecstat_drop_get_begin(cb);
		if (err)
			return err;
	}
	dump = (void *)cb->args[0];
	while (dump->next < dump->count &&
	       !ipsecstat_put_line(msg, sock_net(cb->skb->sk),
				   &dump->drop[dump->next],
				   IPSECSTAT_CMD_DROP_GET,
				   NETLINK_CB(cb->skb).portid,
				   cb->nlh->nlmsg_seq, NLM_F_MULTI))
		dump->next++;
	return msg->len;
}

/**
 * ipsecstat_drop_get_done() - a dump is over, including when its socket is closed
 * @cb: the state of the dump
 *
 * Context: Process context.
 * Return: 0
 */
int ipsecstat_drop_get_done(struct netlink_callback *cb)
{
	kvfree((void *)cb->args[0]);
	return 0;
}

/**
 * ipsecstat_drop_send() - send lines that are new or have grown
 * @net: the namespace
 *
 * Several lines in one datagram; to a socket, its overhead is what fills it.
 *
 * Context: Process context, may sleep.
 */
void ipsecstat_drop_send(struct net *net)
{
	struct ipsecstat_recent_drop *drop;
	struct sk_buff *msg;
	unsigned int left;

	if (!ipsecstat_recent_has_news(net))
		return;
	drop = kvmalloc_array(IPSECSTAT_RECENT_LIMIT, sizeof(*drop), GFP_KERNEL);
	if (!drop)
		return;
	left = ipsecstat_recent_news(net, drop);
	while (left) {
		msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
		if (!msg)
			break;
		while (left && !ipsecstat_put_line(msg, net, &drop[left - 1],
						   IPSECSTAT_CMD_DROP_NTF,
						   0, 0, 0))
			left--;
		genlmsg_multicast_netns(&ipsecstat_family, net, msg, 0,
					IPSECSTAT_GROUP_DROPS, GFP_KERNEL);
	}
	kvfree(drop);
}
