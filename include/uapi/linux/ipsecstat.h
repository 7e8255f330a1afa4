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
 *			IPSECSTAT_A_RECENT_REASON to _LAST.
 * DROP_NTF:		to the group IPSECSTAT_MCGRP_DROPS, a line that is new
 *			or has grown.
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
 * enum ipsecstat_drop_reason - which counter a dropped packet rose
 * @IPSECSTAT_DROP_REASON_NO_STATE: IPSECSTAT_A_DROP_PROTO_NO_STATE
 * @IPSECSTAT_DROP_REASON_AUTH: IPSECSTAT_A_DROP_PROTO_AUTH
 * @IPSECSTAT_DROP_REASON_DECRYPT: IPSECSTAT_A_DROP_PROTO_DECRYPT
 * @IPSECSTAT_DROP_REASON_REPLAY: IPSECSTAT_A_DROP_PROTO_REPLAY
 * @IPSECSTAT_DROP_REASON_LARVAL: IPSECSTAT_A_DROP_PROTO_LARVAL
 * @IPSECSTAT_DROP_REASON_ENCAP: IPSECSTAT_A_DROP_ENCAP
 * @IPSECSTAT_DROP_REASON_CLEAR_TEXT: IPSECSTAT_A_DROP_CLEAR_TEXT
 * @IPSECSTAT_DROP_REASON_WRONG_SA: IPSECSTAT_A_DROP_WRONG_SA
 * @IPSECSTAT_DROP_REASON_NO_POLICY: IPSECSTAT_A_DROP_NO_POLICY
 * @IPSECSTAT_DROP_REASON_OTHER: IPSECSTAT_A_DROP_TOTAL alone
 */
enum ipsecstat_drop_reason {
	IPSECSTAT_DROP_REASON_NO_STATE,
	IPSECSTAT_DROP_REASON_AUTH,
	IPSECSTAT_DROP_REASON_DECRYPT,
	IPSECSTAT_DROP_REASON_REPLAY,
	IPSECSTAT_DROP_REASON_LARVAL,
	IPSECSTAT_DROP_REASON_ENCAP,
	IPSECSTAT_DROP_REASON_CLEAR_TEXT,
	IPSECSTAT_DROP_REASON_WRONG_SA,
	IPSECSTAT_DROP_REASON_NO_POLICY,
	IPSECSTAT_DROP_REASON_OTHER,
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
	IPSECSTAT_A_RECENT_MISSED,	/* packets without a line */

	__IPSECSTAT_A_RECENT_MAX,
	IPSECSTAT_A_RECENT_MAX = (__IPSECSTAT_A_RECENT_MAX - 1)
};

enum {
	IPSECSTAT_CMD_GET = 1,
	IPSECSTAT_CMD_DROP_GET,
	IPSECSTAT_CMD_DROP_NTF,

	__IPSECSTAT_CMD_MAX,
	IPSECSTAT_CMD_MAX = (__IPSECSTAT_CMD_MAX - 1)
};

#endif /* _UAPI_LINUX_IPSECSTAT_H */
