// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "ticker.h"

static const int awaited[] = {
	SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP
};

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	for (unsigned int i = 0; i < sizeof(awaited) / sizeof(*awaited); i++)
		sigaddset(&set, awaited[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static int open_timer(double seconds)
{
	const struct timespec interval = {
		.tv_sec = (time_t)seconds,
		.tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9),
	};
	const struct itimerspec spec = { interval, interval };
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	if (timer >= 0 && timerfd_settime(timer, 0, &spec, NULL)) {
		close(timer);
		return -1;
	}
	return timer;
}

int ticker_open(struct ticker *ticker, double seconds, bool keys)
{
	ticker->keys = keys;
	ticker->signals = open_signals();
	if (ticker->signals < 0)
		return -1;
	ticker->timer = open_timer(seconds);
	if (ticker->timer < 0) {
		close(ticker->signals);
		return -1;
	}
	return 0;
}

static enum ticker_event signal_event(const struct ticker *ticker)
{
	struct signalfd_siginfo info;

	if (read(ticker->signals, &info, sizeof(info)) != sizeof(info))
		return TICKER_END;
	switch (info.ssi_signo) {
	case SIGWINCH:
		return TICKER_RESIZED;
	case SIGTSTP:
		return TICKER_STOP;
	default:
		return TICKER_END;
	}
}

#define LONGEST_KEY	8

/* Keys as terminals send them, and those of less(1). */
static const struct {
	const char *sent;
	enum ticker_event event;
} keys[] = {
	{ "q", TICKER_END },		{ "Q", TICKER_END },
	{ "\033[A", TICKER_UP },	{ "k", TICKER_UP },
	{ "\033[B", TICKER_DOWN },	{ "j", TICKER_DOWN },
	{ "\033[5~", TICKER_PAGE_UP },	{ "b", TICKER_PAGE_UP },
	{ "\033[6~", TICKER_PAGE_DOWN }, { " ", TICKER_PAGE_DOWN },
	{ "\033[H", TICKER_FIRST },	{ "\033[1~", TICKER_FIRST },
	{ "g", TICKER_FIRST },
	{ "\033[F", TICKER_LAST },	{ "\033[4~", TICKER_LAST },
	{ "G", TICKER_LAST },
};

/* A control sequence goes on until a byte from @ to ~ after its "[". */
static bool goes_on(const char *sent, size_t length)
{
	return sent[0] == '\033' &&
	       (length < 3 || sent[length - 1] < '@' || sent[length - 1] > '~');
}

/* Set the event of a key that has one; end when the terminal is gone. */
static bool key_event(enum ticker_event *event)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	char sent[LONGEST_KEY + 1] = "";
	size_t length = 0;

	do {
		if (read(STDIN_FILENO, &sent[length], 1) != 1) {
			*event = TICKER_END;
			return true;
		}
		length++;
	} while (length < LONGEST_KEY && goes_on(sent, length) &&
		 poll(&input, 1, 0) > 0);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (!strcmp(sent, keys[i].sent)) {
			*event = keys[i].event;
			return true;
		}
	return false;
}

enum ticker_event ticker_wait(struct ticker *ticker)
{
	struct pollfd fds[] = {
		{ .fd = ticker->signals, .events = POLLIN },
		{ .fd = ticker->timer, .events = POLLIN },
		{ .fd = ticker->keys ? STDIN_FILENO : -1, .events = POLLIN },
	};
	enum ticker_event event;
	uint64_t ticks;

	for (;;) {
		if (poll(fds, 3, -1) < 0 && errno != EINTR)
			return TICKER_END;
		if (fds[0].revents)
			return signal_event(ticker);
		if (fds[2].revents && key_event(&event))
			return event;
		if (fds[1].revents & POLLIN &&
		    read(ticker->timer, &ticks, sizeof(ticks)) == sizeof(ticks))
			return TICKER_TICK;
	}
}

void ticker_close(struct ticker *ticker)
{
	close(ticker->timer);
	close(ticker->signals);
}
