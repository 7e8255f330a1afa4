/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A reading: statistics of one or several network namespaces, as a whole and by
 * CPU, at one moment.
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
	double clock;		/* for intervals, in seconds of CLOCK_BOOTTIME */
	double seconds;		/* seconds since the reading before, 0 without one ... */
	struct figures rise;	/* ... and the increase in them */
};

struct reading {
	double time;		/* Unix time */
	char boot[40];		/* boot ID of the kernel */
	bool named;		/* network namespaces were asked for by name */
	struct sample *samples;	/* each namespace before its CPUs */
	size_t n_samples;
};

void reading_begin(struct reading *reading);
void reading_free(struct reading *reading);

/* 0, or -1 if out of memory; then nothing is to be freed. */
int reading_copy(struct reading *copy, const struct reading *reading);

/* A new sample, of now, all zero but for what is given; NULL if out of memory. */
struct sample *reading_add(struct reading *reading, const char *netns, int cpu);

/* Set the increase of the statistics between the two; see rise above. */
void reading_compare(struct reading *now, const struct reading *before);

/*
 * Subtract an earlier reading. Samples that cannot be compared are reported and
 * removed. Returns their number.
 */
size_t reading_subtract(struct reading *now, const struct reading *then);

#endif
