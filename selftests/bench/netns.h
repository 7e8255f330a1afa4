/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the programs of the benchmark: entering a namespace, and the clock. In a
 * guest whose clock counts instructions, now() does so, too.
 */
#ifndef BENCH_NETNS_H
#define BENCH_NETNS_H

#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static inline void enter(const char *netns)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		err(1, "%s", path);
	close(fd);
}

/* Nanoseconds. */
static inline double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

#endif /* BENCH_NETNS_H */
