// SPDX-License-Identifier: GPL-2.0-only
/* Puts the fake kernel before a program that knows nothing of it. */
#include "fake_kernel.h"

__attribute__((__constructor__)) static void begin(void)
{
	fake_reset();
}
