/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ways to show statistics. Each writes all of them to out and returns 0, or
 * -1 for want of memory; errors of out are left for the caller to find in it.
 */
#ifndef SHOW_H
#define SHOW_H

#include <stdio.h>

#include "command.h"
#include "fields.h"

extern const struct command show_command;

int show_table(FILE *out, const IPSEC_STATISTICS1 *stats);
int show_json(FILE *out, const IPSEC_STATISTICS1 *stats);
int show_prometheus(FILE *out, const IPSEC_STATISTICS1 *stats);

#endif
