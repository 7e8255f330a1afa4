// SPDX-License-Identifier: GPL-2.0-only
/*
 * Groups: how many VALID SAs share a key.
 *
 * There are two kinds of key. Those of a flow tell whether a new SA has a
 * predecessor, which makes it a rekey. Those of a tunnel, with proto 0 and the
 * lesser address first, are distinct tunnels.
 *
 * Locking: the callers hold the lock of sa.c.
 */
#include <linux/jhash.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <net/xfrm.h>

#include "compat.h"
#include "group.h"
#include "netns.h"

struct ipsecstat_group {
	struct hlist_node node;
	struct ipsecstat_group_key key;
	u32 members;
};

#define IPSECSTAT_GROUP_BITS	14
/* Groups kept in reserve for when memory is short in a softirq. */
#define IPSECSTAT_GROUP_RESERVE	64

static struct hlist_head *ipsecstat_groups;
static u32 ipsecstat_group_seed __read_mostly;
static mempool_t *ipsecstat_group_pool;

static struct hlist_head *
ipsecstat_group_bucket(const struct ipsecstat_group_key *key)
{
	BUILD_BUG_ON(sizeof(*key) % sizeof(u32));
	return &ipsecstat_groups[jhash2((const u32 *)key, sizeof(*key) / 4,
				       ipsecstat_group_seed) >>
				 (32 - IPSECSTAT_GROUP_BITS)];
}

static struct ipsecstat_group *
ipsecstat_group_find(const struct ipsecstat_group_key *key)
{
	struct ipsecstat_group *group;

	hlist_for_each_entry(group, ipsecstat_group_bucket(key), node)
		if (!memcmp(&group->key, key, sizeof(*key)))
			return group;
	return NULL;
}

/**
 * ipsecstat_group_join() - one more SA has this key
 * @block: the namespace
 * @key: the key
 *
 * Context: The lock of sa.c is held.
 * Return: how many had it before, or -ENOMEM
 */
int ipsecstat_group_join(struct ipsecstat_net *block,
			 const struct ipsecstat_group_key *key)
{
	struct ipsecstat_group *group = ipsecstat_group_find(key);

	if (group)
		return group->members++;

	group = mempool_alloc(ipsecstat_group_pool, GFP_ATOMIC | __GFP_NOWARN);
	if (!group)
		return -ENOMEM;
	group->key = *key;
	group->members = 1;
	hlist_add_head(&group->node, ipsecstat_group_bucket(key));
	block->groups++;
	return 0;
}

static void ipsecstat_group_free(struct ipsecstat_net *block,
				 struct ipsecstat_group *group)
{
	hlist_del(&group->node);
	mempool_free(group, ipsecstat_group_pool);
	block->groups--;
}

/**
 * ipsecstat_group_leave() - one SA less has this key
 * @block: the namespace
 * @key: the key
 *
 * Context: The lock of sa.c is held.
 * Return: true if that was the last one
 */
bool ipsecstat_group_leave(struct ipsecstat_net *block,
			   const struct ipsecstat_group_key *key)
{
	struct ipsecstat_group *group = ipsecstat_group_find(key);

	if (!group || --group->members)
		return false;
	ipsecstat_group_free(block, group);
	return true;
}

/**
 * ipsecstat_group_purge() - forget the groups of a namespace
 * @block: the namespace
 *
 * A live SA whose if_id was changed has left its old groups behind.
 *
 * Context: The lock of sa.c is held. The SAs are gone.
 */
void ipsecstat_group_purge(struct ipsecstat_net *block)
{
	struct ipsecstat_group *group;
	struct hlist_node *next;
	int i;

	for (i = 0; block->groups && i < 1 << IPSECSTAT_GROUP_BITS; i++)
		hlist_for_each_entry_safe(group, next, &ipsecstat_groups[i], node)
			if (group->key.block == block)
				ipsecstat_group_free(block, group);
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
static void ipsecstat_key_init(struct ipsecstat_group_key *key,
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

/**
 * ipsecstat_flow_key() - what an SA shares with the one it replaces
 * @key: filled in
 * @block: the namespace
 * @x: the SA
 *
 * Context: Any.
 */
void ipsecstat_flow_key(struct ipsecstat_group_key *key,
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

/**
 * ipsecstat_tunnel_key() - what the SAs of a tunnel share, both ways
 * @key: filled in
 * @block: the namespace
 * @x: the SA
 *
 * Context: Any.
 */
void ipsecstat_tunnel_key(struct ipsecstat_group_key *key,
			  const struct ipsecstat_net *block,
			  const struct xfrm_state *x)
{
	ipsecstat_key_init(key, block, x);
	if (memcmp(&key->a, &key->b, sizeof(key->a)) > 0)
		swap(key->a, key->b);
}

/**
 * ipsecstat_group_init() - prepare the groups
 *
 * Context: Process context, may sleep.
 * Return: 0 or -ENOMEM
 */
int ipsecstat_group_init(void)
{
	ipsecstat_groups = kvcalloc(1 << IPSECSTAT_GROUP_BITS,
				    sizeof(*ipsecstat_groups), GFP_KERNEL);
	if (!ipsecstat_groups)
		return -ENOMEM;

	ipsecstat_group_seed = get_random_u32();
	ipsecstat_group_pool =
		mempool_create_kmalloc_pool(IPSECSTAT_GROUP_RESERVE,
					    sizeof(struct ipsecstat_group));
	if (!ipsecstat_group_pool) {
		kvfree(ipsecstat_groups);
		return -ENOMEM;
	}
	return 0;
}

/**
 * ipsecstat_group_exit() - free the groups, all of them empty
 *
 * Context: Process context, may sleep. All namespaces are released.
 */
void ipsecstat_group_exit(void)
{
	mempool_destroy(ipsecstat_group_pool);
	kvfree(ipsecstat_groups);
}
