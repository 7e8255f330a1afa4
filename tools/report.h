/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Output formats of a reading. Each writes it to out and returns 0, or -1 if
 * out of memory; errors of out are for the caller to check.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "sample.h"

/* What to show, and how. */
struct report {
	const struct reading *reading;
	unsigned int groups;	/* a set */
	double from;		/* time of the baseline that was subtracted, or 0 */
	bool rates;		/* with rates, where a sample has them */
	bool color;		/* table */
	bool compact;		/* table: without lines of zeros */
	bool line;		/* JSON: all in one line */
};

typedef int show_fn(FILE *out, const struct report *report);

show_fn show_table, show_json, show_prometheus;

/* Whether to show a group of a sample. Samples of a CPU have no SAs. */
static inline bool group_shown(const struct report *report,
			       const struct sample *sample,
			       const struct group *group)
{
	return report->groups & GROUP_BIT(group) &&
	       (sample->cpu == ALL_CPUS || group->of_cpus);
}

#endif
