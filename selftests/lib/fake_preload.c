// SPDX-License-Identifier: GPL-2.0-only
/* Preloads the fake kernel into any program. */
#include "fake_kernel.h"

__attribute__((__constructor__)) static void begin(void)
{
	fake_reset();
}
