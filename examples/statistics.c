/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The IPsec statistics of this system, once.
 *
 * The same source compiles for Windows and for Linux:
 *	x86_64-w64-mingw32-gcc statistics.c -lfwpuclnt
 *	gcc statistics.c $(pkg-config --cflags --libs libfwpuclnt)
 */
#include <windows.h>
#include <fwpmu.h>
#include <inttypes.h>
#include <stdio.h>

#pragma comment(lib, "Fwpuclnt.lib")

static void PrintTraffic(const char *direction,
			 const IPSEC_TRAFFIC_STATISTICS0 *traffic)
{
	printf("%s bytes\n", direction);
	printf("  encrypted          %20" PRIu64 "\n",
	       (uint64_t)traffic->encryptedByteCount);
	printf("  authenticated, ESP %20" PRIu64 "\n",
	       (uint64_t)traffic->authenticatedESPByteCount);
	printf("  authenticated, AH  %20" PRIu64 "\n",
	       (uint64_t)traffic->authenticatedAHByteCount);
	printf("  transport mode     %20" PRIu64 "\n",
	       (uint64_t)traffic->transportByteCount);
	printf("  tunnel mode        %20" PRIu64 "\n",
	       (uint64_t)traffic->tunnelByteCount);
	printf("  offloaded          %20" PRIu64 "\n",
	       (uint64_t)traffic->offloadByteCount);
}

static void PrintSas(const IPSEC_AGGREGATE_SA_STATISTICS0 *sas)
{
	printf("Security associations\n");
	printf("  active             %20u\n", sas->activeSas);
	printf("  pending            %20u\n", sas->pendingSaNegotiations);
	printf("  added              %20u\n", sas->totalSasAdded);
	printf("  deleted            %20u\n", sas->totalSasDeleted);
	printf("  rekeyed            %20u\n", sas->successfulRekeys);
	printf("  tunnels            %20u\n", sas->activeTunnels);
}

static void PrintDrops(const IPSEC_AGGREGATE_DROP_PACKET_STATISTICS0 *drops)
{
	printf("Inbound packets dropped\n");
	printf("  unknown SPI        %20u\n", drops->invalidSpisOnInbound);
	printf("  not decrypted      %20u\n",
	       drops->decryptionFailuresOnInbound);
	printf("  not authenticated  %20u\n",
	       drops->authenticationFailuresOnInbound);
	printf("  replayed           %20u\n",
	       drops->replayCheckFailuresOnInbound);
	printf("  clear text         %20u\n", drops->invalidClearTextInbound);
	printf("  over a wrong SA    %20u\n",
	       drops->receiveOverIncorrectSaInbound);
}

int __cdecl main(void)
{
	IPSEC_STATISTICS0 stats;
	HANDLE engine = NULL;
	DWORD result;

	RtlZeroMemory(&stats, sizeof(stats));

	result = FwpmEngineOpen0(NULL, RPC_C_AUTHN_WINNT, NULL, NULL, &engine);
	if (result != ERROR_SUCCESS) {
		fprintf(stderr, "FwpmEngineOpen0 failed: 0x%08lx\n",
			(unsigned long)result);
		goto CLEANUP;
	}

	result = IPsecGetStatistics0(engine, &stats);
	if (result != ERROR_SUCCESS) {
		fprintf(stderr, "IPsecGetStatistics0 failed: 0x%08lx\n",
			(unsigned long)result);
		goto CLEANUP;
	}

	PrintSas(&stats.aggregateSaStatistics);
	PrintDrops(&stats.aggregateDropPacketStatistics);
	PrintTraffic("Inbound", &stats.inboundTrafficStatistics);
	PrintTraffic("Outbound", &stats.outboundTrafficStatistics);

CLEANUP:
	if (engine != NULL)
		FwpmEngineClose0(engine);
	return result == ERROR_SUCCESS ? 0 : 1;
}
