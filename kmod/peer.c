// SPDX-License-Identifier: GPL-2.0-only
/*
 * Peers: the SAs between two ends, live and dead, and their sums.
 *
 * A peer keeps the sums of its dead SAs. The kernel counts a live SA in its
 * lifetime; that is added to the peer when the SA leaves or the peer is read.
 * So packets cost nothing here.
 *
 * A dropped packet is counted at the peer of its SA, with its reason; see
 * drop.c.
 *
 * A peer without an SA is kept: an operator asks for it when it is down. Each
 * namespace keeps IPSECSTAT_PEER_LIMIT of them; the one that changed longest
 * ago is evicted, and its sums are added to the others. Peers with an SA are
 * bounded by the SAs.
 *
 * Locking: the callers hold the lock of sa.c.
 */
#include <linux/ip.h>
#include <linux/jhash.h>
#include <linux/random.h>
#include <linux/timekeeping.h>
#include <net/xfrm.h>

#include "address.h"
#include "class.h"
#include "compat.h"
#include "events.h"
#include "hash.h"
#include "net.h"
#include "peer.h"
#include "recent.h"
#include "reserve.h"

#define IPSECSTAT_PEER_RESERVE		64
/* SAs settled before the lock is released. */
#define IPSECSTAT_PEER_STEP		64

static struct ipsecstat_hash ipsecstat_peer_hash;
static u32 ipsecstat_peer_seed __read_mostly;
static u64 ipsecstat_peer_factor __read_mostly;
static struct ipsecstat_reserve ipsecstat_peer_reserve;

/* Fold an address into one word. */
static u32 ipsecstat_word(const xfrm_address_t *address, u16 family)
{
	if (family == AF_INET)
		return (__force u32)address->a4;
	return jhash2((__force const u32 *)address->a6, 4, ipsecstat_peer_seed);
}

/*
 * The key is the same for both directions, and for each if_id, as a packet
 * without an SA has none. Without the random odd factor nobody can choose ends
 * whose keys share a chain.
 */
static u64 ipsecstat_peer_key(const xfrm_address_t *one,
			      const xfrm_address_t *other, u16 family)
{
	u32 a = ipsecstat_word(one, family), b = ipsecstat_word(other, family);
	u64 key = (u64)(a ^ b) << 32 ^ (u64)a * b;

	return key * ipsecstat_peer_factor;
}

static u64 ipsecstat_peer_node_key(const struct hlist_node *node)
{
	const struct ipsecstat_peer *peer =
		hlist_entry(node, struct ipsecstat_peer, node);

	return ipsecstat_peer_key(&peer->local, &peer->remote, peer->family);
}

static struct hlist_head *ipsecstat_peer_chain(const xfrm_address_t *one,
					       const xfrm_address_t *other,
					       u16 family)
{
	return ipsecstat_hash_chain(&ipsecstat_peer_hash,
				    ipsecstat_peer_key(one, other, family));
}

static bool ipsecstat_peer_is(const struct ipsecstat_peer *peer,
			      const xfrm_address_t *one,
			      const xfrm_address_t *other)
{
	u16 family = peer->family;

	return (xfrm_addr_equal(&peer->local, one, family) &&
		xfrm_addr_equal(&peer->remote, other, family)) ||
	       (xfrm_addr_equal(&peer->local, other, family) &&
		xfrm_addr_equal(&peer->remote, one, family));
}

/**
 * ipsecstat_peer_find() - the peer between two ends
 * @net: the namespace
 * @family: of the ends
 * @one: an end
 * @other: the other end
 * @if_id: of the SAs
 *
 * Context: The lock of sa.c is held.
 * Return: the peer, or NULL
 */
struct ipsecstat_peer *ipsecstat_peer_find(const struct net *net, u16 family,
					   const xfrm_address_t *one,
					   const xfrm_address_t *other,
					   u32 if_id)
{
	struct ipsecstat_peer *peer;

	hlist_for_each_entry(peer, ipsecstat_peer_chain(one, other, family),
			     node)
		if (peer->family == family && peer->if_id == if_id &&
		    net_eq(peer->net, net) &&
		    ipsecstat_peer_is(peer, one, other))
			return peer;
	return NULL;
}

static struct ipsecstat_peer *ipsecstat_peer_of(const struct xfrm_state *x)
{
	return ipsecstat_peer_find(read_pnet(&x->xs_net), x->props.family,
				   &x->props.saddr, &x->id.daddr, x->if_id);
}

/* The only peer between the ends of a packet without an SA, or NULL. */
static struct ipsecstat_peer *
ipsecstat_peer_between(const struct net *net, const struct ipsecstat_who *who)
{
	const xfrm_address_t *src = (const xfrm_address_t *)&who->src;
	const xfrm_address_t *dst = (const xfrm_address_t *)&who->dst;
	struct ipsecstat_peer *peer, *found = NULL;

	hlist_for_each_entry(peer, ipsecstat_peer_chain(src, dst, who->family),
			     node) {
		if (peer->family != who->family || !net_eq(peer->net, net) ||
		    !ipsecstat_peer_is(peer, src, dst))
			continue;
		if (found)
			return NULL;
		found = peer;
	}
	return found;
}

/**
 * ipsecstat_peer_drop() - count dropped inbound packets at their peer
 * @net: the namespace
 * @x: the SA at fault, of this namespace, or NULL
 * @who: without an SA, the ends of the packets; NULL if not known
 * @reason: enum ipsecstat_drop_reason
 * @count: how many
 *
 * Context: Any in which packets are freed, without the lock of sa.c. Preemption
 *	off since the namespace counted them.
 */
void ipsecstat_peer_drop(struct net *net, const struct xfrm_state *x,
			 const struct ipsecstat_who *who, u8 reason,
			 unsigned long count)
{
	struct ipsecstat_peer *peer = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&ipsecstat_sa_lock, flags);
	if (x)
		peer = ipsecstat_peer_of(x);
	else if (who)
		peer = ipsecstat_peer_between(net, who);
	if (peer)
		peer->sum.drop[reason] += count;
	else
		ipsecstat_net(net)->peers.unattributed[reason] += count;
	raw_spin_unlock_irqrestore(&ipsecstat_sa_lock, flags);
}

/**
 * ipsecstat_peer_sa_until() - when the SA of a packet ended
 * @net: the namespace
 * @who: the packet, which found no SA
 *
 * Context: Any but hard interrupts, without the lock of sa.c.
 * Return: CLOCK_BOOTTIME in ns, or 0 if no peer remembers such an SA
 */
u64 ipsecstat_peer_sa_until(struct net *net, const struct ipsecstat_who *who)
{
	const xfrm_address_t *src = (const xfrm_address_t *)&who->src;
	const xfrm_address_t *dst = (const xfrm_address_t *)&who->dst;
	const struct ipsecstat_gone *gone;
	struct ipsecstat_peer *peer;
	unsigned long flags;
	u64 until = 0;

	raw_spin_lock_irqsave(&ipsecstat_sa_lock, flags);
	hlist_for_each_entry(peer, ipsecstat_peer_chain(src, dst, who->family),
			     node) {
		if (peer->family != who->family || !net_eq(peer->net, net) ||
		    !xfrm_addr_equal(&peer->local, dst, who->family) ||
		    !xfrm_addr_equal(&peer->remote, src, who->family))
			continue;
		for (gone = peer->gone;
		     gone < peer->gone + ARRAY_SIZE(peer->gone); gone++)
			if (gone->spi == who->spi && gone->proto == who->proto)
				until = max(until, gone->at);
	}
	raw_spin_unlock_irqrestore(&ipsecstat_sa_lock, flags);
	return until;
}

static enum ipsecstat_dir ipsecstat_peer_dir(const struct ipsecstat_peer *peer,
					     const struct xfrm_state *x)
{
	bool from_here = xfrm_addr_equal(&peer->local, &x->props.saddr,
					 peer->family);

	return ipsecstat_sa_outbound(x, from_here) ? IPSECSTAT_OUT :
						     IPSECSTAT_IN;
}

static void ipsecstat_peer_turn(struct ipsecstat_peer *peer,
				const struct hlist_head *members)
{
	struct ipsecstat_member *member;

	hlist_for_each_entry(member, members, of_peer) {
		member->dir = ipsecstat_peer_dir(peer, member->x);
		peer->live[member->dir]++;
	}
}

static void ipsecstat_peer_swap(struct ipsecstat_peer *peer)
{
	swap(peer->local, peer->remote);
	memset(peer->live, 0, sizeof(peer->live));
	ipsecstat_peer_turn(peer, &peer->settled);
	ipsecstat_peer_turn(peer, &peer->unsettled);
}

static void ipsecstat_peer_orient(struct ipsecstat_peer *peer,
				  const xfrm_address_t *local)
{
	if (!xfrm_addr_equal(&peer->local, local, peer->family))
		ipsecstat_peer_swap(peer);
	peer->oriented = true;
}

/* Unless its direction is set, an SA with a local source is outbound. */
static void ipsecstat_peer_orient_by(struct ipsecstat_peer *peer,
				     const struct xfrm_state *x)
{
	bool from, to;

	if (likely(peer->oriented))
		return;
	from = ipsecstat_is_local(peer->net, &x->props.saddr, peer->family);
	to = ipsecstat_is_local(peer->net, &x->id.daddr, peer->family);
	if (ipsecstat_sa_outbound(x, from))
		ipsecstat_peer_orient(peer, &x->props.saddr);
	else if (to)
		ipsecstat_peer_orient(peer, &x->id.daddr);
	peer->loops = from && to;
}

/* SAs can be added before the local address is. */
static void ipsecstat_peer_orient_again(struct ipsecstat_peer *peer)
{
	bool local, remote;

	if (likely(peer->oriented))
		return;
	local = ipsecstat_is_local(peer->net, &peer->local, peer->family);
	remote = ipsecstat_is_local(peer->net, &peer->remote, peer->family);
	if (local)
		ipsecstat_peer_orient(peer, &peer->local);
	else if (remote)
		ipsecstat_peer_orient(peer, &peer->remote);
	peer->loops = local && remote;
}

/**
 * ipsecstat_peer_sends() - check whether an SA is outbound
 * @peer: its peer
 * @x: the SA
 *
 * Where both ends are local, both SAs are outbound. The addresses are looked up
 * once for each peer, not for each SA.
 *
 * Context: The lock of sa.c is held.
 * Return: whether it is, by its direction if that is set, else by its source
 */
bool ipsecstat_peer_sends(const struct ipsecstat_peer *peer,
			  const struct xfrm_state *x)
{
	return ipsecstat_sa_outbound(x, peer->oriented &&
				     (peer->loops ||
				      xfrm_addr_equal(&peer->local,
						      &x->props.saddr,
						      peer->family)));
}

/* Until an address decides, the first SA counts as outbound. */
static struct ipsecstat_peer *ipsecstat_peer_new(struct ipsecstat_net *block,
						 const struct xfrm_state *x)
{
	struct ipsecstat_peers *peers = &block->peers;
	struct ipsecstat_peer *peer;

	peer = ipsecstat_reserve_take(&ipsecstat_peer_reserve);
	if (!peer)
		return NULL;
	*peer = (struct ipsecstat_peer){
		.net = read_pnet(&x->xs_net),
		.local = x->props.saddr,
		.remote = x->id.daddr,
		.if_id = x->if_id,
		.family = x->props.family,
		.serial = ++peers->serial,
		.first = ktime_get_coarse_boottime_ns(),
	};
	INIT_LIST_HEAD(&peer->idle);
	INIT_LIST_HEAD(&peer->news);
	ipsecstat_hash_add(&ipsecstat_peer_hash, &peer->node,
			   ipsecstat_peer_chain(&peer->local, &peer->remote,
						peer->family));
	list_add_tail(&peer->all, &peers->all);
	peers->count++;
	return peer;
}

static void ipsecstat_peer_add_sum(struct ipsecstat_others *others,
				   const struct ipsecstat_peer *peer)
{
	int dir, reason;

	others->count++;
	for (dir = 0; dir < IPSECSTAT_DIRS; dir++) {
		others->sum.bytes[dir] += peer->sum.bytes[dir];
		others->sum.packets[dir] += peer->sum.packets[dir];
	}
	others->sum.added += peer->sum.added;
	others->sum.deleted += peer->sum.deleted;
	others->sum.rekeyed += peer->sum.rekeyed;
	others->sum.mapped += peer->sum.mapped;
	for (reason = 0; reason < IPSECSTAT_REASONS; reason++)
		others->sum.drop[reason] += peer->sum.drop[reason];
}

static void ipsecstat_peer_free(struct ipsecstat_net *block,
				struct ipsecstat_peer *peer)
{
	ipsecstat_hash_del(&ipsecstat_peer_hash, &peer->node);
	list_del(&peer->all);
	list_del(&peer->idle);
	list_del(&peer->news);
	block->peers.count--;
	ipsecstat_reserve_give(&ipsecstat_peer_reserve, peer);
}

/*
 * Use what xfrm_audit_state_delete() reported, if it was called. If not, a
 * migration ended the SA; @last: it will not be called any more.
 */
static void ipsecstat_peer_end_known(struct ipsecstat_peers *peers, bool last)
{
	unsigned long ending = READ_ONCE(peers->ending);

	if (!ending || !(last || ending & IPSECSTAT_ENDING_MASK))
		return;
	ending = xchg(&peers->ending, 0) & IPSECSTAT_ENDING_MASK;
	if (ending)
		peers->ending_of->ended.reason =
			ending == IPSECSTAT_ENDING_FLUSHED ?
			IPSECSTAT_END_REASON_FLUSHED :
			IPSECSTAT_END_REASON_DELETED;
}

/* Readers that have not reached this peer find its sums among the others. */
static void ipsecstat_peer_evict(struct ipsecstat_net *block)
{
	struct ipsecstat_peers *peers = &block->peers;
	struct ipsecstat_cursor *cursor;
	struct ipsecstat_peer *peer;

	peer = list_first_entry(&peers->idle, struct ipsecstat_peer, idle);
	list_for_each_entry(cursor, &peers->cursors, node) {
		if (!cursor->next || cursor->next->serial > peer->serial)
			continue;
		ipsecstat_peer_add_sum(&cursor->others, peer);
		if (cursor->next == peer)
			ipsecstat_cursor_next(block, cursor);
	}
	ipsecstat_peer_add_sum(&peers->others, peer);
	if (peers->ending_of == peer)
		ipsecstat_peer_end_known(peers, true);
	peers->idle_count--;
	ipsecstat_peer_free(block, peer);
}

static bool ipsecstat_peer_has_sa(const struct ipsecstat_peer *peer)
{
	return peer->live[IPSECSTAT_IN] || peer->live[IPSECSTAT_OUT] ||
	       peer->larval;
}

static void ipsecstat_peer_keep(struct ipsecstat_net *block,
				struct ipsecstat_peer *peer)
{
	struct ipsecstat_peers *peers = &block->peers;
	bool was_idle = !list_empty(&peer->idle);

	if (ipsecstat_peer_has_sa(peer)) {
		if (was_idle) {
			list_del_init(&peer->idle);
			peers->idle_count--;
		}
		return;
	}
	list_move_tail(&peer->idle, &peers->idle);
	peers->idle_count += !was_idle;
	if (peers->idle_count > IPSECSTAT_PEER_LIMIT)
		ipsecstat_peer_evict(block);
}

/**
 * ipsecstat_peer_state() - the state of a peer
 * @peer: the peer
 *
 * Context: The lock of sa.c is held.
 * Return: its state
 */
enum ipsecstat_peer_state
ipsecstat_peer_state(const struct ipsecstat_peer *peer)
{
	if (peer->live[IPSECSTAT_IN] && peer->live[IPSECSTAT_OUT])
		return IPSECSTAT_PEER_STATE_UP;
	if (peer->live[IPSECSTAT_IN] || peer->live[IPSECSTAT_OUT])
		return IPSECSTAT_PEER_STATE_HALF;
	if (peer->larval)
		return IPSECSTAT_PEER_STATE_NEGOTIATING;
	return IPSECSTAT_PEER_STATE_DOWN;
}

static void ipsecstat_peer_report(struct ipsecstat_net *block,
				  struct ipsecstat_peer *peer, u32 events)
{
	if (!events || block->phase != IPSECSTAT_COUNTING ||
	    !ipsecstat_events_wanted(peer->net, IPSECSTAT_GROUP_PEERS))
		return;
	peer->events |= events;
	if (list_empty(&peer->news))
		list_add_tail(&peer->news, &block->peers.news);
	ipsecstat_events_due(IPSECSTAT_GROUP_PEERS);
}

/* An SA came or went. */
static void ipsecstat_peer_changed(struct ipsecstat_net *block,
				   struct ipsecstat_peer *peer,
				   enum ipsecstat_peer_state before, u32 events,
				   u64 now)
{
	enum ipsecstat_peer_state state = ipsecstat_peer_state(peer);

	peer->changed = now;
	if (state == IPSECSTAT_PEER_STATE_UP && before != state) {
		peer->up_since = now;
		events |= IPSECSTAT_PEER_EVENTS_UP;
	}
	if (state < IPSECSTAT_PEER_STATE_HALF &&
	    before >= IPSECSTAT_PEER_STATE_HALF)
		events |= IPSECSTAT_PEER_EVENTS_DOWN;
	ipsecstat_peer_report(block, peer, events);
	ipsecstat_peer_keep(block, peer);
}

/**
 * ipsecstat_peer_join() - add an SA to its peer
 * @block: its namespace
 * @member: the SA; its direction is set
 *
 * Context: The lock of sa.c is held.
 * Return: the peer, or NULL if out of memory
 */
struct ipsecstat_peer *ipsecstat_peer_join(struct ipsecstat_net *block,
					   struct ipsecstat_member *member)
{
	struct ipsecstat_peer *peer = ipsecstat_peer_of(member->x);
	enum ipsecstat_peer_state before;
	bool tunnel = ipsecstat_in_tunnel(member->x);

	if (!peer)
		peer = ipsecstat_peer_new(block, member->x);
	if (!peer)
		return NULL;
	ipsecstat_peer_orient_by(peer, member->x);
	before = ipsecstat_peer_state(peer);
	member->dir = ipsecstat_peer_dir(peer, member->x);
	peer->live[member->dir]++;
	if (tunnel && !peer->tunnel++)
		block->sa.tunnels++;
	hlist_add_head(&member->of_peer, &peer->settled);
	ipsecstat_peer_changed(block, peer, before, 0,
			       ktime_get_coarse_boottime_ns());
	return peer;
}

/* A process ended x; xfrm_audit_state_delete() reports how, afterwards. */
static void ipsecstat_peer_ended(struct ipsecstat_net *block,
				 struct ipsecstat_peer *peer,
				 const struct xfrm_state *x, u8 dir, u8 reason,
				 u64 now)
{
	struct ipsecstat_ended *ended = &peer->ended;

	ipsecstat_peer_end_known(&block->peers, true);
	ended->at = now;
	ended->spi = x->id.spi;
	ended->reason = reason;
	ended->out = dir == IPSECSTAT_OUT;
	ended->replaced = peer->live[dir];
	ended->pid = 0;
	ended->comm[0] = '\0';
	if (reason == IPSECSTAT_END_REASON_MIGRATED) {
		ended->pid = task_tgid_nr(current);
		memcpy(ended->comm, current->comm, sizeof(ended->comm));
		block->peers.ending_of = peer;
		WRITE_ONCE(block->peers.ending, (unsigned long)x);
	}
}

/* Packets for it may still arrive, and find no SA. */
static void ipsecstat_peer_remember(struct ipsecstat_peer *peer,
				    const struct xfrm_state *x, u64 now)
{
	peer->gone[peer->gone_next] = (struct ipsecstat_gone){
		.at = now,
		.spi = x->id.spi,
		.proto = x->id.proto,
	};
	peer->gone_next = (peer->gone_next + 1) % ARRAY_SIZE(peer->gone);
}

/**
 * ipsecstat_peer_leave() - remove an SA from its peer
 * @block: its namespace
 * @member: the SA, settled
 * @reason: enum ipsecstat_end_reason
 *
 * Context: The lock of sa.c is held.
 */
void ipsecstat_peer_leave(struct ipsecstat_net *block,
			  struct ipsecstat_member *member, u8 reason)
{
	struct ipsecstat_peer *peer = member->peer;
	enum ipsecstat_peer_state before = ipsecstat_peer_state(peer);
	u64 now = ktime_get_coarse_boottime_ns();

	hlist_del(&member->of_peer);
	peer->live[member->dir]--;
	if (ipsecstat_in_tunnel(member->x) && !--peer->tunnel)
		block->sa.tunnels--;
	ipsecstat_peer_ended(block, peer, member->x, member->dir, reason, now);
	if (member->dir == IPSECSTAT_IN)
		ipsecstat_peer_remember(peer, member->x, now);
	ipsecstat_peer_changed(block, peer, before, 0, now);
}

/**
 * ipsecstat_peer_settle_sa() - add the lifetime of an SA since it was settled
 * last
 * @member: the SA, of a peer
 *
 * When a process sets a lifetime back, the hook runs only afterwards. Packets
 * in between are not known and not counted.
 *
 * Context: The lock of sa.c is held.
 * Return: bytes and packets since then
 */
struct ipsecstat_lifetime ipsecstat_peer_settle_sa(struct ipsecstat_member *member)
{
	struct ipsecstat_peer_sum *sum = &member->peer->sum;
	u64 bytes = READ_ONCE(member->x->curlft.bytes);
	u64 packets = READ_ONCE(member->x->curlft.packets);
	struct ipsecstat_lifetime since = { bytes - member->seen.bytes,
				       packets - member->seen.packets };

	if ((s64)since.bytes < 0 || (s64)since.packets < 0)
		since = (struct ipsecstat_lifetime){};
	member->seen = (struct ipsecstat_lifetime){ bytes, packets };
	sum->bytes[member->dir] += since.bytes;
	sum->packets[member->dir] += since.packets;
	return since;
}

/**
 * ipsecstat_peer_rekeyed() - count a rekey: a new outbound SA replaces another
 * @block: the namespace
 * @peer: the peer of both
 *
 * Context: The lock of sa.c is held.
 */
void ipsecstat_peer_rekeyed(struct ipsecstat_net *block,
			    struct ipsecstat_peer *peer)
{
	peer->sum.rekeyed++;
	ipsecstat_peer_report(block, peer, IPSECSTAT_PEER_EVENTS_REKEYED);
}

/**
 * ipsecstat_peer_mapped() - count a packet in UDP from another address or port
 * than its SA has
 * @block: the namespace
 * @peer: the peer
 *
 * Context: The lock of sa.c is held.
 */
void ipsecstat_peer_mapped(struct ipsecstat_net *block,
			   struct ipsecstat_peer *peer)
{
	peer->sum.mapped++;
	ipsecstat_peer_report(block, peer, IPSECSTAT_PEER_EVENTS_MAPPED);
}

/**
 * ipsecstat_peer_larval_add() - add a larval SA to its peer
 * @block: its namespace
 * @x: the larval SA
 *
 * Context: The lock of sa.c is held.
 * Return: 0 or -ENOMEM
 */
int ipsecstat_peer_larval_add(struct ipsecstat_net *block,
			      const struct xfrm_state *x)
{
	struct ipsecstat_peer *peer = ipsecstat_peer_of(x);
	u64 now = ktime_get_coarse_boottime_ns();
	enum ipsecstat_peer_state before;
	u32 events = 0;

	if (!peer)
		peer = ipsecstat_peer_new(block, x);
	if (!peer)
		return -ENOMEM;
	ipsecstat_peer_orient_by(peer, x);
	before = ipsecstat_peer_state(peer);
	if (!peer->larval++) {
		peer->larval_since = now;
		events = IPSECSTAT_PEER_EVENTS_ACQUIRE;
	}
	ipsecstat_peer_changed(block, peer, before, events, now);
	return 0;
}

/**
 * ipsecstat_peer_larval_del() - remove a larval SA from its peer
 * @block: its namespace
 * @x: the larval SA
 *
 * If an SA replaces it, that SA was added before.
 *
 * Context: The lock of sa.c is held.
 */
void ipsecstat_peer_larval_del(struct ipsecstat_net *block,
			       const struct xfrm_state *x)
{
	struct ipsecstat_peer *peer = ipsecstat_peer_of(x);
	u64 now = ktime_get_coarse_boottime_ns();
	enum ipsecstat_peer_state before;

	if (!peer || !peer->larval)
		return;
	before = ipsecstat_peer_state(peer);
	peer->larval--;
	if (!ipsecstat_peer_has_sa(peer))
		ipsecstat_peer_ended(block, peer, x, ipsecstat_peer_dir(peer, x),
				     IPSECSTAT_END_REASON_UNANSWERED, now);
	ipsecstat_peer_changed(block, peer, before, 0, now);
}

/* The higher half of an extended sequence number decides. */
static unsigned int ipsecstat_sequence_used(const struct xfrm_state *x)
{
	const struct xfrm_replay_state_esn *esn = x->replay_esn;
	u32 used;

	if (x->props.flags & XFRM_STATE_ESN && esn)
		used = max(READ_ONCE(esn->oseq_hi), READ_ONCE(esn->seq_hi));
	else if (esn)
		used = max(READ_ONCE(esn->oseq), READ_ONCE(esn->seq));
	else
		used = max(READ_ONCE(x->replay.oseq), READ_ONCE(x->replay.seq));
	return mul_u32_u32(used, 100) >> 32;
}

static unsigned int ipsecstat_share(u64 used, u64 limit)
{
	if (limit == XFRM_INF || !limit)
		return 0;
	return used >= limit ? 100 : mul_u64_u64_div_u64(used, 100, limit);
}

static void ipsecstat_use_add(struct ipsecstat_peer_use *use,
			      const struct xfrm_state *x)
{
	unsigned int sequence = ipsecstat_sequence_used(x);
	unsigned int limit =
		max(ipsecstat_share(READ_ONCE(x->curlft.bytes),
				    READ_ONCE(x->lft.hard_byte_limit)),
		    ipsecstat_share(READ_ONCE(x->curlft.packets),
				    READ_ONCE(x->lft.hard_packet_limit)));

	use->sequence = max(use->sequence, sequence);
	use->limit = max(use->limit, limit);
	use->near_end += max(sequence, limit) > IPSECSTAT_NEAR_END;
}

/* Begin with all SAs. */
static void ipsecstat_peer_settle_all(struct ipsecstat_peer *peer,
				      struct ipsecstat_peer_use *use)
{
	hlist_move_list(&peer->settled, &peer->unsettled);
	*use = (struct ipsecstat_peer_use){
		.serial = peer->serial,
		.turned = true,
	};
}

static void ipsecstat_peer_settle_one(struct ipsecstat_peer *peer,
				      struct ipsecstat_peer_use *use)
{
	struct ipsecstat_member *member =
		hlist_entry(peer->unsettled.first, struct ipsecstat_member,
			    of_peer);

	hlist_del(&member->of_peer);
	hlist_add_head(&member->of_peer, &peer->settled);
	if (!member->device)
		ipsecstat_peer_settle_sa(member);
	ipsecstat_use_add(use, member->x);
}

/**
 * ipsecstat_peer_settle() - bring the sums of a peer up to date, one step
 * @peer: the peer
 * @use: zero, or as the step before left it, maybe for another peer
 *
 * SAs that are added meanwhile are settled, and SAs that leave are settled
 * then. SAs that another reader left unsettled come first, then all of them.
 *
 * Context: The lock of sa.c is held, and may be released between the steps. One
 *	reader at a time.
 * Return: true if all SAs are settled; then the sums are not less than when the
 *	first step began, and @use is complete
 */
bool ipsecstat_peer_settle(struct ipsecstat_peer *peer,
			   struct ipsecstat_peer_use *use)
{
	unsigned int step;

	if (use->serial != peer->serial) {
		*use = (struct ipsecstat_peer_use){ .serial = peer->serial };
		ipsecstat_peer_orient_again(peer);
	}
	for (step = 0; step < IPSECSTAT_PEER_STEP; step++) {
		if (!hlist_empty(&peer->unsettled))
			ipsecstat_peer_settle_one(peer, use);
		else if (!use->turned)
			ipsecstat_peer_settle_all(peer, use);
		else
			break;
	}
	ipsecstat_peer_end_known(&ipsecstat_net(peer->net)->peers, false);
	return use->turned && hlist_empty(&peer->unsettled);
}

/**
 * ipsecstat_peer_level() - provide memory for the next events
 *
 * Context: Any but hard interrupts, without the lock of sa.c.
 */
void ipsecstat_peer_level(void)
{
	ipsecstat_reserve_level(&ipsecstat_peer_reserve);
}

/**
 * ipsecstat_cursor_begin() - start reading all peers
 * @block: the namespace
 * @cursor: set up, to be ended by ipsecstat_cursor_end()
 *
 * Context: The lock of sa.c is held; it may be released between two peers.
 */
void ipsecstat_cursor_begin(struct ipsecstat_net *block,
			    struct ipsecstat_cursor *cursor)
{
	struct ipsecstat_peers *peers = &block->peers;

	cursor->cut_off = false;
	cursor->others = peers->others;
	cursor->next = list_first_entry_or_null(&peers->all,
						struct ipsecstat_peer, all);
	list_add(&cursor->node, &peers->cursors);
}

/**
 * ipsecstat_cursor_next() - move on to the next peer
 * @block: the namespace
 * @cursor: the reader, not at the end
 *
 * Context: The lock of sa.c is held.
 */
void ipsecstat_cursor_next(struct ipsecstat_net *block,
			   struct ipsecstat_cursor *cursor)
{
	cursor->next = list_is_last(&cursor->next->all, &block->peers.all) ?
		       NULL : list_next_entry(cursor->next, all);
}

/**
 * ipsecstat_cursor_end() - end reading
 * @cursor: the reader
 *
 * Context: The lock of sa.c is held.
 */
void ipsecstat_cursor_end(struct ipsecstat_cursor *cursor)
{
	list_del_init(&cursor->node);
}

/**
 * ipsecstat_peer_net_init() - set up a namespace without peers
 * @block: of a new namespace
 *
 * Context: Process context.
 */
void ipsecstat_peer_net_init(struct ipsecstat_net *block)
{
	INIT_LIST_HEAD(&block->peers.all);
	INIT_LIST_HEAD(&block->peers.idle);
	INIT_LIST_HEAD(&block->peers.news);
	INIT_LIST_HEAD(&block->peers.cursors);
}

/**
 * ipsecstat_peer_clear() - free all peers of a namespace
 * @block: of a namespace whose SAs are released
 *
 * Context: The lock of sa.c is held.
 */
void ipsecstat_peer_clear(struct ipsecstat_net *block)
{
	struct ipsecstat_peers *peers = &block->peers;
	struct ipsecstat_cursor *cursor, *other;
	struct ipsecstat_peer *peer, *next;

	list_for_each_entry_safe(cursor, other, &peers->cursors, node) {
		cursor->next = NULL;
		cursor->cut_off = true;
		ipsecstat_cursor_end(cursor);
	}
	list_for_each_entry_safe(peer, next, &peers->all, all)
		ipsecstat_peer_free(block, peer);
	peers->idle_count = 0;
	peers->others = (struct ipsecstat_others){};
	memset(peers->unattributed, 0, sizeof(peers->unattributed));
	WRITE_ONCE(peers->ending, 0);
	peers->ending_of = NULL;
}

/**
 * ipsecstat_peer_init() - prepare for peers
 *
 * Context: Process context, may sleep.
 * Return: 0 or -ENOMEM
 */
int ipsecstat_peer_init(void)
{
	ipsecstat_peer_seed = get_random_u32();
	ipsecstat_peer_factor = get_random_u64() | 1;
	if (ipsecstat_hash_init(&ipsecstat_peer_hash, ipsecstat_peer_node_key,
				&ipsecstat_sa_lock) ||
	    ipsecstat_reserve_fill(&ipsecstat_peer_reserve,
				   KMEM_CACHE(ipsecstat_peer, 0),
				   IPSECSTAT_PEER_RESERVE,
				   IPSECSTAT_PEER_RESERVE,
				   &ipsecstat_sa_lock)) {
		ipsecstat_peer_exit();
		return -ENOMEM;
	}
	return 0;
}

/**
 * ipsecstat_peer_exit() - undo ipsecstat_peer_init(), with no peer left
 *
 * Context: Process context, may sleep. All namespaces are released.
 */
void ipsecstat_peer_exit(void)
{
	ipsecstat_events_drain(IPSECSTAT_GROUP_PEERS);
	ipsecstat_reserve_empty(&ipsecstat_peer_reserve);
	ipsecstat_hash_exit(&ipsecstat_peer_hash);
}
