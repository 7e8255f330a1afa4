/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A terminal as a screen that is painted over and over: in place, so that it
 * does not flicker, within its size, and given back as it was.
 */
#ifndef SCREEN_H
#define SCREEN_H

#include <stdbool.h>

/* Is standard output a terminal that can do that? */
bool screen_possible(void);

void screen_enter(void);
void screen_leave(void);

/* Is there room for all of that text? */
bool screen_fits(const char *text);

/* Show that text, as much of it as there is room for. */
void screen_paint(const char *text);

#endif
