/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPSECSTAT_HASH_H
#define _IPSECSTAT_HASH_H

#include <linux/compiler.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

/**
 * struct ipsecstat_hash - a table that grows with its entries
 * @heads: the chains, chosen by the highest @bits of a key
 * @before: the smaller table that is being emptied; NULL if none is
 * @emptied: a smaller table that is empty, to be freed
 * @bits: of @heads
 * @before_bits: of @before
 * @moved: chains of @before that have moved
 * @count: number of entries
 * @key: the key of an entry, a product whose highest bits are well mixed
 * @lock: the caller's; guards all of it
 * @work: allocates a larger table, and frees the emptied one
 *
 * Growing in one step would delay the event that triggers it. So each addition
 * moves some chains, and an entry is always in one place only.
 */
struct ipsecstat_hash {
	struct hlist_head *heads;
	struct hlist_head *before;
	struct hlist_head *emptied;
	u8 bits;
	u8 before_bits;
	unsigned int moved;
	unsigned int count;
	u64 (*key)(const struct hlist_node *node);
	raw_spinlock_t *lock;
	struct work_struct work;
};

int ipsecstat_hash_init(struct ipsecstat_hash *hash,
			u64 (*key)(const struct hlist_node *node),
			raw_spinlock_t *lock);
void ipsecstat_hash_exit(struct ipsecstat_hash *hash);
void ipsecstat_hash_grow(struct ipsecstat_hash *hash);

/**
 * ipsecstat_hash_chain() - the chain of a key
 * @hash: the table
 * @key: the key
 *
 * Context: Any. Its lock is held.
 * Return: the chain
 */
static inline struct hlist_head *
ipsecstat_hash_chain(const struct ipsecstat_hash *hash, u64 key)
{
	u64 index;

	if (unlikely(hash->before)) {
		index = key >> (64 - hash->before_bits);
		if (index >= hash->moved)
			return &hash->before[index];
	}
	return &hash->heads[key >> (64 - hash->bits)];
}

/**
 * ipsecstat_hash_add() - add an entry
 * @hash: the table
 * @node: of the entry
 * @chain: of its key, looked up after the last addition, which can move entries
 *
 * Context: Any. Its lock is held.
 */
static inline void ipsecstat_hash_add(struct ipsecstat_hash *hash,
				      struct hlist_node *node,
				      struct hlist_head *chain)
{
	hlist_add_head(node, chain);
	hash->count++;
	if (unlikely(hash->before || hash->count >> hash->bits))
		ipsecstat_hash_grow(hash);
}

/**
 * ipsecstat_hash_del() - remove an entry
 * @hash: the table
 * @node: of the entry; if it is in no table, nothing is done
 *
 * Context: Any. Its lock is held.
 */
static inline void ipsecstat_hash_del(struct ipsecstat_hash *hash,
				      struct hlist_node *node)
{
	if (hlist_unhashed(node))
		return;
	hlist_del_init(node);
	hash->count--;
}

#endif /* _IPSECSTAT_HASH_H */
