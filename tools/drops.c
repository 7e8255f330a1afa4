// SPDX-License-Identifier: GPL-2.0-only
/*
 * ipsecstat drops: print the kernel's table of recent drops.
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

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
	struct drops_view view;
	const char *netns;
	bool all_netns;
};

static const struct option_row options[] = {
	{ 'j', "json", NULL, "output JSON", take_flag, AT(json) },
	{ 't', "times", NULL, "print times instead of ages",
	  take_flag, AT(view.times) },
	{ 'e', "each", NULL, "print each SPI in a line",
	  take_flag, AT(view.each) },
	{ 'f', "full", NULL, "print the details of each line",
	  take_flag, AT(view.full) },
	{ 'n', "netns", "NETNS", "read network namespace NETNS",
	  take_netns, AT(netns) },
	{ 'a', "all-netns", NULL, "read all that have a name, and this one",
	  take_flag, AT(all_netns) },
};

static const struct conflict conflicts[] = {
	{ 'n', 'a', "all of them or one" },
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
	return read_line(table->socket, attrs, &table->lines[table->n_lines++]);
}

static int ask(struct family *family, struct table *table)
{
	const struct family_reader lines = { add_line, table,
					     IPSECSTAT_A_RECENT_MAX };
	const struct family_reader as_a_whole = { take_whole, table,
						  IPSECSTAT_A_RECENT_MAX };
	int err;

	table->socket = family_fd(family);
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
	for (size_t i = 0; i < table->n_lines; i++)
		if (json_append(lines, line_object(&table->lines[i])))
			return -1;
	return 0;
}

/* The table as an object; takes over its first members. */
static struct json_object *table_object(struct json_object *root,
					const struct table *table)
{
	int err = root ? 0 : -1;

	for (size_t i = 0; !err && i < N_WHOLE; i++)
		err = json_add(root, whole[i].key,
			       json_object_new_uint64(table->whole[i]));
	if (!err)
		err = add_lines(root, table);
	if (!err)
		return root;
	json_object_put(root);
	return NULL;
}

static struct json_object *root_object(void)
{
	struct json_member version = {
		"version", json_object_new_int(SCHEMA_VERSION)
	};

	return json_object_of(&version, 1);
}

int drops_read(struct table *table)
{
	struct family *family = family_open();
	int err;

	if (!family)
		return -1;
	err = ask(family, table);
	if (err)
		family_complain(family, "cannot read the recent drops");
	/* Close before writing, so that no output can reach the socket. */
	family_close(family);
	return err ? -1 : 0;
}

/* The table of one network namespace. */
struct found {
	char netns[NAME_MAX + 1];	/* "" for one without a name */
	struct table table;
};

/* The tables that could be read. */
struct collection {
	struct found *found;
	size_t count;
};

static int out_of_memory(void)
{
	say("out of memory");
	return -1;
}

static int visit(void *context, const char *netns)
{
	struct collection *all = context;
	struct found *found = reallocarray(all->found, all->count + 1,
					   sizeof(*found));

	if (!found)
		return out_of_memory();
	all->found = found;
	found += all->count;
	*found = (struct found){ 0 };
	snprintf(found->netns, sizeof(found->netns), "%s", netns);
	if (drops_read(&found->table)) {
		free(found->table.lines);
		return -1;
	}
	all->count++;
	return 0;
}

static uint64_t packets_of(const struct table *table)
{
	uint64_t sum = table->whole[EVICTED] + table->whole[MISSED] +
		       table->whole[UNSEEN];

	for (size_t i = 0; i < table->n_lines; i++)
		sum += table->lines[i].packets;
	return sum;
}

/* Sort by packets dropped, most first. */
static int by_packets(const void *one, const void *other)
{
	const struct found *a = one, *b = other;
	int order = descending(packets_of(&a->table), packets_of(&b->table));

	return order ? order : strcmp(a->netns, b->netns);
}

static int show_tables(struct collection *all, const struct settings *settings)
{
	int err = 0;

	if (all->count)
		qsort(all->found, all->count, sizeof(*all->found), by_packets);
	for (size_t i = 0; !err && i < all->count; i++) {
		if (settings->all_netns) {
			fputs(i ? "\n" : "", stdout);
			netns_heading(stdout, all->found[i].netns);
			putchar('\n');
		}
		err = drops_table(&all->found[i].table, &settings->view);
	}
	return err ? out_of_memory() : 0;
}

static int add_found(struct json_object *root, const struct collection *all)
{
	struct json_object *named = json_object_new_object();

	if (json_add(root, "netns", named))
		return -1;
	for (size_t i = 0; i < all->count; i++)
		if (json_add(named, all->found[i].netns,
			     table_object(json_object_new_object(),
					  &all->found[i].table)))
			return -1;
	return 0;
}

static int show_json(const struct collection *all,
		     const struct settings *settings)
{
	struct json_object *root;

	/* The failure was printed already. */
	if (!settings->all_netns && !all->count)
		return 0;
	root = root_object();
	if (!settings->all_netns) {
		root = table_object(root, &all->found[0].table);
	} else if (root && add_found(root, all)) {
		json_object_put(root);
		root = NULL;
	}
	return json_write(stdout, root, false) ? out_of_memory() : 0;
}

static void collection_free(struct collection *all)
{
	for (size_t i = 0; i < all->count; i++)
		free(all->found[i].table.lines);
	free(all->found);
}

static int run(int argc, char **argv)
{
	struct settings settings = { 0 };
	struct collection all = { 0 };
	int err, status;

	parse_options(&drops_command, argc, argv, &settings);
	err = netns_visit_chosen(settings.netns, settings.all_netns, visit, &all);
	err |= settings.json ? show_json(&all, &settings) :
			       show_tables(&all, &settings);
	collection_free(&all);
	status = finish_output();
	return err ? EXIT_FAILURE : status;
}

const struct command drops_command = {
	.name = "drops",
	.usage = "drops [OPTION]...",
	.summary = "List recently dropped packets by source and reason.",
	.options = options,
	.n_options = ARRAY_SIZE(options),
	.conflicts = conflicts,
	.n_conflicts = ARRAY_SIZE(conflicts),
	.run = run,
};
