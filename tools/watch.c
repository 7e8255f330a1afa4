// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "screen.h"
#include "ticker.h"
#include "watch.h"

#define LEAST_SECONDS	0.1
#define MOST_SECONDS	86400.0

struct watching {
	const struct watched *watched;
	struct ticker ticker;
	bool on_screen;
	bool seen;		/* something, at the last look */
	char *words;		/* of that look, if they belong on the screen */
	size_t top;		/* first line on the screen */
};

/* On a screen, messages go below the figures. */
static bool look(struct watching *w)
{
	const struct watched *watched = w->watched;
	size_t size;
	FILE *words;

	if (!w->on_screen) {
		w->seen = watched->look(watched->context);
		return w->seen;
	}
	free(w->words);
	w->words = NULL;
	words = open_memstream(&w->words, &size);
	say_into(words);
	w->seen = watched->look(watched->context);
	say_into(NULL);
	if (words)
		fclose(words);
	return w->seen;
}

/* What the screen is to show; NULL if out of memory. */
static char *frame(const struct watching *w, bool compact)
{
	const struct watched *watched = w->watched;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int failed;

	if (!out)
		return NULL;
	failed = watched->show(watched->context, out, compact);
	if (w->words && *w->words)
		fprintf(out, "\n%s", w->words);
	if (!fclose(out) && !failed)
		return text;
	free(text);
	return NULL;
}

static int paint(struct watching *w)
{
	char *text = frame(w, false);

	if (text && !screen_fits(text)) {
		free(text);
		text = frame(w, true);
	}
	if (!text)
		return -1;
	screen_paint(text, &w->top);
	free(text);
	return 0;
}

static int show(struct watching *w)
{
	if (w->on_screen)
		return paint(w);
	if (w->seen && w->watched->show(w->watched->context, stdout, false))
		return -1;
	fflush(stdout);
	return 0;
}

static void stop(const struct watching *w)
{
	if (w->on_screen)
		screen_leave();
	kill(getpid(), SIGSTOP);
	if (w->on_screen)
		screen_enter();
}

static void scroll(struct watching *w, enum ticker_event key)
{
	size_t page = screen_page();

	switch (key) {
	case TICKER_UP:
		w->top -= w->top > 0;
		break;
	case TICKER_DOWN:
		w->top++;
		break;
	case TICKER_PAGE_UP:
		w->top -= w->top < page ? w->top : page;
		break;
	case TICKER_PAGE_DOWN:
		w->top += page;
		break;
	case TICKER_FIRST:
		w->top = 0;
		break;
	case TICKER_LAST:
		w->top = SIZE_MAX;
		break;
	default:
		break;
	}
}

/* Wait until the next look; false: to end. */
static bool wait_for_tick(struct watching *w)
{
	enum ticker_event event;

	for (;;) {
		event = ticker_wait(&w->ticker);
		switch (event) {
		case TICKER_TICK:
			return true;
		case TICKER_END:
			return false;
		case TICKER_STOP:
			stop(w);
			break;
		default:
			scroll(w, event);
			break;
		}
		if (w->on_screen && paint(w))
			return false;
	}
}

static int go_on(struct watching *w)
{
	int failed;

	if (w->on_screen)
		screen_enter();
	while (!(failed = show(w)) && !ferror(stdout) && wait_for_tick(w))
		look(w);
	if (w->on_screen)
		screen_leave();
	return failed;
}

int watch(const struct watched *watched, double seconds, bool on_screen)
{
	struct watching w = { .watched = watched };
	int failed;

	/* Errors of the first look are printed before the screen is used. */
	if (!look(&w))
		return EXIT_FAILURE;
	if (ticker_open(&w.ticker, seconds, on_screen)) {
		say("cannot wait: %s", strerror(errno));
		return EXIT_FAILURE;
	}
	/* The reader of a pipe may close it. */
	signal(SIGPIPE, SIG_DFL);
	w.on_screen = on_screen;
	failed = go_on(&w);
	ticker_close(&w.ticker);
	free(w.words);
	if (failed)
		say("out of memory");
	return failed ? EXIT_FAILURE : finish_output();
}

void take_interval(void *to, const char *argument)
{
	char *end;
	double seconds = strtod(argument, &end);

	if (end == argument || *end || !isfinite(seconds) ||
	    seconds < LEAST_SECONDS || seconds > MOST_SECONDS)
		bad_usage("'%s' is not an interval in seconds from %g to %g",
			  argument, LEAST_SECONDS, MOST_SECONDS);
	*(double *)to = seconds;
}
