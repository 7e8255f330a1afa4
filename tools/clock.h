/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Times and ages. The kernel's times are on CLOCK_BOOTTIME, which does not
 * jump; ns since 1970 are on the clock of the host, which does.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_S 1000000000ULL

uint64_t clock_ns(clockid_t clock);
double clock_seconds(clockid_t clock);

/* ns since 1970 of a time of CLOCK_BOOTTIME. */
uint64_t since_1970(uint64_t boottime);

/* How many seconds ago a time of CLOCK_BOOTTIME is. */
uint64_t age_seconds(uint64_t boottime);

/* Each returns text. */
#define TIME_SIZE 24

/* Local time, to the second, of ns since 1970. */
const char *time_text(uint64_t ns, char text[TIME_SIZE]);

/* How long ago ns since 1970 are, in the largest unit that there is one of: 3h */
const char *age_text(uint64_t ns, char text[TIME_SIZE]);

/* How long ago a time of CLOCK_BOOTTIME is, with the next smaller unit, too: 3h05m */
const char *long_age_text(uint64_t boottime, char text[TIME_SIZE]);

#endif
