// SPDX-License-Identifier: GPL-2.0-only
/*
 * ipsecstat monitor: print a line for each event, until a signal or the
 * unloading of the module ends it.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "command.h"
#include "drops.h"
#include "family.h"
#include "json.h"
#include "line.h"
#include "netns.h"
#include "peer_event.h"

/* The highest attribute of an event. */
#define MAX_ATTR IPSECSTAT_A_PEER_MAX
_Static_assert((int)MAX_ATTR >= (int)IPSECSTAT_A_RECENT_MAX, "too few");

static const char *const groups[] = {
	IPSECSTAT_MCGRP_DROPS, IPSECSTAT_MCGRP_PEERS, NULL
};

struct settings {
	bool json;
	const char *netns;	/* NULL: where it runs */
	bool all_netns;
};

static const struct option_row options[] = {
	{ 'j', "json", NULL, "output one JSON object in each line",
	  take_flag, AT(json) },
	{ 'n', "netns", "NETNS", "read network namespace NETNS",
	  take_netns, AT(netns) },
	{ 'a', "all-netns", NULL, "read all that have a name, and this one",
	  take_flag, AT(all_netns) },
};

static const struct conflict conflicts[] = {
	{ 'n', 'a', "all of them or one" },
};

/* A network namespace that is followed. */
struct source {
	const struct settings *settings;
	struct family *family;
	char *netns;
};

struct sources {
	const struct settings *settings;
	struct source *list;
	size_t count;
};

static volatile sig_atomic_t ended;

static void end(int number)
{
	(void)number;
	ended = 1;
}

/* Signals are only delivered while poll waits. */
static sigset_t catch_signals(void)
{
	static const int numbers[] = { SIGINT, SIGTERM };
	const struct sigaction action = { .sa_handler = end };
	sigset_t these, before;

	ended = 0;
	sigemptyset(&these);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		sigaddset(&these, numbers[i]);
		sigaction(numbers[i], &action, NULL);
	}
	sigprocmask(SIG_BLOCK, &these, &before);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		sigdelset(&before, numbers[i]);
	return before;
}

static void show_line(const struct line *line)
{
	char last[TIME_SIZE], spi[sizeof(" spi 0x12345678")] = "";
	char cause[CAUSE_SIZE];

	if (line->spi)
		snprintf(spi, sizeof(spi), " spi 0x%08" PRIx32, line->spi);
	printf("%s  %s: %s from %s to %s%s, %" PRIu64 " packet%s\n",
	       time_text(line->last, last), cause_text(line, cause),
	       protocol_name(line->protocol), line->source, line->destination,
	       spi, line->packets, line->packets == 1 ? "" : "s");
}

/* Takes the object over, NULL if out of memory. */
static int show_object(const struct source *source, struct json_object *object)
{
	if (object && source->settings->all_netns &&
	    json_add(object, "netns", json_object_new_string(source->netns))) {
		json_object_put(object);
		object = NULL;
	}
	return json_write(stdout, object, true) ? -ENOMEM : 0;
}

static int show_peer(const struct source *source, struct nlattr **attrs)
{
	struct json_object *object = NULL;
	int err;

	if (!source->settings->json)
		return peer_event_print(attrs);
	err = peer_event_object(attrs, &object);
	return err ? err : show_object(source, object);
}

static int show_drop(const struct source *source, struct nlattr **attrs)
{
	struct line line;
	int err = read_line(family_fd(source->family), attrs, &line);

	if (err)
		return err;
	if (source->settings->json)
		return show_object(source, line_object(&line));
	show_line(&line);
	return 0;
}

static int show_event(void *context, int command, struct nlattr **attrs)
{
	const struct source *source = context;
	const struct settings *settings = source->settings;

	if (command != IPSECSTAT_CMD_PEER_NTF &&
	    command != IPSECSTAT_CMD_DROP_NTF)
		return 0;
	if (settings->all_netns && !settings->json) {
		netns_put_name(stdout, *source->netns ? source->netns : "-");
		fputs("  ", stdout);
	}
	return command == IPSECSTAT_CMD_PEER_NTF ? show_peer(source, attrs) :
						   show_drop(source, attrs);
}

/* Print the events that are queued; lost events do not end it. */
static int receive(struct source *source)
{
	const struct family_reader reader = { show_event, source, MAX_ATTR };
	int err = family_receive(source->family, &reader);

	if (err != -ENOBUFS)
		return err;
	say("events were lost; ipsecstat drops and peers have the counts");
	return 0;
}

/*
 * Print the events of all sockets that are readable. Returns whether one
 * failed.
 */
static bool receive_all(const struct sources *sources,
			const struct pollfd *events)
{
	for (size_t i = 0; i < sources->count; i++) {
		if (!events[i].revents || !receive(&sources->list[i]))
			continue;
		family_complain(sources->list[i].family, "cannot watch events");
		return true;
	}
	return false;
}

static int follow(const struct sources *sources)
{
	struct pollfd *events = calloc(sources->count, sizeof(*events));
	const sigset_t waiting = catch_signals();
	bool failed = !events;

	if (failed)
		say("out of memory");
	for (size_t i = 0; !failed && i < sources->count; i++)
		events[i] = (struct pollfd){
			family_fd(sources->list[i].family), POLLIN, 0
		};
	while (!failed && !ended && !ferror(stdout)) {
		if (ppoll(events, sources->count, NULL, &waiting) < 0)
			continue;
		failed = receive_all(sources, events);
		/* Flush for readers of a pipe. */
		fflush(stdout);
	}
	free(events);
	return failed ? -1 : 0;
}

static int add_source(struct sources *sources, const char *netns)
{
	struct source *more = reallocarray(sources->list, sources->count + 1,
					   sizeof(*more));
	struct source *source;

	if (!more)
		return -1;
	sources->list = more;
	source = &more[sources->count];
	source->settings = sources->settings;
	source->family = NULL;
	source->netns = strdup(netns);
	if (!source->netns)
		return -1;
	sources->count++;
	return 0;
}

/* The last one. */
static void drop_source(struct sources *sources)
{
	struct source *source = &sources->list[--sources->count];

	if (source->family)
		family_close(source->family);
	free(source->netns);
}

/* A socket stays in the network namespace in which it was opened. */
static int open_source(void *context, const char *netns)
{
	struct sources *sources = context;
	struct source *source;

	if (add_source(sources, netns)) {
		say("out of memory");
		return -1;
	}
	source = &sources->list[sources->count - 1];
	source->family = family_open();
	if (source->family && !family_join(source->family, groups))
		return 0;
	if (source->family)
		family_complain(source->family, "cannot watch events");
	drop_source(sources);
	return -1;
}

static void close_sources(struct sources *sources)
{
	while (sources->count)
		drop_source(sources);
	free(sources->list);
}

static int run(int argc, char **argv)
{
	struct settings settings = { 0 };
	struct sources sources = { .settings = &settings };
	int err;

	parse_options(&monitor_command, argc, argv, &settings);
	err = netns_visit_chosen(settings.netns, settings.all_netns,
				 open_source, &sources);
	/*
	 * Print the events of the namespaces that can be followed, even if
	 * others cannot.
	 */
	if (sources.count && follow(&sources))
		err = -1;
	close_sources(&sources);
	return err ? EXIT_FAILURE : finish_output();
}

const struct command monitor_command = {
	.name = "monitor",
	.usage = "monitor [OPTION]...",
	.summary = "Print drops and changes of peers as they happen.",
	.options = options,
	.n_options = ARRAY_SIZE(options),
	.conflicts = conflicts,
	.n_conflicts = ARRAY_SIZE(conflicts),
	.run = run,
};
