/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef WATCH_H
#define WATCH_H

#include <stdbool.h>
#include <stdio.h>

/* What is watched. */
struct watched {
	void *context;
	/*
	 * Look again; failures are printed. Returns false if there is nothing
	 * to show.
	 */
	bool (*look)(void *context);
	/* Write what was seen, compact if the screen has too few lines. */
	int (*show)(const void *context, FILE *out, bool compact);
};

/*
 * Look at this interval and show the result, on a terminal in place, else one
 * after the other, until the user or a signal ends it. Returns the exit status.
 */
int watch(const struct watched *watched, double seconds, bool on_screen);

/*
 * Set a double to the seconds of an option; ends the program if they are
 * invalid.
 */
void take_interval(void *to, const char *argument);

#endif
