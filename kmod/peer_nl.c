// SPDX-License-Identifier: GPL-2.0-only
/*
 * Peers over netlink: the operations peer-get and peer-ntf.
 *
 * A dump holds the lock for one peer at a time, or for some SAs of a peer that
 * has many. A peer that exists from the first message to the last is in the
 * dump exactly once; one that is evicted meanwhile is in it, or in the sums of
 * the others. So the sums of a dump are never less than when it began, nor more
 * than when it ended.
 *
 * Events are reported by one work for all namespaces, a quarter of a second later:
 * each peer with its state at that time, and all that happened to it since.
 */
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>

#include "compat.h"
#include "message.h"
#include "mib.h"
#include "net.h"
#include "netns.h"
#include "peer.h"
#include "peer_nl.h"

const struct nla_policy ipsecstat_peer_policy[IPSECSTAT_A_PEER_IF_ID + 1] = {
	[IPSECSTAT_A_PEER_LOCAL] =
		NLA_POLICY_RANGE(NLA_BINARY, sizeof(struct in_addr),
				 sizeof(struct in6_addr)),
	[IPSECSTAT_A_PEER_REMOTE] =
		NLA_POLICY_RANGE(NLA_BINARY, sizeof(struct in_addr),
				 sizeof(struct in6_addr)),
	[IPSECSTAT_A_PEER_IF_ID] = { .type = NLA_U32 },
};

/* Rounded, so that the sequence numbers are not revealed. */
static u32 ipsecstat_coarse(unsigned int percent)
{
	return rounddown(percent, 10);
}

static int ipsecstat_put_ends(struct sk_buff *msg,
			      const struct ipsecstat_peer *peer)
{
	if (ipsecstat_put_address(msg, IPSECSTAT_A_PEER_LOCAL, peer->family,
				  &peer->local) ||
	    ipsecstat_put_address(msg, IPSECSTAT_A_PEER_REMOTE, peer->family,
				  &peer->remote) ||
	    nla_put_u32(msg, IPSECSTAT_A_PEER_IF_ID, peer->if_id))
		return -EMSGSIZE;
	return 0;
}

static int ipsecstat_put_drops(struct sk_buff *msg, int attr,
			       const u64 drop[IPSECSTAT_REASONS])
{
	int reason, err = 0;

	for (reason = 0; !err && reason < IPSECSTAT_REASONS; reason++)
		err = ipsecstat_put_dropped(msg, attr, reason, 0, drop[reason]);
	return err;
}

static int ipsecstat_put_sums(struct sk_buff *msg,
			      const struct ipsecstat_peer_sum *sum)
{
	if (nla_put_uint(msg, IPSECSTAT_A_PEER_BYTES_IN,
			 sum->bytes[IPSECSTAT_IN]) ||
	    nla_put_uint(msg, IPSECSTAT_A_PEER_PACKETS_IN,
			 sum->packets[IPSECSTAT_IN]) ||
	    nla_put_uint(msg, IPSECSTAT_A_PEER_BYTES_OUT,
			 sum->bytes[IPSECSTAT_OUT]) ||
	    nla_put_uint(msg, IPSECSTAT_A_PEER_PACKETS_OUT,
			 sum->packets[IPSECSTAT_OUT]) ||
	    nla_put_uint(msg, IPSECSTAT_A_PEER_ADDED, sum->added) ||
	    nla_put_uint(msg, IPSECSTAT_A_PEER_DELETED, sum->deleted) ||
	    nla_put_uint(msg, IPSECSTAT_A_PEER_REKEYED, sum->rekeyed) ||
	    nla_put_uint(msg, IPSECSTAT_A_PEER_MAPPED, sum->mapped) ||
	    ipsecstat_put_drops(msg, IPSECSTAT_A_PEER_DROPPED_IN, sum->drop))
		return -EMSGSIZE;
	return 0;
}

static int ipsecstat_put_life(struct sk_buff *msg,
			      const struct ipsecstat_peer *peer)
{
	enum ipsecstat_peer_state state = ipsecstat_peer_state(peer);

	if (nla_put_u32(msg, IPSECSTAT_A_PEER_STATE, state) ||
	    nla_put_uint(msg, IPSECSTAT_A_PEER_SAS_IN,
			 peer->live[IPSECSTAT_IN]) ||
	    nla_put_uint(msg, IPSECSTAT_A_PEER_SAS_OUT,
			 peer->live[IPSECSTAT_OUT]) ||
	    nla_put_uint(msg, IPSECSTAT_A_PEER_LARVAL, peer->larval) ||
	    nla_put_uint(msg, IPSECSTAT_A_PEER_FIRST, peer->first) ||
	    nla_put_uint(msg, IPSECSTAT_A_PEER_CHANGED, peer->changed) ||
	    (state == IPSECSTAT_PEER_STATE_UP &&
	     nla_put_uint(msg, IPSECSTAT_A_PEER_UP_SINCE, peer->up_since)) ||
	    (peer->larval &&
	     nla_put_uint(msg, IPSECSTAT_A_PEER_LARVAL_SINCE,
			  peer->larval_since)))
		return -EMSGSIZE;
	return 0;
}

static int ipsecstat_put_ended(struct sk_buff *msg,
			       const struct ipsecstat_ended *ended)
{
	struct nlattr *nest;

	if (!ended->at)
		return 0;
	nest = nla_nest_start(msg, IPSECSTAT_A_PEER_ENDED);
	if (!nest || nla_put_uint(msg, IPSECSTAT_A_ENDED_AT, ended->at) ||
	    nla_put_u32(msg, IPSECSTAT_A_ENDED_REASON, ended->reason) ||
	    nla_put_be32(msg, IPSECSTAT_A_ENDED_SPI, ended->spi) ||
	    (ended->out && nla_put_flag(msg, IPSECSTAT_A_ENDED_OUTBOUND)) ||
	    (ended->replaced && nla_put_flag(msg, IPSECSTAT_A_ENDED_REPLACED)) ||
	    (ended->pid &&
	     (nla_put_u32(msg, IPSECSTAT_A_ENDED_PID, ended->pid) ||
	      nla_put_string(msg, IPSECSTAT_A_ENDED_COMM, ended->comm))))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int ipsecstat_put_use(struct sk_buff *msg,
			     const struct ipsecstat_peer_use *use)
{
	if (nla_put_u32(msg, IPSECSTAT_A_PEER_SEQUENCE_USED,
			ipsecstat_coarse(use->sequence)) ||
	    nla_put_u32(msg, IPSECSTAT_A_PEER_LIMIT_USED,
			ipsecstat_coarse(use->limit)) ||
	    nla_put_u32(msg, IPSECSTAT_A_PEER_NEAR_END, use->near_end))
		return -EMSGSIZE;
	return 0;
}

/* One reader settles at a time. */
static DEFINE_MUTEX(ipsecstat_peer_settle_lock);

/*
 * The peer that pick() returns, settled, with the lock of sa.c held; NULL if
 * there is none. The peer can go while it is being settled; then pick() returns
 * another one.
 */
static struct ipsecstat_peer *
ipsecstat_peer_settled(struct ipsecstat_peer *(*pick)(void *context),
		       void *context, struct ipsecstat_peer_use *use)
	__acquires(&ipsecstat_sa_lock)
{
	struct ipsecstat_peer *peer;

	use->serial = 0;
	for (;;) {
		raw_spin_lock_irq(&ipsecstat_sa_lock);
		peer = pick(context);
		if (!peer || ipsecstat_peer_settle(peer, use))
			return peer;
		raw_spin_unlock_irq(&ipsecstat_sa_lock);
		cond_resched();
	}
}

/* One message: a peer, settled. The lock of sa.c is held. */
static int ipsecstat_put_peer(struct sk_buff *msg,
			      const struct ipsecstat_peer *peer,
			      const struct ipsecstat_peer_use *use,
			      u8 cmd, u32 portid, u32 seq, int flags)
{
	void *header = genlmsg_put(msg, portid, seq, &ipsecstat_family, flags,
				   cmd);

	if (!header)
		return -EMSGSIZE;
	if (ipsecstat_put_ends(msg, peer) || ipsecstat_put_life(msg, peer) ||
	    ipsecstat_put_sums(msg, &peer->sum) ||
	    ipsecstat_put_use(msg, use) ||
	    ipsecstat_put_ended(msg, &peer->ended) ||
	    (cmd == IPSECSTAT_CMD_PEER_NTF &&
	     nla_put_u32(msg, IPSECSTAT_A_PEER_EVENTS, peer->events))) {
		genlmsg_cancel(msg, header);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, header);
	return 0;
}

static int ipsecstat_put_unattributed(struct sk_buff *msg, struct net *net)
{
	u64 drop[IPSECSTAT_REASONS];

	memcpy(drop, ipsecstat_net(net)->peers.unattributed, sizeof(drop));
	ipsecstat_mib_unseen(net, drop);
	return ipsecstat_put_drops(msg, IPSECSTAT_A_PEER_UNATTRIBUTED, drop);
}

static int ipsecstat_put_table(struct sk_buff *msg,
			       const struct ipsecstat_peers *peers)
{
	if (nla_put_u32(msg, IPSECSTAT_A_PEER_PEERS, peers->count) ||
	    nla_put_u32(msg, IPSECSTAT_A_PEER_IDLE, peers->idle_count) ||
	    nla_put_u32(msg, IPSECSTAT_A_PEER_IDLE_LIMIT, IPSECSTAT_PEER_LIMIT))
		return -EMSGSIZE;
	return 0;
}

/*
 * One message: the others, and if @peers is set, the table as a whole. The lock of
 * sa.c is held.
 */
static int ipsecstat_put_others(struct sk_buff *msg, struct net *net,
				const struct ipsecstat_others *others,
				const struct ipsecstat_peers *peers,
				u32 portid, u32 seq, int flags)
{
	void *header = genlmsg_put(msg, portid, seq, &ipsecstat_family, flags,
				   IPSECSTAT_CMD_PEER_GET);

	if (!header)
		return -EMSGSIZE;
	if (ipsecstat_put_sums(msg, &others->sum) ||
	    nla_put_uint(msg, IPSECSTAT_A_PEER_OTHERS, others->count) ||
	    ipsecstat_put_unattributed(msg, net) ||
	    (peers && ipsecstat_put_table(msg, peers))) {
		genlmsg_cancel(msg, header);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, header);
	return 0;
}

/*
 * A packet is counted for the host before its SA, a dropped packet before its
 * peer. Who has read the host's figures must not find fewer packets here, so
 * wait for the packets in between.
 */
static int ipsecstat_peers_settle(struct net *net)
{
	int err = ipsecstat_net_read_begin(net);

	if (err)
		return err;
	ipsecstat_net_read_end(net);
	synchronize_rcu();
	return 0;
}

static int ipsecstat_wanted_ends(const struct genl_info *info,
				 xfrm_address_t ends[2])
{
	int attr, len = 0;

	for (attr = IPSECSTAT_A_PEER_LOCAL; attr <= IPSECSTAT_A_PEER_REMOTE;
	     attr++) {
		if (!info->attrs[attr] ||
		    (len && nla_len(info->attrs[attr]) != len) ||
		    (nla_len(info->attrs[attr]) != sizeof(struct in_addr) &&
		     nla_len(info->attrs[attr]) != sizeof(struct in6_addr))) {
			NL_SET_ERR_MSG(info->extack,
				       "a peer has two ends, both of 4 or of 16 bytes");
			return -EINVAL;
		}
		len = nla_len(info->attrs[attr]);
		memcpy(&ends[attr - IPSECSTAT_A_PEER_LOCAL],
		       nla_data(info->attrs[attr]), len);
	}
	return len == sizeof(struct in_addr) ? AF_INET : AF_INET6;
}

/* The peer of the request; without a family in it, the table as a whole. */
struct ipsecstat_wanted {
	struct net *net;
	int family;
	xfrm_address_t ends[2];
	u32 if_id;
};

static struct ipsecstat_peer *ipsecstat_pick_wanted(void *context)
{
	const struct ipsecstat_wanted *wanted = context;

	if (wanted->family == AF_UNSPEC)
		return NULL;
	return ipsecstat_peer_find(wanted->net, wanted->family,
				   &wanted->ends[0], &wanted->ends[1],
				   wanted->if_id);
}

static int ipsecstat_answer(struct sk_buff *msg, const struct genl_info *info,
			    struct ipsecstat_wanted *wanted)
{
	struct ipsecstat_peers *peers = &ipsecstat_net(wanted->net)->peers;
	struct ipsecstat_peer_use use;
	struct ipsecstat_peer *peer;
	int err;

	mutex_lock(&ipsecstat_peer_settle_lock);
	peer = ipsecstat_peer_settled(ipsecstat_pick_wanted, wanted, &use);
	if (peer)
		err = ipsecstat_put_peer(msg, peer, &use,
					 IPSECSTAT_CMD_PEER_GET,
					 info->snd_portid, info->snd_seq, 0);
	else if (wanted->family == AF_UNSPEC)
		err = ipsecstat_put_others(msg, wanted->net, &peers->others,
					   peers, info->snd_portid,
					   info->snd_seq, 0);
	else
		err = -ENOENT;
	raw_spin_unlock_irq(&ipsecstat_sa_lock);
	mutex_unlock(&ipsecstat_peer_settle_lock);
	return err;
}

/**
 * ipsecstat_peer_get_doit() - report one peer, or the table as a whole
 * @skb: the request
 * @info: the same, parsed
 *
 * Context: Process context of the sender.
 * Return: 0 or a negative errno
 */
int ipsecstat_peer_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *if_id = info->attrs[IPSECSTAT_A_PEER_IF_ID];
	struct ipsecstat_wanted wanted = {
		.net = genl_info_net(info),
		.family = AF_UNSPEC,
		.if_id = if_id ? nla_get_u32(if_id) : 0,
	};
	struct sk_buff *msg;
	int err;

	err = ipsecstat_check_version(info->genlhdr, info->extack);
	if (err)
		return err;
	if (info->attrs[IPSECSTAT_A_PEER_LOCAL] ||
	    info->attrs[IPSECSTAT_A_PEER_REMOTE] || if_id) {
		wanted.family = ipsecstat_wanted_ends(info, wanted.ends);
		if (wanted.family < 0)
			return wanted.family;
	}
	err = ipsecstat_peers_settle(wanted.net);
	if (err)
		return err;
	msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	err = ipsecstat_answer(msg, info, &wanted);
	if (err) {
		if (err == -ENOENT)
			NL_SET_ERR_MSG(info->extack, "no such peer");
		nlmsg_free(msg);
		return err;
	}
	return genlmsg_reply(msg, info);
}

static int ipsecstat_peer_get_begin(struct netlink_callback *cb)
{
	struct net *net = sock_net(cb->skb->sk);
	struct ipsecstat_cursor *cursor;
	int err;

	err = ipsecstat_check_version(nlmsg_data(cb->nlh), cb->extack);
	if (err)
		return err;
	if (nlmsg_attrlen(cb->nlh, GENL_HDRLEN)) {
		NL_SET_ERR_MSG(cb->extack,
			       "a dump is of all peers; ask for one by do");
		return -EINVAL;
	}
	err = ipsecstat_peers_settle(net);
	if (err)
		return err;
	cursor = kmalloc(sizeof(*cursor), GFP_KERNEL_ACCOUNT);
	if (!cursor)
		return -ENOMEM;
	raw_spin_lock_irq(&ipsecstat_sa_lock);
	ipsecstat_cursor_begin(ipsecstat_net(net), cursor);
	raw_spin_unlock_irq(&ipsecstat_sa_lock);
	cb->args[0] = (long)cursor;
	return 0;
}

static struct ipsecstat_peer *ipsecstat_pick_next(void *context)
{
	const struct ipsecstat_cursor *cursor = context;

	return cursor->next;
}

/*
 * The next peer, settled, or after the last one the others. The lock of sa.c is
 * held.
 */
static int ipsecstat_peer_get_one(struct sk_buff *msg,
				  const struct netlink_callback *cb,
				  struct ipsecstat_net *block,
				  struct ipsecstat_cursor *cursor,
				  const struct ipsecstat_peer_use *use)
{
	u32 portid = NETLINK_CB(cb->skb).portid, seq = cb->nlh->nlmsg_seq;
	int err;

	if (cursor->next) {
		err = ipsecstat_put_peer(msg, cursor->next, use,
					 IPSECSTAT_CMD_PEER_GET, portid, seq,
					 NLM_F_MULTI);
		if (!err)
			ipsecstat_cursor_next(block, cursor);
		return err;
	}
	if (list_empty(&cursor->node))
		return cursor->cut_off ? -EAGAIN : -ENOENT;
	err = ipsecstat_put_others(msg, sock_net(cb->skb->sk), &cursor->others,
				   NULL, portid, seq, NLM_F_MULTI);
	if (!err)
		ipsecstat_cursor_end(cursor);
	return err;
}

/**
 * ipsecstat_peer_get_dumpit() - report all peers
 * @msg: takes as many as fit
 * @cb: the state of the dump
 *
 * Context: Process context; the first call is in that of the sender.
 * Return: the bytes filled in, 0 at the end, or a negative errno
 */
int ipsecstat_peer_get_dumpit(struct sk_buff *msg, struct netlink_callback *cb)
{
	struct ipsecstat_net *block = ipsecstat_net(sock_net(cb->skb->sk));
	struct ipsecstat_cursor *cursor;
	struct ipsecstat_peer_use use;
	int err;

	if (!cb->args[0]) {
		err = ipsecstat_peer_get_begin(cb);
		if (err)
			return err;
	}
	cursor = (void *)cb->args[0];
	mutex_lock(&ipsecstat_peer_settle_lock);
	do {
		ipsecstat_peer_settled(ipsecstat_pick_next, cursor, &use);
		err = ipsecstat_peer_get_one(msg, cb, block, cursor, &use);
		raw_spin_unlock_irq(&ipsecstat_sa_lock);
	} while (!err);
	mutex_unlock(&ipsecstat_peer_settle_lock);
	return err == -EAGAIN && !msg->len ? err : msg->len;
}

/**
 * ipsecstat_peer_get_done() - a dump is over, even if its socket was closed
 * @cb: the state of the dump
 *
 * Context: Process context.
 * Return: 0
 */
int ipsecstat_peer_get_done(struct netlink_callback *cb)
{
	struct ipsecstat_cursor *cursor = (void *)cb->args[0];

	if (!cursor)
		return 0;
	raw_spin_lock_irq(&ipsecstat_sa_lock);
	ipsecstat_cursor_end(cursor);
	raw_spin_unlock_irq(&ipsecstat_sa_lock);
	kfree(cursor);
	return 0;
}

static struct ipsecstat_peer *ipsecstat_pick_news(void *context)
{
	struct ipsecstat_peers *peers = context;

	return list_first_entry_or_null(&peers->news, struct ipsecstat_peer,
					news);
}

/* Returns whether there are peers left. */
static bool ipsecstat_peer_fill_news(struct sk_buff *msg,
				     struct ipsecstat_peers *peers)
{
	struct ipsecstat_peer_use use;
	struct ipsecstat_peer *peer;
	bool left, done;

	mutex_lock(&ipsecstat_peer_settle_lock);
	do {
		peer = ipsecstat_peer_settled(ipsecstat_pick_news, peers, &use);
		left = peer;
		done = !peer ||
		       ipsecstat_put_peer(msg, peer, &use,
					  IPSECSTAT_CMD_PEER_NTF, 0, 0, 0);
		if (!done) {
			list_del_init(&peer->news);
			peer->events = 0;
		}
		raw_spin_unlock_irq(&ipsecstat_sa_lock);
	} while (!done);
	mutex_unlock(&ipsecstat_peer_settle_lock);
	return left;
}

/**
 * ipsecstat_peer_send() - send peers to which something happened
 * @net: the namespace
 *
 * Several peers in one datagram. Without memory they wait for the next event.
 *
 * Context: Process context, may sleep.
 */
void ipsecstat_peer_send(struct net *net)
{
	struct ipsecstat_peers *peers = &ipsecstat_net(net)->peers;
	struct sk_buff *msg;
	bool left = !list_empty_careful(&peers->news);

	while (left) {
		msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
		if (!msg)
			return;
		left = ipsecstat_peer_fill_news(msg, peers);
		genlmsg_multicast_netns(&ipsecstat_family, net, msg, 0,
					IPSECSTAT_GROUP_PEERS, GFP_KERNEL);
	}
}
