/* SPDX-License-Identifier: GPL-2.0-only */
/* Peers as Prometheus text, beside the figures of their namespaces. */
#ifndef PEERS_PROMETHEUS_H
#define PEERS_PROMETHEUS_H

#include <stdio.h>

#include "peer_names.h"
#include "sample.h"

/* The highest limit on peers. */
#define MOST_PEERS 100000

/* The peers of one network namespace. */
struct peer_source {
	char netns[NAME_MAX + 1];
	FWPUCLNT_PEERS *peers;	/* NULL if they could not be read */
	struct peer_names names;
};

struct peer_sources {
	unsigned int limit;	/* limit for all namespaces together, 0: no peers */
	struct peer_source *each;
	size_t count;
};

/*
 * Read the peers of each namespace of a reading. Failures are printed, and the
 * rest is read. Returns the number of failures.
 */
int peer_sources_read(struct peer_sources *sources,
		      const struct reading *reading);
void peer_sources_free(struct peer_sources *sources);

/* Write all metrics of peers, with the label netns if @named. */
void peer_sources_show(FILE *out, const struct peer_sources *sources,
		       bool named);

#endif
