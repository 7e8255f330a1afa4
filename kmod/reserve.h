/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPSECSTAT_RESERVE_H
#define _IPSECSTAT_RESERVE_H

#include <linux/compiler.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

/**
 * struct ipsecstat_reserve - free objects of one kind
 * @cache: where they come from
 * @low: how many there should be at least
 * @spare: how many more there may be
 * @lock: the caller's; guards @count and @free
 * @count: how many there are
 * @free: the first of them, linked by their first word
 * @work: levels it later
 *
 * An event can neither wait for memory nor fail, and on PREEMPT_RT it cannot
 * allocate at all. So an event only takes and gives free objects, and their
 * number is restored where allocation is allowed.
 */
struct ipsecstat_reserve {
	struct kmem_cache *cache;
	unsigned int low;
	unsigned int spare;
	raw_spinlock_t *lock;
	unsigned int count;
	void **free;
	struct work_struct work;
};

int ipsecstat_reserve_fill(struct ipsecstat_reserve *reserve,
			   struct kmem_cache *cache, unsigned int low,
			   unsigned int spare, raw_spinlock_t *lock);
void ipsecstat_reserve_empty(struct ipsecstat_reserve *reserve);
void ipsecstat_reserve_restore(struct ipsecstat_reserve *reserve);
void ipsecstat_reserve_level_later(struct ipsecstat_reserve *reserve);

/**
 * ipsecstat_reserve_take() - a free object
 * @reserve: the kind
 *
 * Context: Any. Its lock is held.
 * Return: the object, not set up, or NULL if there is none left
 */
static inline void *ipsecstat_reserve_take(struct ipsecstat_reserve *reserve)
{
	void **object = reserve->free;

	if (object) {
		reserve->free = *object;
		WRITE_ONCE(reserve->count, reserve->count - 1);
	}
	return object;
}

/**
 * ipsecstat_reserve_give() - take an object back
 * @reserve: the kind
 * @object: the object
 *
 * Context: Any. Its lock is held.
 */
static inline void ipsecstat_reserve_give(struct ipsecstat_reserve *reserve,
					  void *object)
{
	void **first = object;

	*first = reserve->free;
	reserve->free = first;
	WRITE_ONCE(reserve->count, reserve->count + 1);
}

static inline bool ipsecstat_reserve_is_level(struct ipsecstat_reserve *reserve)
{
	return READ_ONCE(reserve->count) - reserve->low <= reserve->spare;
}

/**
 * ipsecstat_reserve_level() - restore the number of free objects if need be
 * @reserve: the kind
 *
 * Context: Any but hard interrupts, without a raw spinlock.
 */
static inline void ipsecstat_reserve_level(struct ipsecstat_reserve *reserve)
{
	if (unlikely(!ipsecstat_reserve_is_level(reserve)))
		ipsecstat_reserve_restore(reserve);
}

#endif /* _IPSECSTAT_RESERVE_H */
