// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replaces the part of libfwpuclnt that calls the kernel, to test ipsecstat without
 * module and rights:
 *
 *	FAKE_OPEN=N	FwpmEngineOpen0 fails with code N
 *	FAKE_READ=N	FwpuclntGetStatistics fails with code N ...
 *	FAKE_FROM=N	... since the Nth read, by default the first
 *	FAKE_BASE=N	N is the base of the figures, see below
 *	FAKE_ADD=N	each figure is higher by N
 *	FAKE_RATE=N	each figure rises by N in a second
 *	FAKE_SINCE=N	the start of counting, by default 5000000000
 *	FAKE_DELAY=N	a read takes N milliseconds
 *	FAKE_AGAIN=N	counting restarts at the Nth read
 *	FAKE_REASONS=0	no drops by reason
 *
 * Each member of the statistics is 4000000000, or 18400000000000000000 if it has 64 bits,
 * plus its offset in the structure. So all values differ, and have the largest number of
 * digits. For one CPU they are the number of the CPU plus 1, times 1000, plus the offset;
 * figures of SAs are 0. The reasons of drops are numbered from 4000000216 by 1.
 *
 * A session has a descriptor, as the real one. A program that ends with an open session,
 * or uses a closed one, is aborted.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <windows.h>
#include <fwpmu.h>
#include <fwpuclnt.h>

static int descriptor = -1;

static unsigned long readings;

static unsigned long number(const char *variable, unsigned long otherwise)
{
	const char *text = getenv(variable);

	return text ? strtoul(text, NULL, 0) : otherwise;
}

static void want_open(HANDLE engine)
{
	if (engine != &descriptor || descriptor < 0)
		abort();
}

static void want_none_open(void)
{
	if (descriptor >= 0)
		abort();
}

DWORD WINAPI FwpmEngineOpen0(const wchar_t *server, UINT32 service,
			     SEC_WINNT_AUTH_IDENTITY_W *identity,
			     const FWPM_SESSION0 *session, HANDLE *engine)
{
	DWORD code = number("FAKE_OPEN", ERROR_SUCCESS);

	(void)service;
	(void)session;
	if (server || identity || !engine)
		return ERROR_INVALID_PARAMETER;
	if (code == ERROR_SUCCESS) {
		want_none_open();
		atexit(want_none_open);
		descriptor = open("/dev/null", O_WRONLY);
		*engine = &descriptor;
	}
	return code;
}

DWORD WINAPI FwpmEngineClose0(HANDLE engine)
{
	want_open(engine);
	close(descriptor);
	descriptor = -1;
	return ERROR_SUCCESS;
}

static bool begun_again(void)
{
	return readings >= number("FAKE_AGAIN", readings + 1);
}

/* The addition to all figures. */
static uint64_t addend(void)
{
	static struct timespec first;
	struct timespec now;

	/* More than before, so that only the start of counting reveals it. */
	if (begun_again())
		return 1000000000;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (readings == 1)
		first = now;
	return number("FAKE_ADD", 0) +
	       (uint64_t)((double)number("FAKE_RATE", 0) *
			  ((double)(now.tv_sec - first.tv_sec) +
			   (double)(now.tv_nsec - first.tv_nsec) / 1e9));
}

static uint64_t base(uint32_t cpu, uint64_t usual)
{
	return cpu == FWPUCLNT_ALL_CPUS ? number("FAKE_BASE", usual) :
					  1000 * (cpu + 1);
}

static void fill(IPSEC_STATISTICS1 *stats, uint32_t cpu)
{
	const size_t drops = offsetof(IPSEC_STATISTICS1, espDropPacketStatistics);
	const size_t traffic = offsetof(IPSEC_STATISTICS1, inboundTrafficStatistics);
	uint64_t narrow_base = addend() + base(cpu, 4000000000u);
	uint64_t wide_base = addend() + base(cpu, 18400000000000000000u);
	char *at = (char *)stats;
	size_t offset;

	memset(stats, 0, sizeof(*stats));
	offset = cpu == FWPUCLNT_ALL_CPUS ? 0 : drops;
	for (; offset < traffic; offset += sizeof(uint32_t)) {
		uint32_t value = (uint32_t)(narrow_base + offset);

		memcpy(at + offset, &value, sizeof(value));
	}
	for (; offset < sizeof(*stats); offset += sizeof(uint64_t)) {
		uint64_t value = wide_base + offset;

		memcpy(at + offset, &value, sizeof(value));
	}
}

static void fill_drops(FWPUCLNT_DROPS *drops, uint32_t cpu)
{
	uint64_t value = addend() + base(cpu, 4000000000u) +
			 sizeof(IPSEC_STATISTICS1);
	UINT64 *at = (UINT64 *)drops;

	memset(drops, 0, sizeof(*drops));
	if (!number("FAKE_REASONS", 1))
		return;
	for (size_t i = 0; i < sizeof(*drops) / sizeof(*at); i++)
		at[i] = value + i;
}

/* In nanoseconds of CLOCK_BOOTTIME, half a second earlier than requested. */
static uint64_t seconds_ago(uint64_t seconds)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return ((uint64_t)now.tv_sec - seconds) * 1000000000u +
	       (uint64_t)now.tv_nsec - 500000000u;
}

/* A peer in each state, of the longest addresses and of the shortest. */
static void fill_peer(FWPUCLNT_PEER *peer, uint32_t state)
{
	memset(peer, 0, sizeof(*peer));
	peer->state = state;
	peer->ipVersion = state % 2 ? 6 : 4;
	memset(peer->local, 0xab, peer->ipVersion == 4 ? 4 : 16);
	memset(peer->remote, 0xcd, peer->ipVersion == 4 ? 4 : 16);
	peer->remote[3] = (uint8_t)state;
	peer->ifId = state == FWPUCLNT_PEER_HALF ? 7 : 0;
	peer->sasInbound = state >= FWPUCLNT_PEER_HALF;
	peer->sasOutbound = state == FWPUCLNT_PEER_UP;
	peer->larvalSas = state == FWPUCLNT_PEER_NEGOTIATING;
	peer->sums = (FWPUCLNT_PEER_SUMS){
		1000ull << 10 * state, 10, 2000ull << 10 * state, 20, 30, 28, 14,
		3, 12, { [FWPUCLNT_DROP_AUTH] = 10, [FWPUCLNT_DROP_LATE] = 2 },
	};
	peer->first = seconds_ago(3 * 86400);
	peer->changed = seconds_ago(200);
	peer->upSince = peer->sasOutbound ? seconds_ago(2 * 86400 + 7 * 3600) : 0;
	peer->larvalSince = peer->larvalSas ? seconds_ago(45) : 0;
	peer->sequenceUsed = 90;
	peer->nearEnd = peer->sasOutbound;
	peer->ended = (FWPUCLNT_ENDED){
		seconds_ago(3605), FWPUCLNT_END_DELETED, 0xc0ffee11, 1, 0, 4711,
		"charon-systemd",
	};
}

DWORD WINAPI FwpuclntGetPeers(HANDLE engine, FWPUCLNT_PEERS **peers)
{
	DWORD code = number("FAKE_READ", ERROR_SUCCESS);
	FWPUCLNT_PEERS *list;

	want_open(engine);
	if (code)
		return code;
	list = calloc(1, sizeof(*list) + 4 * sizeof(*list->peers));
	if (!list)
		return ERROR_NOT_ENOUGH_MEMORY;
	list->peers = (FWPUCLNT_PEER *)(list + 1);
	while (list->numPeers < 4) {
		fill_peer(&list->peers[list->numPeers],
			  FWPUCLNT_PEER_UP - list->numPeers);
		list->numPeers++;
	}
	list->numOthers = 5;
	list->others = list->peers[0].sums;
	list->packetsUnattributed = 1;
	list->unattributed[FWPUCLNT_DROP_NO_STATE] = 1;
	*peers = list;
	return ERROR_SUCCESS;
}

void WINAPI FwpmFreeMemory0(void **p)
{
	free(*p);
	*p = NULL;
}

DWORD WINAPI FwpuclntGetStatistics(HANDLE engine, UINT32 cpu,
				   FWPUCLNT_STATISTICS *stats)
{
	want_open(engine);
	usleep(1000 * number("FAKE_DELAY", 0));
	readings += cpu == FWPUCLNT_ALL_CPUS;
	fill(&stats->statistics, cpu);
	fill_drops(&stats->drops, cpu);
	stats->since = number("FAKE_SINCE", 5000000000) + begun_again();
	if (readings < number("FAKE_FROM", 1))
		return ERROR_SUCCESS;
	return number("FAKE_READ", ERROR_SUCCESS);
}
