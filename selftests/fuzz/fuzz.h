/* SPDX-License-Identifier: GPL-2.0-only */
/* What the targets for libFuzzer share. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* What must hold for every input; libFuzzer keeps the one that breaks it. */
#define DEMAND(condition)						\
	do {								\
		if (!(condition)) {					\
			dprintf(2, "%s:%d: not so: %s\n", __FILE__,	\
				__LINE__, #condition);			\
			abort();					\
		}							\
	} while (0)

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* Of each target: lines "outcome NAME: TIMES", so that none stays untried. */
void fuzz_outcomes(FILE *out);

#endif /* FUZZ_H */
