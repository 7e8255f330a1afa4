// SPDX-License-Identifier: GPL-2.0-only
/* Says at the end of a session how often a target saw each outcome. */
#include "fuzz.h"

static void say(void)
{
	fuzz_outcomes(stderr);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return atexit(say);
}
