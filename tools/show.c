// SPDX-License-Identifier: GPL-2.0-only
/*
 * ipsecstat show: print the figures of IPsecGetStatistics1.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "baseline.h"
#include "clock.h"
#include "collect.h"
#include "http.h"
#include "netns.h"
#include "peers_prometheus.h"
#include "replace.h"
#include "report.h"
#include "screen.h"
#include "show.h"
#include "watch.h"

enum when { AUTO, ALWAYS, NEVER };

static const char *const whens[] = { "auto", "always", "never" };

struct settings {
	show_fn *format;
	struct scope scope;
	unsigned int groups;
	double interval;	/* 0: once */
	const char *output, *save, *since;
	unsigned int peers;	/* limit on peers */
	enum when color;
	bool http;
};

/* Kept from one look to the next. */
struct course {
	const struct settings *settings;
	struct reading baseline;
	struct reading before;	/* whole figures, even with a baseline */
	struct reading now;
	struct reading rest;	/* less the baseline */
	struct peer_sources peers;
	int failures;		/* of the last look */
	bool on_screen;
};

static void take_json(void *settings, const char *argument)
{
	(void)argument;
	((struct settings *)settings)->format = show_json;
}

static void take_prometheus(void *settings, const char *argument)
{
	(void)argument;
	((struct settings *)settings)->format = show_prometheus;
}

static unsigned int group_named(const char *name, size_t len)
{
	for (size_t i = 0; i < N_GROUPS; i++)
		if (strlen(groups[i].key) == len &&
		    !strncmp(groups[i].key, name, len))
			return GROUP_BIT(&groups[i]);
	return 0;
}

static void bad_group(const char *name, size_t len)
{
	char keys[128] = "";
	size_t at = 0;

	for (size_t i = 0; i < N_GROUPS && at < sizeof(keys); i++)
		at += (size_t)snprintf(keys + at, sizeof(keys) - at, "%s%s",
				       i ? ", " : "", groups[i].key);
	bad_usage("unknown group '%.*s', not one of: %s", (int)len, name, keys);
}

static void take_group(void *settings, const char *argument)
{
	struct settings *s = settings;

	for (;;) {
		size_t len = strcspn(argument, ",");
		unsigned int group = group_named(argument, len);

		if (!group)
			bad_group(argument, len);
		s->groups |= group;
		if (!argument[len])
			break;
		argument += len + 1;
	}
}

static void take_color(void *settings, const char *argument)
{
	struct settings *s = settings;

	for (s->color = AUTO; s->color <= NEVER; s->color++)
		if (!strcmp(argument, whens[s->color]))
			return;
	bad_usage("'%s' is not auto, always or never", argument);
}

static void take_peers(void *settings, const char *argument)
{
	unsigned long limit;
	char *end;

	limit = strtoul(argument, &end, 10);
	if (*argument < '0' || *argument > '9' || *end || !limit ||
	    limit > MOST_PEERS)
		bad_usage("'%s' is not a number of peers from 1 to %d", argument,
			  MOST_PEERS);
	((struct settings *)settings)->peers = (unsigned int)limit;
}

enum { SAVE = NO_LETTER(0), SINCE, COLOR, PEERS, HTTP };

static const struct option_row options[] = {
	{ 'j', "json", NULL, "output JSON", take_json, 0 },
	{ 'p', "prometheus", NULL, "output Prometheus text",
	  take_prometheus, 0 },
	{ 'g', "group", "NAME[,NAME]", "show only these groups",
	  take_group, 0 },
	{ 'w', "watch", "SECONDS", "repeat at this interval, with rates",
	  take_interval, AT(interval) },
	{ 'o', "output", "FILE", "write to FILE atomically",
	  take_text, AT(output) },
	{ SAVE, "save", "FILE", "also save them for --since",
	  take_text, AT(save) },
	{ SINCE, "since", "FILE", "show the increase since they were saved",
	  take_text, AT(since) },
	{ 'n', "netns", "NETNS", "read network namespace NETNS",
	  take_netns, AT(scope.netns) },
	{ 'a', "all-netns", NULL, "read all that have a name, and this one",
	  take_flag, AT(scope.all_netns) },
	{ 'c', "per-cpu", NULL, "also show each CPU",
	  take_flag, AT(scope.per_cpu) },
	{ PEERS, "peers", "COUNT", "with --prometheus, also at most COUNT peers",
	  take_peers, 0 },
	{ HTTP, "http", NULL, "with --prometheus, answer an HTTP request on stdin",
	  take_flag, AT(http) },
	{ COLOR, "color", "WHEN", "use colors: auto, always or never",
	  take_color, 0 },
};

static const struct conflict conflicts[] = {
	{ 'j', 'p', "there is one output" },
	{ 'w', 'p', "Prometheus makes rates itself" },
	{ SINCE, 'p', "Prometheus wants the counters as they are" },
	{ 'w', 'o', "a file holds one reading" },
	{ 'w', SAVE, "a file holds one reading" },
	{ 'o', HTTP, "the answer goes to standard output" },
	{ 'n', 'a', "all of them or one" },
	{ 'j', PEERS, "'ipsecstat peers --json' has all of them" },
};

static bool want_color(const struct settings *s)
{
	const char *no_color = getenv("NO_COLOR");

	if (s->color != AUTO)
		return s->color == ALWAYS;
	return !s->output && screen_possible() && !(no_color && *no_color);
}

static const struct reading *shown(const struct course *c)
{
	return c->settings->since ? &c->rest : &c->now;
}

/* Keep the reading before, for rates. */
static bool look(void *context)
{
	struct course *c = context;
	const struct settings *s = c->settings;

	reading_free(&c->before);
	reading_free(&c->rest);
	c->before = c->now;
	c->failures = collect(&s->scope, &c->now) != 0;
	c->failures |= peer_sources_read(&c->peers, &c->now) != 0;
	reading_compare(&c->now, &c->before);
	if (s->since && reading_copy(&c->rest, &c->now)) {
		say("out of memory");
		return false;
	}
	if (s->since)
		c->failures |= reading_subtract(&c->rest, &c->baseline) != 0;
	return shown(c)->n_samples;
}

static void put_time(FILE *out, const char *before, double time)
{
	char text[TIME_SIZE];

	fprintf(out, "%s%s", before, time_text((uint64_t)(time * NS_PER_S), text));
}

/* Print the time above a table, when watching or with a baseline. */
static void show_when(const struct course *c, FILE *out)
{
	const struct settings *s = c->settings;

	if (!s->since && !s->interval)
		return;
	put_time(out, "", c->now.time);
	if (s->interval > 0)
		fprintf(out, ", every %g s", s->interval);
	if (s->since)
		put_time(out, ", increase since ", c->baseline.time);
	fputc('\n', out);
}

/* Print, below a table of all named namespaces, how many others there are. */
static void show_unnamed(FILE *out)
{
	int count = netns_unnamed();

	if (count > 0)
		fprintf(out, "\nNot shown: %d network namespace%s without a name (--netns PID).\n",
			count, count == 1 ? "" : "s");
}

static int show(const void *context, FILE *out, bool compact)
{
	const struct course *c = context;
	const struct settings *s = c->settings;
	const bool again = s->interval > 0;
	const struct report report = {
		.reading = shown(c),
		.groups = s->groups,
		.from = c->baseline.time,
		.rates = again,
		.color = want_color(s),
		.compact = compact,
		.line = again,
	};
	int result;

	if (s->format == show_table)
		show_when(c, out);
	result = s->format(out, &report);
	peer_sources_show(out, &c->peers, shown(c)->named);
	if (s->format == show_table && s->scope.all_netns && !compact)
		show_unnamed(out);
	if (again && s->format == show_table && !c->on_screen)
		fputc('\n', out);
	return result;
}

static int show_once(FILE *out, const void *context)
{
	return show(context, out, false);
}

/* Returns the exit status. */
static int put_out(const struct course *c)
{
	const char *output = c->settings->output;

	if (output)
		return replace_file(output, show_once, c) ? EXIT_FAILURE :
							    EXIT_SUCCESS;
	if (show_once(stdout, c)) {
		say("out of memory");
		return EXIT_FAILURE;
	}
	return finish_output();
}

static int refuse_http(int answer)
{
	http_answer(stdout, answer);
	finish_output();
	return EXIT_FAILURE;
}

static int once(struct course *c)
{
	const struct settings *s = c->settings;
	int status, answer = s->http ? http_receive(stdin) : 0;

	if (s->http && answer != 200)
		return refuse_http(answer);
	if (!look(c))
		return s->http ? refuse_http(503) : EXIT_FAILURE;
	if (s->http)
		http_answer(stdout, answer);
	if (s->save && !c->failures && baseline_save(s->save, &c->now))
		c->failures = 1;
	status = put_out(c);
	return c->failures ? EXIT_FAILURE : status;
}

static int go(struct course *c)
{
	const struct settings *s = c->settings;
	const struct watched watched = { c, look, show };

	if (s->since && baseline_load(s->since, &c->baseline))
		return EXIT_FAILURE;
	if (!s->interval)
		return once(c);
	c->on_screen = s->format == show_table && screen_possible();
	return watch(&watched, s->interval, c->on_screen);
}

static void list_groups(void)
{
	puts("\nGroups:");
	for (size_t i = 0; i < N_GROUPS; i++)
		printf("  %-27s %s: %s\n", groups[i].key, groups[i].section,
		       groups[i].column);
}

static int run(int argc, char **argv)
{
	struct settings settings = { .format = show_table };
	struct course course = { .settings = &settings };
	int status;

	parse_options(&show_command, argc, argv, &settings);
	if (settings.peers && settings.format != show_prometheus)
		bad_usage("--peers is for --prometheus; see 'ipsecstat peers'");
	if (settings.http && settings.format != show_prometheus)
		bad_usage("--http is for --prometheus");
	course.peers.limit = settings.peers;
	if (!settings.groups)
		settings.groups = ALL_GROUPS;
	status = go(&course);
	reading_free(&course.baseline);
	reading_free(&course.before);
	reading_free(&course.now);
	reading_free(&course.rest);
	peer_sources_free(&course.peers);
	return status;
}

const struct command show_command = {
	.name = "show",
	.usage = "[show] [OPTION]...",
	.summary = "Show the IPsec statistics of network namespaces.",
	.more_help = list_groups,
	.options = options,
	.n_options = ARRAY_SIZE(options),
	.conflicts = conflicts,
	.n_conflicts = ARRAY_SIZE(conflicts),
	.run = run,
};
