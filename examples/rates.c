/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rates: the changes of the counters in each of a number of intervals.
 *
 *	rates [SECONDS [COUNT]]		by default 1 second, 5 intervals
 *
 * Counters of 32 bits wrap. The difference of two UINT32 is right even then, if there
 * are less than 2^32 packets in an interval.
 *
 * The same source compiles for Windows and for Linux:
 *	x86_64-w64-mingw32-gcc rates.c -lfwpuclnt
 *	gcc rates.c $(pkg-config --cflags --libs libfwpuclnt)
 */
#include <windows.h>
#include <fwpmu.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_SECONDS	3600
#define MAX_COUNT	1000000

/* A whole number from 1 to most, or 0. */
static DWORD ParseNumber(const char *text, DWORD most)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || number > most)
		return 0;
	return (DWORD)number;
}

static double PerSecond(UINT64 before, UINT64 after, DWORD seconds)
{
	return (double)(after - before) / seconds;
}

static void PrintRates(const IPSEC_STATISTICS1 *before,
		       const IPSEC_STATISTICS1 *after, DWORD seconds)
{
	const IPSEC_TRAFFIC_STATISTICS1 *in0 = &before->inboundTrafficStatistics;
	const IPSEC_TRAFFIC_STATISTICS1 *in1 = &after->inboundTrafficStatistics;
	const IPSEC_TRAFFIC_STATISTICS1 *out0 =
		&before->outboundTrafficStatistics;
	const IPSEC_TRAFFIC_STATISTICS1 *out1 =
		&after->outboundTrafficStatistics;
	UINT32 dropped =
		after->aggregateDropPacketStatistics.totalDropPacketsInbound -
		before->aggregateDropPacketStatistics.totalDropPacketsInbound;

	printf("%12.0f %14.0f %12.0f %14.0f %12.0f\n",
	       PerSecond(in0->totalSuccessfulPackets,
			 in1->totalSuccessfulPackets, seconds),
	       PerSecond(in0->transportByteCount + in0->tunnelByteCount,
			 in1->transportByteCount + in1->tunnelByteCount,
			 seconds),
	       PerSecond(out0->totalSuccessfulPackets,
			 out1->totalSuccessfulPackets, seconds),
	       PerSecond(out0->transportByteCount + out0->tunnelByteCount,
			 out1->transportByteCount + out1->tunnelByteCount,
			 seconds),
	       (double)dropped / seconds);
	fflush(stdout);
}

static DWORD Poll(HANDLE engine, DWORD seconds, DWORD count)
{
	IPSEC_STATISTICS1 before, after;
	DWORD result;

	result = IPsecGetStatistics1(engine, &before);
	if (result != ERROR_SUCCESS)
		return result;

	printf("%12s %14s %12s %14s %12s\n", "packets in/s", "bytes in/s",
	       "packets out/s", "bytes out/s", "dropped/s");
	while (count--) {
		Sleep(seconds * 1000);
		result = IPsecGetStatistics1(engine, &after);
		if (result != ERROR_SUCCESS)
			return result;
		PrintRates(&before, &after, seconds);
		before = after;
	}
	return ERROR_SUCCESS;
}

int main(int argc, char **argv)
{
	DWORD seconds = argc > 1 ? ParseNumber(argv[1], MAX_SECONDS) : 1;
	DWORD count = argc > 2 ? ParseNumber(argv[2], MAX_COUNT) : 5;
	HANDLE engine = NULL;
	DWORD result;

	if (argc > 3 || seconds == 0 || count == 0) {
		fprintf(stderr, "usage: rates [SECONDS [COUNT]]\n");
		return 2;
	}

	result = FwpmEngineOpen0(NULL, RPC_C_AUTHN_WINNT, NULL, NULL, &engine);
	if (result == ERROR_SUCCESS) {
		result = Poll(engine, seconds, count);
		FwpmEngineClose0(engine);
	}
	if (result != ERROR_SUCCESS) {
		fprintf(stderr, "failed: 0x%08lx\n", (unsigned long)result);
		return 1;
	}
	return 0;
}
