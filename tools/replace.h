/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef REPLACE_H
#define REPLACE_H

#include <stdio.h>

/*
 * Create or replace a file atomically: a reader sees the old contents or the
 * new. Returns 0, or -1 after printing what failed.
 */
typedef int replace_fn(FILE *out, const void *context);
int replace_file(const char *path, replace_fn *write, const void *context);

#endif
