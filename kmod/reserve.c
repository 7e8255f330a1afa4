// SPDX-License-Identifier: GPL-2.0-only
/*
 * Free objects for events that cannot allocate.
 */
#include <linux/preempt.h>

#include "reserve.h"

static int ipsecstat_reserve_add(struct ipsecstat_reserve *reserve, gfp_t gfp)
{
	void *object = kmem_cache_alloc(reserve->cache, gfp);
	unsigned long flags;

	if (!object)
		return -ENOMEM;
	raw_spin_lock_irqsave(reserve->lock, flags);
	ipsecstat_reserve_give(reserve, object);
	raw_spin_unlock_irqrestore(reserve->lock, flags);
	return 0;
}

static void ipsecstat_reserve_trim(struct ipsecstat_reserve *reserve)
{
	unsigned long flags;
	void *object;

	while (READ_ONCE(reserve->count) > reserve->low + reserve->spare) {
		raw_spin_lock_irqsave(reserve->lock, flags);
		object = ipsecstat_reserve_take(reserve);
		raw_spin_unlock_irqrestore(reserve->lock, flags);
		if (!object)
			break;
		kmem_cache_free(reserve->cache, object);
	}
}

/**
 * ipsecstat_reserve_level_later() - restore the number of free objects soon
 * @reserve: the kind
 *
 * Context: Any.
 */
void ipsecstat_reserve_level_later(struct ipsecstat_reserve *reserve)
{
	if (!ipsecstat_reserve_is_level(reserve))
		schedule_work(&reserve->work);
}

/**
 * ipsecstat_reserve_restore() - restore the number of free objects
 * @reserve: the kind
 *
 * If out of memory, there are fewer for a while. On PREEMPT_RT, a caller that
 * cannot be preempted leaves this to a work.
 *
 * Context: Any but hard interrupts, without a raw spinlock.
 */
void ipsecstat_reserve_restore(struct ipsecstat_reserve *reserve)
{
	if (IS_ENABLED(CONFIG_PREEMPT_RT) && !preemptible()) {
		ipsecstat_reserve_level_later(reserve);
		return;
	}
	while (READ_ONCE(reserve->count) < reserve->low &&
	       !ipsecstat_reserve_add(reserve, GFP_ATOMIC | __GFP_NOWARN))
		;
	ipsecstat_reserve_trim(reserve);
}

static void ipsecstat_reserve_work(struct work_struct *work)
{
	struct ipsecstat_reserve *reserve =
		container_of(work, struct ipsecstat_reserve, work);

	while (READ_ONCE(reserve->count) < reserve->low &&
	       !ipsecstat_reserve_add(reserve, GFP_KERNEL | __GFP_NOWARN))
		;
	ipsecstat_reserve_trim(reserve);
}

/**
 * ipsecstat_reserve_fill() - set up a full reserve
 * @reserve: the kind
 * @cache: where its objects come from, or NULL if it could not be created
 * @low: how many free objects there should be at least
 * @spare: how many more there may be before memory is returned
 * @lock: held to take and to give objects
 *
 * Context: Process context, may sleep.
 * Return: 0, or -ENOMEM with as much in the reserve as there was
 */
int ipsecstat_reserve_fill(struct ipsecstat_reserve *reserve,
			   struct kmem_cache *cache, unsigned int low,
			   unsigned int spare, raw_spinlock_t *lock)
{
	int err = 0;

	reserve->lock = lock;
	INIT_WORK(&reserve->work, ipsecstat_reserve_work);
	reserve->cache = cache;
	reserve->low = low;
	reserve->spare = spare;
	if (!cache)
		return -ENOMEM;
	while (!err && reserve->count < low)
		err = ipsecstat_reserve_add(reserve, GFP_KERNEL);
	return err;
}

/**
 * ipsecstat_reserve_empty() - undo ipsecstat_reserve_fill(), even if it failed
 * @reserve: the kind, with no object in use
 *
 * Context: Process context, may sleep.
 */
void ipsecstat_reserve_empty(struct ipsecstat_reserve *reserve)
{
	void *object;

	if (!reserve->cache)
		return;
	cancel_work_sync(&reserve->work);
	while ((object = ipsecstat_reserve_take(reserve)))
		kmem_cache_free(reserve->cache, object);
	kmem_cache_destroy(reserve->cache);
	reserve->cache = NULL;
}
