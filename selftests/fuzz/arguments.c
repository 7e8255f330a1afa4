// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzes the arguments of ipsecstat. An input has the arguments after the name of the
 * program, each ended by NUL. The program is unchanged, except that the Makefile replaces
 * exit() by leave() and atexit() by at_leave(), and that this file replaces functions
 * that wait or write files.
 */
#include <getopt.h>
#include <setjmp.h>
#include <stdbool.h>
#include <string.h>

#include "../../tools/replace.h"
#include "../../tools/ticker.h"
#include "fuzz.h"

#define MOST_ARGUMENTS	16
#define ROOM		(1 << 20)	/* for --all-netns of a busy host */

int ipsecstat_main(int argc, char **argv);
_Noreturn void leave(int status);
int at_leave(void (*function)(void));

/* A stream of the program, recorded. */
struct record {
	size_t len;
	bool closed;
	char text[ROOM];
};

static struct record out, err;
static jmp_buf left;
static int left_with;
static bool closed;		/* by the program, which so saw it written */
static void (*last_word)(void);
static unsigned long shown, told, refused, failed, watched, written, found;
static int ticks;

void fuzz_outcomes(FILE *to)
{
	fprintf(to, "outcome shown: %lu\n", shown);
	fprintf(to, "outcome told: %lu\n", told);
	fprintf(to, "outcome refused: %lu\n", refused);
	fprintf(to, "outcome failed: %lu\n", failed);
	fprintf(to, "outcome watched: %lu\n", watched);
	fprintf(to, "outcome written: %lu\n", written);
	fprintf(to, "outcome found: %lu\n", found);
}

int ticker_open(struct ticker *ticker, double seconds, bool keys)
{
	(void)ticker;
	DEMAND(seconds >= 0.1 && seconds <= 86400);
	DEMAND(!keys);
	ticks = 0;
	watched++;
	return 0;
}

enum ticker_event ticker_wait(struct ticker *ticker)
{
	(void)ticker;
	return ++ticks < 3 ? TICKER_TICK : TICKER_END;
}

void ticker_close(struct ticker *ticker)
{
	(void)ticker;
}

/* Accepts everything and writes nothing; an empty name is not a file. */
int replace_file(const char *path, replace_fn *write, const void *context)
{
	FILE *file;
	int result;

	if (!*path)
		return -1;
	file = fopen("/dev/null", "we");
	DEMAND(file);
	result = write(file, context);
	fclose(file);
	written += !result;
	return result;
}

void leave(int status)
{
	left_with = status;
	longjmp(left, 1);
}

int at_leave(void (*function)(void))
{
	last_word = function;
	return 0;
}

static ssize_t take_down(void *cookie, const char *text, size_t len)
{
	struct record *record = cookie;

	DEMAND(len < ROOM - record->len);
	memcpy(record->text + record->len, text, len);
	record->len += len;
	record->text[record->len] = '\0';
	return len;
}

static int end_record(void *cookie)
{
	((struct record *)cookie)->closed = true;
	return 0;
}

static FILE *open_record(struct record *record)
{
	const cookie_io_functions_t functions = {
		.write = take_down, .close = end_record
	};

	record->len = 0;
	record->text[0] = '\0';
	record->closed = false;
	return fopencookie(record, "w", functions);
}

static int run(int argc, char **argv)
{
	FILE *old_out = stdout, *old_err = stderr;

	stdout = open_record(&out);
	stderr = open_record(&err);
	last_word = NULL;
	optind = 0;		/* getopt begins again */
	if (!setjmp(left))
		left_with = ipsecstat_main(argc, argv);
	closed = out.closed;
	if (!closed)
		fclose(stdout);
	fclose(stderr);
	stdout = old_out;
	stderr = old_err;
	if (last_word)
		last_word();
	return left_with;
}

/* The output for an exit status, by the manual page. */
static void judge(int status)
{
	static const char for_help[] = "ipsecstat: for help: ipsecstat ";
	static const char help[] = "--help\n";

	DEMAND(status >= 0 && status <= 3);
	if (status == 1) {
		failed++;
	} else if (status == 2) {
		DEMAND(!out.len);
		DEMAND(strstr(err.text, for_help) &&
		       !strcmp(err.text + err.len - strlen(help), help));
		refused++;
	} else if (status) {
		DEMAND(closed && strstr(out.text, "problem"));
		found++;
	} else {
		if (out.len)
			DEMAND(closed && out.text[out.len - 1] == '\n');
		else
			DEMAND(last_word);
		DEMAND(!err.len);
		/* Statistics were requested, or help or the version. */
		if (last_word)
			shown++;
		else
			told++;
	}
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	char *argv[MOST_ARGUMENTS + 2] = { "ipsecstat" };
	char *text, *at;
	int argc = 1;

	text = malloc(size + 1);
	memcpy(text, data, size);
	text[size] = '\0';
	for (at = text; at < text + size && argc <= MOST_ARGUMENTS;
	     at += strlen(at) + 1)
		argv[argc++] = at;
	judge(run(argc, argv));
	free(text);
	return 0;
}
