// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "clock.h"
#include "command.h"

uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

double clock_seconds(clockid_t clock)
{
	return (double)clock_ns(clock) / NS_PER_S;
}

uint64_t since_1970(uint64_t boottime)
{
	return clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_BOOTTIME) + boottime;
}

/* The time may be a little ahead of now. */
static uint64_t seconds_between(uint64_t then, uint64_t now)
{
	int64_t ns = (int64_t)(now - then);

	return ns > 0 ? (uint64_t)ns / NS_PER_S : 0;
}

uint64_t age_seconds(uint64_t boottime)
{
	return seconds_between(boottime, clock_ns(CLOCK_BOOTTIME));
}

const char *time_text(uint64_t ns, char text[TIME_SIZE])
{
	time_t seconds = (time_t)(ns / NS_PER_S);
	struct tm tm;

	return localtime_r(&seconds, &tm) &&
	       strftime(text, TIME_SIZE, "%Y-%m-%d %H:%M:%S", &tm) ? text : "?";
}

static const char *put_age(uint64_t age, bool is_long, char text[TIME_SIZE])
{
	static const struct {
		char name;
		uint64_t seconds;
	} units[] = { { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };
	size_t i = 0;
	int used;

	while (i < ARRAY_SIZE(units) - 1 && age < units[i].seconds)
		i++;
	used = snprintf(text, TIME_SIZE, "%" PRIu64 "%c", age / units[i].seconds,
			units[i].name);
	if (is_long && i < ARRAY_SIZE(units) - 1)
		snprintf(text + used, TIME_SIZE - (size_t)used, "%02" PRIu64 "%c",
			 age % units[i].seconds / units[i + 1].seconds,
			 units[i + 1].name);
	return text;
}

const char *age_text(uint64_t ns, char text[TIME_SIZE])
{
	return put_age(seconds_between(ns, clock_ns(CLOCK_REALTIME)), false, text);
}

const char *long_age_text(uint64_t boottime, char text[TIME_SIZE])
{
	return put_age(age_seconds(boottime), true, text);
}
