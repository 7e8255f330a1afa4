// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is remembered of each VALID SA: the groups it belongs to.
 *
 * A group counts the SAs that share a key. There are two kinds of key. Those of a
 * flow tell whether a new SA has a predecessor, which makes it a rekey. Those of
 * a tunnel, with proto 0 and the lesser address first, are distinct tunnels.
 *
 * An SA leaves the groups that it joined, whatever its key has become: an update
 * can give it another if_id.
 *
 * Locking: the callers hold the lock of sa.c.
 */
#include <linux/hash.h>
#include <linux/jhash.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <net/xfrm.h>

#include "compat.h"
#include "member.h"
#include "netns.h"

struct ipsecstat_key {
	const struct ipsecstat_net *block;
	xfrm_address_t a;
	xfrm_address_t b;
	u32 if_id;
	u32 reqid;
	u32 mark_v;
	u32 mark_m;
	u32 cpu;
	u16 family;
	u8 proto;
	u8 mode;
};

struct ipsecstat_group {
	struct hlist_node node;
	struct ipsecstat_key key;
	unsigned int members;
};

#define IPSECSTAT_HASH_BITS	14
/* Kept for when memory is short in a softirq. */
#define IPSECSTAT_RESERVE	64

/* One hash for both: groups in the first half, members in the second. */
static struct hlist_head *ipsecstat_groups;
static struct hlist_head *ipsecstat_members;
static mempool_t *ipsecstat_group_pool;
static mempool_t *ipsecstat_member_pool;
static u32 ipsecstat_seed __read_mostly;

static struct hlist_head *ipsecstat_group_bucket(const struct ipsecstat_key *key)
{
	BUILD_BUG_ON(sizeof(*key) % sizeof(u32));
	return &ipsecstat_groups[jhash2((const u32 *)key, sizeof(*key) / 4,
					ipsecstat_seed) >>
				 (32 - IPSECSTAT_HASH_BITS)];
}

static struct ipsecstat_group *
ipsecstat_group_find(const struct ipsecstat_key *key)
{
	struct ipsecstat_group *group;

	hlist_for_each_entry(group, ipsecstat_group_bucket(key), node)
		if (!memcmp(&group->key, key, sizeof(*key)))
			return group;
	return NULL;
}

static struct ipsecstat_group *
ipsecstat_group_join(const struct ipsecstat_key *key)
{
	struct ipsecstat_group *group = ipsecstat_group_find(key);

	if (!group) {
		group = mempool_alloc(ipsecstat_group_pool,
				      GFP_ATOMIC | __GFP_NOWARN);
		if (!group)
			return NULL;
		group->key = *key;
		group->members = 0;
		hlist_add_head(&group->node, ipsecstat_group_bucket(key));
	}
	group->members++;
	return group;
}

/* Returns true if the group is no more. */
static bool ipsecstat_group_leave(struct ipsecstat_group *group)
{
	if (!group || --group->members)
		return false;
	hlist_del(&group->node);
	mempool_free(group, ipsecstat_group_pool);
	return true;
}

/* What user space left behind an IPv4 address is no part of it. */
static xfrm_address_t ipsecstat_address(const xfrm_address_t *address,
					u16 family)
{
	xfrm_address_t only = {};

	if (family == AF_INET)
		only.a4 = address->a4;
	else
		only = *address;
	return only;
}

/* What both kinds of key begin with. */
static void ipsecstat_key_init(struct ipsecstat_key *key,
			       const struct ipsecstat_net *block,
			       const struct xfrm_state *x)
{
	memset(key, 0, sizeof(*key));
	key->block = block;
	key->a = ipsecstat_address(&x->props.saddr, x->props.family);
	key->b = ipsecstat_address(&x->id.daddr, x->props.family);
	key->if_id = x->if_id;
	key->family = x->props.family;
}

/* What an SA shares with the one it replaces. */
static void ipsecstat_flow_key(struct ipsecstat_key *key,
			       const struct ipsecstat_net *block,
			       const struct xfrm_state *x)
{
	ipsecstat_key_init(key, block, x);
	key->reqid = x->props.reqid;
	key->mark_v = x->mark.v & x->mark.m;
	key->mark_m = x->mark.m;
	key->cpu = ipsecstat_sa_cpu(x);
	key->proto = x->id.proto;
	key->mode = x->props.mode;
}

/* What the SAs of a tunnel share, both ways. */
static void ipsecstat_tunnel_key(struct ipsecstat_key *key,
				 const struct ipsecstat_net *block,
				 const struct xfrm_state *x)
{
	ipsecstat_key_init(key, block, x);
	if (memcmp(&key->a, &key->b, sizeof(key->a)) > 0)
		swap(key->a, key->b);
}

static int ipsecstat_member_join(struct ipsecstat_net *block,
				 struct ipsecstat_member *member)
{
	const struct xfrm_state *x = member->x;
	struct ipsecstat_key key;

	if (x->props.reqid) {
		ipsecstat_flow_key(&key, block, x);
		member->flow = ipsecstat_group_join(&key);
		if (!member->flow)
			return -ENOMEM;
	}
	if (x->outer_mode.flags & XFRM_MODE_FLAG_TUNNEL) {
		ipsecstat_tunnel_key(&key, block, x);
		member->tunnel = ipsecstat_group_join(&key);
		if (!member->tunnel)
			return -ENOMEM;
		block->sa.tunnels += member->tunnel->members == 1;
	}
	return 0;
}

static void ipsecstat_member_leave(struct ipsecstat_net *block,
				   struct ipsecstat_member *member)
{
	ipsecstat_group_leave(member->flow);
	block->sa.tunnels -= ipsecstat_group_leave(member->tunnel);
	member->flow = NULL;
	member->tunnel = NULL;
}

static struct hlist_head *ipsecstat_member_bucket(const struct xfrm_state *x)
{
	return &ipsecstat_members[hash_ptr(x, IPSECSTAT_HASH_BITS)];
}

/**
 * ipsecstat_member_add() - an SA became VALID
 * @block: its namespace
 * @x: the SA
 *
 * Context: The lock of sa.c is held.
 * Return: the member, or NULL for want of memory
 */
struct ipsecstat_member *ipsecstat_member_add(struct ipsecstat_net *block,
					      const struct xfrm_state *x)
{
	struct ipsecstat_member *member;

	member = mempool_alloc(ipsecstat_member_pool,
			       GFP_ATOMIC | __GFP_NOWARN);
	if (!member)
		return NULL;
	*member = (struct ipsecstat_member){
		.x = x,
		.bytes = x->curlft.bytes,
		.packets = x->curlft.packets,
	};
	hlist_add_head(&member->node, ipsecstat_member_bucket(x));
	if (ipsecstat_member_join(block, member)) {
		ipsecstat_member_del(block, member);
		return NULL;
	}
	return member;
}

/**
 * ipsecstat_member_find() - the member that an SA is
 * @x: the SA
 *
 * Context: The lock of sa.c is held.
 * Return: the member, or NULL if there was no memory for it
 */
struct ipsecstat_member *ipsecstat_member_find(const struct xfrm_state *x)
{
	struct ipsecstat_member *member;

	hlist_for_each_entry(member, ipsecstat_member_bucket(x), node)
		if (member->x == x)
			return member;
	return NULL;
}

/**
 * ipsecstat_member_move() - an SA has got another key
 * @block: its namespace
 * @member: the SA
 *
 * Context: The lock of sa.c is held.
 * Return: 0, or -ENOMEM with the member in no group
 */
int ipsecstat_member_move(struct ipsecstat_net *block,
			  struct ipsecstat_member *member)
{
	int err;

	ipsecstat_member_leave(block, member);
	err = ipsecstat_member_join(block, member);
	if (err)
		ipsecstat_member_leave(block, member);
	return err;
}

/**
 * ipsecstat_member_del() - an SA leaves
 * @block: its namespace
 * @member: the SA
 *
 * Context: The lock of sa.c is held.
 */
void ipsecstat_member_del(struct ipsecstat_net *block,
			  struct ipsecstat_member *member)
{
	ipsecstat_member_leave(block, member);
	hlist_del(&member->node);
	mempool_free(member, ipsecstat_member_pool);
}

/**
 * ipsecstat_member_peers() - how many other SAs carry the same traffic
 * @member: the SA
 *
 * Context: The lock of sa.c is held.
 * Return: their number
 */
unsigned int ipsecstat_member_peers(const struct ipsecstat_member *member)
{
	return member->flow ? member->flow->members - 1 : 0;
}

/**
 * ipsecstat_member_init() - prepare for SAs
 *
 * Context: Process context, may sleep.
 * Return: 0 or -ENOMEM
 */
int ipsecstat_member_init(void)
{
	ipsecstat_seed = get_random_u32();
	ipsecstat_groups = kvcalloc(2 << IPSECSTAT_HASH_BITS,
				    sizeof(*ipsecstat_groups), GFP_KERNEL);
	ipsecstat_group_pool =
		mempool_create_kmalloc_pool(IPSECSTAT_RESERVE,
					    sizeof(struct ipsecstat_group));
	ipsecstat_member_pool =
		mempool_create_kmalloc_pool(IPSECSTAT_RESERVE,
					    sizeof(struct ipsecstat_member));
	if (!ipsecstat_groups || !ipsecstat_group_pool ||
	    !ipsecstat_member_pool) {
		ipsecstat_member_exit();
		return -ENOMEM;
	}
	ipsecstat_members = ipsecstat_groups + (1 << IPSECSTAT_HASH_BITS);
	return 0;
}

/**
 * ipsecstat_member_exit() - undo ipsecstat_member_init(), with no member left
 *
 * Context: Process context, may sleep. All namespaces are released.
 */
void ipsecstat_member_exit(void)
{
	mempool_destroy(ipsecstat_member_pool);
	mempool_destroy(ipsecstat_group_pool);
	kvfree(ipsecstat_groups);
}
