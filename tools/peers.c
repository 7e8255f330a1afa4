// SPDX-License-Identifier: GPL-2.0-only
/*
 * ipsecstat peers: which peers are up, their traffic across all rekeys, and why
 * others are down.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fwpmu.h>

#include "clock.h"
#include "json.h"
#include "line.h"
#include "netns.h"
#include "peers.h"
#include "screen.h"
#include "watch.h"

typedef int compare_fn(const void *one, const void *other);

struct settings {
	bool json, full;
	const char *netns;
	const char *address;
	uint8_t wanted[16];
	int state;			/* FWPUCLNT_PEER_STATE, or ANY_STATE */
	compare_fn *order;
	double interval;	/* 0: once */
	const char *names;
};

/* Kept from one look to the next. */
struct course {
	const struct settings *settings;
	FWPUCLNT_PEERS *now, *before;
	struct peer_names names;
	size_t named;		/* number of names from the file, which is read once */
	double time, seconds;	/* of now, and since before */
};

#define ANY_STATE	(-1)

static uint64_t bytes_of(const FWPUCLNT_PEER *peer)
{
	return peer->sums.bytesInbound + peer->sums.bytesOutbound;
}

static int by_bytes(const void *one, const void *other)
{
	return descending(bytes_of(one), bytes_of(other));
}

static int by_change(const void *one, const void *other)
{
	return descending(peer_since(one), peer_since(other));
}

/* Worst first; among equals, the one that changed last. */
static int by_state(const void *one, const void *other)
{
	const FWPUCLNT_PEER *a = one, *b = other;

	if (a->state != b->state)
		return a->state < b->state ? -1 : 1;
	return by_change(one, other);
}

static int by_address(const void *one, const void *other)
{
	const FWPUCLNT_PEER *a = one, *b = other;
	int order = memcmp(a->remote, b->remote, sizeof(a->remote));

	if (a->ipVersion != b->ipVersion)
		return a->ipVersion < b->ipVersion ? -1 : 1;
	return order ? order : memcmp(a->local, b->local, sizeof(a->local));
}

static const struct {
	const char *name;
	compare_fn *compare;
} orders[] = {
	{ "state", by_state },
	{ "bytes", by_bytes },
	{ "since", by_change },
	{ "address", by_address },
};

static void take_address(void *settings, const char *argument)
{
	struct settings *to = settings;

	memset(to->wanted, 0, sizeof(to->wanted));
	if (inet_pton(strchr(argument, ':') ? AF_INET6 : AF_INET, argument,
		      to->wanted) != 1)
		bad_usage("'%s' is not an IP address", argument);
	to->address = argument;
}

static void take_state(void *settings, const char *argument)
{
	uint32_t state;

	for (state = FWPUCLNT_PEER_DOWN; state <= FWPUCLNT_PEER_UP; state++)
		if (!strcmp(peer_state_name(state), argument))
			break;
	if (state > FWPUCLNT_PEER_UP)
		bad_usage("'%s' is not a state: down, negotiating, half, up",
			  argument);
	((struct settings *)settings)->state = (int)state;
}

static void take_order(void *settings, const char *argument)
{
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		if (strcmp(orders[i].name, argument) != 0)
			continue;
		((struct settings *)settings)->order = orders[i].compare;
		return;
	}
	bad_usage("'%s' is not an order: state, bytes, since, address",
		  argument);
}

static const struct option_row options[] = {
	{ 'j', "json", NULL, "output JSON", take_flag, AT(json) },
	{ 'f', "full", NULL, "show each peer in full",
	  take_flag, AT(full) },
	{ 's', "state", "STATE", "only peers that are down, negotiating, half or up",
	  take_state, 0 },
	{ 'A', "address", "ADDRESS", "only peers with this address, local or remote",
	  take_address, 0 },
	{ 'o', "order", "KEY", "sort by state, bytes, since or address",
	  take_order, 0 },
	{ 'w', "watch", "SECONDS", "repeat at this interval, with rates",
	  take_interval, AT(interval) },
	{ 'N', "names", "FILE", "read names of peers from here, not from "
	  PEER_NAMES_FILE, take_text, AT(names) },
	{ 'n', "netns", "NETNS", "read network namespace NETNS",
	  take_netns, AT(netns) },
};

static const struct conflict conflicts[] = {
	{ 'j', 'f', "JSON has all that is known" },
};

static int fail(const char *call, DWORD code)
{
	say("cannot read the peers: %s (%s: %s)", FwpuclntErrorText(code), call,
	    FwpuclntErrorName(code));
	if (code == EPT_S_NOT_REGISTERED)
		say("load it: modprobe ipsecstat");
	else if (code == ERROR_ACCESS_DENIED)
		say("peers have addresses, so it takes CAP_NET_ADMIN: run as root");
	return -1;
}

int peers_read(FWPUCLNT_PEERS **peers)
{
	HANDLE engine;
	DWORD code;

	code = FwpmEngineOpen0(NULL, RPC_C_AUTHN_WINNT, NULL, NULL, &engine);
	if (code)
		return fail("FwpmEngineOpen0", code);
	code = FwpuclntGetPeers(engine, peers);
	/* Close before writing, so that no output can reach the socket. */
	FwpmEngineClose0(engine);
	return code ? fail("FwpuclntGetPeers", code) : 0;
}

static int read_all(void *context, const char *netns)
{
	struct course *course = context;

	(void)netns;
	if (peers_read(&course->now))
		return -1;
	course->names.count = course->named;
	return peer_names_add_links(&course->names);
}

static bool is_wanted(const struct settings *settings,
		      const FWPUCLNT_PEER *peer)
{
	bool ipv6 = settings->address && strchr(settings->address, ':');

	if (settings->state != ANY_STATE &&
	    peer->state != (uint32_t)settings->state)
		return false;
	return !settings->address ||
	       ((peer->ipVersion == 6) == ipv6 &&
		(!memcmp(peer->remote, settings->wanted, sizeof(peer->remote)) ||
		 !memcmp(peer->local, settings->wanted, sizeof(peer->local))));
}

static void select_and_sort(const struct settings *settings,
			    FWPUCLNT_PEERS *peers)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < peers->numPeers; i++)
		if (is_wanted(settings, &peers->peers[i]))
			peers->peers[kept++] = peers->peers[i];
	peers->numPeers = kept;
	qsort(peers->peers, kept, sizeof(*peers->peers), settings->order);
}

static void forget(struct course *course)
{
	FwpmFreeMemory0((void **)&course->before);
	FwpmFreeMemory0((void **)&course->now);
	peer_names_free(&course->names);
}

/* Keep the reading before, for rates. */
static bool look(void *context)
{
	struct course *course = context;
	const struct settings *settings = course->settings;
	double before = course->time;

	FwpmFreeMemory0((void **)&course->before);
	course->before = course->now;
	course->now = NULL;
	if (netns_visit_chosen(settings->netns, false, read_all, course))
		return false;
	course->time = clock_seconds(CLOCK_MONOTONIC);
	course->seconds = course->before ? course->time - before : 0;
	if (course->before)
		peers_sort(course->before);
	select_and_sort(settings, course->now);
	return true;
}

static int show(const void *context, FILE *out, bool compact)
{
	static const FWPUCLNT_PEERS none;
	const struct course *course = context;
	const struct settings *settings = course->settings;
	const bool again = settings->interval > 0;
	const struct peers_view view = {
		.peers = course->now,
		.names = &course->names,
		.before = course->before ? course->before :
			  again ? &none : NULL,
		.seconds = course->seconds,
	};

	(void)compact;
	if (settings->json)
		return json_write(out, peers_object(&view), again);
	if (settings->full)
		peers_show_full(out, &view);
	else if (peers_show_table(out, &view))
		return -1;
	if (again)
		fputc('\n', out);
	return 0;
}

static int once(struct course *course)
{
	if (!look(course))
		return EXIT_FAILURE;
	if (show(course, stdout, false)) {
		say("out of memory");
		return EXIT_FAILURE;
	}
	return finish_output();
}

static int run(int argc, char **argv)
{
	struct settings settings = { .state = ANY_STATE, .order = by_state };
	struct course course = { .settings = &settings };
	const struct watched watched = { &course, look, show };
	int status = EXIT_FAILURE;

	parse_options(&peers_command, argc, argv, &settings);
	if (!peer_names_read(&course.names, settings.names)) {
		course.named = course.names.count;
		status = settings.interval > 0 ?
			 watch(&watched, settings.interval,
			       !settings.json && screen_possible()) :
			 once(&course);
	}
	forget(&course);
	return status;
}

const struct command peers_command = {
	.name = "peers",
	.usage = "peers [OPTION]...",
	.summary = "List peers: state, since when, traffic, and why not up.",
	.options = options,
	.n_options = ARRAY_SIZE(options),
	.conflicts = conflicts,
	.n_conflicts = ARRAY_SIZE(conflicts),
	.run = run,
};
