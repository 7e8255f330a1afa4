// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "command.h"
#include "drops_table.h"

#define COLUMNS 80

/* Lines of a sender with so many SPIs become one line. */
#define MANY_SPIS 4

/* One row: a line, or all lines of a sender. */
struct row {
	const struct line *line;	/* of them, the latest */
	uint64_t packets;
	uint64_t first;
	unsigned int spis;
};

/* The columns of a row. */
enum { REASON, PROTO, SPI, PACKETS, FIRST, LAST, SOURCE, DESTINATION, N_CELLS };

struct cells {
	char text[N_CELLS][48];
};

/* Width of each column but the addresses. */
struct sheet {
	int widths[SOURCE];
};

static unsigned int count_alike(const struct table *table,
				const struct line *line)
{
	unsigned int count = 0;

	for (size_t i = 0; i < table->n_lines; i++)
		count += lines_alike(&table->lines[i], line);
	return count;
}

static void add_line(struct row *row, const struct line *line)
{
	row->packets += line->packets;
	if (!row->spis || line->first < row->first)
		row->first = line->first;
	row->spis++;
}

/* The row for a line; a new row has no SPI yet. */
static struct row *row_of(const struct table *table, const struct line *line,
			  struct row *rows, size_t n_rows, bool each)
{
	if (!each && count_alike(table, line) >= MANY_SPIS)
		for (size_t i = 0; i < n_rows; i++)
			if (lines_alike(rows[i].line, line))
				return &rows[i];
	rows[n_rows] = (struct row){ .line = line };
	return &rows[n_rows];
}

static size_t make_rows(const struct table *table, struct row *rows, bool each)
{
	size_t n_rows = 0;

	for (size_t i = 0; i < table->n_lines; i++) {
		const struct line *line = &table->lines[i];
		struct row *row = row_of(table, line, rows, n_rows, each);

		n_rows += !row->spis;
		add_line(row, line);
	}
	return n_rows;
}

static void spi_text(const struct row *row, char *text, size_t size)
{
	if (row->spis > 1)
		snprintf(text, size, "%u SPIs", row->spis);
	else if (row->line->spi)
		snprintf(text, size, "0x%08" PRIx32, row->line->spi);
	else
		snprintf(text, size, "-");
}

#define PUT(cells, cell, ...) \
	snprintf((cells)->text[cell], sizeof((cells)->text[cell]), __VA_ARGS__)

static void fill_cells(const struct row *row, bool times, struct cells *cells)
{
	const char *(*when)(uint64_t, char *) = times ? time_text : age_text;
	const struct line *line = row->line;
	char first[TIME_SIZE], last[TIME_SIZE], cause[CAUSE_SIZE];

	PUT(cells, REASON, "%s", cause_text(line, cause));
	PUT(cells, PROTO, "%s", protocol_name(line->protocol));
	spi_text(row, cells->text[SPI], sizeof(cells->text[SPI]));
	PUT(cells, PACKETS, "%" PRIu64, row->packets);
	PUT(cells, FIRST, "%s", when(row->first, first));
	PUT(cells, LAST, "%s", when(line->last, last));
	PUT(cells, SOURCE, "%s", line->source);
	PUT(cells, DESTINATION, "%s", line->destination);
}

static void widen(struct sheet *sheet, const struct cells *cells)
{
	for (int i = 0; i < SOURCE; i++) {
		int width = (int)strlen(cells->text[i]);

		if (sheet->widths[i] < width)
			sheet->widths[i] = width;
	}
}

static bool is_number(int cell)
{
	return cell == PACKETS || cell == FIRST || cell == LAST;
}

/*
 * Print the addresses, the last columns. If there is no room for both they go
 * below, on one or two lines.
 */
static void print_cells(const struct sheet *sheet, const struct cells *cells)
{
	const char *source = cells->text[SOURCE];
	const char *destination = cells->text[DESTINATION];
	size_t both = strlen(source) + strlen(" > ") + strlen(destination);
	size_t used = 0;

	for (int i = 0; i < SOURCE; i++)
		used += (size_t)printf("%s%*s", i ? "  " : "", is_number(i) ?
				       sheet->widths[i] : -sheet->widths[i],
				       cells->text[i]);
	printf("%s%s%s> %s\n", used + 2 + both <= COLUMNS ? "  " : "\n    ",
	       source, 4 + both <= COLUMNS ? " " : "\n    ", destination);
}

static const struct cells heading = { {
	[REASON] = "Reason", [PROTO] = "Proto", [SPI] = "SPI",
	[PACKETS] = "Packets", [FIRST] = "First", [LAST] = "Last",
	[SOURCE] = "Source", [DESTINATION] = "Destination",
} };

/* Print the details of a line, wrapped to the width of the screen. */
struct facts {
	size_t used;	/* of the row */
};

__attribute__((format(printf, 2, 3)))
static void print_fact(struct facts *facts, const char *format, ...)
{
	char text[128];
	size_t length;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	length = strlen(text);
	if (facts->used && facts->used + 2 + length < COLUMNS) {
		facts->used += (size_t)printf(", %s", text);
		return;
	}
	if (facts->used)
		printf(",\n");
	facts->used = (size_t)printf("    %s", text);
}

static void print_facts(const struct line *line, bool times)
{
	struct facts facts = { 0 };
	char text[TIME_SIZE];

	if (line->sa_until && times)
		print_fact(&facts, "SA ended %s",
			   time_text(line->sa_until, text));
	else if (line->sa_until)
		print_fact(&facts, "SA ended %s ago",
			   age_text(line->sa_until, text));
	if (line->has_sequence && line->sequence_first == line->sequence_last)
		print_fact(&facts, "sequence number %" PRIu32,
			   line->sequence_last);
	else if (line->has_sequence)
		print_fact(&facts, "sequence numbers %" PRIu32 " to %" PRIu32,
			   line->sequence_first, line->sequence_last);
	if (line->policy)
		print_fact(&facts, "policy %s", line->policy);
	if (line->device[0])
		print_fact(&facts, "device %s", line->device);
	if (line->inner_source[0])
		print_fact(&facts, "inside %s > %s", line->inner_source,
			   line->inner_destination);
	if (facts.used)
		putchar('\n');
}

static void print_rows(const struct row *rows, size_t n_rows,
		       const struct drops_view *view)
{
	struct sheet sheet = { 0 };
	struct cells cells;

	widen(&sheet, &heading);
	for (size_t i = 0; i < n_rows; i++) {
		fill_cells(&rows[i], view->times, &cells);
		widen(&sheet, &cells);
	}
	print_cells(&sheet, &heading);
	for (size_t i = 0; i < n_rows; i++) {
		fill_cells(&rows[i], view->times, &cells);
		print_cells(&sheet, &cells);
		if (view->full)
			print_facts(rows[i].line, view->times);
	}
}

int drops_table(const struct table *table, const struct drops_view *view)
{
	struct row *rows = calloc(table->n_lines + 1, sizeof(*rows));

	if (!rows)
		return 1;
	print_rows(rows, make_rows(table, rows, view->each || view->full), view);
	printf("\n%" PRIu64 " of %" PRIu64 " lines; packets without a line:\n%"
	       PRIu64 " evicted, %" PRIu64 " out of memory, %" PRIu64
	       " unseen\n",
	       table->whole[LINES], table->whole[LIMIT], table->whole[EVICTED],
	       table->whole[MISSED], table->whole[UNSEEN]);
	free(rows);
	return 0;
}
