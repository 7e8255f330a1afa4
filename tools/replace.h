/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef REPLACE_H
#define REPLACE_H

#include <stdio.h>

/*
 * Makes or replaces a file in one step: a reader sees all of the old one
 * or all of the new one. Returns 0, or -1 after printing why not.
 */
typedef int replace_fn(FILE *out, const void *context);
int replace_file(const char *path, replace_fn *write, const void *context);

#endif
