/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A terminal as a screen that is repainted in place, without flicker, within
 * its size, and restored at the end.
 */
#ifndef SCREEN_H
#define SCREEN_H

#include <stdbool.h>
#include <stddef.h>

/* Whether standard output is a terminal that can do that. */
bool screen_possible(void);

void screen_enter(void);
void screen_leave(void);

/* Whether the text fits the screen. */
bool screen_fits(const char *text);

/* Lines of a page, for scrolling. */
size_t screen_page(void);

/*
 * Show the text from line *top on, as far as it fits. If the screen would not
 * be full, *top is decreased.
 */
void screen_paint(const char *text, size_t *top);

#endif
