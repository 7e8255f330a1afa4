// SPDX-License-Identifier: GPL-2.0-only
/* Prints at the end of a session how often each outcome occurred. */
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
