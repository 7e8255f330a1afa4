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
		"Larval security associations: negotiations under way."
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
		"Inbound packets dropped, by reason; proto is any where the reason belongs to no protocol."
	},
	[DROPPED_PACKETS] = {
		"ipsec_dropped_packets_total", true,
		"Inbound packets dropped for any reason, also for those that ipsec_drops_total does not tell apart."
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
	.metric = DROPS, .labels = "reason=\"invalid_spi\"");
MEANING(decryptionFailuresOnInbound,
	.row = "Not Decrypted", .hint = "padding, length",
	.metric = DROPS, .labels = "reason=\"decryption\"");
MEANING(authenticationFailuresOnInbound,
	.row = "Not Authenticated", .hint = "wrong ICV",
	.metric = DROPS, .labels = "reason=\"authentication\"");
MEANING(replayCheckFailuresOnInbound,
	.row = "Failed Replay Detection", .hint = "repeated, late",
	.metric = DROPS, .labels = "reason=\"replay\"");
MEANING(saNotInitializedOnInbound,
	.row = "SA Not Initialized", .hint = "larval SA",
	.metric = DROPS, .labels = "reason=\"larval_sa\"");
MEANING(udpEspValidationFailuresOnInbound,
	.row = "Failed UDP-ESP Validation", .hint = "encapsulation",
	.metric = DROPS, .labels = "proto=\"any\",reason=\"udp_esp_validation\"");
MEANING(invalidClearTextInbound,
	.row = "Plaintext Received", .hint = "policy wants SA",
	.metric = DROPS, .labels = "proto=\"any\",reason=\"clear_text\"");
MEANING(receiveOverIncorrectSaInbound,
	.row = "Received Over Wrong SA", .hint = "selector, mode",
	.metric = DROPS, .labels = "proto=\"any\",reason=\"wrong_sa\"");
MEANING(secureReceivesNotMatchingFilters,
	.row = "Secured, No Filter", .hint = "no policy",
	.metric = DROPS, .labels = "proto=\"any\",reason=\"no_policy\"");
MEANING(totalDropPacketsInbound,
	.row = "Total", .hint = "for any reason",
	.metric = DROPPED_PACKETS);

MEANING(encryptedByteCount,
	.row = "Encrypted by ESP", .hint = "bytes",
	.metric = ENCRYPTED_BYTES);
MEANING(authenticatedAHByteCount,
	.row = "Authenticated by AH", .hint = "bytes",
	.metric = AUTHENTICATED_BYTES, .labels = "proto=\"ah\"");
MEANING(authenticatedESPByteCount,
	.row = "Authenticated by ESP", .hint = "bytes",
	.metric = AUTHENTICATED_BYTES, .labels = "proto=\"esp\"");
MEANING(transportByteCount,
	.row = "In Transport Mode", .hint = "bytes",
	.metric = BYTES, .labels = "mode=\"transport\"");
MEANING(tunnelByteCount,
	.row = "In Tunnel Mode", .hint = "bytes",
	.metric = BYTES, .labels = "mode=\"tunnel\"");
MEANING(offloadByteCount,
	.row = "Offloaded", .hint = "bytes",
	.metric = OFFLOADED_BYTES);
MEANING(totalSuccessfulPackets,
	.row = "Successfully Processed", .hint = "packets",
	.metric = PACKETS);

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

#define GROUP(member, field_array, ...)					\
	{								\
		.name = #member,					\
		.offset = offsetof(IPSEC_STATISTICS1, member),		\
		.fields = field_array,					\
		.n_fields = ARRAY_SIZE(field_array),			\
		__VA_ARGS__						\
	}

const struct group groups[N_GROUPS] = {
	GROUP(aggregateSaStatistics, sa_fields,
	      .section = "Security Associations", .column = "SAs"),
	GROUP(espDropPacketStatistics, esp_drop_fields,
	      .section = "Inbound Packets Dropped", .column = "ESP",
	      .labels = "proto=\"esp\""),
	GROUP(ahDropPacketStatistics, ah_drop_fields,
	      .section = "Inbound Packets Dropped", .column = "AH",
	      .labels = "proto=\"ah\""),
	GROUP(aggregateDropPacketStatistics, drop_fields,
	      .section = "Inbound Packets Dropped", .column = "All"),
	GROUP(inboundTrafficStatistics, traffic_fields,
	      .section = "Traffic", .column = "Inbound",
	      .labels = "direction=\"in\""),
	GROUP(outboundTrafficStatistics, traffic_fields,
	      .section = "Traffic", .column = "Outbound",
	      .labels = "direction=\"out\""),
};

uint64_t field_value(const IPSEC_STATISTICS1 *stats, const struct group *group,
		     const struct field *field)
{
	const char *at = (const char *)stats + group->offset + field->offset;
	uint32_t narrow;
	uint64_t wide;

	if (field->size == sizeof(wide)) {
		memcpy(&wide, at, sizeof(wide));
		return wide;
	}
	memcpy(&narrow, at, sizeof(narrow));
	return narrow;
}
