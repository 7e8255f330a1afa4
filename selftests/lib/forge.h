/* SPDX-License-Identifier: GPL-2.0-only */
/* Replies that the module sends, and replies that it never sends. */
#ifndef FORGE_H
#define FORGE_H

#include <stddef.h>
#include <stdint.h>

#include <linux/ipsecstat.h>
#include <linux/netlink.h>

struct kind {
	uint8_t proto;
	uint32_t flags;
	uint64_t bytes;
	uint64_t packets;
};

/* The figures. Arrays are indexed by attribute; kinds end at proto 0. */
struct figures {
	uint64_t since;
	uint64_t sa[IPSECSTAT_A_SA_MAX + 1];
	uint64_t esp[IPSECSTAT_A_DROP_PROTO_MAX + 1];
	uint64_t ah[IPSECSTAT_A_DROP_PROTO_MAX + 1];
	uint64_t drop[IPSECSTAT_A_DROP_MAX + 1];
	struct kind in[40];
	struct kind out[40];
};

struct forge {
	size_t len;
	unsigned char bytes[16384];
};

/* Append an attribute; returns its offset. */
size_t forge_put(struct forge *f, int type, const void *data, size_t len);
/* 4 bytes if it fits, else 8, as the kernel does. */
void forge_uint(struct forge *f, int type, uint64_t value);
void forge_u64(struct forge *f, int type, uint64_t value);
size_t forge_nest(struct forge *f, int type);
void forge_end(struct forge *f, size_t nest);
void forge_kind(struct forge *f, int type, const struct kind *kind);

/* A whole reply, in the order of the module. */
void forge_reply(struct forge *f, const struct figures *n);
/* The same without the attribute @inner of the nest @outer; 0: all of @outer. */
void forge_reply_without(struct forge *f, const struct figures *n, int outer,
			 int inner);

/* A reply for one CPU, which has no figures of SAs. */
void forge_cpu_reply(struct forge *f, const struct figures *n, uint32_t cpu);

/* Append a message: @nlh except for its length, @cmd and @attrs. */
void forge_message(struct forge *f, struct nlmsghdr nlh, int cmd,
		   const struct forge *attrs);

/* Figures that are all different from each other. */
extern const struct figures forge_example;

#endif /* FORGE_H */
