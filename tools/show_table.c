// SPDX-License-Identifier: GPL-2.0-only
/*
 * A table for people. Its lines stay within 80 columns whatever the values:
 *
 *   2 + 25 | 2 + 10 | 2 + 10 | 2 + 10 | 2 + hint of 15	drops
 *   2 + 25 | 2 + 20          | 2 + 20 | 2 + hint of 7	traffic
 */
#include <inttypes.h>
#include <string.h>

#include "show.h"

#define ROW_WIDTH	25
#define DIGITS32	10
#define DIGITS64	20

static int column_width(const struct group *group)
{
	return group->fields[0].size == sizeof(uint64_t) ? DIGITS64 : DIGITS32;
}

/* The group after the last one of the section that starts with group. */
static const struct group *section_end(const struct group *group)
{
	const struct group *end = group + 1;

	while (end < groups + N_GROUPS && !strcmp(end->section, group->section))
		end++;
	return end;
}

/* The group that has all rows of its section. */
static const struct group *fullest(const struct group *group,
				   const struct group *end)
{
	const struct group *best = group;

	for (; group < end; group++)
		if (group->n_fields > best->n_fields)
			best = group;
	return best;
}

static const struct field *find_field(const struct group *group,
				      const struct meaning *meaning)
{
	for (size_t i = 0; i < group->n_fields; i++)
		if (group->fields[i].meaning == meaning)
			return &group->fields[i];
	return NULL;
}

static void show_cell(FILE *out, const IPSEC_STATISTICS1 *stats,
		      const struct group *group, const struct meaning *meaning)
{
	const struct field *field = find_field(group, meaning);

	if (field)
		fprintf(out, "  %*" PRIu64, column_width(group),
			field_value(stats, group, field));
	else
		fprintf(out, "  %*s", column_width(group), "-");
}

static void show_section(FILE *out, const IPSEC_STATISTICS1 *stats,
			 const struct group *first, const struct group *end)
{
	const struct group *rows = fullest(first, end);
	const struct group *group;

	fprintf(out, "%-*s", 2 + ROW_WIDTH, first->section);
	for (group = first; group < end; group++)
		fprintf(out, "  %*s", column_width(group), group->column);
	fputc('\n', out);

	for (size_t i = 0; i < rows->n_fields; i++) {
		const struct meaning *meaning = rows->fields[i].meaning;

		fprintf(out, "  %-*s", ROW_WIDTH, meaning->row);
		for (group = first; group < end; group++)
			show_cell(out, stats, group, meaning);
		fprintf(out, "  %s\n", meaning->hint);
	}
}

int show_table(FILE *out, const IPSEC_STATISTICS1 *stats)
{
	const struct group *group = groups;

	while (group < groups + N_GROUPS) {
		const struct group *end = section_end(group);

		if (group != groups)
			fputc('\n', out);
		show_section(out, stats, group, end);
		group = end;
	}
	return 0;
}
