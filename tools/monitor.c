// SPDX-License-Identifier: GPL-2.0-only
/*
 * ipsecstat monitor: a line for each event, until it is told to end.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

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
};

static void take_json(void *settings, const char *argument)
{
	(void)argument;
	((struct settings *)settings)->json = true;
}

static void take_netns(void *settings, const char *argument)
{
	((struct settings *)settings)->netns = netns_argument(argument);
}

static const struct option_row options[] = {
	{ 'j', "json", NULL, "show them as JSON, an object a line", take_json },
	{ 'n', "netns", "NETNS", "those of this network namespace", take_netns },
};

static volatile sig_atomic_t ended;

static void end(int number)
{
	(void)number;
	ended = 1;
}

/* They come while poll waits, and at no other time. */
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

	if (line->spi)
		snprintf(spi, sizeof(spi), " spi 0x%08" PRIx32, line->spi);
	printf("%s  %s: %s from %s to %s%s, %" PRIu64 " packet%s\n",
	       time_text(line->last, last), line->reason,
	       protocol_name(line->protocol), line->source, line->destination,
	       spi, line->packets, line->packets == 1 ? "" : "s");
}

/* What is followed, and how it is shown. */
struct following {
	bool json;
	int socket;
};

static int show_event(void *context, int command, struct nlattr **attrs)
{
	const struct following *following = context;
	struct line line;
	int err;

	if (command == IPSECSTAT_CMD_PEER_NTF)
		return peer_event_show(attrs, following->json);
	if (command != IPSECSTAT_CMD_DROP_NTF)
		return 0;
	err = read_line(following->socket, attrs, &line);
	if (!err && following->json)
		err = json_write(stdout, line_object(&line), true) ? -ENOMEM : 0;
	else if (!err)
		show_line(&line);
	return err;
}

static int follow(struct family *family, bool json)
{
	struct following following = { json, family_fd(family) };
	const struct family_reader reader = { show_event, &following,
					      MAX_ATTR };
	struct pollfd events = { following.socket, POLLIN, 0 };
	const sigset_t waiting = catch_signals();
	int err = 0;

	while (!err && !ended && !ferror(stdout)) {
		if (ppoll(&events, 1, NULL, &waiting) < 0)
			continue;
		err = family_receive(family, &reader);
		if (err == -ENOBUFS) {
			say("events were lost; ipsecstat drops and peers have the counts");
			err = 0;
		}
		/* Who reads from a pipe wants them now. */
		fflush(stdout);
	}
	return err;
}

/* A socket stays in the network namespace in which it was opened. */
static int open_socket(void *context, const char *netns)
{
	struct family **family = context;

	(void)netns;
	*family = family_open();
	return *family ? 0 : -1;
}

static int run(int argc, char **argv)
{
	struct settings settings = { 0 };
	struct family *family = NULL;
	int err;

	parse_options(&monitor_command, argc, argv, &settings);
	if (settings.netns)
		netns_visit(settings.netns, open_socket, &family);
	else
		open_socket(&family, "");
	if (!family)
		return EXIT_FAILURE;
	err = family_join(family, groups);
	if (!err)
		err = follow(family, settings.json);
	if (err)
		family_complain(family, "cannot watch events");
	family_close(family);
	return err ? EXIT_FAILURE : finish_output();
}

const struct command monitor_command = {
	.name = "monitor",
	.usage = "monitor [OPTION]...",
	.summary = "Print drops, and peers going up and down, as it happens.",
	.options = options,
	.n_options = ARRAY_SIZE(options),
	.run = run,
};
