/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the targets for libFuzzer. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* A condition for every input; libFuzzer keeps an input that breaks it. */
#define DEMAND(condition)						\
	do {								\
		if (!(condition)) {					\
			dprintf(2, "%s:%d: not so: %s\n", __FILE__,	\
				__LINE__, #condition);			\
			abort();					\
		}							\
	} while (0)

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* For each target: lines "outcome NAME: TIMES", to show that each occurred. */
void fuzz_outcomes(FILE *out);

#endif /* FUZZ_H */
