// SPDX-License-Identifier: GPL-2.0-only
/*
 * ipsecstat show: the figures, as the function IPsecGetStatistics1 of the
 * Windows Filtering Platform gives them.
 */
#include <stdlib.h>

#include <fwpuclnt.h>

#include "show.h"

typedef int show_fn(FILE *out, const IPSEC_STATISTICS1 *stats);

struct settings {
	show_fn *format;
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

static void set_format(void *settings, show_fn *format)
{
	struct settings *s = settings;

	if (s->format && s->format != format)
		bad_usage("one output format at a time");
	s->format = format;
}

static void take_json(void *settings, const char *argument)
{
	(void)argument;
	set_format(settings, show_json);
}

static void take_prometheus(void *settings, const char *argument)
{
	(void)argument;
	set_format(settings, show_prometheus);
}

static const struct option_row options[] = {
	{ 'j', "json", NULL, "show them as JSON", take_json },
	{ 'p', "prometheus", NULL, "show them as Prometheus text",
	  take_prometheus },
};

static int fail(const char *call, DWORD code)
{
	say("%s (%s: %s, 0x%08X)", FwpuclntErrorText(code), call,
	    FwpuclntErrorName(code), code);
	for (size_t i = 0; i < ARRAY_SIZE(remedies); i++)
		if (remedies[i].code == code)
			say("%s", remedies[i].remedy);
	return EXIT_FAILURE;
}

static int run(int argc, char **argv)
{
	struct settings settings = { 0 };
	IPSEC_STATISTICS1 stats;
	HANDLE engine;
	DWORD code;

	parse_options(&show_command, argc, argv, &settings);
	if (!settings.format)
		settings.format = show_table;

	code = FwpmEngineOpen0(NULL, RPC_C_AUTHN_WINNT, NULL, NULL, &engine);
	if (code != ERROR_SUCCESS)
		return fail("FwpmEngineOpen0", code);
	code = IPsecGetStatistics1(engine, &stats);
	/* Closed before a word is written, so none can get into its socket. */
	FwpmEngineClose0(engine);
	if (code != ERROR_SUCCESS)
		return fail("IPsecGetStatistics1", code);

	if (settings.format(stdout, &stats)) {
		say("out of memory");
		return EXIT_FAILURE;
	}
	return finish_output();
}

const struct command show_command = {
	.name = "show",
	.usage = "[show] [OPTION]...",
	.summary = "Show the IPsec statistics of this network namespace.",
	.options = options,
	.n_options = ARRAY_SIZE(options),
	.run = run,
};
