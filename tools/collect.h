/* SPDX-License-Identifier: GPL-2.0-only */
/* Take readings, by the library. */
#ifndef COLLECT_H
#define COLLECT_H

#include "sample.h"

/* What to read. */
struct scope {
	const char *netns;	/* this one, or NULL */
	bool all_netns;
	bool per_cpu;
};

/*
 * Take a reading. Failures are printed, and the rest is read. Returns the
 * number of failures.
 */
int collect(const struct scope *scope, struct reading *reading);

#endif
