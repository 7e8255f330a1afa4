// SPDX-License-Identifier: GPL-2.0-only
/*
 * JSON output: the keys are the members of the structure, nested in the same
 * way. docs/ipsecstat.schema.json is its schema.
 */
#include "json.h"
#include "report.h"

/* Add an empty object and return it; the outer object owns it. */
static struct json_object *add_object(struct json_object *object,
				      const char *key)
{
	struct json_object *inner = json_object_new_object();

	return json_add(object, key, inner) ? NULL : inner;
}

static struct json_object *decimal(double value)
{
	char text[64];

	snprintf(text, sizeof(text), "%.3f", value);
	return json_object_new_double_s(value, text);
}

static int add_figures(struct json_object *object, const struct sample *sample,
		       const struct group *group)
{
	for (size_t i = 0; i < group->n_fields; i++) {
		const struct field *field = &group->fields[i];
		uint64_t value = field_value(&sample->figures, group, field);

		if (json_add(object, field->meaning->name,
			json_object_new_uint64(value)))
			return -1;
	}
	return 0;
}

static int add_rates(struct json_object *object, const struct sample *sample,
		     const struct group *group)
{
	for (size_t i = 0; i < group->n_fields; i++) {
		const struct field *field = &group->fields[i];
		uint64_t rise = field_value(&sample->rise, group, field);

		if (field_is_counter(field) &&
		    json_add(object, field->meaning->name,
			decimal((double)rise / sample->seconds)))
			return -1;
	}
	return 0;
}

/* An object for each group that is shown, filled by add_figures or add_rates. */
static int add_groups(struct json_object *object, const struct report *report,
		      const struct sample *sample,
		      int (*fill)(struct json_object *object,
				  const struct sample *sample,
				  const struct group *group))
{
	for (size_t i = 0; i < N_GROUPS; i++) {
		struct json_object *inner;

		if (!group_shown(report, sample, &groups[i]))
			continue;
		inner = add_object(object, groups[i].name);
		if (!inner || fill(inner, sample, &groups[i]))
			return -1;
	}
	return 0;
}

static int add_sample(struct json_object *object, const struct report *report,
		      const struct sample *sample)
{
	struct json_object *rates;

	if (add_groups(object, report, sample, add_figures))
		return -1;
	if (!report->rates || sample->seconds <= 0)
		return 0;
	if (json_add(object, "seconds", decimal(sample->seconds)))
		return -1;
	rates = add_object(object, "rates");
	return rates ? add_groups(rates, report, sample, add_rates) : -1;
}

/* The object of key, added if missing. */
static struct json_object *object_in(struct json_object *object,
				     const char *key)
{
	struct json_object *inner;

	if (json_object_object_get_ex(object, key, &inner))
		return inner;
	return add_object(object, key);
}

/* The object for a sample; NULL if out of memory. */
static struct json_object *place_of(struct json_object *root,
				    const struct reading *reading,
				    const struct sample *sample)
{
	struct json_object *place = root;
	char cpu[16];

	if (reading->named) {
		place = object_in(place, "netns");
		place = place ? object_in(place, sample->netns) : NULL;
	}
	if (place && sample->cpu != ALL_CPUS) {
		snprintf(cpu, sizeof(cpu), "%d", sample->cpu);
		place = object_in(place, "cpus");
		place = place ? object_in(place, cpu) : NULL;
	}
	return place;
}

static int add_head(struct json_object *root, const struct report *report)
{
	if (json_add(root, "version", json_object_new_int(JSON_VERSION)) ||
	    json_add(root, "boot", json_object_new_string(report->reading->boot)) ||
	    json_add(root, "time", decimal(report->reading->time)))
		return -1;
	return report->from != 0 ?
	       json_add(root, "from", decimal(report->from)) : 0;
}

static int add_all(struct json_object *root, const struct report *report)
{
	const struct reading *reading = report->reading;

	if (add_head(root, report))
		return -1;
	for (size_t i = 0; i < reading->n_samples; i++) {
		const struct sample *sample = &reading->samples[i];
		struct json_object *place = place_of(root, reading, sample);

		if (!place ||
		    (sample->cpu == ALL_CPUS &&
		     json_add(place, "since", json_object_new_uint64(sample->since))) ||
		    add_sample(place, report, sample))
			return -1;
	}
	return 0;
}

int show_json(FILE *out, const struct report *report)
{
	struct json_object *root = json_object_new_object();

	if (root && add_all(root, report)) {
		json_object_put(root);
		return -1;
	}
	return json_write(out, root, report->line);
}
