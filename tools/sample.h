/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What was read: the statistics of one or several network namespaces, as a whole
 * and of single CPUs, at one moment.
 */
#ifndef SAMPLE_H
#define SAMPLE_H

#include <limits.h>

#include "fields.h"

#define ALL_CPUS (-1)

/* One set of counters. */
struct sample {
	char netns[NAME_MAX + 1];	/* "" for one without a name */
	int cpu;		/* or ALL_CPUS */
	uint64_t since;		/* the same while they are the same counters */
	struct figures figures;
	double clock;		/* to measure by, in seconds from somewhere */
	double seconds;		/* since the reading before, 0 without one ... */
	struct figures rise;	/* ... and what rose in them */
};

struct reading {
	double time;		/* in the world outside, as Unix counts it */
	char boot[40];		/* of which run of the kernel */
	bool named;		/* network namespaces were asked for by name */
	struct sample *samples;	/* each namespace before its CPUs */
	size_t n_samples;
};

void reading_begin(struct reading *reading);
void reading_free(struct reading *reading);

/* 0, or -1 if out of memory: then there is nothing to free. */
int reading_copy(struct reading *copy, const struct reading *reading);

/* A new sample, of now, all zero but for what is given; NULL if out of memory. */
struct sample *reading_add(struct reading *reading, const char *netns, int cpu);

/* How the rest of the statistics rose between the two; see rise above. */
void reading_compare(struct reading *now, const struct reading *before);

/*
 * Leave of the figures what rose since then. Samples of which that cannot be
 * said are reported and taken out. Returns how many those were.
 */
size_t reading_subtract(struct reading *now, const struct reading *then);

#endif
