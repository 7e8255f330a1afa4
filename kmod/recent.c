// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recent drops: a small table for each namespace of senders, reasons and SPIs.
 *
 * A dropped packet finds its line by a keyed hash, or takes a free one. Once
 * there are IPSECSTAT_RECENT_LIMIT lines, or none is free, it takes the line
 * whose last packet is the oldest. So a namespace has at most that many lines,
 * of 160 bytes each, and a packet costs one hash and a chain of a few lines. A
 * namespace without drops has only the empty chains.
 *
 * Locking: the lock of the free lines nests inside that of the table. Both are
 * raw spinlocks with interrupts off, as packets are freed in any context, on
 * PREEMPT_RT under a tracepoint with preemption off.
 */
#include <linux/ktime.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat.h"
#include "events.h"
#include "net.h"
#include "recent.h"
#include "reserve.h"

/**
 * struct ipsecstat_line - one line of the table
 * @node: in its chain
 * @order: among all lines
 * @stamp: of the table, at the last packet
 * @drop: what is reported of it
 */
struct ipsecstat_line {
	struct hlist_node node;
	struct list_head order;
	u64 stamp;
	struct ipsecstat_recent_drop drop;
};

/* Free lines of all namespaces, enough for a table to fill at once. */
static struct ipsecstat_reserve ipsecstat_lines;
static DEFINE_RAW_SPINLOCK(ipsecstat_lines_lock);
/* Keyed: senders control what is hashed and must not control the chain. */
static siphash_key_t ipsecstat_recent_key __read_mostly;

static struct hlist_head *ipsecstat_chain(struct ipsecstat_recent *table,
					  const struct ipsecstat_who *who)
{
	u64 hash = siphash(who, sizeof(*who), &ipsecstat_recent_key);

	return &table->chain[hash & (ARRAY_SIZE(table->chain) - 1)];
}

static struct ipsecstat_line *
ipsecstat_line_find(const struct hlist_head *chain,
		    const struct ipsecstat_who *who)
{
	struct ipsecstat_line *line;

	hlist_for_each_entry(line, chain, node)
		if (!memcmp(&line->drop.packet.who, who, sizeof(*who)))
			return line;
	return NULL;
}

static struct ipsecstat_line *ipsecstat_line_alloc(struct ipsecstat_recent *table)
{
	struct ipsecstat_line *line;

	if (table->lines == IPSECSTAT_RECENT_LIMIT)
		return NULL;
	raw_spin_lock(&ipsecstat_lines_lock);
	line = ipsecstat_reserve_take(&ipsecstat_lines);
	raw_spin_unlock(&ipsecstat_lines_lock);
	if (line)
		table->lines++;
	return line;
}

static struct ipsecstat_line *ipsecstat_line_evict(struct ipsecstat_recent *table)
{
	struct ipsecstat_line *line;

	if (list_empty(&table->order))
		return NULL;
	line = list_last_entry(&table->order, struct ipsecstat_line, order);
	if (!line->drop.packet.who.out)
		table->evicted += line->drop.count;
	hlist_del(&line->node);
	list_del(&line->order);
	return line;
}

static struct ipsecstat_line *ipsecstat_line_new(struct ipsecstat_recent *table,
						 struct hlist_head *chain,
						 u64 now)
{
	struct ipsecstat_line *line = ipsecstat_line_alloc(table);

	if (!line)
		line = ipsecstat_line_evict(table);
	if (!line)
		return NULL;
	line->drop = (struct ipsecstat_recent_drop){ .first = now };
	hlist_add_head(&line->node, chain);
	list_add(&line->order, &table->order);
	return line;
}

static void ipsecstat_line_hit(struct ipsecstat_recent *table,
			       struct ipsecstat_line *line,
			       const struct ipsecstat_packet *packet, u64 now)
{
	struct ipsecstat_recent_drop *drop = &line->drop;
	struct ipsecstat_packet before = drop->packet;

	line->stamp = ++table->stamp;
	drop->count++;
	drop->last = now;
	drop->packet = *packet;
	if (!before.has_seq) {
		drop->seq_first = packet->seq;
	} else if (!packet->has_seq) {
		drop->packet.has_seq = true;
		drop->packet.seq = before.seq;
	}
	list_move(&line->order, &table->order);
}

/**
 * ipsecstat_recent_add() - record a dropped packet
 * @net: the namespace
 * @packet: what is known of it
 *
 * Context: Any in which packets are freed.
 */
void ipsecstat_recent_add(struct net *net,
			  const struct ipsecstat_packet *packet)
{
	const struct ipsecstat_who *who = &packet->who;
	struct ipsecstat_recent *table = &ipsecstat_net(net)->recent;
	struct hlist_head *chain = ipsecstat_chain(table, who);
	bool wanted = ipsecstat_events_wanted(net, IPSECSTAT_GROUP_DROPS);
	struct ipsecstat_line *line;
	unsigned long flags;
	u64 now;

	raw_spin_lock_irqsave(&table->lock, flags);
	now = ktime_get_boottime_ns();
	table->recorded += !who->out;
	line = ipsecstat_line_find(chain, who);
	if (!line)
		line = ipsecstat_line_new(table, chain, now);
	if (line)
		ipsecstat_line_hit(table, line, packet, now);
	else
		table->missed += !who->out;
	if (!wanted)
		table->sent = table->stamp;
	raw_spin_unlock_irqrestore(&table->lock, flags);

	ipsecstat_reserve_level_later(&ipsecstat_lines);
	if (wanted)
		ipsecstat_events_due(IPSECSTAT_GROUP_DROPS);
}

/**
 * ipsecstat_recent_sum() - the counters of the table
 * @net: the namespace; the caller holds a reference
 * @sum: filled in
 *
 * Context: Process context.
 */
void ipsecstat_recent_sum(struct net *net, struct ipsecstat_recent_sum *sum)
{
	struct ipsecstat_recent *table = &ipsecstat_net(net)->recent;

	raw_spin_lock_irq(&table->lock);
	sum->lines = table->lines;
	sum->evicted = table->evicted;
	sum->missed = table->missed;
	sum->recorded = table->recorded;
	raw_spin_unlock_irq(&table->lock);
}

static unsigned int ipsecstat_recent_copy(const struct ipsecstat_recent *table,
					  u64 since,
					  struct ipsecstat_recent_drop *to)
{
	const struct ipsecstat_line *line;
	unsigned int count = 0;

	list_for_each_entry(line, &table->order, order) {
		if (line->stamp <= since)
			break;
		to[count++] = line->drop;
	}
	return count;
}

/**
 * ipsecstat_recent_all() - copy the whole table
 * @net: the namespace; the caller holds a reference
 * @to: room for IPSECSTAT_RECENT_LIMIT lines, filled in, latest first
 *
 * Context: Process context.
 * Return: how many lines there are
 */
unsigned int ipsecstat_recent_all(struct net *net,
				  struct ipsecstat_recent_drop *to)
{
	struct ipsecstat_recent *table = &ipsecstat_net(net)->recent;
	unsigned int count;

	raw_spin_lock_irq(&table->lock);
	count = ipsecstat_recent_copy(table, 0, to);
	raw_spin_unlock_irq(&table->lock);
	return count;
}

/**
 * ipsecstat_recent_has_news() - check whether a line is new or has grown
 * @net: the namespace; the caller keeps it from going
 *
 * Context: Process context.
 * Return: whether there is one
 */
bool ipsecstat_recent_has_news(struct net *net)
{
	struct ipsecstat_recent *table = &ipsecstat_net(net)->recent;
	bool has;

	raw_spin_lock_irq(&table->lock);
	has = table->sent != table->stamp;
	raw_spin_unlock_irq(&table->lock);
	return has;
}

/**
 * ipsecstat_recent_news() - copy lines that are new or have grown since the
 * last call
 * @net: the namespace; the caller keeps it from going
 * @to: room for IPSECSTAT_RECENT_LIMIT lines, filled in, latest first
 *
 * Context: Process context.
 * Return: how many lines these are
 */
unsigned int ipsecstat_recent_news(struct net *net,
				   struct ipsecstat_recent_drop *to)
{
	struct ipsecstat_recent *table = &ipsecstat_net(net)->recent;
	unsigned int count;

	raw_spin_lock_irq(&table->lock);
	count = ipsecstat_recent_copy(table, table->sent, to);
	table->sent = table->stamp;
	raw_spin_unlock_irq(&table->lock);
	return count;
}

/**
 * ipsecstat_recent_net_init() - set up an empty table
 * @net: the namespace
 *
 * Context: Process context.
 */
void ipsecstat_recent_net_init(struct net *net)
{
	struct ipsecstat_recent *table = &ipsecstat_net(net)->recent;

	raw_spin_lock_init(&table->lock);
	INIT_LIST_HEAD(&table->order);
}

/**
 * ipsecstat_recent_clear() - free all lines of a namespace
 * @net: the namespace, where none is recorded meanwhile
 *
 * Context: Process context.
 */
void ipsecstat_recent_clear(struct net *net)
{
	struct ipsecstat_recent *table = &ipsecstat_net(net)->recent;
	struct ipsecstat_line *line, *next;

	raw_spin_lock_irq(&table->lock);
	raw_spin_lock(&ipsecstat_lines_lock);
	list_for_each_entry_safe(line, next, &table->order, order) {
		hlist_del(&line->node);
		list_del(&line->order);
		ipsecstat_reserve_give(&ipsecstat_lines, line);
	}
	raw_spin_unlock(&ipsecstat_lines_lock);
	table->lines = 0;
	table->evicted = 0;
	table->missed = 0;
	table->recorded = 0;
	raw_spin_unlock_irq(&table->lock);
	ipsecstat_reserve_level(&ipsecstat_lines);
}

/**
 * ipsecstat_recent_init() - prepare for drops
 *
 * Context: Process context, may sleep.
 * Return: 0 or -ENOMEM
 */
int ipsecstat_recent_init(void)
{
	int err;

	get_random_bytes(&ipsecstat_recent_key, sizeof(ipsecstat_recent_key));
	err = ipsecstat_reserve_fill(&ipsecstat_lines,
				     KMEM_CACHE(ipsecstat_line, 0),
				     IPSECSTAT_RECENT_LIMIT,
				     2 * IPSECSTAT_RECENT_LIMIT,
				     &ipsecstat_lines_lock);
	if (err)
		ipsecstat_reserve_empty(&ipsecstat_lines);
	return err;
}

/**
 * ipsecstat_recent_exit() - undo ipsecstat_recent_init(), with no line left
 *
 * Context: Process context, may sleep. All namespaces are released, the hooks
 *	detached.
 */
void ipsecstat_recent_exit(void)
{
	ipsecstat_events_drain(IPSECSTAT_GROUP_DROPS);
	ipsecstat_reserve_empty(&ipsecstat_lines);
}
