// SPDX-License-Identifier: GPL-2.0-only
#include "json.h"

int json_add(struct json_object *object, const char *key,
	     struct json_object *value)
{
	if (value && !json_object_object_add(object, key, value))
		return 0;
	json_object_put(value);
	return -1;
}

int json_append(struct json_object *array, struct json_object *value)
{
	if (array && value && !json_object_array_add(array, value))
		return 0;
	json_object_put(value);
	return -1;
}

struct json_object *json_object_of(struct json_member *members, size_t count)
{
	struct json_object *object = json_object_new_object();
	bool failed = !object;

	for (size_t i = 0; i < count; i++) {
		if (failed)
			json_object_put(members[i].value);
		else
			failed = json_add(object, members[i].key,
					  members[i].value);
	}
	if (!failed)
		return object;
	json_object_put(object);
	return NULL;
}

int json_write(FILE *out, struct json_object *root, bool line)
{
	int flags = line ? JSON_C_TO_STRING_PLAIN :
		    JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;
	const char *text = NULL;

	if (root)
		text = json_object_to_json_string_ext(root, flags |
						      JSON_C_TO_STRING_NOSLASHESCAPE);
	if (text)
		fprintf(out, "%s\n", text);
	json_object_put(root);
	return text ? 0 : -1;
}
