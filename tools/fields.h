/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One table of the members of IPSEC_STATISTICS1 and of the drop reasons. All
 * output formats walk it, and know no member by name.
 */
#ifndef FIELDS_H
#define FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <windows.h>
#include <fwpmu.h>
#include <fwpuclnt.h>

/* One reading. */
struct figures {
	IPSEC_STATISTICS1 statistics;
	FWPUCLNT_DROPS drops;
};

enum metric_id {
	SAS_ACTIVE,
	SAS_PENDING,
	SAS_OFFLOADED,
	SAS_ADDED,
	SAS_DELETED,
	SA_REKEYS,
	TUNNELS_ACTIVE,
	DROPS,
	PACKETS,
	BYTES,
	ENCRYPTED_BYTES,
	AUTHENTICATED_BYTES,
	OFFLOADED_BYTES,
	N_METRICS,
	NO_METRIC = N_METRICS	/* a sum of other members */
};

/* A Prometheus family. A counter may only rise, a gauge goes both ways. */
struct metric {
	const char *name;
	bool counter;
	const char *help;
};

/* The unit of a figure, also of its rate. */
enum unit {
	UNIT_NUMBER,
	UNIT_PACKETS,
	UNIT_BYTES,
};

/*
 * The meaning of a member, in all structures that have a member of that name.
 */
struct meaning {
	const char *name;	/* of the WFP member or the reason, and the JSON key */
	const char *row;	/* its row in the table ... */
	const char *hint;	/* ... and the hint at the end of the row */
	enum unit unit;
	enum metric_id metric;
	const char *labels;	/* of the Prometheus series, or NULL */
};

/* The place of a member in the structure of its group. */
struct field {
	const struct meaning *meaning;
	size_t offset;
	size_t size;
	bool sum;		/* a sum of fields of other groups: has no series */
};

/* A structure within the figures. */
struct group {
	const char *name;	/* of the WFP member, and the JSON key */
	const char *key;	/* to choose it by */
	size_t offset;
	const char *section;	/* groups of one section are columns side by side */
	const char *column;
	const char *labels;	/* of all its Prometheus series, or NULL */
	bool of_cpus;		/* kept for each CPU; else belongs to none */
	bool drops;
	bool narrow;		/* hardly ever more digits than 32 bits have */
	bool no_zeros;		/* the table leaves rows of zeros out */
	bool rates;		/* the table has room for a column of them */
	const struct field *fields;
	size_t n_fields;
};

#define N_GROUPS 10

extern const struct metric metrics[N_METRICS];
extern const struct group groups[N_GROUPS];

uint64_t field_value(const struct figures *figures, const struct group *group,
		     const struct field *field);
bool field_is_counter(const struct field *field);

/*
 * What rose from then to now; gauges are as they are now. A counter of 32 bits
 * may have gone on with 0 after its maximum. The counter that fell is returned,
 * NULL if there is none. A rise by half of the range or more is such a fall.
 */
const struct field *figures_rise(const struct figures *now,
				 const struct figures *then,
				 struct figures *rise);

/* All that was dropped, in and out, each packet and each look-up once. */
uint64_t figures_dropped(const struct figures *figures);

/* A set of groups has their bits. */
#define ALL_GROUPS ((1u << N_GROUPS) - 1)
#define GROUP_BIT(group) (1u << ((group) - groups))

void field_set(struct figures *figures, const struct group *group,
	       const struct field *field, uint64_t value);

#endif
