// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hash tables that grow in small steps, one with each addition.
 *
 * The kernel's rhashtable allocates when an entry is added, which is not
 * allowed under a raw spinlock.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "hash.h"

#define IPSECSTAT_HASH_BITS	10
#define IPSECSTAT_HASH_MORE	2
#define IPSECSTAT_HASH_MOST	26
/* Chains moved by one addition. A chain has one entry on average. */
#define IPSECSTAT_HASH_STEP	2

static struct hlist_head *ipsecstat_hash_alloc(u8 bits)
{
	return kvcalloc(1UL << bits, sizeof(struct hlist_head),
			GFP_KERNEL | __GFP_NOWARN);
}

static void ipsecstat_hash_move(struct ipsecstat_hash *hash)
{
	struct hlist_head *chain = &hash->before[hash->moved++];
	struct hlist_node *node, *next;

	hlist_for_each_safe(node, next, chain) {
		hlist_del(node);
		hlist_add_head(node, &hash->heads[hash->key(node) >>
						  (64 - hash->bits)]);
	}
	if (hash->moved >> hash->before_bits) {
		hash->emptied = hash->before;
		hash->before = NULL;
		schedule_work(&hash->work);
	}
}

static bool ipsecstat_hash_is_full(const struct ipsecstat_hash *hash)
{
	return !hash->before && !hash->emptied && hash->count >> hash->bits &&
	       hash->bits < IPSECSTAT_HASH_MOST;
}

/**
 * ipsecstat_hash_grow() - take the next step of growing
 * @hash: the table, with more entries than chains
 *
 * Context: Any. Its lock is held.
 */
void ipsecstat_hash_grow(struct ipsecstat_hash *hash)
{
	int step;

	for (step = 0; hash->before && step < IPSECSTAT_HASH_STEP; step++)
		ipsecstat_hash_move(hash);
	if (ipsecstat_hash_is_full(hash))
		schedule_work(&hash->work);
}

/* Out of memory, chains grow longer until an addition tries again. */
static void ipsecstat_hash_work(struct work_struct *work)
{
	struct ipsecstat_hash *hash =
		container_of(work, struct ipsecstat_hash, work);
	struct hlist_head *heads, *emptied;
	u8 bits;

	raw_spin_lock_irq(hash->lock);
	emptied = hash->emptied;
	hash->emptied = NULL;
	bits = ipsecstat_hash_is_full(hash) ? hash->bits + IPSECSTAT_HASH_MORE : 0;
	raw_spin_unlock_irq(hash->lock);
	kvfree(emptied);
	if (!bits)
		return;
	heads = ipsecstat_hash_alloc(bits);
	if (!heads)
		return;
	raw_spin_lock_irq(hash->lock);
	hash->before = hash->heads;
	hash->before_bits = hash->bits;
	hash->moved = 0;
	hash->heads = heads;
	hash->bits = bits;
	raw_spin_unlock_irq(hash->lock);
}

/**
 * ipsecstat_hash_init() - set up a small, empty table
 * @hash: the table
 * @key: see struct ipsecstat_hash
 * @lock: held to add, look up and remove entries
 *
 * Context: Process context, may sleep.
 * Return: 0 or -ENOMEM
 */
int ipsecstat_hash_init(struct ipsecstat_hash *hash,
			u64 (*key)(const struct hlist_node *node),
			raw_spinlock_t *lock)
{
	hash->bits = IPSECSTAT_HASH_BITS;
	hash->key = key;
	hash->lock = lock;
	INIT_WORK(&hash->work, ipsecstat_hash_work);
	hash->heads = ipsecstat_hash_alloc(hash->bits);
	return hash->heads ? 0 : -ENOMEM;
}

/**
 * ipsecstat_hash_exit() - undo ipsecstat_hash_init(), if it was called
 * @hash: the table, empty
 *
 * Context: Process context, may sleep.
 */
void ipsecstat_hash_exit(struct ipsecstat_hash *hash)
{
	if (!hash->heads)
		return;
	cancel_work_sync(&hash->work);
	kvfree(hash->emptied);
	kvfree(hash->before);
	kvfree(hash->heads);
	*hash = (struct ipsecstat_hash){};
}
