/* SPDX-License-Identifier: GPL-2.0-only */
/* Readings kept in files, as show_json() writes them. */
#ifndef BASELINE_H
#define BASELINE_H

#include "sample.h"

/* Both return 0, or -1 after printing why not. */
int baseline_save(const char *path, const struct reading *reading);
int baseline_load(const char *path, struct reading *reading);

#endif
