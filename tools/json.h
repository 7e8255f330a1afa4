/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stdio.h>

#include <json-c/json.h>

/*
 * Of docs/ipsecstat.schema.json. Rises when a key goes or changes its meaning,
 * not when one is added.
 */
#define JSON_VERSION 1

/* Takes over value, also when it fails, or is NULL, with -1. */
int json_add(struct json_object *object, const char *key,
	     struct json_object *value);

/* The same, at the end of an array. */
int json_append(struct json_object *array, struct json_object *value);

/* A key of an object, and its value. */
struct json_member {
	const char *key;
	struct json_object *value;
};

/* Takes over the values, also when it fails, with NULL, or one of them is NULL. */
struct json_object *json_object_of(struct json_member *members, size_t count);

/*
 * Writes an object, in one line or indented, and takes it over. 0, or -1 if out
 * of memory; then it may be NULL. Errors of out are left for the caller to find.
 */
int json_write(FILE *out, struct json_object *root, bool line);

#endif
