/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/*
 * IPsec statistics of a network namespace, over generic netlink.
 *
 * kmod/ipsecstat.yaml describes the family and says to the byte what each
 * attribute counts; this header follows it, and a test holds the two together.
 *
 * GET as do:	[CPU] -> one IPSECSTAT_A_STATS_* message, for the namespace of
 *		the socket, summed over all possible CPUs or for the CPU named.
 * GET as dump:	one message for each possible CPU, without the SA nest.
 *
 * DROP_GET as do:	what the table of recent drops is as a whole:
 *			IPSECSTAT_A_RECENT_LIMIT and on.
 * DROP_GET as dump:	one message for each line of it, latest first:
 *			IPSECSTAT_A_RECENT_REASON to _LAST, and of what is
 *			known IPSECSTAT_A_RECENT_SEQ_FIRST and on.
 * DROP_NTF:		to the group IPSECSTAT_MCGRP_DROPS, a line that is new
 *			or has grown.
 *
 * PEER_GET as do:	[LOCAL, REMOTE, IF_ID] -> that peer; without ends the
 *			others together, and IPSECSTAT_A_PEER_PEERS and on.
 * PEER_GET as dump:	one message for each peer, then one for the others.
 * PEER_NTF:		to the group IPSECSTAT_MCGRP_PEERS, a peer to which
 *			IPSECSTAT_A_PEER_EVENTS happened.
 *
 * Integers without a width below are of netlink type uint: 4 bytes if the
 * value fits, else 8. Values never change their meaning and are never reused;
 * readers skip attributes they do not know.
 */
#ifndef _UAPI_LINUX_IPSECSTAT_H
#define _UAPI_LINUX_IPSECSTAT_H

#define IPSECSTAT_FAMILY_NAME		"ipsecstat"
#define IPSECSTAT_FAMILY_VERSION	1
#define IPSECSTAT_MCGRP_DROPS		"drops"
#define IPSECSTAT_MCGRP_PEERS		"peers"

/**
 * enum ipsecstat_transform_flags - what the SAs of a transform entry share
 * @IPSECSTAT_TRANSFORM_FLAGS_ENCRYPTED: ESP with a real cipher
 * @IPSECSTAT_TRANSFORM_FLAGS_AUTHENTICATED: AH, or ESP with an ICV
 * @IPSECSTAT_TRANSFORM_FLAGS_TUNNEL: tunnel, BEET or IPTFS mode
 * @IPSECSTAT_TRANSFORM_FLAGS_OFFLOAD: bound to a device
 */
enum ipsecstat_transform_flags {
	IPSECSTAT_TRANSFORM_FLAGS_ENCRYPTED = 1,
	IPSECSTAT_TRANSFORM_FLAGS_AUTHENTICATED = 2,
	IPSECSTAT_TRANSFORM_FLAGS_TUNNEL = 4,
	IPSECSTAT_TRANSFORM_FLAGS_OFFLOAD = 8,
};

/**
 * enum ipsecstat_drop_reason - why a packet was dropped
 * @IPSECSTAT_DROP_REASON_NO_STATE: InNoStates, OutNoStates
 * @IPSECSTAT_DROP_REASON_AUTH: InStateProtoError: wrong ICV
 * @IPSECSTAT_DROP_REASON_TRANSFORM: InStateProtoError otherwise, OutStateProtoError
 * @IPSECSTAT_DROP_REASON_REPEATED: InStateSeqError: number seen before
 * @IPSECSTAT_DROP_REASON_LATE: InStateSeqError: left of the window
 * @IPSECSTAT_DROP_REASON_LARVAL: AcquireError
 * @IPSECSTAT_DROP_REASON_EXPIRED: InStateExpired, OutStateExpired
 * @IPSECSTAT_DROP_REASON_INVALID: InStateInvalid, OutStateInvalid
 * @IPSECSTAT_DROP_REASON_ENCAP: InStateMismatch: UDP or TCP encapsulation
 * @IPSECSTAT_DROP_REASON_SELECTOR: InStateMismatch: selector of the SA
 * @IPSECSTAT_DROP_REASON_MODE: InStateModeError, OutStateModeError
 * @IPSECSTAT_DROP_REASON_DIRECTION: InStateDirError, OutStateDirError
 * @IPSECSTAT_DROP_REASON_TEMPLATE: InTmplMismatch: passed an SA
 * @IPSECSTAT_DROP_REASON_CLEAR_TEXT: InTmplMismatch: passed no SA
 * @IPSECSTAT_DROP_REASON_NO_POLICY: InNoPols
 * @IPSECSTAT_DROP_REASON_BLOCKED: InPolBlock, OutPolBlock
 * @IPSECSTAT_DROP_REASON_POLICY_ERROR: InPolError, OutPolError, OutPolDead
 * @IPSECSTAT_DROP_REASON_HEADER: InHdrError, FwdHdrError
 * @IPSECSTAT_DROP_REASON_BUFFER: InBufferError
 * @IPSECSTAT_DROP_REASON_ERROR: InError, OutError
 * @IPSECSTAT_DROP_REASON_IPTFS: InIptfsError
 * @IPSECSTAT_DROP_REASON_SEQUENCE: OutStateSeqError
 * @IPSECSTAT_DROP_REASON_BUNDLE: OutBundleGenError, OutBundleCheckError
 * @IPSECSTAT_DROP_REASON_QUEUE: OutNoQueueSpace
 *
 * Each names its lines of /proc/net/xfrm_stat, which begin with Xfrm. Where a
 * line has two causes, the reasons are its parts.
 */
enum ipsecstat_drop_reason {
	IPSECSTAT_DROP_REASON_NO_STATE,
	IPSECSTAT_DROP_REASON_AUTH,
	IPSECSTAT_DROP_REASON_TRANSFORM,
	IPSECSTAT_DROP_REASON_REPEATED,
	IPSECSTAT_DROP_REASON_LATE,
	IPSECSTAT_DROP_REASON_LARVAL,
	IPSECSTAT_DROP_REASON_EXPIRED,
	IPSECSTAT_DROP_REASON_INVALID,
	IPSECSTAT_DROP_REASON_ENCAP,
	IPSECSTAT_DROP_REASON_SELECTOR,
	IPSECSTAT_DROP_REASON_MODE,
	IPSECSTAT_DROP_REASON_DIRECTION,
	IPSECSTAT_DROP_REASON_TEMPLATE,
	IPSECSTAT_DROP_REASON_CLEAR_TEXT,
	IPSECSTAT_DROP_REASON_NO_POLICY,
	IPSECSTAT_DROP_REASON_BLOCKED,
	IPSECSTAT_DROP_REASON_POLICY_ERROR,
	IPSECSTAT_DROP_REASON_HEADER,
	IPSECSTAT_DROP_REASON_BUFFER,
	IPSECSTAT_DROP_REASON_ERROR,
	IPSECSTAT_DROP_REASON_IPTFS,
	IPSECSTAT_DROP_REASON_SEQUENCE,
	IPSECSTAT_DROP_REASON_BUNDLE,
	IPSECSTAT_DROP_REASON_QUEUE,
};

/**
 * enum ipsecstat_peer_state - what a peer is by its SAs
 * @IPSECSTAT_PEER_STATE_DOWN: it has none
 * @IPSECSTAT_PEER_STATE_NEGOTIATING: it has larval ones only
 * @IPSECSTAT_PEER_STATE_HALF: it has VALID ones in one direction only
 * @IPSECSTAT_PEER_STATE_UP: it has VALID ones in both directions
 */
enum ipsecstat_peer_state {
	IPSECSTAT_PEER_STATE_DOWN,
	IPSECSTAT_PEER_STATE_NEGOTIATING,
	IPSECSTAT_PEER_STATE_HALF,
	IPSECSTAT_PEER_STATE_UP,
};

/**
 * enum ipsecstat_end_reason - why an SA ended
 * @IPSECSTAT_END_REASON_TIME: its hard limit in seconds
 * @IPSECSTAT_END_REASON_BYTES: its hard limit in bytes
 * @IPSECSTAT_END_REASON_PACKETS: its hard limit in packets
 * @IPSECSTAT_END_REASON_DELETED: a process named and deleted it
 * @IPSECSTAT_END_REASON_FLUSHED: a process deleted all SAs
 * @IPSECSTAT_END_REASON_MIGRATED: a process gave it other ends, or another if_id
 * @IPSECSTAT_END_REASON_DEVICE: the device it was offloaded to is gone or down
 * @IPSECSTAT_END_REASON_UNANSWERED: it was larval, and no SA took its place
 */
enum ipsecstat_end_reason {
	IPSECSTAT_END_REASON_TIME,
	IPSECSTAT_END_REASON_BYTES,
	IPSECSTAT_END_REASON_PACKETS,
	IPSECSTAT_END_REASON_DELETED,
	IPSECSTAT_END_REASON_FLUSHED,
	IPSECSTAT_END_REASON_MIGRATED,
	IPSECSTAT_END_REASON_DEVICE,
	IPSECSTAT_END_REASON_UNANSWERED,
};

/**
 * enum ipsecstat_peer_events - what happened to a peer
 * @IPSECSTAT_PEER_EVENTS_UP: it became up
 * @IPSECSTAT_PEER_EVENTS_DOWN: its last VALID SA ended
 * @IPSECSTAT_PEER_EVENTS_REKEYED: an outbound SA replaced a live one
 * @IPSECSTAT_PEER_EVENTS_ACQUIRE: it got a larval SA and had none
 * @IPSECSTAT_PEER_EVENTS_MAPPED: packets in UDP come from another end than its SAs have
 */
enum ipsecstat_peer_events {
	IPSECSTAT_PEER_EVENTS_UP = 1,
	IPSECSTAT_PEER_EVENTS_DOWN = 2,
	IPSECSTAT_PEER_EVENTS_REKEYED = 4,
	IPSECSTAT_PEER_EVENTS_ACQUIRE = 8,
	IPSECSTAT_PEER_EVENTS_MAPPED = 16,
};

/* A whole message. */
enum {
	IPSECSTAT_A_STATS_CPU = 1,	/* u32: the CPU asked for, or counted */
	IPSECSTAT_A_STATS_SINCE,	/* attached at, CLOCK_BOOTTIME in ns */
	IPSECSTAT_A_STATS_SA,		/* nest of IPSECSTAT_A_SA_* */
	IPSECSTAT_A_STATS_DROP_ESP,	/* nest of IPSECSTAT_A_DROP_PROTO_* */
	IPSECSTAT_A_STATS_DROP_AH,	/* nest of IPSECSTAT_A_DROP_PROTO_* */
	IPSECSTAT_A_STATS_DROP,		/* nest of IPSECSTAT_A_DROP_* */
	IPSECSTAT_A_STATS_IN,		/* nests of IPSECSTAT_A_TRANSFORM_* */
	IPSECSTAT_A_STATS_OUT,		/* nests of IPSECSTAT_A_TRANSFORM_* */
	IPSECSTAT_A_STATS_DROPPED_IN,	/* nests of IPSECSTAT_A_DROPPED_* */
	IPSECSTAT_A_STATS_DROPPED_OUT,	/* nests of IPSECSTAT_A_DROPPED_* */

	__IPSECSTAT_A_STATS_MAX,
	IPSECSTAT_A_STATS_MAX = (__IPSECSTAT_A_STATS_MAX - 1)
};

/* SAs; active == added - deleted. */
enum {
	IPSECSTAT_A_SA_ACTIVE = 1,	/* gauge: VALID */
	IPSECSTAT_A_SA_LARVAL,		/* gauge: XFRM_STATE_ACQ */
	IPSECSTAT_A_SA_ADDED,		/* became VALID */
	IPSECSTAT_A_SA_DELETED,		/* were VALID and left */
	IPSECSTAT_A_SA_REKEYED,		/* replaced an outbound SA still live */
	IPSECSTAT_A_SA_TUNNELS,		/* gauge: pairs of outer addresses */
	IPSECSTAT_A_SA_OFFLOADED,	/* gauge: bound to a device */

	__IPSECSTAT_A_SA_MAX,
	IPSECSTAT_A_SA_MAX = (__IPSECSTAT_A_SA_MAX - 1)
};

/* Inbound packets of one protocol that were dropped. */
enum {
	IPSECSTAT_A_DROP_PROTO_NO_STATE = 1,	/* unknown SPI */
	IPSECSTAT_A_DROP_PROTO_AUTH,		/* wrong ICV */
	IPSECSTAT_A_DROP_PROTO_DECRYPT,		/* ESP: failed otherwise */
	IPSECSTAT_A_DROP_PROTO_REPLAY,		/* replayed or too old */
	IPSECSTAT_A_DROP_PROTO_LARVAL,		/* SA not filled yet */

	__IPSECSTAT_A_DROP_PROTO_MAX,
	IPSECSTAT_A_DROP_PROTO_MAX = (__IPSECSTAT_A_DROP_PROTO_MAX - 1)
};

/* Inbound packets dropped for reasons that belong to no protocol. */
enum {
	IPSECSTAT_A_DROP_ENCAP = 1,	/* encapsulation differs from the SA's */
	IPSECSTAT_A_DROP_CLEAR_TEXT,	/* no SA, where a policy demands one */
	IPSECSTAT_A_DROP_WRONG_SA,	/* SA does not fit the packet */
	IPSECSTAT_A_DROP_NO_POLICY,	/* SA passed, no policy takes it */
	IPSECSTAT_A_DROP_TOTAL,		/* all of XfrmIn* and XfrmAcquireError */

	__IPSECSTAT_A_DROP_MAX,
	IPSECSTAT_A_DROP_MAX = (__IPSECSTAT_A_DROP_MAX - 1)
};

/* Packets dropped in one direction for one reason. */
enum {
	IPSECSTAT_A_DROPPED_REASON = 1,	/* u32: ipsecstat_drop_reason */
	IPSECSTAT_A_DROPPED_PROTO,	/* u8: of the SA or SPI, absent if none */
	IPSECSTAT_A_DROPPED_PACKETS,	/* outbound, some count look-ups */

	__IPSECSTAT_A_DROPPED_MAX,
	IPSECSTAT_A_DROPPED_MAX = (__IPSECSTAT_A_DROPPED_MAX - 1)
};

/* Traffic of all SAs of one kind in one direction. */
enum {
	IPSECSTAT_A_TRANSFORM_PROTO = 1,	/* u8: IPPROTO_ESP or IPPROTO_AH */
	IPSECSTAT_A_TRANSFORM_FLAGS,		/* u32: ipsecstat_transform_flags */
	IPSECSTAT_A_TRANSFORM_BYTES,		/* as in the SAs' lifetimes */
	IPSECSTAT_A_TRANSFORM_PACKETS,		/* as in the SAs' lifetimes */

	__IPSECSTAT_A_TRANSFORM_MAX,
	IPSECSTAT_A_TRANSFORM_MAX = (__IPSECSTAT_A_TRANSFORM_MAX - 1)
};

/* Recent drops: a line of the table, then the table as a whole. */
enum {
	IPSECSTAT_A_RECENT_REASON = 1,	/* u32: ipsecstat_drop_reason */
	IPSECSTAT_A_RECENT_PROTO,	/* u8: IP protocol of what was refused */
	IPSECSTAT_A_RECENT_SRC,		/* 4 or 16 bytes */
	IPSECSTAT_A_RECENT_DST,		/* 4 or 16 bytes */
	IPSECSTAT_A_RECENT_SPI,		/* be32: 0 if none was named */
	IPSECSTAT_A_RECENT_COUNT,	/* packets */
	IPSECSTAT_A_RECENT_FIRST,	/* CLOCK_BOOTTIME in ns */
	IPSECSTAT_A_RECENT_LAST,	/* CLOCK_BOOTTIME in ns */
	IPSECSTAT_A_RECENT_LIMIT,	/* u32: lines there can be */
	IPSECSTAT_A_RECENT_LINES,	/* u32: lines there are */
	IPSECSTAT_A_RECENT_EVICTED,	/* packets of lines that are gone */
	IPSECSTAT_A_RECENT_MISSED,	/* packets without a line: no memory */
	IPSECSTAT_A_RECENT_UNSEEN,	/* packets that were not seen freed */
	IPSECSTAT_A_RECENT_SEQ_FIRST,	/* u32: sequence number of the first */
	IPSECSTAT_A_RECENT_SEQ_LAST,	/* u32: sequence number of the last */
	IPSECSTAT_A_RECENT_POLICY,	/* u8: XFRM_POLICY_IN, _FWD: check failed */
	IPSECSTAT_A_RECENT_IFINDEX,	/* u32: device that it came by */
	IPSECSTAT_A_RECENT_INNER_SRC,	/* 4 or 16 bytes: of what a tunnel carried */
	IPSECSTAT_A_RECENT_INNER_DST,	/* 4 or 16 bytes */
	IPSECSTAT_A_RECENT_SA_UNTIL,	/* SA ended at, CLOCK_BOOTTIME in ns */
	IPSECSTAT_A_RECENT_OUTBOUND,	/* flag: on their way out, or through */

	__IPSECSTAT_A_RECENT_MAX,
	IPSECSTAT_A_RECENT_MAX = (__IPSECSTAT_A_RECENT_MAX - 1)
};

/* A peer, the others together, or the table as a whole. */
enum {
	IPSECSTAT_A_PEER_LOCAL = 1,	/* 4 or 16 bytes */
	IPSECSTAT_A_PEER_REMOTE,	/* 4 or 16 bytes */
	IPSECSTAT_A_PEER_IF_ID,		/* u32: of the SAs */
	IPSECSTAT_A_PEER_STATE,		/* u32: ipsecstat_peer_state */
	IPSECSTAT_A_PEER_SAS_IN,	/* gauge: VALID inbound SAs */
	IPSECSTAT_A_PEER_SAS_OUT,	/* gauge: VALID outbound SAs */
	IPSECSTAT_A_PEER_LARVAL,	/* gauge: larval SAs */
	IPSECSTAT_A_PEER_BYTES_IN,	/* as in the SAs' lifetimes */
	IPSECSTAT_A_PEER_PACKETS_IN,	/* as in the SAs' lifetimes */
	IPSECSTAT_A_PEER_BYTES_OUT,	/* as in the SAs' lifetimes */
	IPSECSTAT_A_PEER_PACKETS_OUT,	/* as in the SAs' lifetimes */
	IPSECSTAT_A_PEER_ADDED,		/* SAs that became VALID */
	IPSECSTAT_A_PEER_DELETED,	/* SAs that were VALID and left */
	IPSECSTAT_A_PEER_REKEYED,	/* SAs that replaced an outbound one */
	IPSECSTAT_A_PEER_FIRST,		/* first SA at, CLOCK_BOOTTIME in ns */
	IPSECSTAT_A_PEER_CHANGED,	/* last change, CLOCK_BOOTTIME in ns */
	IPSECSTAT_A_PEER_UP_SINCE,	/* CLOCK_BOOTTIME in ns, if up */
	IPSECSTAT_A_PEER_LARVAL_SINCE,	/* CLOCK_BOOTTIME in ns, if any larval */
	IPSECSTAT_A_PEER_SEQUENCE_USED,	/* u32: percent, in steps of 10 */
	IPSECSTAT_A_PEER_LIMIT_USED,	/* u32: percent, in steps of 10 */
	IPSECSTAT_A_PEER_NEAR_END,	/* u32: SAs over 80 % of either */
	IPSECSTAT_A_PEER_ENDED,		/* nest of IPSECSTAT_A_ENDED_* */
	IPSECSTAT_A_PEER_EVENTS,	/* u32: ipsecstat_peer_events */
	IPSECSTAT_A_PEER_OTHERS,	/* peers that made room */
	IPSECSTAT_A_PEER_PEERS,		/* u32: peers there are */
	IPSECSTAT_A_PEER_IDLE,		/* u32: of these without an SA */
	IPSECSTAT_A_PEER_IDLE_LIMIT,	/* u32: peers without an SA there can be */
	IPSECSTAT_A_PEER_DROPPED_IN,	/* nests of IPSECSTAT_A_DROPPED_* */
	IPSECSTAT_A_PEER_UNATTRIBUTED,	/* the same, of packets without a peer */
	IPSECSTAT_A_PEER_MAPPED,	/* packets in UDP from another end */

	__IPSECSTAT_A_PEER_MAX,
	IPSECSTAT_A_PEER_MAX = (__IPSECSTAT_A_PEER_MAX - 1)
};

/* How the SA of a peer that ended last did so. */
enum {
	IPSECSTAT_A_ENDED_AT = 1,	/* CLOCK_BOOTTIME in ns */
	IPSECSTAT_A_ENDED_REASON,	/* u32: ipsecstat_end_reason */
	IPSECSTAT_A_ENDED_SPI,		/* be32 */
	IPSECSTAT_A_ENDED_OUTBOUND,	/* flag */
	IPSECSTAT_A_ENDED_REPLACED,	/* flag: another SA was live */
	IPSECSTAT_A_ENDED_PID,		/* u32: process that ended it */
	IPSECSTAT_A_ENDED_COMM,		/* string: name of that process */

	__IPSECSTAT_A_ENDED_MAX,
	IPSECSTAT_A_ENDED_MAX = (__IPSECSTAT_A_ENDED_MAX - 1)
};

enum {
	IPSECSTAT_CMD_GET = 1,
	IPSECSTAT_CMD_DROP_GET,
	IPSECSTAT_CMD_DROP_NTF,
	IPSECSTAT_CMD_PEER_GET,
	IPSECSTAT_CMD_PEER_NTF,

	__IPSECSTAT_CMD_MAX,
	IPSECSTAT_CMD_MAX = (__IPSECSTAT_CMD_MAX - 1)
};

#endif /* _UAPI_LINUX_IPSECSTAT_H */
