// SPDX-License-Identifier: GPL-2.0-only
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>
#include <linux/genetlink.h>

#include "forge.h"

#define ENC	IPSECSTAT_TRANSFORM_FLAGS_ENCRYPTED
#define AUTH	IPSECSTAT_TRANSFORM_FLAGS_AUTHENTICATED
#define TUNNEL	IPSECSTAT_TRANSFORM_FLAGS_TUNNEL
#define OFFLOAD	IPSECSTAT_TRANSFORM_FLAGS_OFFLOAD

const struct figures forge_example = {
	.since = 123456789012345,
	.sa = { 0, 11, 12, 33, 22, 15, 16, 17 },
	.esp = { 0, 101, 102, 103, 104, 105 },
	.ah = { 0, 201, 202, 0, 204, 205 },
	.drop = { 0, 301, 302, 303, 304, 4000 },
	.in = {
		{ IPPROTO_ESP, ENC | AUTH, 1000, 1 },
		{ IPPROTO_ESP, ENC | AUTH | TUNNEL, 20000, 2 },
		{ IPPROTO_ESP, AUTH | TUNNEL, 300000, 4 },
		{ IPPROTO_AH, AUTH, 4000000, 8 },
		{ IPPROTO_AH, AUTH | TUNNEL, 50000000, 16 },
	},
	.out = {
		{ IPPROTO_ESP, ENC, 7, 100 },
		{ IPPROTO_ESP, ENC | AUTH | OFFLOAD, 70, 200 },
		{ IPPROTO_ESP, 0, 700, 400 },
		{ IPPROTO_AH, AUTH | TUNNEL | OFFLOAD, 1ULL << 40, 1ULL << 33 },
	},
};

size_t forge_put(struct forge *f, int type, const void *data, size_t len)
{
	struct nlattr attr = { .nla_type = type, .nla_len = NLA_HDRLEN + len };
	size_t at = f->len, total = NLA_ALIGN(attr.nla_len);

	if (at + total > sizeof(f->bytes))
		abort();
	memset(f->bytes + at, 0, total);
	memcpy(f->bytes + at, &attr, sizeof(attr));
	if (len)
		memcpy(f->bytes + at + NLA_HDRLEN, data, len);
	f->len += total;
	return at;
}

void forge_u64(struct forge *f, int type, uint64_t value)
{
	forge_put(f, type, &value, sizeof(value));
}

void forge_uint(struct forge *f, int type, uint64_t value)
{
	uint32_t u32 = value;

	if (u32 == value)
		forge_put(f, type, &u32, sizeof(u32));
	else
		forge_u64(f, type, value);
}

size_t forge_nest(struct forge *f, int type)
{
	return forge_put(f, type | NLA_F_NESTED, NULL, 0);
}

void forge_end(struct forge *f, size_t nest)
{
	uint16_t len = f->len - nest;

	memcpy(f->bytes + nest, &len, sizeof(len));
}

static void put_kind(struct forge *f, int type, const struct kind *kind,
		     int without)
{
	size_t nest = forge_nest(f, type);

	if (without != IPSECSTAT_A_TRANSFORM_PROTO)
		forge_put(f, IPSECSTAT_A_TRANSFORM_PROTO, &kind->proto, 1);
	if (without != IPSECSTAT_A_TRANSFORM_FLAGS)
		forge_put(f, IPSECSTAT_A_TRANSFORM_FLAGS, &kind->flags, 4);
	if (without != IPSECSTAT_A_TRANSFORM_BYTES)
		forge_uint(f, IPSECSTAT_A_TRANSFORM_BYTES, kind->bytes);
	if (without != IPSECSTAT_A_TRANSFORM_PACKETS)
		forge_uint(f, IPSECSTAT_A_TRANSFORM_PACKETS, kind->packets);
	forge_end(f, nest);
}

void forge_kind(struct forge *f, int type, const struct kind *kind)
{
	put_kind(f, type, kind, 0);
}

static void put_nest(struct forge *f, int type, const uint64_t *value, int max,
		     int without)
{
	size_t nest = forge_nest(f, type);
	int i;

	for (i = 1; i <= max; i++)
		if (i != without)
			forge_uint(f, i, value[i]);
	forge_end(f, nest);
}

void forge_reply_without(struct forge *f, const struct figures *n, int outer,
			 int inner)
{
	const struct {
		int type;
		const uint64_t *value;
		int max;
	} nests[] = {
		{ IPSECSTAT_A_STATS_SA, n->sa, IPSECSTAT_A_SA_MAX },
		{ IPSECSTAT_A_STATS_DROP_ESP, n->esp,
		  IPSECSTAT_A_DROP_PROTO_MAX },
		{ IPSECSTAT_A_STATS_DROP_AH, n->ah, IPSECSTAT_A_DROP_PROTO_MAX },
		{ IPSECSTAT_A_STATS_DROP, n->drop, IPSECSTAT_A_DROP_MAX },
	};
	const struct kind *kind;
	unsigned int i;

	f->len = 0;
	if (outer != IPSECSTAT_A_STATS_SINCE)
		forge_uint(f, IPSECSTAT_A_STATS_SINCE, n->since);
	for (i = 0; i < sizeof(nests) / sizeof(*nests); i++) {
		if (outer == nests[i].type && !inner)
			continue;
		put_nest(f, nests[i].type, nests[i].value, nests[i].max,
			 outer == nests[i].type ? inner : 0);
	}
	for (kind = n->in; kind->proto; kind++)
		put_kind(f, IPSECSTAT_A_STATS_IN, kind,
			 outer == IPSECSTAT_A_STATS_IN ? inner : 0);
	for (kind = n->out; kind->proto; kind++)
		put_kind(f, IPSECSTAT_A_STATS_OUT, kind,
			 outer == IPSECSTAT_A_STATS_OUT ? inner : 0);
}

void forge_reply(struct forge *f, const struct figures *n)
{
	forge_reply_without(f, n, 0, 0);
}

void forge_cpu_reply(struct forge *f, const struct figures *n, uint32_t cpu)
{
	forge_reply_without(f, n, IPSECSTAT_A_STATS_SA, 0);
	forge_put(f, IPSECSTAT_A_STATS_CPU, &cpu, sizeof(cpu));
}

static void append(struct forge *f, const void *bytes, size_t len)
{
	if (len > sizeof(f->bytes) - f->len)
		abort();
	memcpy(f->bytes + f->len, bytes, len);
	f->len += len;
}

void forge_message(struct forge *f, struct nlmsghdr nlh, int cmd,
		   const struct forge *attrs)
{
	const struct genlmsghdr hdr = { .cmd = cmd, .version = 1 };

	nlh.nlmsg_len = NLMSG_HDRLEN + GENL_HDRLEN + attrs->len;
	append(f, &nlh, sizeof(nlh));
	append(f, &hdr, sizeof(hdr));
	append(f, attrs->bytes, attrs->len);
}
