/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPSECSTAT_RESERVE_H
#define _IPSECSTAT_RESERVE_H

#include <linux/slab.h>

#define IPSECSTAT_RESERVE	64

/**
 * struct ipsecstat_reserve - objects of one kind, some of them set aside
 * @cache: where they come from
 * @count: how many are set aside
 * @spare: these
 *
 * An SA event cannot wait for memory, nor fail for want of it. Unlike a mempool
 * this costs an SA next to nothing while memory is there.
 *
 * Locking: the lock of sa.c.
 */
struct ipsecstat_reserve {
	struct kmem_cache *cache;
	unsigned int count;
	void *spare[IPSECSTAT_RESERVE];
};

/**
 * ipsecstat_reserve_take() - an object
 * @reserve: the kind
 *
 * Context: Any, under the lock.
 * Return: it, not set up, or NULL if memory and reserve are used up
 */
static inline void *ipsecstat_reserve_take(struct ipsecstat_reserve *reserve)
{
	void *object = kmem_cache_alloc(reserve->cache,
					GFP_ATOMIC | __GFP_NOWARN);

	if (unlikely(!object) && reserve->count)
		object = reserve->spare[--reserve->count];
	return object;
}

/**
 * ipsecstat_reserve_give() - take an object back, into the reserve first
 * @reserve: the kind
 * @object: it
 *
 * Context: Any, under the lock.
 */
static inline void ipsecstat_reserve_give(struct ipsecstat_reserve *reserve,
					  void *object)
{
	if (unlikely(reserve->count < IPSECSTAT_RESERVE))
		reserve->spare[reserve->count++] = object;
	else
		kmem_cache_free(reserve->cache, object);
}

int ipsecstat_reserve_fill(struct ipsecstat_reserve *reserve,
			   struct kmem_cache *cache);
void ipsecstat_reserve_empty(struct ipsecstat_reserve *reserve);

#endif /* _IPSECSTAT_RESERVE_H */
