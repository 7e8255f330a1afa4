// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
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

/* A terminal that is gone has no more keys. */
static bool key_ends(void)
{
	char key;

	return read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q';
}

enum ticker_event ticker_wait(struct ticker *ticker)
{
	struct pollfd fds[] = {
		{ .fd = ticker->signals, .events = POLLIN },
		{ .fd = ticker->timer, .events = POLLIN },
		{ .fd = ticker->keys ? STDIN_FILENO : -1, .events = POLLIN },
	};
	uint64_t ticks;

	for (;;) {
		if (poll(fds, 3, -1) < 0 && errno != EINTR)
			return TICKER_END;
		if (fds[0].revents)
			return signal_event(ticker);
		if (fds[2].revents && key_ends())
			return TICKER_END;
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
