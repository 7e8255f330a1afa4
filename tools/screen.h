/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A terminal as a screen that is painted over and over: in place, so that it
 * does not flicker, within its size, and given back as it was.
 */
#ifndef SCREEN_H
#define SCREEN_H

#include <stdbool.h>
#include <stddef.h>

/* Is standard output a terminal that can do that? */
bool screen_possible(void);

void screen_enter(void);
void screen_leave(void);

/* Is there room for all of that text? */
bool screen_fits(const char *text);

/* How many lines a key scrolls that turns the page. */
size_t screen_page(void);

/*
 * Show that text from line *top on, as much of it as there is room for. If it ends
 * above, *top becomes the one with which the screen is full.
 */
void screen_paint(const char *text, size_t *top);

#endif
