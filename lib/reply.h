/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's reply, parsed. */
#ifndef FWP_REPLY_H
#define FWP_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include <fwpuclnt.h>
#include <linux/ipsecstat.h>

/* In place of a CPU; as FWPUCLNT_ALL_CPUS. */
#define FWP_ALL_CPUS		0xFFFFFFFF

/* Every combination of enum ipsecstat_transform_flags known today. */
#define FWP_TRANSFORM_KINDS	16

struct fwp_transform {
	UINT64 bytes;
	UINT64 packets;
};

/* One direction, by flags. */
struct fwp_traffic {
	struct fwp_transform esp[FWP_TRANSFORM_KINDS];
	struct fwp_transform ah[FWP_TRANSFORM_KINDS];
};

/* The arrays are indexed by attribute. */
struct fwp_reply {
	UINT64 cpu;
	UINT64 since;
	UINT64 sa[IPSECSTAT_A_SA_MAX + 1];
	UINT64 esp[IPSECSTAT_A_DROP_PROTO_MAX + 1];
	UINT64 ah[IPSECSTAT_A_DROP_PROTO_MAX + 1];
	UINT64 drop[IPSECSTAT_A_DROP_MAX + 1];
	struct fwp_traffic in;
	struct fwp_traffic out;
	FWPUCLNT_DROPS drops;
};

/*
 * Read the attributes of a reply, @len bytes at @attrs, for @cpu or
 * FWP_ALL_CPUS. Unknown attributes are skipped. False if an attribute is
 * truncated, of a wrong width, repeated or missing, or if the reply is for
 * another CPU; @reply is undefined then. Any bytes are safe to read.
 */
bool fwp_reply_read(const void *attrs, size_t len, UINT32 cpu,
		    struct fwp_reply *reply);

/*
 * Payload widths. FWP_UINT accepts 4 or 8 bytes; libnl before 3.11 has no
 * reader for it.
 */
enum fwp_width { FWP_UINT, FWP_U8 = 1, FWP_U32 = 4 };

struct nlattr;

/* False if the attribute has a wrong width. */
bool fwp_integer_read(const struct nlattr *attr, enum fwp_width width,
		      UINT64 *value);

/* Packets dropped for one reason. */
struct fwp_dropped {
	UINT64 reason;		/* may be of FWPUCLNT_DROP_REASONS or above */
	UINT64 proto;		/* 0 if there is none */
	UINT64 packets;
};

/* A nest of IPSECSTAT_A_DROPPED_*; false as fwp_reply_read(). */
bool fwp_dropped_read(const struct nlattr *nest, struct fwp_dropped *dropped);

#endif /* FWP_REPLY_H */
