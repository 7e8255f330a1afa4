/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPSECSTAT_RECENT_H
#define _IPSECSTAT_RECENT_H

#include <linux/in6.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct net;

/* Lines of one table, and chains that they are found by. */
#define IPSECSTAT_RECENT_LIMIT	256
#define IPSECSTAT_RECENT_BITS	6

/**
 * struct ipsecstat_who - the key of a line
 * @src: source address; for IPv4, only the first word
 * @dst: destination address, in the same way
 * @spi: the SPI, or 0
 * @family: AF_INET or AF_INET6
 * @out: outbound or forwarded
 * @proto: IP protocol of the refused packet
 * @reason: enum ipsecstat_drop_reason
 *
 * Compared and hashed as bytes: no padding, and unknown fields are zero.
 */
struct ipsecstat_who {
	struct in6_addr src;
	struct in6_addr dst;
	__be32 spi;
	u8 family;
	u8 out;
	u8 proto;
	u8 reason;
};

/**
 * struct ipsecstat_packet - what is known of a dropped packet
 * @who: the key of its line
 * @inner_src: source address inside a tunnel
 * @inner_dst: destination address inside a tunnel
 * @inner_family: AF_INET or AF_INET6, or 0 if there was none
 * @has_seq: whether @seq is known
 * @policy: direction of the policy check, XFRM_POLICY_*
 * @has_policy: whether the policy check refused it
 * @seq: its sequence number, the lower half of an extended one
 * @ifindex: the device that received it, or 0
 */
struct ipsecstat_packet {
	struct ipsecstat_who who;
	struct in6_addr inner_src;
	struct in6_addr inner_dst;
	u16 inner_family;
	bool has_seq;
	bool has_policy;
	u8 policy;
	u32 seq;
	int ifindex;
};

/**
 * struct ipsecstat_recent_drop - a line, as it is reported
 * @packet: the last packet; @packet.who is that of all
 * @seq_first: sequence number of the first packet with one
 * @count: how many
 * @first: when the first was dropped, CLOCK_BOOTTIME in ns
 * @last: when the last was
 */
struct ipsecstat_recent_drop {
	struct ipsecstat_packet packet;
	u32 seq_first;
	u64 count;
	u64 first;
	u64 last;
};

/**
 * struct ipsecstat_recent - the table of recent drops of one namespace
 * @lock: taken with interrupts off
 * @chain: lines by hash
 * @order: lines, the one with the latest packet first
 * @stamp: rises with each packet
 * @sent: @stamp up to which events were sent, or there was no listener
 * @lines: how many there are
 * @evicted: inbound packets of evicted lines
 * @missed: inbound packets without a line
 * @recorded: all inbound packets that were recorded
 */
struct ipsecstat_recent {
	raw_spinlock_t lock;	/* guards all of it */
	struct hlist_head chain[1 << IPSECSTAT_RECENT_BITS];
	struct list_head order;
	u64 stamp;
	u64 sent;
	unsigned int lines;
	u64 evicted;
	u64 missed;
	u64 recorded;
};

/**
 * struct ipsecstat_recent_sum - a table as a whole
 * @lines: how many there are
 * @evicted: inbound packets of evicted lines
 * @missed: inbound packets without a line
 * @recorded: all inbound packets that were recorded
 */
struct ipsecstat_recent_sum {
	unsigned int lines;
	u64 evicted;
	u64 missed;
	u64 recorded;
};

int ipsecstat_recent_init(void);
void ipsecstat_recent_exit(void);
void ipsecstat_recent_net_init(struct net *net);
void ipsecstat_recent_clear(struct net *net);
void ipsecstat_recent_add(struct net *net,
			  const struct ipsecstat_packet *packet);
void ipsecstat_recent_sum(struct net *net, struct ipsecstat_recent_sum *sum);
unsigned int ipsecstat_recent_all(struct net *net,
				  struct ipsecstat_recent_drop *to);
bool ipsecstat_recent_has_news(struct net *net);
unsigned int ipsecstat_recent_news(struct net *net,
				   struct ipsecstat_recent_drop *to);

#endif /* _IPSECSTAT_RECENT_H */
