// SPDX-License-Identifier: GPL-2.0-only
/*
 * ipsecstat drops: the kernel's table of recent drops, whose packets they were.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "command.h"
#include "drops.h"
#include "family.h"
#include "json.h"
#include "line.h"

/* Rises when a key goes or changes its meaning, not when one is added. */
#define SCHEMA_VERSION 1

/* What the table is as a whole. */
enum {
	LIMIT,
	LINES,
	EVICTED,
	MISSED,
	N_WHOLE
};

static const struct {
	const char *key;
	int attr;
} whole[N_WHOLE] = {
	[LIMIT] = { "limit", IPSECSTAT_A_RECENT_LIMIT },
	[LINES] = { "lines", IPSECSTAT_A_RECENT_LINES },
	[EVICTED] = { "evicted", IPSECSTAT_A_RECENT_EVICTED },
	[MISSED] = { "missed", IPSECSTAT_A_RECENT_MISSED },
};

struct table {
	uint64_t whole[N_WHOLE];
	struct line *lines;
	size_t n_lines;
};

static const struct option_row options[] = {
	{ 'j', "json", NULL, "show them as JSON", take_flag },
};

static int take_whole(void *context, int command, struct nlattr **attrs)
{
	struct table *table = context;

	(void)command;
	for (size_t i = 0; i < N_WHOLE; i++)
		if (read_uint(attrs[whole[i].attr], &table->whole[i]))
			return -EPROTO;
	return 0;
}

static int add_line(void *context, int command, struct nlattr **attrs)
{
	struct table *table = context;
	struct line *more = reallocarray(table->lines, table->n_lines + 1,
					 sizeof(*more));

	(void)command;
	if (!more)
		return -ENOMEM;
	table->lines = more;
	return read_line(attrs, &table->lines[table->n_lines++]);
}

static int ask(struct family *family, struct table *table)
{
	const struct family_reader lines = { add_line, table,
					     IPSECSTAT_A_RECENT_MAX };
	const struct family_reader as_a_whole = { take_whole, table,
						  IPSECSTAT_A_RECENT_MAX };
	int err;

	err = family_ask(family, family_request(family, IPSECSTAT_CMD_DROP_GET,
						NLM_F_DUMP), &lines);
	if (!err)
		err = family_ask(family,
				 family_request(family, IPSECSTAT_CMD_DROP_GET,
						0), &as_a_whole);
	return err;
}

/* The widest of a column decides. */
struct widths {
	int row, protocol, source, destination, packets;
};

static void widen(int *width, int wanted)
{
	if (*width < wanted)
		*width = wanted;
}

static struct widths find_widths(const struct table *table)
{
	struct widths widths = {
		.row = strlen("Reason"), .protocol = strlen("Proto"),
		.source = strlen("Source"), .packets = strlen("Packets"),
		.destination = strlen("Destination"),
	};

	for (size_t i = 0; i < table->n_lines; i++) {
		const struct line *line = &table->lines[i];

		widen(&widths.row, (int)strlen(line->row));
		widen(&widths.protocol,
		      (int)strlen(protocol_name(line->protocol)));
		widen(&widths.source, (int)strlen(line->source));
		widen(&widths.destination, (int)strlen(line->destination));
		widen(&widths.packets,
		      snprintf(NULL, 0, "%" PRIu64, line->packets));
	}
	return widths;
}

/* How long ago, in the largest unit that it has one of. */
static const char *age_text(uint64_t ns, char text[24])
{
	static const struct {
		char name;
		uint64_t seconds;
	} units[] = { { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };
	uint64_t now = (uint64_t)time(NULL), then = ns / NS_PER_S;
	uint64_t age = now > then ? now - then : 0;
	size_t i = 0;

	while (i < ARRAY_SIZE(units) - 1 && age < units[i].seconds)
		i++;
	snprintf(text, 24, "%" PRIu64 "%c", age / units[i].seconds,
		 units[i].name);
	return text;
}

static void show_line(const struct line *line, const struct widths *widths)
{
	char first[TIME_SIZE], last[TIME_SIZE], first_age[24], last_age[24];
	char spi[sizeof("0x12345678")] = "-";

	if (line->spi)
		snprintf(spi, sizeof(spi), "0x%08" PRIx32, line->spi);
	printf("%-*s  %-*s  %-*s  %-*s  %-10s  %*" PRIu64 "  %s %4s  %s %4s\n",
	       widths->row, line->row,
	       widths->protocol, protocol_name(line->protocol),
	       widths->source, line->source,
	       widths->destination, line->destination, spi,
	       widths->packets, line->packets,
	       time_text(line->first, first), age_text(line->first, first_age),
	       time_text(line->last, last), age_text(line->last, last_age));
}

static void show_lines(const struct table *table)
{
	const struct widths widths = find_widths(table);

	printf("%-*s  %-*s  %-*s  %-*s  %-10s  %*s  %-24s  %s\n",
	       widths.row, "Reason", widths.protocol, "Proto",
	       widths.source, "Source", widths.destination, "Destination",
	       "SPI", widths.packets, "Packets", "First, ago", "Last, ago");
	for (size_t i = 0; i < table->n_lines; i++)
		show_line(&table->lines[i], &widths);
	printf("\n%" PRIu64 " of %" PRIu64 " lines; %" PRIu64
	       " packets of lines that made room, %" PRIu64
	       " without a line for want of memory\n",
	       table->whole[LINES], table->whole[LIMIT], table->whole[EVICTED],
	       table->whole[MISSED]);
}

static int add_lines(struct json_object *root, const struct table *table)
{
	struct json_object *lines = json_object_new_array();

	if (json_add(root, "drops", lines))
		return -1;
	for (size_t i = 0; i < table->n_lines; i++) {
		struct json_object *object = line_object(&table->lines[i]);

		if (!object)
			return -1;
		if (json_object_array_add(lines, object)) {
			json_object_put(object);
			return -1;
		}
	}
	return 0;
}

static int add_all(struct json_object *root, const struct table *table)
{
	if (json_add(root, "version", json_object_new_int(SCHEMA_VERSION)))
		return -1;
	for (size_t i = 0; i < N_WHOLE; i++)
		if (json_add(root, whole[i].key,
			     json_object_new_uint64(table->whole[i])))
			return -1;
	return add_lines(root, table);
}

static int show_object(const struct table *table)
{
	struct json_object *root = json_object_new_object();

	if (root && add_all(root, table)) {
		json_object_put(root);
		return -1;
	}
	return json_write(stdout, root, false);
}

static int run(int argc, char **argv)
{
	struct table table = { 0 };
	struct family *family;
	bool json = false;
	int err;

	parse_options(&drops_command, argc, argv, &json);
	family = family_open();
	if (!family)
		return EXIT_FAILURE;
	err = ask(family, &table);
	if (err)
		family_complain(family, "cannot read the recent drops");
	/* Closed before a word is written, so none can get into its socket. */
	family_close(family);
	if (!err && json && show_object(&table)) {
		say("out of memory");
		err = -ENOMEM;
	} else if (!err && !json) {
		show_lines(&table);
	}
	free(table.lines);
	return err ? EXIT_FAILURE : finish_output();
}

const struct command drops_command = {
	.name = "drops",
	.usage = "drops [OPTION]...",
	.summary = "Show whose packets were dropped of late, and why.",
	.options = options,
	.n_options = ARRAY_SIZE(options),
	.run = run,
};
