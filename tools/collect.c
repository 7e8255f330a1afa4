// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include <fwpuclnt.h>

#include "collect.h"
#include "command.h"
#include "netns.h"

#define POSSIBLE_CPUS "/sys/devices/system/cpu/possible"

struct collection {
	const struct scope *scope;
	struct reading *reading;
};

/* Remedies for failures. */
static const struct {
	DWORD code;
	const char *remedy;
} remedies[] = {
	{ EPT_S_NOT_REGISTERED,
	  "load it: modprobe ipsecstat" },
	{ ERROR_ACCESS_DENIED,
	  "run as root, or let your group read: sysctl net.ipsecstat.read_group_range='GID GID'" },
};

static int fail(const char *netns, const char *call, DWORD code)
{
	say("%s%s%s (%s: %s, 0x%08X)", netns, *netns ? ": " : "",
	    FwpuclntErrorText(code), call, FwpuclntErrorName(code), code);
	for (size_t i = 0; i < ARRAY_SIZE(remedies); i++)
		if (remedies[i].code == code)
			say("%s", remedies[i].remedy);
	return -1;
}

static int read_sample(struct reading *reading, HANDLE engine,
		       const char *netns, int cpu)
{
	FWPUCLNT_STATISTICS stats;
	struct sample *sample;
	DWORD code;

	code = FwpuclntGetStatistics(engine, cpu == ALL_CPUS ?
				     FWPUCLNT_ALL_CPUS : (UINT32)cpu, &stats);
	if (code != ERROR_SUCCESS)
		return fail(netns, "FwpuclntGetStatistics", code);
	sample = reading_add(reading, netns, cpu);
	if (!sample)
		return fail(netns, "reading_add", ERROR_NOT_ENOUGH_MEMORY);
	sample->since = stats.since;
	sample->figures.statistics = stats.statistics;
	sample->figures.drops = stats.drops;
	return 0;
}

/* The file has ranges: 0-3,8-11 */
static int read_cpus(struct reading *reading, HANDLE engine, const char *netns)
{
	FILE *file = fopen(POSSIBLE_CPUS, "re");
	int first, last, after, result = 0;

	if (!file) {
		say("cannot read the possible CPUs from " POSSIBLE_CPUS);
		return -1;
	}
	do {
		if (fscanf(file, "%d", &first) != 1)
			break;
		last = first;
		after = getc(file);
		if (after == '-' && fscanf(file, "%d", &last) == 1)
			after = getc(file);
		while (!result && first <= last)
			result = read_sample(reading, engine, netns, first++);
	} while (!result && after == ',');
	fclose(file);
	return result;
}

/* For the network namespace of the thread. */
static int read_netns(void *context, const char *netns)
{
	const struct collection *collection = context;
	struct reading *reading = collection->reading;
	HANDLE engine;
	DWORD code;
	int result;

	code = FwpmEngineOpen0(NULL, RPC_C_AUTHN_WINNT, NULL, NULL, &engine);
	if (code != ERROR_SUCCESS)
		return fail(netns, "FwpmEngineOpen0", code);
	result = read_sample(reading, engine, netns, ALL_CPUS);
	if (!result && collection->scope->per_cpu)
		result = read_cpus(reading, engine, netns);
	/* Close before writing, so that no output can reach the socket. */
	FwpmEngineClose0(engine);
	return result;
}

int collect(const struct scope *scope, struct reading *reading)
{
	struct collection collection = { scope, reading };

	reading_begin(reading);
	reading->named = scope->netns || scope->all_netns;
	return netns_visit_chosen(scope->netns, scope->all_netns, read_netns,
				  &collection);
}
