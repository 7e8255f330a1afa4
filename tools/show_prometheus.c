// SPDX-License-Identifier: GPL-2.0-only
/*
 * The text exposition format of Prometheus, version 0.0.4: a family at a time,
 * with its HELP and TYPE before its series.
 */
#include <inttypes.h>

#include "show.h"

static void show_series(FILE *out, const IPSEC_STATISTICS1 *stats,
			const struct group *group, const struct field *field)
{
	const char *ours = group->labels ? group->labels : "";
	const char *its = field->meaning->labels ? field->meaning->labels : "";

	fputs(metrics[field->meaning->metric].name, out);
	if (*ours || *its)
		fprintf(out, "{%s%s%s}", ours, *ours && *its ? "," : "", its);
	fprintf(out, " %" PRIu64 "\n", field_value(stats, group, field));
}

static void show_family(FILE *out, const IPSEC_STATISTICS1 *stats,
			enum metric_id id)
{
	const struct metric *metric = &metrics[id];

	fprintf(out, "# HELP %s %s\n", metric->name, metric->help);
	fprintf(out, "# TYPE %s %s\n", metric->name,
		metric->counter ? "counter" : "gauge");
	for (size_t g = 0; g < N_GROUPS; g++) {
		const struct group *group = &groups[g];

		for (size_t i = 0; i < group->n_fields; i++) {
			const struct field *field = &group->fields[i];

			if (field->meaning->metric == id && !field->sum)
				show_series(out, stats, group, field);
		}
	}
}

int show_prometheus(FILE *out, const IPSEC_STATISTICS1 *stats)
{
	for (int id = 0; id < N_METRICS; id++)
		show_family(out, stats, id);
	return 0;
}
