/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPSECSTAT_PEER_H
#define _IPSECSTAT_PEER_H

#include <linux/ipsecstat.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/xfrm.h>

#include "counters.h"

struct ipsecstat_net;
struct ipsecstat_who;
struct xfrm_state;

/* Peers without an SA that a namespace keeps. */
#define IPSECSTAT_PEER_LIMIT	1024
/* Inbound SAs that ended, which a peer remembers. */
#define IPSECSTAT_PEER_GONE	4

/**
 * struct ipsecstat_peer_sum - what all SAs of a peer did, dead ones included
 * @bytes: by direction, as in the lifetimes of the SAs
 * @packets: the same in packets
 * @added: SAs that became VALID
 * @deleted: SAs that were VALID and left
 * @rekeyed: outbound SAs that replaced a live one
 * @mapped: inbound packets in UDP from another end than the SA sends to
 * @drop: inbound packets dropped, by enum ipsecstat_drop_reason
 */
struct ipsecstat_peer_sum {
	u64 bytes[IPSECSTAT_DIRS];
	u64 packets[IPSECSTAT_DIRS];
	u64 added;
	u64 deleted;
	u64 rekeyed;
	u64 mapped;
	u64 drop[IPSECSTAT_REASONS];
};

/**
 * struct ipsecstat_ended - how the last SA of a peer ended
 * @at: when, CLOCK_BOOTTIME in ns; 0 if no SA has ended
 * @spi: its SPI
 * @pid: process that ended it, 0 if none
 * @comm: name of that process
 * @reason: enum ipsecstat_end_reason
 * @out: whether it was outbound
 * @replaced: whether another SA of the peer and this direction was live
 */
struct ipsecstat_ended {
	u64 at;
	__be32 spi;
	u32 pid;
	char comm[TASK_COMM_LEN];
	u8 reason;
	bool out;
	bool replaced;
};

/**
 * struct ipsecstat_gone - an inbound SA that ended
 * @at: when, CLOCK_BOOTTIME in ns
 * @spi: its SPI, 0 if there was no such SA
 * @proto: IPPROTO_ESP or IPPROTO_AH
 */
struct ipsecstat_gone {
	u64 at;
	__be32 spi;
	u8 proto;
};

/**
 * struct ipsecstat_peer - all SAs between two ends
 * @node: in the hash of all peers
 * @all: in @all of struct ipsecstat_peers
 * @idle: in @idle of struct ipsecstat_peers, if it has no SA
 * @news: in @news of struct ipsecstat_peers, if there are events to report
 * @settled: its VALID SAs, but for those
 * @unsettled: that the reader in progress has not settled yet
 * @net: the namespace
 * @local: the end that belongs to this host
 * @remote: the other end
 * @if_id: of the SAs
 * @family: of the ends
 * @oriented: which end is local is known
 * @loops: both ends are local
 * @serial: number of the peer, rising
 * @live: VALID SAs, by direction
 * @larval: larval SAs
 * @tunnel: VALID SAs in tunnel mode
 * @sum: of all SAs, up to where live ones were settled
 * @first: when the first SA came, CLOCK_BOOTTIME in ns like the other times
 * @changed: when an SA, or a larval one, was last added or removed
 * @up_since: when it became up last
 * @larval_since: since when it has had larval SAs
 * @ended: how its last SA ended
 * @gone: its last inbound SAs that ended
 * @gone_next: the place in @gone for the next one
 * @events: set of enum ipsecstat_peer_events to report
 */
struct ipsecstat_peer {
	struct hlist_node node;
	struct list_head all;
	struct list_head idle;
	struct list_head news;
	struct hlist_head settled;
	struct hlist_head unsettled;
	struct net *net;
	xfrm_address_t local;
	xfrm_address_t remote;
	u32 if_id;
	u16 family;
	bool oriented;
	bool loops;
	u64 serial;
	unsigned int live[IPSECSTAT_DIRS];
	unsigned int larval;
	unsigned int tunnel;
	struct ipsecstat_peer_sum sum;
	u64 first;
	u64 changed;
	u64 up_since;
	u64 larval_since;
	struct ipsecstat_ended ended;
	struct ipsecstat_gone gone[IPSECSTAT_PEER_GONE];
	u8 gone_next;
	u32 events;
};

/**
 * struct ipsecstat_lifetime - what an SA carried, by its lifetime
 * @bytes: of it
 * @packets: of it
 */
struct ipsecstat_lifetime {
	u64 bytes;
	u64 packets;
};

/**
 * struct ipsecstat_member - a VALID SA, its flow and its peer
 * @node: in the hash of all members, by @x
 * @flow: among the SAs that carry the same traffic, if it has a reqid
 * @of_peer: among the SAs of @peer
 * @x: the SA
 * @peer: of the same ends, NULL if out of memory
 * @seen: its lifetime, as far as it is settled
 * @device: a device counts its packets, and is asked for them
 * @dir: of it, as its peer sees it: enum ipsecstat_dir
 */
struct ipsecstat_member {
	struct hlist_node node;
	struct hlist_node flow;
	struct hlist_node of_peer;
	struct xfrm_state *x;
	struct ipsecstat_peer *peer;
	struct ipsecstat_lifetime seen;
	bool device;
	u8 dir;
};

/**
 * struct ipsecstat_others - evicted peers
 * @count: how many
 * @sum: what their SAs did
 */
struct ipsecstat_others {
	u64 count;
	struct ipsecstat_peer_sum sum;
};

/* How a process ended an SA. */
enum ipsecstat_ending {
	IPSECSTAT_ENDING_DELETED = 1,
	IPSECSTAT_ENDING_FLUSHED,
	IPSECSTAT_ENDING_MASK
};

/**
 * struct ipsecstat_peers - the peers of one namespace
 * @all: all of them, the oldest first
 * @idle: those without an SA, the one that changed longest ago first
 * @news: those with events to report
 * @cursors: readers in progress
 * @count: how many there are
 * @idle_count: how many of them have no SA
 * @serial: of the last one
 * @others: the evicted ones
 * @unattributed: dropped inbound packets of no known peer, by reason
 * @ending: the SA that a process ended last, or NULL; in its low bits an enum
 *	ipsecstat_ending, which xfrm_audit_state_delete() adds without the lock
 * @ending_of: its peer, whose reason waits for that
 *
 * Under the lock of sa.c.
 */
struct ipsecstat_peers {
	struct list_head all;
	struct list_head idle;
	struct list_head news;
	struct list_head cursors;
	unsigned int count;
	unsigned int idle_count;
	u64 serial;
	struct ipsecstat_others others;
	u64 unattributed[IPSECSTAT_REASONS];
	unsigned long ending;
	struct ipsecstat_peer *ending_of;
};

/**
 * struct ipsecstat_cursor - a reader of all peers, between two messages
 * @node: among the readers of a namespace
 * @next: the peer to go on with, NULL at the end
 * @others: evicted peers, including those not yet read since the reader began
 * @cut_off: counting began again, with other peers
 */
struct ipsecstat_cursor {
	struct list_head node;
	struct ipsecstat_peer *next;
	struct ipsecstat_others others;
	bool cut_off;
};

/**
 * struct ipsecstat_peer_use - used share of the limits of live SAs
 * @serial: of the peer
 * @turned: all SAs were marked unsettled, and are being settled
 * @sequence: highest share of the sequence numbers, in percent
 * @limit: highest share of a hard limit in bytes or packets, in percent
 * @near_end: SAs for which one of both is over IPSECSTAT_NEAR_END
 */
struct ipsecstat_peer_use {
	u64 serial;
	bool turned;
	unsigned int sequence;
	unsigned int limit;
	unsigned int near_end;
};

#define IPSECSTAT_NEAR_END	80

int ipsecstat_peer_init(void);
void ipsecstat_peer_exit(void);
void ipsecstat_peer_level(void);
void ipsecstat_peer_net_init(struct ipsecstat_net *block);
void ipsecstat_peer_clear(struct ipsecstat_net *block);

struct ipsecstat_peer *ipsecstat_peer_join(struct ipsecstat_net *block,
					   struct ipsecstat_member *member);
void ipsecstat_peer_leave(struct ipsecstat_net *block,
			  struct ipsecstat_member *member, u8 reason);
struct ipsecstat_lifetime
ipsecstat_peer_settle_sa(struct ipsecstat_member *member);
bool ipsecstat_peer_sends(const struct ipsecstat_peer *peer,
			  const struct xfrm_state *x);
void ipsecstat_peer_rekeyed(struct ipsecstat_net *block,
			    struct ipsecstat_peer *peer);
void ipsecstat_peer_mapped(struct ipsecstat_net *block,
			   struct ipsecstat_peer *peer);
int ipsecstat_peer_larval_add(struct ipsecstat_net *block,
			      const struct xfrm_state *x);
void ipsecstat_peer_larval_del(struct ipsecstat_net *block,
			       const struct xfrm_state *x);
u64 ipsecstat_peer_sa_until(struct net *net, const struct ipsecstat_who *who);
void ipsecstat_peer_drop(struct net *net, const struct xfrm_state *x,
			 const struct ipsecstat_who *who, u8 reason,
			 unsigned long count);
enum ipsecstat_peer_state
ipsecstat_peer_state(const struct ipsecstat_peer *peer);
struct ipsecstat_peer *ipsecstat_peer_find(const struct net *net, u16 family,
					   const xfrm_address_t *one,
					   const xfrm_address_t *other,
					   u32 if_id);
bool ipsecstat_peer_settle(struct ipsecstat_peer *peer,
			   struct ipsecstat_peer_use *use);

void ipsecstat_cursor_begin(struct ipsecstat_net *block,
			    struct ipsecstat_cursor *cursor);
void ipsecstat_cursor_next(struct ipsecstat_net *block,
			   struct ipsecstat_cursor *cursor);
void ipsecstat_cursor_end(struct ipsecstat_cursor *cursor);

#endif /* _IPSECSTAT_PEER_H */
