// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * fwpuclnt.so: the Linux side of fwpuclnt.dll. Wine loads it for the DLL, reads the table,
 * and calls its functions on the thread of the program.
 *
 * No string is passed: wchar_t has 2 bytes there and 4 here.
 */
#include <fwpmu.h>

#include "calls.h"

typedef LONG (*entry)(void *args);

static LONG engine_open(void *args)
{
	const struct open_args *a = args;

	return FwpmEngineOpen0(a->serverName, a->authnService, a->authIdentity,
			       a->session, a->engineHandle);
}

static LONG engine_close(void *args)
{
	const struct session_args *a = args;

	return FwpmEngineClose0(a->engineHandle);
}

static LONG engine_option(void *args)
{
	const struct option_args *a = args;

	return FwpmEngineGetOption0(a->engineHandle, a->option, a->value);
}

static LONG transaction_begin(void *args)
{
	const struct begin_args *a = args;

	return FwpmTransactionBegin0(a->engineHandle, a->flags);
}

static LONG transaction_commit(void *args)
{
	const struct session_args *a = args;

	return FwpmTransactionCommit0(a->engineHandle);
}

static LONG transaction_abort(void *args)
{
	const struct session_args *a = args;

	return FwpmTransactionAbort0(a->engineHandle);
}

static LONG statistics0(void *args)
{
	const struct statistics0_args *a = args;

	return IPsecGetStatistics0(a->engineHandle, a->ipsecStatistics);
}

static LONG statistics1(void *args)
{
	const struct statistics1_args *a = args;

	return IPsecGetStatistics1(a->engineHandle, a->ipsecStatistics);
}

static LONG free_memory(void *args)
{
	const struct free_args *a = args;

	FwpmFreeMemory0(a->p);
	return ERROR_SUCCESS;
}

/* Wine defines the name. */
__attribute__((__visibility__("default")))
const entry __wine_unix_call_funcs[CALLS] = {
	[CALL_OPEN] = engine_open,
	[CALL_CLOSE] = engine_close,
	[CALL_OPTION] = engine_option,
	[CALL_BEGIN] = transaction_begin,
	[CALL_COMMIT] = transaction_commit,
	[CALL_ABORT] = transaction_abort,
	[CALL_STATISTICS0] = statistics0,
	[CALL_STATISTICS1] = statistics1,
	[CALL_FREE] = free_memory,
};
