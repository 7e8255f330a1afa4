// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From bytes to numbers, strictly: what cannot be trusted is refused as a
 * whole, so that a figure is never a silent zero.
 */
#include <limits.h>
#include <netinet/in.h>
#include <string.h>

#include <netlink/attr.h>

#include "reply.h"

#define BIT(attr)	(1u << (attr))
#define ALL_UP_TO(max)	(BIT((max) + 1) - BIT(1))

/* Payload widths. UINT takes either; libnl before 3.11 has no reader for it. */
enum width { UINT_4_OR_8, U8 = 1, U32 = 4 };

/* What a nest of plain integers has to look like. */
struct shape {
	int max;
	unsigned int required;
	enum width width[8];
};

static const struct shape sa_shape = {
	.max = IPSECSTAT_A_SA_MAX,
	.required = ALL_UP_TO(IPSECSTAT_A_SA_MAX),
};

static const struct shape esp_shape = {
	.max = IPSECSTAT_A_DROP_PROTO_MAX,
	.required = ALL_UP_TO(IPSECSTAT_A_DROP_PROTO_MAX),
};

/* Nothing is decrypted in AH. */
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
		[IPSECSTAT_A_TRANSFORM_PROTO] = U8,
		[IPSECSTAT_A_TRANSFORM_FLAGS] = U32,
	},
};

static bool read_integer(const struct nlattr *attr, enum width width,
			 UINT64 *value)
{
	const void *data = nla_data(attr);
	int len = nla_len(attr);
	unsigned char u8;
	UINT32 u32;

	if (width && len != (int)width)
		return false;

	/* Netlink aligns to 4 bytes, not to 8: copy. */
	switch (len) {
	case 1:
		memcpy(&u8, data, len);
		*value = u8;
		return width == U8;
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

/* Fill @value, which has one place for each attribute up to shape->max. */
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
		if (!read_integer(attr, shape->width[type], &value[type]))
			return false;
		seen |= BIT(type);
	}

	/* Bytes left over were to be an attribute, and are cut short. */
	return rem <= 0 && (seen & shape->required) == shape->required;
}

/* Kinds of SAs known today may be split further one day: add, never assign. */
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
		/* Not an SA as we know them. */
		return true;
	}

	kind += value[IPSECSTAT_A_TRANSFORM_FLAGS] % FWP_TRANSFORM_KINDS;
	kind->bytes += value[IPSECSTAT_A_TRANSFORM_BYTES];
	kind->packets += value[IPSECSTAT_A_TRANSFORM_PACKETS];
	return true;
}

static bool read_attribute(const struct nlattr *attr, struct fwp_reply *reply)
{
	switch (nla_type(attr)) {
	case IPSECSTAT_A_STATS_CPU:
		return read_integer(attr, U32, &reply->cpu);
	case IPSECSTAT_A_STATS_SINCE:
		return read_integer(attr, UINT_4_OR_8, &reply->since);
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
	default:
		return true;
	}
}

/* SAs belong to no CPU. */
static unsigned int required_of(UINT32 cpu)
{
	const unsigned int other = BIT(cpu == FWP_ALL_CPUS ?
				       IPSECSTAT_A_STATS_CPU :
				       IPSECSTAT_A_STATS_SA);

	return ALL_UP_TO(IPSECSTAT_A_STATS_MAX) & ~other &
	       ~(BIT(IPSECSTAT_A_STATS_IN) | BIT(IPSECSTAT_A_STATS_OUT));
}

bool fwp_reply_read(const void *attrs, size_t len, UINT32 cpu,
		    struct fwp_reply *reply)
{
	const unsigned int lists = BIT(IPSECSTAT_A_STATS_IN) |
				   BIT(IPSECSTAT_A_STATS_OUT);
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
