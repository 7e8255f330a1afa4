/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * IPsecGetStatistics0 cannot be called in a transaction, not even in a read-only one.
 *
 * The same source compiles for Windows and for Linux:
 *	x86_64-w64-mingw32-gcc transaction.c -lfwpuclnt
 *	gcc transaction.c $(pkg-config --cflags --libs libfwpuclnt)
 */
#include <fwpmu.h>
#include <windows.h>
#include <stdio.h>

/* Some headers of Windows lack it. */
#ifndef FWPM_TXN_READ_ONLY
#define FWPM_TXN_READ_ONLY	0x00000001
#endif

static int unexpected;

static void Expect(const char *call, DWORD expected, DWORD result)
{
	printf("%-40s 0x%08lx%s\n", call, (unsigned long)result,
	       result == expected ? "" : "  (not expected)");
	if (result != expected)
		unexpected = 1;
}

int main(void)
{
	FWPM_SESSION0 session = {0};
	IPSEC_STATISTICS0 stats;
	HANDLE engine = NULL;
	DWORD result;

	session.displayData.name = L"transaction example";
	session.txnWaitTimeoutInMSec = 1000;

	result = FwpmEngineOpen0(NULL, RPC_C_AUTHN_DEFAULT, NULL, &session,
				 &engine);
	Expect("FwpmEngineOpen0", ERROR_SUCCESS, result);
	if (result != ERROR_SUCCESS)
		return 1;

	Expect("FwpmTransactionCommit0 outside of one",
	       (DWORD)FWP_E_NO_TXN_IN_PROGRESS, FwpmTransactionCommit0(engine));
	Expect("FwpmTransactionBegin0, read only",
	       ERROR_SUCCESS, FwpmTransactionBegin0(engine, FWPM_TXN_READ_ONLY));
	Expect("FwpmTransactionBegin0 again",
	       (DWORD)FWP_E_TXN_IN_PROGRESS, FwpmTransactionBegin0(engine, 0));
	Expect("IPsecGetStatistics0 in the transaction",
	       (DWORD)FWP_E_TXN_IN_PROGRESS, IPsecGetStatistics0(engine, &stats));
	Expect("FwpmTransactionAbort0",
	       ERROR_SUCCESS, FwpmTransactionAbort0(engine));
	Expect("IPsecGetStatistics0 after it",
	       ERROR_SUCCESS, IPsecGetStatistics0(engine, &stats));
	Expect("FwpmEngineClose0", ERROR_SUCCESS, FwpmEngineClose0(engine));
	return unexpected;
}
