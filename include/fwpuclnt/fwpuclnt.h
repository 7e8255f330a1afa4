/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What libfwpuclnt offers beyond Windows' own names. A program that is to
 * compile for Windows too does without this header.
 */
#ifndef FWPUCLNT_FWPUCLNT_H
#define FWPUCLNT_FWPUCLNT_H

#include "windef.h"
#include "ipsectypes.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * FwpuclntErrorName - the name of a code in winerror.h
 * @code: what a function of the library returned
 *
 * Return: "FWP_E_TIMEOUT" and the like, "unknown code" where there is no name.
 * Never NULL, never to be freed, in ASCII.
 */
const char *FwpuclntErrorName(DWORD code);

/**
 * FwpuclntErrorText - what a code means, and what to do about it
 * @code: what a function of the library returned
 *
 * Return: one English phrase in ASCII without a full stop at the end. For a
 * code that this library never returns, the same as FwpuclntErrorName().
 */
const char *FwpuclntErrorText(DWORD code);

#if NTDDI_VERSION >= NTDDI_WIN7

/* In place of a CPU. */
#define FWPUCLNT_ALL_CPUS	0xFFFFFFFF

/**
 * struct FWPUCLNT_STATISTICS - the statistics, and where they come from
 * @since: when counting in the network namespace began, in nanoseconds of
 *	CLOCK_BOOTTIME. It stays the same until the module is loaded again, and
 *	is never that of another namespace: two readings with the same value in
 *	one run of the kernel are of the same counters
 * @statistics: as IPsecGetStatistics1() has them
 */
typedef struct FWPUCLNT_STATISTICS_ {
	UINT64 since;
	IPSEC_STATISTICS1 statistics;
} FWPUCLNT_STATISTICS;

/**
 * FwpuclntGetStatistics - read the IPsec statistics, of one CPU if wanted
 * @engineHandle: a session without a transaction in progress
 * @cpu: the number of a CPU, or FWPUCLNT_ALL_CPUS for the sum of all
 * @statistics: filled on success, untouched otherwise
 *
 * SAs belong to no CPU: for one alone, aggregateSaStatistics is all zero.
 *
 * Needs and returns the same as IPsecGetStatistics1(), and
 * ERROR_INVALID_PARAMETER for a CPU that this machine cannot have.
 */
DWORD WINAPI FwpuclntGetStatistics(HANDLE engineHandle, UINT32 cpu,
				   FWPUCLNT_STATISTICS *statistics);

#endif /* NTDDI_VERSION >= NTDDI_WIN7 */

#ifdef __cplusplus
}
#endif

#endif /* FWPUCLNT_FWPUCLNT_H */
