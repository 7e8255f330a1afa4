/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The IPsec statistics as JSON, byte by byte as `ipsecstat --json` prints them, without the
 * groups that Windows lacks.
 */
#include <windows.h>
#include <fwpmu.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>

static const char *separator = "";

static void Begin(const char *name)
{
	printf("%s  \"%s\": {", separator, name);
	separator = "\n";
}

static void Figure(const char *name, UINT64 value)
{
	printf("%s    \"%s\": %llu", separator, name, value);
	separator = ",\n";
}

static void End(void)
{
	printf("\n  }");
	separator = ",\n";
}

#define FIGURE(name) Figure(#name, s->name)

static void Sas(const IPSEC_AGGREGATE_SA_STATISTICS0 *s)
{
	Begin("aggregateSaStatistics");
	FIGURE(activeSas);
	FIGURE(pendingSaNegotiations);
	FIGURE(totalSasAdded);
	FIGURE(totalSasDeleted);
	FIGURE(successfulRekeys);
	FIGURE(activeTunnels);
	FIGURE(offloadedSas);
	End();
}

static void EspDrops(const IPSEC_ESP_DROP_PACKET_STATISTICS0 *s)
{
	Begin("espDropPacketStatistics");
	FIGURE(invalidSpisOnInbound);
	FIGURE(decryptionFailuresOnInbound);
	FIGURE(authenticationFailuresOnInbound);
	FIGURE(replayCheckFailuresOnInbound);
	FIGURE(saNotInitializedOnInbound);
	End();
}

static void AhDrops(const IPSEC_AH_DROP_PACKET_STATISTICS0 *s)
{
	Begin("ahDropPacketStatistics");
	FIGURE(invalidSpisOnInbound);
	FIGURE(authenticationFailuresOnInbound);
	FIGURE(replayCheckFailuresOnInbound);
	FIGURE(saNotInitializedOnInbound);
	End();
}

static void Drops(const IPSEC_AGGREGATE_DROP_PACKET_STATISTICS1 *s)
{
	Begin("aggregateDropPacketStatistics");
	FIGURE(invalidSpisOnInbound);
	FIGURE(decryptionFailuresOnInbound);
	FIGURE(authenticationFailuresOnInbound);
	FIGURE(udpEspValidationFailuresOnInbound);
	FIGURE(replayCheckFailuresOnInbound);
	FIGURE(invalidClearTextInbound);
	FIGURE(saNotInitializedOnInbound);
	FIGURE(receiveOverIncorrectSaInbound);
	FIGURE(secureReceivesNotMatchingFilters);
	FIGURE(totalDropPacketsInbound);
	End();
}

static void Traffic(const char *name, const IPSEC_TRAFFIC_STATISTICS1 *s)
{
	Begin(name);
	FIGURE(encryptedByteCount);
	FIGURE(authenticatedAHByteCount);
	FIGURE(authenticatedESPByteCount);
	FIGURE(transportByteCount);
	FIGURE(tunnelByteCount);
	FIGURE(offloadByteCount);
	FIGURE(totalSuccessfulPackets);
	End();
}

int main(void)
{
	IPSEC_STATISTICS1 statistics;
	HANDLE engine = NULL;
	DWORD status;

	status = FwpmEngineOpen0(NULL, RPC_C_AUTHN_WINNT, NULL, NULL, &engine);
	if (status) {
		fprintf(stderr, "FwpmEngineOpen0: 0x%08lx\n", status);
		return 1;
	}
	status = IPsecGetStatistics1(engine, &statistics);
	FwpmEngineClose0(engine);
	if (status) {
		fprintf(stderr, "IPsecGetStatistics1: 0x%08lx\n", status);
		return 1;
	}

	/* Without a carriage return before each line feed. */
	_setmode(_fileno(stdout), _O_BINARY);
	Sas(&statistics.aggregateSaStatistics);
	EspDrops(&statistics.espDropPacketStatistics);
	AhDrops(&statistics.ahDropPacketStatistics);
	Drops(&statistics.aggregateDropPacketStatistics);
	Traffic("inboundTrafficStatistics", &statistics.inboundTrafficStatistics);
	Traffic("outboundTrafficStatistics",
		&statistics.outboundTrafficStatistics);
	printf("\n}\n");
	return 0;
}
