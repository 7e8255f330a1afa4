/* SPDX-License-Identifier: GPL-2.0-only */
/* Expectations on the codes of the library; include it after the harness. */
#ifndef EXPECT_H
#define EXPECT_H

#include <string.h>

#include <windows.h>
#include <fwpmu.h>
#include <fwpuclnt.h>

/* Codes are unsigned where they are returned, and signed in winerror.h. */
#define CODE_IS(compare, expected, seen)				\
	do {								\
		DWORD expected_ = (DWORD)(expected), seen_ = (seen);	\
									\
		compare(expected_, seen_) {				\
			TH_LOG("%s, not %s", FwpuclntErrorName(seen_),	\
			       FwpuclntErrorName(expected_));		\
		}							\
	} while (0)

#define EXPECT_CODE(expected, seen)	CODE_IS(EXPECT_EQ, expected, seen)
#define ASSERT_CODE(expected, seen)	CODE_IS(ASSERT_EQ, expected, seen)

/* Both versions fail with @code and write nothing. */
#define EXPECT_FAILURE(code, handle)					\
	do {								\
		IPSEC_STATISTICS1 s1_, old1_;				\
		IPSEC_STATISTICS0 s0_, old0_;				\
									\
		memset(&s1_, 0x5a, sizeof(s1_));			\
		memset(&s0_, 0x5a, sizeof(s0_));			\
		old1_ = s1_;						\
		old0_ = s0_;						\
		EXPECT_CODE(code, IPsecGetStatistics1(handle, &s1_));	\
		EXPECT_CODE(code, IPsecGetStatistics0(handle, &s0_));	\
		EXPECT_EQ(0, memcmp(&s1_, &old1_, sizeof(s1_)));	\
		EXPECT_EQ(0, memcmp(&s0_, &old0_, sizeof(s0_)));	\
	} while (0)

#endif /* EXPECT_H */
