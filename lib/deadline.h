/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Deadline of one call, by CLOCK_MONOTONIC. */
#ifndef FWP_DEADLINE_H
#define FWP_DEADLINE_H

#include <limits.h>
#include <time.h>

#include <windef.h>

static inline struct timespec deadline_in(UINT32 ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += (long)(ms % 1000) * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

/* Milliseconds left, rounded up; 0 once the deadline has passed. */
static inline int deadline_left(const struct timespec *deadline)
{
	struct timespec now;
	long long ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ns = (deadline->tv_sec - now.tv_sec) * 1000000000LL +
	     deadline->tv_nsec - now.tv_nsec;
	if (ns <= 0)
		return 0;
	ns = (ns + 999999) / 1000000;
	return ns > INT_MAX ? INT_MAX : (int)ns;
}

#endif /* FWP_DEADLINE_H */
