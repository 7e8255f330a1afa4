// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "screen.h"

/* Control sequences of ECMA-48, and those of xterm that all terminals know. */
#define OTHER_SCREEN	"\033[?1049h"
#define OWN_SCREEN	"\033[?1049l"
#define HIDE_CURSOR	"\033[?25l"
#define SHOW_CURSOR	"\033[?25h"
#define HOME		"\033[H"
#define CLEAR_LINE	"\033[K"
#define CLEAR_BELOW	"\033[J"
#define PLAIN		"\033[m"

static struct termios as_it_was;
static bool has_keys;

bool screen_possible(void)
{
	const char *term = getenv("TERM");

	return isatty(fileno(stdout)) && term && *term &&
	       strcmp(term, "dumb") != 0;
}

void screen_enter(void)
{
	struct termios quiet;

	has_keys = isatty(STDIN_FILENO) && !tcgetattr(STDIN_FILENO, &as_it_was);
	if (has_keys) {
		quiet = as_it_was;
		quiet.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		tcsetattr(STDIN_FILENO, TCSADRAIN, &quiet);
	}
	fputs(OTHER_SCREEN HIDE_CURSOR, stdout);
	fflush(stdout);
}

void screen_leave(void)
{
	fputs(SHOW_CURSOR OWN_SCREEN, stdout);
	fflush(stdout);
	/* Discard what was typed meanwhile. */
	if (has_keys)
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &as_it_was);
}

static struct winsize size(void)
{
	struct winsize size;

	if (ioctl(fileno(stdout), TIOCGWINSZ, &size) || !size.ws_row ||
	    !size.ws_col)
		size = (struct winsize) { .ws_row = 24, .ws_col = 80 };
	return size;
}

/* The length of a control sequence at text, 0 if there is none. */
static size_t sequence(const char *text)
{
	if (text[0] != '\033')
		return 0;
	return strcspn(text, "mHJK") + 1;
}

/* In UTF-8, a continuation byte. */
static bool continues(char byte)
{
	return ((unsigned char)byte & 0xC0) == 0x80;
}

/*
 * Write what fits into the columns, or only measure a line, if out is NULL.
 * Returns its width.
 */
static size_t put_line(FILE *out, const char *line, const char *end,
		       size_t columns)
{
	size_t used = 0;

	while (line < end) {
		size_t len = sequence(line);

		if (!len) {
			used += !continues(*line);
			len = 1;
		}
		if (out && used <= columns)
			fwrite(line, 1, len, out);
		line += len;
	}
	return used;
}

/*
 * Write a line; returns the start of the next one, or NULL. A mark shows where
 * it is cut, so that no figure is taken for a smaller one.
 */
static const char *paint_line(const char *line, size_t columns)
{
	const char *end = strchrnul(line, '\n');
	size_t width = put_line(NULL, line, end, columns);
	bool cut = width > columns;

	put_line(stdout, line, end, columns - cut);
	fputs(PLAIN, stdout);
	if (cut)
		putchar('>');
	/* In the last column this would clear the last character. */
	else if (width < columns)
		fputs(CLEAR_LINE, stdout);
	return *end && end[1] ? end + 1 : NULL;
}

static size_t count_lines(const char *text)
{
	size_t lines = 0;

	while (text && *text) {
		lines++;
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	return lines;
}

bool screen_fits(const char *text)
{
	return count_lines(text) <= size().ws_row;
}

/* The last line is for notes of screen_paint(), and one line stays visible. */
size_t screen_page(void)
{
	size_t rows = size().ws_row;

	return rows > 3 ? rows - 2 : 1;
}

static const char *line_at(const char *text, size_t number)
{
	while (number--)
		text = strchrnul(text, '\n') + 1;
	return text;
}

static void paint_note(size_t above, size_t below, size_t columns)
{
	char note[80];

	if (above && below)
		snprintf(note, sizeof(note), "%zu more lines below, %zu above",
			 below, above);
	else
		snprintf(note, sizeof(note), "%zu more lines %s", above + below,
			 above ? "above" : "below");
	paint_line(note, columns);
}

void screen_paint(const char *text, size_t *top)
{
	struct winsize room = size();
	size_t lines = count_lines(text), rows = room.ws_row;
	size_t shown = lines <= rows ? lines : rows - 1;

	if (*top > lines - shown)
		*top = lines - shown;
	text = line_at(text, *top);
	fputs(HOME, stdout);
	for (size_t row = 0; text && row < shown; row++) {
		if (row)
			fputs("\r\n", stdout);
		text = paint_line(text, room.ws_col);
	}
	if (shown < lines) {
		fputs(shown ? "\r\n" : "", stdout);
		paint_note(*top, lines - shown - *top, room.ws_col);
	} else if (shown < rows) {
		fputs("\r\n" CLEAR_BELOW, stdout);
	}
	fflush(stdout);
}
