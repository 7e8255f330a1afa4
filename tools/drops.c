// SPDX-License-Identifier: GPL-2.0-only
/*
 * ipsecstat drops: the kernel's table of recent drops, whose packets they were.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "command.h"
#include "drops.h"
#include "drops_table.h"
#include "family.h"
#include "json.h"
#include "line.h"
#include "netns.h"

/* Rises when a key goes or changes its meaning, not when one is added. */
#define SCHEMA_VERSION 1

static const struct {
	const char *key;
	int attr;
} whole[N_WHOLE] = {
	[LIMIT] = { "limit", IPSECSTAT_A_RECENT_LIMIT },
	[LINES] = { "lines", IPSECSTAT_A_RECENT_LINES },
	[EVICTED] = { "evicted", IPSECSTAT_A_RECENT_EVICTED },
	[MISSED] = { "missed", IPSECSTAT_A_RECENT_MISSED },
	[UNSEEN] = { "unseen", IPSECSTAT_A_RECENT_UNSEEN },
};

struct settings {
	bool json;
	bool times;
	bool each;
	const char *netns;
};

static void take_json(void *settings, const char *argument)
{
	(void)argument;
	((struct settings *)settings)->json = true;
}

static void take_times(void *settings, const char *argument)
{
	(void)argument;
	((struct settings *)settings)->times = true;
}

static void take_each(void *settings, const char *argument)
{
	(void)argument;
	((struct settings *)settings)->each = true;
}

static void take_netns(void *settings, const char *argument)
{
	((struct settings *)settings)->netns = netns_argument(argument);
}

static const struct option_row options[] = {
	{ 'j', "json", NULL, "output JSON", take_json },
	{ 't', "times", NULL, "print times, not how long ago", take_times },
	{ 'e', "each", NULL, "print each SPI, also those of a sender of many",
	  take_each },
	{ 'n', "netns", "NAME", "those of this network namespace", take_netns },
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

/* 0, or 1 for want of memory. */
static int show_object(const struct table *table)
{
	struct json_object *root = json_object_new_object();

	if (root && add_all(root, table)) {
		json_object_put(root);
		return 1;
	}
	return json_write(stdout, root, false) ? 1 : 0;
}

/* In the network namespace that the thread is in. */
static int read_all(void *context, const char *netns)
{
	struct family *family = family_open();
	int err;

	(void)netns;
	if (!family)
		return -1;
	err = ask(family, context);
	if (err)
		family_complain(family, "cannot read the recent drops");
	/* Closed before a word is written, so none can get into its socket. */
	family_close(family);
	return err ? -1 : 0;
}

static int run(int argc, char **argv)
{
	struct settings settings = { 0 };
	struct table table = { 0 };
	int err;

	parse_options(&drops_command, argc, argv, &settings);
	err = settings.netns ?
	      netns_visit(settings.netns, read_all, &table) :
	      read_all(&table, "");
	if (!err && settings.json)
		err = show_object(&table);
	else if (!err)
		err = drops_table(&table, settings.times, settings.each);
	if (err > 0)
		say("out of memory");
	free(table.lines);
	return err ? EXIT_FAILURE : finish_output();
}

const struct command drops_command = {
	.name = "drops",
	.usage = "drops [OPTION]...",
	.summary = "List recently dropped packets by source and reason.",
	.options = options,
	.n_options = ARRAY_SIZE(options),
	.run = run,
};
