/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events that --watch waits for. Ticks do not drift, however long the work
 * between two of them takes; ticks during the work are skipped.
 */
#ifndef TICKER_H
#define TICKER_H

#include <stdbool.h>

enum ticker_event {
	TICKER_TICK,
	TICKER_RESIZED,		/* the terminal */
	TICKER_STOP,		/* Ctrl-Z: stop now */
	TICKER_END,		/* Ctrl-C, q, or a signal to end */
	/* keys that scroll */
	TICKER_UP,
	TICKER_DOWN,
	TICKER_PAGE_UP,
	TICKER_PAGE_DOWN,
	TICKER_FIRST,
	TICKER_LAST,
};

struct ticker {
	int timer;
	int signals;
	bool keys;
};

/* Start ticks at this interval; 0, or -1 and errno. */
int ticker_open(struct ticker *ticker, double seconds, bool keys);
enum ticker_event ticker_wait(struct ticker *ticker);
void ticker_close(struct ticker *ticker);

#endif
