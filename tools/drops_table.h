/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of recent drops, for people. */
#ifndef DROPS_TABLE_H
#define DROPS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "line.h"

/* What the kernel's table is as a whole. */
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
	int socket;		/* by which it is read */
};

/* How it is shown. */
struct drops_view {
	bool times;	/* and not ages */
	bool each;	/* not one line for a sender of many SPIs */
	bool full;	/* what else is known of each line, below it */
};

/* Prints it within 80 columns. 0, or 1 if out of memory. */
int drops_table(const struct table *table, const struct drops_view *view);

#endif
