// SPDX-License-Identifier: GPL-2.0-only
/*
 * The structure as it is: its members are the keys, nested as they are nested.
 */
#include <json-c/json.h>

#include "show.h"

/* Rises when a key goes or changes its meaning, not when one is added. */
#define SCHEMA_VERSION 1

/* Takes over value, also when it fails. */
static int add(struct json_object *object, const char *key,
	       struct json_object *value)
{
	if (value && !json_object_object_add(object, key, value))
		return 0;
	json_object_put(value);
	return -1;
}

static struct json_object *group_object(const IPSEC_STATISTICS1 *stats,
					const struct group *group)
{
	struct json_object *object = json_object_new_object();

	for (size_t i = 0; object && i < group->n_fields; i++) {
		const struct field *field = &group->fields[i];
		uint64_t value = field_value(stats, group, field);

		if (add(object, field->meaning->name,
			json_object_new_uint64(value))) {
			json_object_put(object);
			return NULL;
		}
	}
	return object;
}

static int add_all(struct json_object *root, const IPSEC_STATISTICS1 *stats)
{
	if (add(root, "version", json_object_new_int(SCHEMA_VERSION)))
		return -1;
	for (size_t i = 0; i < N_GROUPS; i++)
		if (add(root, groups[i].name, group_object(stats, &groups[i])))
			return -1;
	return 0;
}

int show_json(FILE *out, const IPSEC_STATISTICS1 *stats)
{
	struct json_object *root = json_object_new_object();
	const char *text = NULL;

	if (root && !add_all(root, stats))
		text = json_object_to_json_string_ext(root,
						      JSON_C_TO_STRING_PRETTY |
						      JSON_C_TO_STRING_SPACED);
	if (text)
		fprintf(out, "%s\n", text);
	json_object_put(root);
	return text ? 0 : -1;
}
