/* SPDX-License-Identifier: GPL-2.0-only */
/* Figures with units, within UNITS_WIDTH columns. */
#ifndef UNITS_H
#define UNITS_H

#include <stddef.h>
#include <stdint.h>

#include "fields.h"

#define UNITS_WIDTH 11

/* 1023 B, 1.00 KiB; numbers stay as they are up to ten digits. */
void format_amount(char *text, size_t size, enum unit unit, uint64_t value);

/* Rates: 0.50 /s, 12.3 kpps, 1.00 Mbit/s; bits for bytes. */
void format_rate(char *text, size_t size, enum unit unit, double rate);

#endif
