/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef WATCH_H
#define WATCH_H

#include <stdbool.h>
#include <stdio.h>

/* What is watched. */
struct watched {
	void *context;
	/* Look again; what fails is printed. Returns false if there is nothing. */
	bool (*look)(void *context);
	/* What was seen; compact, if it can be, where the lines do not suffice. */
	int (*show)(const void *context, FILE *out, bool compact);
};

/*
 * Looks every so many seconds and shows what there is, on a terminal always in
 * the same place, else one after the other, until the user or a signal ends it.
 * Returns the exit status.
 */
int watch(const struct watched *watched, double seconds, bool on_screen);

/* Sets a double to the seconds of an option; ends the program if it has none. */
void take_interval(void *to, const char *argument);

#endif
