// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory for SA events, while there is none.
 */
#include "reserve.h"

/**
 * ipsecstat_reserve_fill() - begin with a full reserve
 * @reserve: the kind
 * @cache: where its objects come from, or NULL if that could not be made
 *
 * Context: Process context, may sleep.
 * Return: 0, or -ENOMEM with as much in the reserve as there was
 */
int ipsecstat_reserve_fill(struct ipsecstat_reserve *reserve,
			   struct kmem_cache *cache)
{
	void *object;

	reserve->cache = cache;
	if (!cache)
		return -ENOMEM;
	while (reserve->count < IPSECSTAT_RESERVE) {
		object = kmem_cache_alloc(cache, GFP_KERNEL);
		if (!object)
			return -ENOMEM;
		reserve->spare[reserve->count++] = object;
	}
	return 0;
}

/**
 * ipsecstat_reserve_empty() - undo ipsecstat_reserve_fill(), even if it failed
 * @reserve: the kind, with no object in use
 *
 * Context: Process context, may sleep.
 */
void ipsecstat_reserve_empty(struct ipsecstat_reserve *reserve)
{
	while (reserve->count)
		kmem_cache_free(reserve->cache, reserve->spare[--reserve->count]);
	kmem_cache_destroy(reserve->cache);
}
