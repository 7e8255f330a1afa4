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

static const struct option_row options[] = {
	{ 'j', "json", NULL, "show them as JSON, an object a line", take_flag },
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
	       time_text(line->last, last), line->row,
	       protocol_name(line->protocol), line->source, line->destination,
	       spi, line->packets, line->packets == 1 ? "" : "s");
}

static int show_event(void *context, int command, struct nlattr **attrs)
{
	const bool *json = context;
	struct line line;
	int err;

	if (command != IPSECSTAT_CMD_DROP_NTF)
		return 0;
	err = read_line(attrs, &line);
	if (!err && *json)
		err = json_write(stdout, line_object(&line), true) ? -ENOMEM : 0;
	else if (!err)
		show_line(&line);
	return err;
}

static int follow(struct family *family, bool json)
{
	const struct family_reader reader = { show_event, &json,
					      IPSECSTAT_A_RECENT_MAX };
	struct pollfd events = { family_fd(family), POLLIN, 0 };
	const sigset_t waiting = catch_signals();
	int err = 0;

	while (!err && !ended && !ferror(stdout)) {
		if (ppoll(&events, 1, NULL, &waiting) < 0)
			continue;
		err = family_receive(family, &reader);
		if (err == -ENOBUFS) {
			say("events were lost; ipsecstat drops has the counts");
			err = 0;
		}
		/* Who reads from a pipe wants them now. */
		fflush(stdout);
	}
	return err;
}

static int run(int argc, char **argv)
{
	struct family *family;
	bool json = false;
	int err;

	parse_options(&monitor_command, argc, argv, &json);
	family = family_open();
	if (!family)
		return EXIT_FAILURE;
	err = family_join(family, IPSECSTAT_MCGRP_DROPS);
	if (!err)
		err = follow(family, json);
	if (err)
		family_complain(family, "cannot watch drops");
	family_close(family);
	return err ? EXIT_FAILURE : finish_output();
}

const struct command monitor_command = {
	.name = "monitor",
	.usage = "monitor [OPTION]...",
	.summary = "Tell whose packets are dropped, as it happens.",
	.options = options,
	.n_options = ARRAY_SIZE(options),
	.run = run,
};
