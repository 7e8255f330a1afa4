/* SPDX-License-Identifier: GPL-2.0-only */
/* Asks the kernel, by way of the library. */
#ifndef COLLECT_H
#define COLLECT_H

#include "sample.h"

/* What to ask for. */
struct scope {
	const char *netns;	/* this one, or NULL */
	bool all_netns;
	bool per_cpu;
};

/*
 * Takes a reading. What fails is reported, and the rest read all the same. Returns
 * how much failed.
 */
int collect(const struct scope *scope, struct reading *reading);

#endif
