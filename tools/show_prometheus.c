// SPDX-License-Identifier: GPL-2.0-only
/*
 * The text exposition format of Prometheus, version 0.0.4: a family at a time,
 * with its HELP and TYPE before its series.
 */
#include <inttypes.h>

#include "clock.h"
#include "line.h"
#include "prometheus.h"
#include "report.h"

/* A series and what else is written on the way. */
struct series {
	FILE *out;
	bool labelled;
};

static void put_separator(struct series *series)
{
	fputc(series->labelled ? ',' : '{', series->out);
	series->labelled = true;
}

static void put_label(struct series *series, const char *label)
{
	if (!label)
		return;
	put_separator(series);
	fputs(label, series->out);
}

static void show_series(FILE *out, const struct reading *reading,
			const struct sample *sample, const struct group *group,
			const struct field *field)
{
	struct series series = { .out = out };
	char cpu[32];

	fputs(metrics[field->meaning->metric].name, out);
	if (reading->named) {
		put_separator(&series);
		prometheus_label(out, "netns", sample->netns);
	}
	if (sample->cpu != ALL_CPUS) {
		snprintf(cpu, sizeof(cpu), "cpu=\"%d\"", sample->cpu);
		put_label(&series, cpu);
	}
	put_label(&series, group->labels);
	put_label(&series, field->meaning->labels);
	fprintf(out, "%s %" PRIu64 "\n", series.labelled ? "}" : "",
		field_value(&sample->figures, group, field));
}

/* Families with CPUs have no series for all CPUs: a query adds them up. */
static bool is_sum(const struct reading *reading, const struct sample *sample,
		   const struct group *group, const struct field *field)
{
	const struct sample *next = sample + 1;

	if (field->sum)
		return true;
	return group->of_cpus && sample->cpu == ALL_CPUS &&
	       next < reading->samples + reading->n_samples &&
	       next->cpu != ALL_CPUS;
}

/* Returns whether the family has begun, with this group or one before. */
static bool show_group(FILE *out, const struct reading *reading,
		       const struct sample *sample, const struct group *group,
		       enum metric_id id, bool begun)
{
	for (size_t i = 0; i < group->n_fields; i++) {
		const struct field *field = &group->fields[i];

		if (field->meaning->metric != id ||
		    is_sum(reading, sample, group, field))
			continue;
		if (!begun)
			prometheus_head(out, metrics[id].name,
					metrics[id].counter, metrics[id].help);
		begun = true;
		show_series(out, reading, sample, group, field);
	}
	return begun;
}

static void show_family(FILE *out, const struct report *report,
			enum metric_id id)
{
	const struct reading *reading = report->reading;
	bool begun = false;

	for (size_t s = 0; s < reading->n_samples; s++)
		for (size_t g = 0; g < N_GROUPS; g++)
			if (group_shown(report, &reading->samples[s],
					&groups[g]))
				begun = show_group(out, reading,
						   &reading->samples[s],
						   &groups[g], id, begun);
}

static void show_start(FILE *out, const struct reading *reading)
{
	static const char name[] = "ipsec_start_time_seconds";

	prometheus_head(out, name, false,
			"When counting began, in seconds since 1970.");
	for (size_t s = 0; s < reading->n_samples; s++) {
		const struct sample *sample = &reading->samples[s];

		if (sample->cpu != ALL_CPUS)
			continue;
		fputs(name, out);
		if (reading->named) {
			fputc('{', out);
			prometheus_label(out, "netns", sample->netns);
			fputc('}', out);
		}
		fprintf(out, " %llu\n", since_1970(sample->since) / NS_PER_S);
	}
}

static void show_build(FILE *out)
{
	static const char name[] = "ipsec_build_info";

	prometheus_head(out, name, false, "1, with the version of ipsecstat.");
	fprintf(out, "%s{version=\"" VERSION "\"} 1\n", name);
}

int show_prometheus(FILE *out, const struct report *report)
{
	show_build(out);
	if (report->reading->n_samples)
		show_start(out, report->reading);
	for (int id = 0; id < N_METRICS; id++)
		show_family(out, report, id);
	return 0;
}
