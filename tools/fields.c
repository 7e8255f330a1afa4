// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "command.h"
#include "fields.h"

const struct metric metrics[N_METRICS] = {
	[SAS_ACTIVE] = {
		"ipsec_sas_active", false,
		"Valid ESP and AH security associations."
	},
	[SAS_PENDING] = {
		"ipsec_sas_pending", false,
		"Larval security associations: negotiations in progress."
	},
	[SAS_OFFLOADED] = {
		"ipsec_sas_offloaded", false,
		"Valid security associations bound to a device."
	},
	[SAS_ADDED] = {
		"ipsec_sas_added_total", true,
		"Security associations that became valid."
	},
	[SAS_DELETED] = {
		"ipsec_sas_deleted_total", true,
		"Valid security associations that were deleted or expired."
	},
	[SA_REKEYS] = {
		"ipsec_sa_rekeys_total", true,
		"Pairs of security associations that were rekeyed."
	},
	[TUNNELS_ACTIVE] = {
		"ipsec_tunnels_active", false,
		"Pairs of addresses with a valid tunnel mode security association."
	},
	[DROPS] = {
		"ipsec_drops_total", true,
		"Packets dropped, by reason; proto is other for those that passed no SA of ESP or AH, and any outbound. Outbound, the reasons no-state, blocked, policy-error and bundle count look-ups."
	},
	[PACKETS] = {
		"ipsec_packets_total", true,
		"Packets processed, once for each security association they passed."
	},
	[BYTES] = {
		"ipsec_bytes_total", true,
		"Bytes processed, as accounted to the lifetimes of the security associations."
	},
	[ENCRYPTED_BYTES] = {
		"ipsec_encrypted_bytes_total", true,
		"Bytes processed by ESP with a cipher that encrypts, a part of ipsec_bytes_total."
	},
	[AUTHENTICATED_BYTES] = {
		"ipsec_authenticated_bytes_total", true,
		"Bytes processed under an ICV, a part of ipsec_bytes_total."
	},
	[OFFLOADED_BYTES] = {
		"ipsec_offloaded_bytes_total", true,
		"Bytes of security associations bound to a device, a part of ipsec_bytes_total."
	},
};

#define MEANING(member, ...)						\
	static const struct meaning meaning_##member = {			\
		.name = #member, __VA_ARGS__				\
	}

MEANING(activeSas,
	.row = "Active", .hint = "valid SAs, now",
	.metric = SAS_ACTIVE);
MEANING(pendingSaNegotiations,
	.row = "Pending", .hint = "larval SAs, now",
	.metric = SAS_PENDING);
MEANING(totalSasAdded,
	.row = "Added", .hint = "SAs that became valid",
	.metric = SAS_ADDED);
MEANING(totalSasDeleted,
	.row = "Deleted", .hint = "valid SAs deleted, flushed or expired",
	.metric = SAS_DELETED);
MEANING(successfulRekeys,
	.row = "Rekeys", .hint = "SA pairs replaced by new ones",
	.metric = SA_REKEYS);
MEANING(activeTunnels,
	.row = "Active Tunnels", .hint = "address pairs in tunnel mode, now",
	.metric = TUNNELS_ACTIVE);
MEANING(offloadedSas,
	.row = "Offloaded", .hint = "valid SAs bound to a device, now",
	.metric = SAS_OFFLOADED);

MEANING(invalidSpisOnInbound,
	.row = "Incorrect SPI", .hint = "no such SA",
	.unit = UNIT_PACKETS, .metric = NO_METRIC);
MEANING(decryptionFailuresOnInbound,
	.row = "Not Decrypted", .hint = "padding, length",
	.unit = UNIT_PACKETS, .metric = NO_METRIC);
MEANING(authenticationFailuresOnInbound,
	.row = "Not Authenticated", .hint = "wrong ICV",
	.unit = UNIT_PACKETS, .metric = NO_METRIC);
MEANING(replayCheckFailuresOnInbound,
	.row = "Failed Replay Detection", .hint = "repeated, late",
	.unit = UNIT_PACKETS, .metric = NO_METRIC);
MEANING(saNotInitializedOnInbound,
	.row = "SA Not Initialized", .hint = "larval SA",
	.unit = UNIT_PACKETS, .metric = NO_METRIC);
MEANING(udpEspValidationFailuresOnInbound,
	.row = "Failed UDP-ESP Validation", .hint = "encapsulation",
	.unit = UNIT_PACKETS, .metric = NO_METRIC);
MEANING(invalidClearTextInbound,
	.row = "Plaintext Received", .hint = "policy wants SA",
	.unit = UNIT_PACKETS, .metric = NO_METRIC);
MEANING(receiveOverIncorrectSaInbound,
	.row = "Received Over Wrong SA", .hint = "selector, mode",
	.unit = UNIT_PACKETS, .metric = NO_METRIC);
MEANING(secureReceivesNotMatchingFilters,
	.row = "Secured, No Filter", .hint = "no policy",
	.unit = UNIT_PACKETS, .metric = NO_METRIC);
MEANING(totalDropPacketsInbound,
	.row = "Total", .hint = "for any reason",
	.unit = UNIT_PACKETS, .metric = NO_METRIC);

MEANING(encryptedByteCount,
	.row = "Encrypted by ESP", .hint = "bytes",
	.unit = UNIT_BYTES, .metric = ENCRYPTED_BYTES);
MEANING(authenticatedAHByteCount,
	.row = "Authenticated by AH", .hint = "bytes",
	.unit = UNIT_BYTES, .metric = AUTHENTICATED_BYTES, .labels = "proto=\"ah\"");
MEANING(authenticatedESPByteCount,
	.row = "Authenticated by ESP", .hint = "bytes",
	.unit = UNIT_BYTES, .metric = AUTHENTICATED_BYTES, .labels = "proto=\"esp\"");
MEANING(transportByteCount,
	.row = "In Transport Mode", .hint = "bytes",
	.unit = UNIT_BYTES, .metric = BYTES, .labels = "mode=\"transport\"");
MEANING(tunnelByteCount,
	.row = "In Tunnel Mode", .hint = "bytes",
	.unit = UNIT_BYTES, .metric = BYTES, .labels = "mode=\"tunnel\"");
MEANING(offloadByteCount,
	.row = "Offloaded", .hint = "bytes",
	.unit = UNIT_BYTES, .metric = OFFLOADED_BYTES);
MEANING(totalSuccessfulPackets,
	.row = "Successfully Processed", .hint = "packets",
	.unit = UNIT_PACKETS, .metric = PACKETS);

/*
 * Every reason, by the name of FwpuclntDropReasonName(), and where it occurs.
 */
#define DROP_REASONS(IN, OUT, BOTH)					\
	BOTH(NO_STATE, "no-state")					\
	IN(AUTH, "auth")						\
	BOTH(TRANSFORM, "transform")					\
	IN(REPEATED, "repeated")					\
	IN(LATE, "late")						\
	BOTH(LARVAL, "larval")						\
	BOTH(EXPIRED, "expired")					\
	BOTH(INVALID, "invalid")					\
	IN(ENCAP, "encap")						\
	IN(SELECTOR, "selector")					\
	BOTH(MODE, "mode")						\
	BOTH(DIRECTION, "direction")					\
	IN(TEMPLATE, "template")					\
	IN(CLEAR_TEXT, "clear-text")					\
	IN(NO_POLICY, "no-policy")					\
	BOTH(BLOCKED, "blocked")					\
	BOTH(POLICY_ERROR, "policy-error")				\
	BOTH(HEADER, "header")						\
	IN(BUFFER, "buffer")						\
	BOTH(ERROR, "error")						\
	IN(IPTFS, "iptfs")						\
	OUT(SEQUENCE, "sequence")					\
	OUT(BUNDLE, "bundle")						\
	OUT(QUEUE, "queue")

#define REASON(_reason, word)						\
	static const struct meaning meaning_##_reason = {		\
		.name = (word), .row = (word), .hint = "",		\
		.unit = UNIT_PACKETS, .metric = DROPS,			\
		.labels = "reason=\"" word "\"",			\
	};

DROP_REASONS(REASON, REASON, REASON)

#define MEMBER(type, member, is_sum)					\
	{ &meaning_##member, offsetof(type, member),			\
	  sizeof(((type *)0)->member), is_sum }
#define FIELD(type, member)	MEMBER(type, member, false)
#define SUM(type, member)	MEMBER(type, member, true)

static const struct field sa_fields[] = {
	FIELD(IPSEC_AGGREGATE_SA_STATISTICS0, activeSas),
	FIELD(IPSEC_AGGREGATE_SA_STATISTICS0, pendingSaNegotiations),
	FIELD(IPSEC_AGGREGATE_SA_STATISTICS0, totalSasAdded),
	FIELD(IPSEC_AGGREGATE_SA_STATISTICS0, totalSasDeleted),
	FIELD(IPSEC_AGGREGATE_SA_STATISTICS0, successfulRekeys),
	FIELD(IPSEC_AGGREGATE_SA_STATISTICS0, activeTunnels),
	FIELD(IPSEC_AGGREGATE_SA_STATISTICS0, offloadedSas),
};

static const struct field esp_drop_fields[] = {
	FIELD(IPSEC_ESP_DROP_PACKET_STATISTICS0, invalidSpisOnInbound),
	FIELD(IPSEC_ESP_DROP_PACKET_STATISTICS0, decryptionFailuresOnInbound),
	FIELD(IPSEC_ESP_DROP_PACKET_STATISTICS0, authenticationFailuresOnInbound),
	FIELD(IPSEC_ESP_DROP_PACKET_STATISTICS0, replayCheckFailuresOnInbound),
	FIELD(IPSEC_ESP_DROP_PACKET_STATISTICS0, saNotInitializedOnInbound),
};

static const struct field ah_drop_fields[] = {
	FIELD(IPSEC_AH_DROP_PACKET_STATISTICS0, invalidSpisOnInbound),
	FIELD(IPSEC_AH_DROP_PACKET_STATISTICS0, authenticationFailuresOnInbound),
	FIELD(IPSEC_AH_DROP_PACKET_STATISTICS0, replayCheckFailuresOnInbound),
	FIELD(IPSEC_AH_DROP_PACKET_STATISTICS0, saNotInitializedOnInbound),
};

static const struct field drop_fields[] = {
	SUM(IPSEC_AGGREGATE_DROP_PACKET_STATISTICS1, invalidSpisOnInbound),
	SUM(IPSEC_AGGREGATE_DROP_PACKET_STATISTICS1, decryptionFailuresOnInbound),
	SUM(IPSEC_AGGREGATE_DROP_PACKET_STATISTICS1, authenticationFailuresOnInbound),
	FIELD(IPSEC_AGGREGATE_DROP_PACKET_STATISTICS1, udpEspValidationFailuresOnInbound),
	SUM(IPSEC_AGGREGATE_DROP_PACKET_STATISTICS1, replayCheckFailuresOnInbound),
	FIELD(IPSEC_AGGREGATE_DROP_PACKET_STATISTICS1, invalidClearTextInbound),
	SUM(IPSEC_AGGREGATE_DROP_PACKET_STATISTICS1, saNotInitializedOnInbound),
	FIELD(IPSEC_AGGREGATE_DROP_PACKET_STATISTICS1, receiveOverIncorrectSaInbound),
	FIELD(IPSEC_AGGREGATE_DROP_PACKET_STATISTICS1, secureReceivesNotMatchingFilters),
	FIELD(IPSEC_AGGREGATE_DROP_PACKET_STATISTICS1, totalDropPacketsInbound),
};

static const struct field traffic_fields[] = {
	FIELD(IPSEC_TRAFFIC_STATISTICS1, encryptedByteCount),
	FIELD(IPSEC_TRAFFIC_STATISTICS1, authenticatedAHByteCount),
	FIELD(IPSEC_TRAFFIC_STATISTICS1, authenticatedESPByteCount),
	FIELD(IPSEC_TRAFFIC_STATISTICS1, transportByteCount),
	FIELD(IPSEC_TRAFFIC_STATISTICS1, tunnelByteCount),
	FIELD(IPSEC_TRAFFIC_STATISTICS1, offloadByteCount),
	FIELD(IPSEC_TRAFFIC_STATISTICS1, totalSuccessfulPackets),
};

/* All arrays of FWPUCLNT_DROPS have the same indexes. */
#define DROPPED(_reason, word)						\
	{ &meaning_##_reason, sizeof(UINT64) * FWPUCLNT_DROP_##_reason,	\
	  sizeof(UINT64), false },
#define NEITHER(_reason, word)

static const struct field dropped_in_fields[] = {
	DROP_REASONS(DROPPED, NEITHER, DROPPED)
};

static const struct field dropped_out_fields[] = {
	DROP_REASONS(NEITHER, DROPPED, DROPPED)
};

#define GROUP(member, field_array, ...)					\
	{								\
		.name = #member,					\
		.offset = offsetof(struct figures, statistics.member),	\
		.fields = field_array,					\
		.n_fields = ARRAY_SIZE(field_array),			\
		__VA_ARGS__						\
	}

#define REASONS(member, _name, field_array, ...)			\
	{								\
		.name = _name,						\
		.offset = offsetof(struct figures, drops.member),	\
		.fields = field_array,					\
		.n_fields = ARRAY_SIZE(field_array),			\
		.section = "Packets Dropped, by Reason",		\
		.of_cpus = true, .drops = true, .narrow = true,		\
		.no_zeros = true,					\
		__VA_ARGS__						\
	}

const struct group groups[N_GROUPS] = {
	GROUP(aggregateSaStatistics, sa_fields, .key = "sas",
	      .section = "Security Associations", .column = "SAs",
	      .rates = true),
	GROUP(espDropPacketStatistics, esp_drop_fields, .key = "esp-drops",
	      .section = "Inbound Packets Dropped", .column = "ESP",
	      .labels = "proto=\"esp\"", .of_cpus = true, .drops = true),
	GROUP(ahDropPacketStatistics, ah_drop_fields, .key = "ah-drops",
	      .section = "Inbound Packets Dropped", .column = "AH",
	      .labels = "proto=\"ah\"", .of_cpus = true, .drops = true),
	GROUP(aggregateDropPacketStatistics, drop_fields, .key = "drops",
	      .section = "Inbound Packets Dropped", .column = "All",
	      .of_cpus = true, .drops = true, .rates = true),
	REASONS(inboundEsp, "espDropReasons", dropped_in_fields,
		.key = "esp-reasons", .column = "ESP",
		.labels = "direction=\"in\",proto=\"esp\""),
	REASONS(inboundAh, "ahDropReasons", dropped_in_fields,
		.key = "ah-reasons", .column = "AH",
		.labels = "direction=\"in\",proto=\"ah\""),
	REASONS(inboundOther, "otherDropReasons", dropped_in_fields,
		.key = "other-reasons", .column = "Other",
		.labels = "direction=\"in\",proto=\"other\""),
	REASONS(outbound, "outboundDropReasons", dropped_out_fields,
		.key = "outbound-reasons", .column = "Outbound",
		.labels = "direction=\"out\",proto=\"any\""),
	GROUP(inboundTrafficStatistics, traffic_fields, .key = "inbound",
	      .section = "Traffic", .column = "Inbound",
	      .labels = "direction=\"in\"", .of_cpus = true, .rates = true),
	GROUP(outboundTrafficStatistics, traffic_fields, .key = "outbound",
	      .section = "Traffic", .column = "Outbound",
	      .labels = "direction=\"out\"", .of_cpus = true, .rates = true),
};

uint64_t field_value(const struct figures *figures, const struct group *group,
		     const struct field *field)
{
	const char *at = (const char *)figures + group->offset + field->offset;
	uint32_t narrow;
	uint64_t wide;

	if (field->size == sizeof(wide)) {
		memcpy(&wide, at, sizeof(wide));
		return wide;
	}
	memcpy(&narrow, at, sizeof(narrow));
	return narrow;
}

void field_set(struct figures *figures, const struct group *group,
	       const struct field *field, uint64_t value)
{
	char *at = (char *)figures + group->offset + field->offset;
	uint32_t narrow = (uint32_t)value;

	if (field->size == sizeof(value))
		memcpy(at, &value, sizeof(value));
	else
		memcpy(at, &narrow, sizeof(narrow));
}

bool field_is_counter(const struct field *field)
{
	enum metric_id metric = field->meaning->metric;

	return metric == NO_METRIC || metrics[metric].counter;
}

uint64_t figures_dropped(const struct figures *figures)
{
	const FWPUCLNT_DROPS *drops = &figures->drops;
	uint64_t sum = 0;

	for (size_t i = 0; i < FWPUCLNT_DROP_REASONS; i++)
		sum += drops->inboundEsp[i] + drops->inboundAh[i] +
		       drops->inboundOther[i] + drops->outbound[i];
	return sum;
}

/* Modulo the range of the field, whose half is the first that means a fall. */
static bool field_rise(const struct field *field, uint64_t now, uint64_t then,
		       uint64_t *rise)
{
	unsigned int bits = 8 * (unsigned int)field->size;

	*rise = now - then;
	if (bits < 64)
		*rise &= ((uint64_t)1 << bits) - 1;
	return !(*rise >> (bits - 1));
}

const struct field *figures_rise(const struct figures *now,
				 const struct figures *then,
				 struct figures *rise)
{
	for (size_t g = 0; g < N_GROUPS; g++) {
		const struct group *group = &groups[g];

		for (size_t i = 0; i < group->n_fields; i++) {
			const struct field *field = &group->fields[i];
			uint64_t value = field_value(now, group, field);

			if (field_is_counter(field) &&
			    !field_rise(field, value,
					field_value(then, group, field),
					&value))
				return field;
			field_set(rise, group, field, value);
		}
	}
	return NULL;
}
