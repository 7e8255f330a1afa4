// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdio.h>

#include "command.h"
#include "units.h"

/* Larger numbers are too long. */
#define LONGEST_NUMBER	10000000000

static const char *const binary[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
static const char *const decimal[] = { "", "k", "M", "G", "T", "P", "E" };

/*
 * Divide value until it is below the step, if possible; returns the number of
 * divisions.
 */
static size_t scale(double *value, double step, size_t most)
{
	size_t steps = 0;

	/* Three digits of 999.6 are 1000, which would be one too many. */
	while (*value >= step - 0.5 && steps < most) {
		*value /= step;
		steps++;
	}
	return steps;
}

/* Three digits; whole numbers have no point. */
static int digits(double value, size_t steps)
{
	if (value >= 99.95 || (!steps && value >= 0 && value < 0.005))
		return 0;
	return value >= 9.995 ? 1 : 2;
}

void format_amount(char *text, size_t size, enum unit unit, uint64_t value)
{
	bool bytes = unit == UNIT_BYTES;
	double scaled = (double)value;
	size_t steps;

	if (value < (bytes ? 1024 : LONGEST_NUMBER)) {
		snprintf(text, size, "%" PRIu64 "%s", value, bytes ? " B" : "");
		return;
	}
	steps = scale(&scaled, bytes ? 1024 : 1000, ARRAY_SIZE(binary) - 1);
	snprintf(text, size, "%.*f %s", digits(scaled, steps), scaled,
		 bytes ? binary[steps] : decimal[steps]);
}

void format_rate(char *text, size_t size, enum unit unit, double rate)
{
	static const char *const names[] = {
		[UNIT_NUMBER] = "/s",
		[UNIT_PACKETS] = "pps",
		[UNIT_BYTES] = "bit/s",
	};
	size_t steps;

	if (unit == UNIT_BYTES)
		rate *= 8;
	steps = scale(&rate, 1000, ARRAY_SIZE(decimal) - 1);
	snprintf(text, size, "%.*f %s%s", digits(rate, steps), rate,
		 decimal[steps], names[unit]);
}
