/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of recent drops, as text. */
#ifndef DROPS_TABLE_H
#define DROPS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "line.h"

/* The kernel's table of recent drops. */
enum {
	LIMIT,
	LINES,
	EVICTED,
	MISSED,
	UNSEEN,
	N_WHOLE
};

struct table {
	uint64_t whole[N_WHOLE];
	struct line *lines;	/* that with the latest packet first */
	size_t n_lines;
	int socket;		/* when it was read */
};

/* How it is shown. */
struct drops_view {
	bool times;	/* times, not ages */
	bool each;	/* one line for each SPI */
	bool full;	/* with the details of each line below it */
};

/* Print it within 80 columns. 0, or 1 if out of memory. */
int drops_table(const struct table *table, const struct drops_view *view);

#endif
