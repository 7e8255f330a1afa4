// SPDX-License-Identifier: GPL-2.0-only
/*
 * Output as a table. Its lines stay within 80 columns whatever the values:
 *
 *   2 + 25 | 2 + 10 | 2 + 10 | 2 + 10 | 2 + hint of 15	drops
 *   2 + 25 | 2 + 20          | 2 + 20 | 2 + hint of 7	traffic
 *
 * and with rates, for which the hints and exact bytes make room:
 *
 *   2 + 25 | 2 + 10 | 2 + 10 | 2 + 10 | 2 + 11		drops
 *   2 + 25 | 2 + 11 | 2 + 11 | 2 + 11 | 2 + 11		traffic
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "command.h"
#include "line.h"
#include "netns.h"
#include "report.h"
#include "units.h"

#define ROW_WIDTH	25
#define DIGITS32	10
#define DIGITS64	20

#define BOLD		"\033[1m"
#define RED		"\033[31m"
#define PLAIN		"\033[m"

/* A sample that is written to out. */
struct table {
	FILE *out;
	const struct report *report;
	const struct sample *sample;
	bool begun;		/* a section was printed before */
};

static bool is_wide(const struct group *group)
{
	return group->fields[0].size == sizeof(uint64_t);
}

static int column_width(const struct table *table, const struct group *group)
{
	if (!is_wide(group) || group->narrow)
		return DIGITS32;
	return table->report->rates ? UNITS_WIDTH : DIGITS64;
}

static bool has_rates(const struct table *table, const struct group *group)
{
	return table->report->rates && group->rates;
}

/* The end of the section that starts with group. */
static const struct group *section_end(const struct group *group)
{
	const struct group *end = group + 1;

	while (end < groups + N_GROUPS && !strcmp(end->section, group->section))
		end++;
	return end;
}

/* The next group to show, this one or a later one; end if there is none. */
static const struct group *shown_from(const struct table *table,
				      const struct group *group,
				      const struct group *end)
{
	while (group < end && !group_shown(table->report, table->sample, group))
		group++;
	return group;
}

#define for_each_shown(group, table, first, end)			\
	for ((group) = shown_from(table, first, end); (group) < (end);	\
	     (group) = shown_from(table, (group) + 1, end))

static const struct field *find_field(const struct group *group,
				      const struct meaning *meaning)
{
	for (size_t i = 0; i < group->n_fields; i++)
		if (group->fields[i].meaning == meaning)
			return &group->fields[i];
	return NULL;
}

static uint64_t figure(const struct table *table, const struct group *group,
		       const struct field *field)
{
	return field_value(&table->sample->figures, group, field);
}

/* Drops; with rates, those that go on. */
static bool is_alarming(const struct table *table, const struct group *group,
			const struct field *field)
{
	const struct sample *sample = table->sample;

	if (!group->drops)
		return false;
	if (!table->report->rates)
		return figure(table, group, field);
	return sample->seconds > 0 && field_value(&sample->rise, group, field);
}

static void put_padded(const struct table *table, int width, const char *color,
		       const char *text)
{
	bool colored = table->report->color && *color;

	fprintf(table->out, "  %s%*s%s", colored ? color : "", width, text,
		colored ? PLAIN : "");
}

static void show_rate(const struct table *table, const struct group *group,
		      const struct field *field, const char *color)
{
	const struct sample *sample = table->sample;
	char text[64] = "-";

	if (sample->seconds > 0 && field_is_counter(field))
		format_rate(text, sizeof(text), field->meaning->unit,
			    (double)field_value(&sample->rise, group, field) /
			    sample->seconds);
	put_padded(table, UNITS_WIDTH, color, text);
}

static void show_cell(const struct table *table, const struct group *group,
		      const struct meaning *meaning)
{
	const struct field *field = find_field(group, meaning);
	int width = column_width(table, group);
	const char *color;
	char text[64];

	if (!field) {
		put_padded(table, width, "", "-");
		if (has_rates(table, group))
			put_padded(table, UNITS_WIDTH, "", "");
		return;
	}
	color = is_alarming(table, group, field) ? RED : "";
	if (table->report->rates && is_wide(group) && !group->narrow)
		format_amount(text, sizeof(text), meaning->unit,
			      figure(table, group, field));
	else
		snprintf(text, sizeof(text), "%" PRIu64,
			 figure(table, group, field));
	put_padded(table, width, color, text);
	if (has_rates(table, group))
		show_rate(table, group, field, color);
}

static void show_row(const struct table *table, const struct meaning *meaning,
		     const struct group *first, const struct group *end)
{
	const struct group *group;

	fprintf(table->out, "  %-*s", ROW_WIDTH, meaning->row);
	for_each_shown(group, table, first, end)
		show_cell(table, group, meaning);
	if (!table->report->rates && *meaning->hint)
		fprintf(table->out, "  %s", meaning->hint);
	fputc('\n', table->out);
}

static void show_columns(const struct table *table, const struct group *first,
			 const struct group *end)
{
	const struct group *group;

	fprintf(table->out, "%s%-*s", table->report->color ? BOLD : "",
		2 + ROW_WIDTH, first->section);
	for_each_shown(group, table, first, end) {
		put_padded(table, column_width(table, group), "",
			   group->column);
		if (has_rates(table, group))
			put_padded(table, UNITS_WIDTH, "", "Rate");
	}
	fprintf(table->out, "%s\n", table->report->color ? PLAIN : "");
}

static bool is_zero(const struct table *table, const struct meaning *meaning,
		    const struct group *first, const struct group *end)
{
	const struct group *group;

	for_each_shown(group, table, first, end) {
		const struct field *field = find_field(group, meaning);

		if (field && figure(table, group, field))
			return false;
	}
	return true;
}

static bool is_all_zero(const struct table *table, const struct group *first,
			const struct group *end)
{
	const struct group *group;

	for_each_shown(group, table, first, end)
		for (size_t i = 0; i < group->n_fields; i++)
			if (figure(table, group, &group->fields[i]))
				return false;
	return true;
}

static bool leaves_zeros_out(const struct table *table,
			     const struct group *group)
{
	return table->report->compact || group->no_zeros;
}

/* Among the groups to show, the one with most rows of the section. */
static const struct group *fullest(const struct table *table,
				   const struct group *first,
				   const struct group *end)
{
	const struct group *group, *best = NULL;

	for_each_shown(group, table, first, end)
		if (!best || group->n_fields > best->n_fields)
			best = group;
	return best;
}

/* Print the rows of a group that another group does not have. */
static void show_rows(const struct table *table, const struct group *rows,
		      const struct group *other, const struct group *first,
		      const struct group *end)
{
	for (size_t i = 0; i < rows->n_fields; i++) {
		const struct meaning *meaning = rows->fields[i].meaning;

		if (other != rows && find_field(other, meaning))
			continue;
		if (!leaves_zeros_out(table, first) ||
		    !is_zero(table, meaning, first, end))
			show_row(table, meaning, first, end);
	}
}

static void show_section(struct table *table, const struct group *first,
			 const struct group *end)
{
	const struct group *rows = fullest(table, first, end), *group;

	if (!rows || (first->no_zeros && is_all_zero(table, first, end)))
		return;
	if (table->begun && !table->report->compact)
		fputc('\n', table->out);
	table->begun = true;
	show_columns(table, first, end);
	show_rows(table, rows, rows, first, end);
	for_each_shown(group, table, first, end)
		if (group != rows)
			show_rows(table, group, rows, first, end);
}

/* A CPU may have counted nothing. */
static bool is_idle(const struct table *table)
{
	return table->sample->cpu != ALL_CPUS &&
	       is_all_zero(table, groups, groups + N_GROUPS);
}

static bool has_cpus(const struct reading *reading)
{
	return reading->n_samples &&
	       reading->samples[reading->n_samples - 1].cpu != ALL_CPUS;
}

/* With a baseline, the first line has its time. */
static bool tells_since(const struct table *table)
{
	return !table->report->from && !table->report->compact;
}

static bool needs_heading(const struct table *table)
{
	const struct reading *reading = table->report->reading;

	return reading->named || has_cpus(reading) || tells_since(table);
}

/* Which network namespace, which CPU, and since when they are counted. */
static void put_heading(const struct table *table)
{
	const struct sample *sample = table->sample;
	char time[TIME_SIZE];

	if (table->report->reading->named)
		netns_heading(table->out, sample->netns);
	else
		fputs("This network namespace", table->out);
	if (sample->cpu != ALL_CPUS)
		fprintf(table->out, ", CPU %d", sample->cpu);
	if (tells_since(table))
		fprintf(table->out, ", since %s",
			time_text(since_1970(sample->since), time));
}

static void show_heading(struct table *table)
{
	if (!needs_heading(table))
		return;
	if (table->begun)
		fputc('\n', table->out);
	fputs(table->report->color ? BOLD : "", table->out);
	put_heading(table);
	fprintf(table->out, "%s\n", table->report->color ? PLAIN : "");
	/* No empty line before the first section. */
	table->begun = false;
}

static void show_sample(struct table *table, const struct sample *sample)
{
	const struct group *group, *end;

	table->sample = sample;
	if (is_idle(table))
		return;
	show_heading(table);
	for (group = groups; group < groups + N_GROUPS; group = end) {
		end = section_end(group);
		show_section(table, group, end);
	}
}

/* A network namespace begins here; its CPUs follow. */
static bool begins(const struct reading *reading, const struct sample *sample)
{
	return sample == reading->samples ||
	       strcmp(sample->netns, sample[-1].netns) != 0;
}

/* Sort by packets dropped, most first. */
static int by_drops(const void *one, const void *other)
{
	const struct sample *a = *(const struct sample *const *)one;
	const struct sample *b = *(const struct sample *const *)other;
	int order = descending(figures_dropped(&a->figures),
			       figures_dropped(&b->figures));

	return order ? order : (a > b) - (a < b);
}

static void show_netns(struct table *table, const struct sample *sample)
{
	const struct reading *reading = table->report->reading;
	const struct sample *end = reading->samples + reading->n_samples;

	do
		show_sample(table, sample++);
	while (sample < end && !begins(reading, sample));
}

int show_table(FILE *out, const struct report *report)
{
	struct table table = { .out = out, .report = report };
	const struct reading *reading = report->reading;
	const struct sample **firsts;
	size_t n = 0;

	firsts = calloc(reading->n_samples + 1, sizeof(*firsts));
	if (!firsts)
		return -1;
	for (size_t i = 0; i < reading->n_samples; i++)
		if (begins(reading, &reading->samples[i]))
			firsts[n++] = &reading->samples[i];
	qsort(firsts, n, sizeof(*firsts), by_drops);
	for (size_t i = 0; i < n; i++)
		show_netns(&table, firsts[i]);
	free(firsts);
	return 0;
}
