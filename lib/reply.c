// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Parse the kernel's reply strictly: a malformed one is refused as a whole, so
 * that no figure is 0 because it is missing.
 */
#include <limits.h>
#include <netinet/in.h>
#include <string.h>

#include <netlink/attr.h>

#include "reply.h"

#define BIT(attr)	(1u << (attr))
#define ALL_UP_TO(max)	(BIT((max) + 1) - BIT(1))

/* The expected contents of a nest of integers. */
struct shape {
	int max;
	unsigned int required;
	enum fwp_width width[8];
};

static const struct shape sa_shape = {
	.max = IPSECSTAT_A_SA_MAX,
	.required = ALL_UP_TO(IPSECSTAT_A_SA_MAX),
};

static const struct shape esp_shape = {
	.max = IPSECSTAT_A_DROP_PROTO_MAX,
	.required = ALL_UP_TO(IPSECSTAT_A_DROP_PROTO_MAX),
};

/* AH does not decrypt. */
static const struct shape ah_shape = {
	.max = IPSECSTAT_A_DROP_PROTO_MAX,
	.required = ALL_UP_TO(IPSECSTAT_A_DROP_PROTO_MAX) &
		    ~BIT(IPSECSTAT_A_DROP_PROTO_DECRYPT),
};

static const struct shape drop_shape = {
	.max = IPSECSTAT_A_DROP_MAX,
	.required = ALL_UP_TO(IPSECSTAT_A_DROP_MAX),
};

static const struct shape transform_shape = {
	.max = IPSECSTAT_A_TRANSFORM_MAX,
	.required = ALL_UP_TO(IPSECSTAT_A_TRANSFORM_MAX),
	.width = {
		[IPSECSTAT_A_TRANSFORM_PROTO] = FWP_U8,
		[IPSECSTAT_A_TRANSFORM_FLAGS] = FWP_U32,
	},
};

static const struct shape dropped_shape = {
	.max = IPSECSTAT_A_DROPPED_MAX,
	.required = BIT(IPSECSTAT_A_DROPPED_REASON) |
		    BIT(IPSECSTAT_A_DROPPED_PACKETS),
	.width = {
		[IPSECSTAT_A_DROPPED_REASON] = FWP_U32,
		[IPSECSTAT_A_DROPPED_PROTO] = FWP_U8,
	},
};

bool fwp_integer_read(const struct nlattr *attr, enum fwp_width width,
		      UINT64 *value)
{
	const void *data = nla_data(attr);
	int len = nla_len(attr);
	unsigned char u8;
	UINT32 u32;

	if (width && len != (int)width)
		return false;

	/* Copy, as netlink aligns to 4 bytes, not to 8. */
	switch (len) {
	case 1:
		memcpy(&u8, data, len);
		*value = u8;
		return width == FWP_U8;
	case 4:
		memcpy(&u32, data, len);
		*value = u32;
		return true;
	case 8:
		memcpy(value, data, len);
		return true;
	default:
		return false;
	}
}

/* Fill @value, an array of one entry for each attribute up to shape->max. */
static bool read_nest(const struct nlattr *nest, const struct shape *shape,
		      UINT64 *value)
{
	const struct nlattr *attr;
	unsigned int seen = 0;
	int type, rem;

	nla_for_each_nested(attr, nest, rem) {
		type = nla_type(attr);
		if (type < 1 || type > shape->max)
			continue;
		if (seen & BIT(type))
			return false;
		if (!fwp_integer_read(attr, shape->width[type], &value[type]))
			return false;
		seen |= BIT(type);
	}

	/* Bytes that remain are a truncated attribute. */
	return rem <= 0 && (seen & shape->required) == shape->required;
}

/* Add, do not assign: later modules may split a kind further. */
static bool read_transform(const struct nlattr *nest,
			   struct fwp_traffic *traffic)
{
	UINT64 value[IPSECSTAT_A_TRANSFORM_MAX + 1] = { 0 };
	struct fwp_transform *kind;

	if (!read_nest(nest, &transform_shape, value))
		return false;

	switch (value[IPSECSTAT_A_TRANSFORM_PROTO]) {
	case IPPROTO_ESP:
		kind = traffic->esp;
		break;
	case IPPROTO_AH:
		kind = traffic->ah;
		break;
	default:
		/* Another protocol, or flags that are not known. */
		return true;
	}

	kind += value[IPSECSTAT_A_TRANSFORM_FLAGS] % FWP_TRANSFORM_KINDS;
	kind->bytes += value[IPSECSTAT_A_TRANSFORM_BYTES];
	kind->packets += value[IPSECSTAT_A_TRANSFORM_PACKETS];
	return true;
}

bool fwp_dropped_read(const struct nlattr *nest, struct fwp_dropped *dropped)
{
	UINT64 value[IPSECSTAT_A_DROPPED_MAX + 1] = { 0 };

	if (!read_nest(nest, &dropped_shape, value))
		return false;
	dropped->reason = value[IPSECSTAT_A_DROPPED_REASON];
	dropped->proto = value[IPSECSTAT_A_DROPPED_PROTO];
	dropped->packets = value[IPSECSTAT_A_DROPPED_PACKETS];
	return true;
}

static UINT64 *inbound_of(FWPUCLNT_DROPS *drops, UINT64 proto)
{
	return proto == IPPROTO_ESP ? drops->inboundEsp :
	       proto == IPPROTO_AH ? drops->inboundAh : drops->inboundOther;
}

static bool read_dropped(const struct nlattr *nest, bool outbound,
			 FWPUCLNT_DROPS *drops)
{
	struct fwp_dropped one;
	UINT64 *to;

	if (!fwp_dropped_read(nest, &one))
		return false;
	to = outbound ? drops->outbound : inbound_of(drops, one.proto);
	if (one.reason < FWPUCLNT_DROP_REASONS)
		to[one.reason] += one.packets;
	return true;
}

static bool read_attribute(const struct nlattr *attr, struct fwp_reply *reply)
{
	switch (nla_type(attr)) {
	case IPSECSTAT_A_STATS_CPU:
		return fwp_integer_read(attr, FWP_U32, &reply->cpu);
	case IPSECSTAT_A_STATS_SINCE:
		return fwp_integer_read(attr, FWP_UINT, &reply->since);
	case IPSECSTAT_A_STATS_SA:
		return read_nest(attr, &sa_shape, reply->sa);
	case IPSECSTAT_A_STATS_DROP_ESP:
		return read_nest(attr, &esp_shape, reply->esp);
	case IPSECSTAT_A_STATS_DROP_AH:
		return read_nest(attr, &ah_shape, reply->ah);
	case IPSECSTAT_A_STATS_DROP:
		return read_nest(attr, &drop_shape, reply->drop);
	case IPSECSTAT_A_STATS_IN:
		return read_transform(attr, &reply->in);
	case IPSECSTAT_A_STATS_OUT:
		return read_transform(attr, &reply->out);
	case IPSECSTAT_A_STATS_DROPPED_IN:
		return read_dropped(attr, false, &reply->drops);
	case IPSECSTAT_A_STATS_DROPPED_OUT:
		return read_dropped(attr, true, &reply->drops);
	default:
		return true;
	}
}

/* A reply for a CPU has no SAs. The lists after the drops may be empty. */
static unsigned int required_of(UINT32 cpu)
{
	const unsigned int other = BIT(cpu == FWP_ALL_CPUS ?
				       IPSECSTAT_A_STATS_CPU :
				       IPSECSTAT_A_STATS_SA);

	return ALL_UP_TO(IPSECSTAT_A_STATS_DROP) & ~other;
}

bool fwp_reply_read(const void *attrs, size_t len, UINT32 cpu,
		    struct fwp_reply *reply)
{
	const unsigned int lists = ~ALL_UP_TO(IPSECSTAT_A_STATS_DROP);
	const unsigned int required = required_of(cpu);
	const struct nlattr *attr;
	unsigned int seen = 0;
	int type, rem;

	if (len > INT_MAX)
		return false;
	memset(reply, 0, sizeof(*reply));
	reply->cpu = FWP_ALL_CPUS;

	nla_for_each_attr(attr, attrs, (int)len, rem) {
		type = nla_type(attr);
		if (type < 1 || type > IPSECSTAT_A_STATS_MAX)
			continue;
		if (seen & ~lists & BIT(type))
			return false;
		if (!read_attribute(attr, reply))
			return false;
		seen |= BIT(type);
	}
	return rem <= 0 && (seen & required) == required && reply->cpu == cpu;
}
