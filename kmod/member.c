// SPDX-License-Identifier: GPL-2.0-only
/*
 * A member is the record of a VALID SA. By it a new SA finds the SA of the same
 * flow that it replaces, and its peer.
 *
 * An update can change the if_id of an SA. So the peer that it was counted
 * under is kept, not looked up again when the SA leaves.
 *
 * Locking: the callers hold the lock of sa.c.
 */
#include <linux/hash.h>
#include <linux/random.h>
#include <net/xfrm.h>

#include "compat.h"
#include "hash.h"
#include "member.h"
#include "net.h"
#include "peer.h"
#include "reserve.h"

#define IPSECSTAT_MEMBER_RESERVE	64
/* Enough to replace thousands of SAs at once without allocating. */
#define IPSECSTAT_MEMBER_SPARE		4096

static struct ipsecstat_hash ipsecstat_by_sa;
static struct ipsecstat_hash ipsecstat_by_flow;
static u64 ipsecstat_factor __read_mostly;

static struct ipsecstat_reserve ipsecstat_members;

static u64 ipsecstat_sa_key(const struct xfrm_state *x)
{
	return (unsigned long)x * GOLDEN_RATIO_64;
}

static u64 ipsecstat_node_key(const struct hlist_node *node)
{
	return ipsecstat_sa_key(hlist_entry(node, struct ipsecstat_member,
					    node)->x);
}

static struct hlist_head *ipsecstat_sa_chain(const struct xfrm_state *x)
{
	return ipsecstat_hash_chain(&ipsecstat_by_sa, ipsecstat_sa_key(x));
}

/*
 * The peer stands for addresses, family and if_id. Both directions share a
 * chain, as it can turn out later which one is which. The product with a random
 * odd factor spreads the keys well enough: each part reaches the highest bits.
 */
static u64 ipsecstat_flow_key(const struct ipsecstat_member *member)
{
	const struct xfrm_state *x = member->x;
	u64 key = (unsigned long)member->peer ^ (u64)x->props.reqid << 32 ^
		  (u64)(x->mark.v & x->mark.m) << 16 ^
		  (u64)ipsecstat_sa_cpu(x) << 48;

	return key * ipsecstat_factor;
}

/* What the key is made of does not change while the member is in the table. */
static u64 ipsecstat_flow_node_key(const struct hlist_node *node)
{
	return ipsecstat_flow_key(hlist_entry(node, struct ipsecstat_member,
					      flow));
}

static bool ipsecstat_same_flow(const struct ipsecstat_member *one,
				const struct ipsecstat_member *other)
{
	const struct xfrm_state *x = one->x, *y = other->x;

	return one->peer == other->peer &&
	       xfrm_addr_equal(&x->props.saddr, &y->props.saddr,
			       x->props.family) &&
	       x->props.reqid == y->props.reqid &&
	       x->id.proto == y->id.proto && x->props.mode == y->props.mode &&
	       x->mark.m == y->mark.m && !((x->mark.v ^ y->mark.v) & x->mark.m) &&
	       ipsecstat_sa_cpu(x) == ipsecstat_sa_cpu(y);
}

/*
 * An SA of the same flow with another SPI. One with the same SPI is the
 * original of an SA that is migrated to the addresses it already has.
 */
static bool ipsecstat_flow_join(struct ipsecstat_member *member)
{
	struct hlist_head *chain =
		ipsecstat_hash_chain(&ipsecstat_by_flow,
				     ipsecstat_flow_key(member));
	const struct ipsecstat_member *other;

	hlist_for_each_entry(other, chain, flow)
		if (other->x->id.spi != member->x->id.spi &&
		    ipsecstat_same_flow(other, member))
			break;
	ipsecstat_hash_add(&ipsecstat_by_flow, &member->flow, chain);
	return other;
}

static int ipsecstat_member_join(struct ipsecstat_net *block,
				 struct ipsecstat_member *member, bool *replaces)
{
	member->peer = ipsecstat_peer_join(block, member);
	if (!member->peer)
		return -ENOMEM;
	if (member->x->props.reqid)
		*replaces = ipsecstat_flow_join(member);
	return 0;
}

static void ipsecstat_member_leave(struct ipsecstat_net *block,
				   struct ipsecstat_member *member, u8 reason)
{
	ipsecstat_hash_del(&ipsecstat_by_flow, &member->flow);
	if (!member->peer)
		return;
	if (!member->device)
		ipsecstat_peer_settle_sa(member);
	ipsecstat_peer_leave(block, member, reason);
	member->peer = NULL;
}

/**
 * ipsecstat_member_reset() - a process has set the lifetime of an SA
 * @member: the SA
 *
 * Context: The lock of sa.c is held.
 */
void ipsecstat_member_reset(struct ipsecstat_member *member)
{
	member->seen.bytes = READ_ONCE(member->x->curlft.bytes);
	member->seen.packets = READ_ONCE(member->x->curlft.packets);
}

/**
 * ipsecstat_member_add() - an SA became VALID
 * @block: its namespace
 * @x: the SA
 * @replaces: set to true if there is one of the same flow
 *
 * Context: The lock of sa.c is held.
 * Return: the member, or NULL if out of memory
 */
struct ipsecstat_member *ipsecstat_member_add(struct ipsecstat_net *block,
					      struct xfrm_state *x,
					      bool *replaces)
{
	struct ipsecstat_member *member;

	member = ipsecstat_reserve_take(&ipsecstat_members);
	if (!member)
		return NULL;
	member->x = x;
	member->seen = (struct ipsecstat_lifetime){ x->curlft.bytes,
						    x->curlft.packets };
	member->device = ipsecstat_device_counts(x);
	INIT_HLIST_NODE(&member->flow);
	ipsecstat_hash_add(&ipsecstat_by_sa, &member->node,
			   ipsecstat_sa_chain(x));
	if (ipsecstat_member_join(block, member, replaces)) {
		ipsecstat_member_del(block, member, 0);
		return NULL;
	}
	member->peer->sum.added++;
	return member;
}

/**
 * ipsecstat_member_find() - the member of an SA
 * @x: the SA
 *
 * Context: The lock of sa.c is held.
 * Return: the member, or NULL if there was no memory for it
 */
struct ipsecstat_member *ipsecstat_member_find(const struct xfrm_state *x)
{
	struct ipsecstat_member *member;

	hlist_for_each_entry(member, ipsecstat_sa_chain(x), node)
		if (member->x == x)
			return member;
	return NULL;
}

/**
 * ipsecstat_member_move() - the SA may belong to another peer and flow now
 * @block: its namespace
 * @member: the SA
 *
 * Context: The lock of sa.c is held.
 * Return: 0, or -ENOMEM with the member in no peer and no flow
 */
int ipsecstat_member_move(struct ipsecstat_net *block,
			  struct ipsecstat_member *member)
{
	bool replaces;

	if (member->peer && member->peer->if_id == member->x->if_id)
		return 0;
	ipsecstat_member_leave(block, member, IPSECSTAT_END_REASON_MIGRATED);
	return ipsecstat_member_join(block, member, &replaces);
}

/**
 * ipsecstat_member_del() - an SA leaves
 * @block: its namespace
 * @member: the SA
 * @reason: enum ipsecstat_end_reason
 *
 * Context: The lock of sa.c is held.
 */
void ipsecstat_member_del(struct ipsecstat_net *block,
			  struct ipsecstat_member *member, u8 reason)
{
	if (member->peer)
		member->peer->sum.deleted++;
	ipsecstat_member_leave(block, member, reason);
	ipsecstat_hash_del(&ipsecstat_by_sa, &member->node);
	ipsecstat_reserve_give(&ipsecstat_members, member);
}

/**
 * ipsecstat_member_level() - provide memory for the next events
 *
 * Context: Any but hard interrupts, without the lock of sa.c.
 */
void ipsecstat_member_level(void)
{
	ipsecstat_reserve_level(&ipsecstat_members);
	ipsecstat_peer_level();
}

/**
 * ipsecstat_member_init() - prepare for SAs
 *
 * Context: Process context, may sleep.
 * Return: 0 or -ENOMEM
 */
int ipsecstat_member_init(void)
{
	ipsecstat_factor = get_random_u64() | 1;
	if (ipsecstat_hash_init(&ipsecstat_by_sa, ipsecstat_node_key,
				&ipsecstat_sa_lock) ||
	    ipsecstat_hash_init(&ipsecstat_by_flow, ipsecstat_flow_node_key,
				&ipsecstat_sa_lock) ||
	    ipsecstat_reserve_fill(&ipsecstat_members,
				   KMEM_CACHE(ipsecstat_member, 0),
				   IPSECSTAT_MEMBER_RESERVE,
				   IPSECSTAT_MEMBER_SPARE, &ipsecstat_sa_lock)) {
		ipsecstat_member_exit();
		return -ENOMEM;
	}
	return 0;
}

/**
 * ipsecstat_member_exit() - undo ipsecstat_member_init(), with no member left
 *
 * Context: Process context, may sleep. All namespaces are released.
 */
void ipsecstat_member_exit(void)
{
	ipsecstat_reserve_empty(&ipsecstat_members);
	ipsecstat_hash_exit(&ipsecstat_by_flow);
	ipsecstat_hash_exit(&ipsecstat_by_sa);
}
