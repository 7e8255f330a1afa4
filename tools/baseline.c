// SPDX-License-Identifier: GPL-2.0-only
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "baseline.h"
#include "command.h"
#include "json.h"
#include "replace.h"
#include "report.h"

/* The file that is read, for messages. */
struct file {
	const char *path;
	struct reading *reading;
};

static int write_json(FILE *out, const void *context)
{
	const struct report report = {
		.reading = context, .groups = ALL_GROUPS,
	};

	return show_json(out, &report);
}

int baseline_save(const char *path, const struct reading *reading)
{
	return replace_file(path, write_json, reading);
}

static int refuse(const struct file *file, const char *why)
{
	say("cannot compare with %s: %s", file->path, why);
	return -1;
}

static int lacks(const struct file *file, const char *key)
{
	char why[128];

	snprintf(why, sizeof(why), "it has no usable %s", key);
	return refuse(file, why);
}

/* The value of key in object if it has that type, else NULL. */
static struct json_object *member(struct json_object *object, const char *key,
				  enum json_type type)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value) ||
	    !json_object_is_type(value, type))
		return NULL;
	return value;
}

static bool read_number(struct json_object *object, const char *key,
			uint64_t most, uint64_t *number)
{
	struct json_object *value = member(object, key, json_type_int);

	if (!value || json_object_get_int64(value) < 0)
		return false;
	*number = json_object_get_uint64(value);
	return *number <= most;
}

static int read_group(const struct file *file, struct json_object *object,
		      const struct group *group, struct sample *sample)
{
	for (size_t i = 0; i < group->n_fields; i++) {
		const struct field *field = &group->fields[i];
		uint64_t most = field->size == sizeof(uint64_t) ? UINT64_MAX :
								  UINT32_MAX;
		uint64_t value;

		if (!read_number(object, field->meaning->name, most, &value))
			return lacks(file, field->meaning->name);
		field_set(&sample->figures, group, field, value);
	}
	return 0;
}

static int read_sample(const struct file *file, struct json_object *object,
		       const char *netns, int cpu, uint64_t since)
{
	struct sample *sample = reading_add(file->reading, netns, cpu);

	if (!sample)
		return refuse(file, "out of memory");
	sample->since = since;
	for (size_t i = 0; i < N_GROUPS; i++) {
		struct json_object *group = member(object, groups[i].name,
						   json_type_object);

		if (cpu != ALL_CPUS && !groups[i].of_cpus)
			continue;
		if (!group)
			return lacks(file, groups[i].name);
		if (read_group(file, group, &groups[i], sample))
			return -1;
	}
	return 0;
}

static int read_cpus(const struct file *file, struct json_object *object,
		     const char *netns, uint64_t since)
{
	json_object_object_foreach(object, key, cpu) {
		char *end;
		long number = strtol(key, &end, 10);

		if (*end || end == key || number < 0 || number > INT_MAX ||
		    !json_object_is_type(cpu, json_type_object))
			return lacks(file, "cpus");
		if (read_sample(file, cpu, netns, (int)number, since))
			return -1;
	}
	return 0;
}

/* Read the figures of a namespace, and of its CPUs if present. */
static int read_netns(const struct file *file, struct json_object *object,
		      const char *netns)
{
	struct json_object *cpus = member(object, "cpus", json_type_object);
	uint64_t since;

	if (!json_object_is_type(object, json_type_object))
		return lacks(file, "netns");
	if (!read_number(object, "since", UINT64_MAX, &since))
		return lacks(file, "since");
	if (read_sample(file, object, netns, ALL_CPUS, since))
		return -1;
	return cpus ? read_cpus(file, cpus, netns, since) : 0;
}

static int check_head(const struct file *file, struct json_object *root)
{
	struct json_object *boot = member(root, "boot", json_type_string);
	struct json_object *time = member(root, "time", json_type_double);
	uint64_t version;

	if (!read_number(root, "version", INT_MAX, &version))
		return lacks(file, "version");
	if (version != JSON_VERSION)
		return refuse(file, "it has another version of the format");
	if (member(root, "from", json_type_double))
		return refuse(file, "it has the increases, not the figures");
	if (!boot || !time)
		return lacks(file, boot ? "time" : "boot");
	if (strcmp(json_object_get_string(boot), file->reading->boot) != 0)
		return refuse(file, "it is from before the last boot, or from another machine");
	file->reading->time = json_object_get_double(time);
	return 0;
}

static int read_root(const struct file *file, struct json_object *root)
{
	struct json_object *named = member(root, "netns", json_type_object);

	if (check_head(file, root))
		return -1;
	if (!named)
		return read_netns(file, root, "");
	json_object_object_foreach(named, key, netns) {
		if (read_netns(file, netns, key))
			return -1;
	}
	return 0;
}

int baseline_load(const char *path, struct reading *reading)
{
	const struct file file = { path, reading };
	struct json_object *root = json_object_from_file(path);
	int result;

	if (!root) {
		/* Read the path once more, and check for the line end. */
		char *why = strdup(json_util_get_last_err());

		if (why)
			why[strcspn(why, "\n")] = '\0';
		say("cannot read %s: %s", path, why ? why : "out of memory");
		free(why);
		return -1;
	}
	reading_begin(reading);
	result = read_root(&file, root);
	json_object_put(root);
	if (result)
		reading_free(reading);
	return result;
}
