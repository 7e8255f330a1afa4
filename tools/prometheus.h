/* SPDX-License-Identifier: GPL-2.0-only */
/* Parts of the text exposition format of Prometheus, version 0.0.4. */
#ifndef PROMETHEUS_H
#define PROMETHEUS_H

#include <stdbool.h>
#include <stdio.h>

/* Write HELP and TYPE of a family, which come before its series. */
void prometheus_head(FILE *out, const char *name, bool counter,
		     const char *help);

/* Write a label, escaped. */
void prometheus_label(FILE *out, const char *name, const char *value);

#endif
