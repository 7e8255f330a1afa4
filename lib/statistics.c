// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * IPSEC_STATISTICS, from the kernel's reply. The kernel stores no figure twice:
 * what WFP has in several fields is summed here.
 */
#include <string.h>

#include <fwpmu.h>
#include <fwpuclnt.h>

#include "engine.h"
#include "export.h"
#include "statistics.h"

/* A counter of 64 bits in a field of 32, modulo 2^32 as SNMP's Counter32. */
static UINT32 counter(UINT64 value)
{
	return (UINT32)value;
}

/* A gauge saturates. */
static UINT32 gauge(UINT64 value)
{
	return value > 0xFFFFFFFF ? 0xFFFFFFFF : (UINT32)value;
}

static void derive_sas(const struct fwp_reply *reply,
		       IPSEC_AGGREGATE_SA_STATISTICS0 *out)
{
	const UINT64 *sa = reply->sa;

	out->activeSas = gauge(sa[IPSECSTAT_A_SA_ACTIVE]);
	out->pendingSaNegotiations = gauge(sa[IPSECSTAT_A_SA_LARVAL]);
	out->totalSasAdded = counter(sa[IPSECSTAT_A_SA_ADDED]);
	out->totalSasDeleted = counter(sa[IPSECSTAT_A_SA_DELETED]);
	out->successfulRekeys = counter(sa[IPSECSTAT_A_SA_REKEYED]);
	out->activeTunnels = gauge(sa[IPSECSTAT_A_SA_TUNNELS]);
	out->offloadedSas = gauge(sa[IPSECSTAT_A_SA_OFFLOADED]);
}

static void derive_esp_drops(const struct fwp_reply *reply,
			     IPSEC_ESP_DROP_PACKET_STATISTICS0 *out)
{
	const UINT64 *esp = reply->esp;

	out->invalidSpisOnInbound =
		counter(esp[IPSECSTAT_A_DROP_PROTO_NO_STATE]);
	out->decryptionFailuresOnInbound =
		counter(esp[IPSECSTAT_A_DROP_PROTO_DECRYPT]);
	out->authenticationFailuresOnInbound =
		counter(esp[IPSECSTAT_A_DROP_PROTO_AUTH]);
	out->replayCheckFailuresOnInbound =
		counter(esp[IPSECSTAT_A_DROP_PROTO_REPLAY]);
	out->saNotInitializedOnInbound =
		counter(esp[IPSECSTAT_A_DROP_PROTO_LARVAL]);
}

static void derive_ah_drops(const struct fwp_reply *reply,
			    IPSEC_AH_DROP_PACKET_STATISTICS0 *out)
{
	const UINT64 *ah = reply->ah;

	out->invalidSpisOnInbound =
		counter(ah[IPSECSTAT_A_DROP_PROTO_NO_STATE]);
	out->authenticationFailuresOnInbound =
		counter(ah[IPSECSTAT_A_DROP_PROTO_AUTH]);
	out->replayCheckFailuresOnInbound =
		counter(ah[IPSECSTAT_A_DROP_PROTO_REPLAY]);
	out->saNotInitializedOnInbound =
		counter(ah[IPSECSTAT_A_DROP_PROTO_LARVAL]);
}

static void derive_drops(const struct fwp_reply *reply,
			 IPSEC_AGGREGATE_DROP_PACKET_STATISTICS1 *out)
{
	const UINT64 *esp = reply->esp, *ah = reply->ah, *drop = reply->drop;

	out->invalidSpisOnInbound =
		counter(esp[IPSECSTAT_A_DROP_PROTO_NO_STATE] +
			ah[IPSECSTAT_A_DROP_PROTO_NO_STATE]);
	out->decryptionFailuresOnInbound =
		counter(esp[IPSECSTAT_A_DROP_PROTO_DECRYPT]);
	out->authenticationFailuresOnInbound =
		counter(esp[IPSECSTAT_A_DROP_PROTO_AUTH] +
			ah[IPSECSTAT_A_DROP_PROTO_AUTH]);
	out->udpEspValidationFailuresOnInbound =
		counter(drop[IPSECSTAT_A_DROP_ENCAP]);
	out->replayCheckFailuresOnInbound =
		counter(esp[IPSECSTAT_A_DROP_PROTO_REPLAY] +
			ah[IPSECSTAT_A_DROP_PROTO_REPLAY]);
	out->invalidClearTextInbound =
		counter(drop[IPSECSTAT_A_DROP_CLEAR_TEXT]);
	out->saNotInitializedOnInbound =
		counter(esp[IPSECSTAT_A_DROP_PROTO_LARVAL] +
			ah[IPSECSTAT_A_DROP_PROTO_LARVAL]);
	out->receiveOverIncorrectSaInbound =
		counter(drop[IPSECSTAT_A_DROP_WRONG_SA]);
	out->secureReceivesNotMatchingFilters =
		counter(drop[IPSECSTAT_A_DROP_NO_POLICY]);
	out->totalDropPacketsInbound =
		counter(drop[IPSECSTAT_A_DROP_TOTAL]);
}

static void derive_traffic(const struct fwp_traffic *traffic,
			   IPSEC_TRAFFIC_STATISTICS1 *out)
{
	unsigned int flags;
	UINT64 esp, ah;

	for (flags = 0; flags < FWP_TRANSFORM_KINDS; flags++) {
		esp = traffic->esp[flags].bytes;
		ah = traffic->ah[flags].bytes;

		if (flags & IPSECSTAT_TRANSFORM_FLAGS_ENCRYPTED)
			out->encryptedByteCount += esp;
		out->authenticatedAHByteCount += ah;
		if (flags & IPSECSTAT_TRANSFORM_FLAGS_AUTHENTICATED)
			out->authenticatedESPByteCount += esp;
		if (flags & IPSECSTAT_TRANSFORM_FLAGS_TUNNEL)
			out->tunnelByteCount += esp + ah;
		else
			out->transportByteCount += esp + ah;
		if (flags & IPSECSTAT_TRANSFORM_FLAGS_OFFLOAD)
			out->offloadByteCount += esp + ah;
		out->totalSuccessfulPackets += traffic->esp[flags].packets +
					       traffic->ah[flags].packets;
	}
}

void fwp_statistics_derive(const struct fwp_reply *reply,
			   IPSEC_STATISTICS1 *stats)
{
	memset(stats, 0, sizeof(*stats));
	derive_sas(reply, &stats->aggregateSaStatistics);
	derive_esp_drops(reply, &stats->espDropPacketStatistics);
	derive_ah_drops(reply, &stats->ahDropPacketStatistics);
	derive_drops(reply, &stats->aggregateDropPacketStatistics);
	derive_traffic(&reply->in, &stats->inboundTrafficStatistics);
	derive_traffic(&reply->out, &stats->outboundTrafficStatistics);
}

/* layout.c asserts that the fields of 0 come first in 1, at the same places. */
void fwp_statistics_narrow(const IPSEC_STATISTICS1 *stats1,
			   IPSEC_STATISTICS0 *stats)
{
	memset(stats, 0, sizeof(*stats));
	stats->aggregateSaStatistics = stats1->aggregateSaStatistics;
	stats->espDropPacketStatistics = stats1->espDropPacketStatistics;
	stats->ahDropPacketStatistics = stats1->ahDropPacketStatistics;
	memcpy(&stats->aggregateDropPacketStatistics,
	       &stats1->aggregateDropPacketStatistics,
	       sizeof(stats->aggregateDropPacketStatistics));
	memcpy(&stats->inboundTrafficStatistics,
	       &stats1->inboundTrafficStatistics,
	       sizeof(stats->inboundTrafficStatistics));
	memcpy(&stats->outboundTrafficStatistics,
	       &stats1->outboundTrafficStatistics,
	       sizeof(stats->outboundTrafficStatistics));
}

/* A module that was loaded again has other counters. */
static DWORD ask(struct fwp_session *session, UINT32 cpu,
		 struct fwp_reply *reply)
{
	DWORD ret = fwp_link_get(session->link, &session->deadline, cpu, reply);

	if (!ret && session->since && session->since != reply->since)
		ret = FWP_E_SESSION_ABORTED;
	if (!ret)
		session->since = reply->since;
	if (ret == (DWORD)FWP_E_SESSION_ABORTED)
		session->aborted = true;
	return ret;
}

static DWORD read_reply(HANDLE engineHandle, UINT32 cpu,
			struct fwp_reply *reply)
{
	struct fwp_session *session;
	DWORD ret;

	ret = fwp_session_enter(engineHandle, &session);
	if (ret)
		return ret;
	ret = session->in_transaction ? (DWORD)FWP_E_TXN_IN_PROGRESS :
					ask(session, cpu, reply);
	fwp_session_leave(session);
	return ret;
}

EXPORT DWORD WINAPI FwpuclntGetStatistics(HANDLE engineHandle, UINT32 cpu,
					  FWPUCLNT_STATISTICS *statistics)
{
	struct fwp_reply reply;
	DWORD ret;

	if (!statistics)
		return FWP_E_NULL_POINTER;
	ret = read_reply(engineHandle, cpu, &reply);
	if (ret)
		return ret;
	statistics->since = reply.since;
	fwp_statistics_derive(&reply, &statistics->statistics);
	statistics->drops = reply.drops;
	return ERROR_SUCCESS;
}

EXPORT DWORD WINAPI IPsecGetStatistics1(HANDLE engineHandle,
					IPSEC_STATISTICS1 *ipsecStatistics)
{
	struct fwp_reply reply;
	DWORD ret;

	if (!ipsecStatistics)
		return FWP_E_NULL_POINTER;
	ret = read_reply(engineHandle, FWP_ALL_CPUS, &reply);
	if (!ret)
		fwp_statistics_derive(&reply, ipsecStatistics);
	return ret;
}

EXPORT DWORD WINAPI IPsecGetStatistics0(HANDLE engineHandle,
					IPSEC_STATISTICS0 *ipsecStatistics)
{
	IPSEC_STATISTICS1 stats1;
	DWORD ret;

	if (!ipsecStatistics)
		return FWP_E_NULL_POINTER;
	ret = IPsecGetStatistics1(engineHandle, &stats1);
	if (!ret)
		fwp_statistics_narrow(&stats1, ipsecStatistics);
	return ret;
}
