// SPDX-License-Identifier: GPL-2.0-only
/*
 * ipsecstat: the IPsec statistics of this network namespace, as the function
 * IPsecGetStatistics1 of the Windows Filtering Platform gives them.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fwpuclnt.h>

#include "show.h"

#define EXIT_USAGE 2

typedef int show_fn(FILE *out, const IPSEC_STATISTICS1 *stats);

static const struct {
	char letter;
	const char *name;
	show_fn *show;
	const char *help;
} choices[] = {
	{ 'j', "json", show_json, "show them as JSON" },
	{ 'p', "prometheus", show_prometheus, "show them as Prometheus text" },
	{ 'h', "help", NULL, "show this help" },
	{ 'V', "version", NULL, "show the version" },
};

/* What mends the failures that a user can mend. */
static const struct {
	DWORD code;
	const char *remedy;
} remedies[] = {
	{ EPT_S_NOT_REGISTERED,
	  "load it: modprobe ipsecstat" },
	{ ERROR_ACCESS_DENIED,
	  "run as root, or let your group read: sysctl net.ipsecstat.read_group_range='GID GID'" },
};

static void show_help(FILE *out)
{
	fputs("Usage: ipsecstat [OPTION]\n"
	      "Show the IPsec statistics of this network namespace.\n\n", out);
	for (size_t i = 0; i < ARRAY_SIZE(choices); i++)
		fprintf(out, "  -%c, --%-12s %s\n", choices[i].letter,
			choices[i].name, choices[i].help);
	fputs("\nExit status: 0 done, 1 failed, 2 wrong options.\n", out);
}

static void bad_usage(const char *why)
{
	if (why)
		fprintf(stderr, "ipsecstat: %s\n", why);
	fputs("ipsecstat: for help: ipsecstat --help\n", stderr);
	exit(EXIT_USAGE);
}

/* Output that could not be written is a failure, be it the last byte of it. */
static int finish_output(void)
{
	int failed = ferror(stdout);

	errno = 0;
	failed |= fclose(stdout);
	if (!failed)
		return EXIT_SUCCESS;
	fprintf(stderr, "ipsecstat: cannot write the output: %s\n",
		errno ? strerror(errno) : "only a part of it was taken");
	return EXIT_FAILURE;
}

static int fail(const char *call, DWORD code)
{
	fprintf(stderr, "ipsecstat: %s (%s: %s, 0x%08X)\n",
		FwpuclntErrorText(code), call, FwpuclntErrorName(code), code);
	for (size_t i = 0; i < ARRAY_SIZE(remedies); i++)
		if (remedies[i].code == code)
			fprintf(stderr, "ipsecstat: %s\n", remedies[i].remedy);
	return EXIT_FAILURE;
}

static int read_and_show(show_fn *show)
{
	IPSEC_STATISTICS1 stats;
	HANDLE engine;
	DWORD code;

	code = FwpmEngineOpen0(NULL, RPC_C_AUTHN_WINNT, NULL, NULL, &engine);
	if (code != ERROR_SUCCESS)
		return fail("FwpmEngineOpen0", code);
	code = IPsecGetStatistics1(engine, &stats);
	/* Closed before a word is written, so none can get into its socket. */
	FwpmEngineClose0(engine);
	if (code != ERROR_SUCCESS)
		return fail("IPsecGetStatistics1", code);

	if (show(stdout, &stats)) {
		fputs("ipsecstat: out of memory\n", stderr);
		return EXIT_FAILURE;
	}
	return finish_output();
}

/* What the option letter stands for: a way to show, or the end of the program. */
static show_fn *chosen(int letter)
{
	for (size_t i = 0; i < ARRAY_SIZE(choices); i++)
		if (choices[i].letter == letter && choices[i].show)
			return choices[i].show;
	if (letter == 'h')
		show_help(stdout);
	else if (letter == 'V')
		puts("ipsecstat " VERSION);
	else
		bad_usage(NULL);
	exit(finish_output());
}

static show_fn *parse(int argc, char **argv)
{
	struct option longs[ARRAY_SIZE(choices) + 1] = { 0 };
	char letters[ARRAY_SIZE(choices) + 1] = "";
	show_fn *show = NULL;
	int letter;

	for (size_t i = 0; i < ARRAY_SIZE(choices); i++) {
		longs[i].name = choices[i].name;
		longs[i].val = (unsigned char)choices[i].letter;
		letters[i] = choices[i].letter;
	}
	while ((letter = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		show_fn *wanted = chosen(letter);

		if (show && show != wanted)
			bad_usage("one output format at a time");
		show = wanted;
	}
	if (optind < argc)
		bad_usage("takes options, no other arguments");
	return show ? show : show_table;
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	return read_and_show(parse(argc, argv));
}
