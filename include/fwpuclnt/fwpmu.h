/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The functions of the Windows Filtering Platform that libfwpuclnt implements:
 * sessions, transactions, options and IPsec statistics.
 *
 * Each function has a manual page; fwpuclnt(7) is the overview.
 *
 * A call checks, in this order, its arguments (flags and pointers), its handle,
 * whether the session is still valid, and the transaction; then it asks the
 * kernel. A failed call writes nothing through its pointers. A handle that is
 * not open gives ERROR_INVALID_HANDLE, whatever its value.
 */
#ifndef FWPUCLNT_FWPMU_H
#define FWPUCLNT_FWPMU_H

#include "windows.h"
#include "fwptypes.h"
#include "fwpmtypes.h"
#include "ipsectypes.h"
#include "fwpvi.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * FwpmFreeMemory0 - free memory that a function of this library allocated
 * @p: address of the pointer, which becomes NULL
 *
 * FwpmEngineGetOption0 allocates, and FwpuclntGetPeers of fwpuclnt.h. If @p or
 * *@p is NULL, nothing is done.
 */
void WINAPI FwpmFreeMemory0(void **p);

/**
 * FwpmEngineOpen0 - open a session to the network namespace of the caller
 * @serverName: NULL
 * @authnService: RPC_C_AUTHN_WINNT or RPC_C_AUTHN_DEFAULT
 * @authIdentity: NULL
 * @session: parameters of the session, or NULL
 * @engineHandle: the handle, to be closed by FwpmEngineClose0
 *
 * No access right is required.
 *
 * Return: ERROR_SUCCESS, FWP_E_NULL_POINTER, RPC_S_CANNOT_SUPPORT,
 *	RPC_S_UNKNOWN_AUTHN_SERVICE, FWP_E_INVALID_FLAGS,
 *	FWP_E_ALREADY_EXISTS, EPT_S_NOT_REGISTERED (the module ipsecstat is
 *	not loaded), FWP_E_TIMEOUT, ERROR_ACCESS_DENIED (sockets are
 *	forbidden to the process), ERROR_NOT_ENOUGH_MEMORY,
 *	ERROR_NO_SYSTEM_RESOURCES, RPC_S_CALL_FAILED or RPC_S_PROTOCOL_ERROR.
 */
DWORD WINAPI FwpmEngineOpen0(const wchar_t *serverName, UINT32 authnService,
			     SEC_WINNT_AUTH_IDENTITY_W *authIdentity,
			     const FWPM_SESSION0 *session,
			     HANDLE *engineHandle);

/**
 * FwpmEngineClose0 - end a session, and abort its transaction if there is one
 * @engineHandle: the session
 *
 * A call of another thread that is in progress on the session is completed
 * first.
 *
 * Return: ERROR_SUCCESS or ERROR_INVALID_HANDLE.
 */
DWORD WINAPI FwpmEngineClose0(HANDLE engineHandle);

/**
 * FwpmEngineGetOption0 - read an option of the engine
 * @engineHandle: the session
 * @option: which one
 * @value: a FWP_UINT32 on success, to be freed by FwpmFreeMemory0
 *
 * FWPM_ENGINE_COLLECT_NET_EVENTS, FWPM_ENGINE_NET_EVENT_MATCH_ANY_KEYWORDS and
 * FWPM_ENGINE_MONITOR_IPSEC_CONNECTIONS are 0, as these events are not
 * collected. The other options have no counterpart on Linux.
 *
 * No access right is required. Allowed in a transaction.
 *
 * Return: ERROR_SUCCESS, FWP_E_NULL_POINTER, FWP_E_INVALID_PARAMETER (no such
 *	option), RPC_S_CANNOT_SUPPORT (not supported on Linux),
 *	ERROR_INVALID_HANDLE, FWP_E_SESSION_ABORTED, FWP_E_TIMEOUT or
 *	ERROR_NOT_ENOUGH_MEMORY.
 */
DWORD WINAPI FwpmEngineGetOption0(HANDLE engineHandle,
				  FWPM_ENGINE_OPTION option,
				  FWP_VALUE0 **value);

/**
 * FwpmTransactionBegin0 - begin an explicit transaction of the session
 * @engineHandle: the session
 * @flags: 0 or FWPM_TXN_READ_ONLY
 *
 * Return: ERROR_SUCCESS, FWP_E_INVALID_FLAGS, ERROR_INVALID_HANDLE,
 * FWP_E_SESSION_ABORTED, FWP_E_TIMEOUT or FWP_E_TXN_IN_PROGRESS.
 */
DWORD WINAPI FwpmTransactionBegin0(HANDLE engineHandle, UINT32 flags);

/**
 * FwpmTransactionCommit0 - commit the transaction of the session
 * @engineHandle: the session
 *
 * Return: ERROR_SUCCESS, ERROR_INVALID_HANDLE, FWP_E_SESSION_ABORTED,
 * FWP_E_TIMEOUT or FWP_E_NO_TXN_IN_PROGRESS.
 */
DWORD WINAPI FwpmTransactionCommit0(HANDLE engineHandle);

/**
 * FwpmTransactionAbort0 - abort the transaction of the session
 * @engineHandle: the session
 *
 * Return: as FwpmTransactionCommit0.
 */
DWORD WINAPI FwpmTransactionAbort0(HANDLE engineHandle);

/**
 * IPsecGetStatistics0 - read the IPsec statistics of the network namespace
 * @engineHandle: a session without a transaction in progress
 * @ipsecStatistics: filled on success, untouched otherwise
 *
 * Requires FWPM_ACTRL_READ_STATS: CAP_NET_ADMIN over the network namespace, or
 * a group within net.ipsecstat.read_group_range.
 *
 * Return: ERROR_SUCCESS, FWP_E_NULL_POINTER, ERROR_INVALID_HANDLE,
 *	FWP_E_TXN_IN_PROGRESS, ERROR_ACCESS_DENIED, FWP_E_SESSION_ABORTED
 *	(the module was unloaded or loaded again since FwpmEngineOpen0, or
 *	this is a child made by fork: close and open again), FWP_E_TIMEOUT,
 *	ERROR_NOT_ENOUGH_MEMORY, RPC_S_CALL_FAILED or RPC_S_PROTOCOL_ERROR
 *	(the kernel's reply is malformed).
 */
DWORD WINAPI IPsecGetStatistics0(HANDLE engineHandle,
				 IPSEC_STATISTICS0 *ipsecStatistics);

#if NTDDI_VERSION >= NTDDI_WIN7
/**
 * IPsecGetStatistics1 - read the IPsec statistics, including packets
 * @engineHandle: a session without a transaction in progress
 * @ipsecStatistics: filled on success, untouched otherwise
 *
 * Access right and return values are those of IPsecGetStatistics0.
 */
DWORD WINAPI IPsecGetStatistics1(HANDLE engineHandle,
				 IPSEC_STATISTICS1 *ipsecStatistics);
#endif

#ifdef __cplusplus
}
#else
/*
 * Microsoft's sample passes NULL as flags, which C compilers reject by now.
 * NULL, and no other pointer, is accepted as 0.
 */
#define FwpmTransactionBegin0(engineHandle, flags)			\
	(FwpmTransactionBegin0)((engineHandle), __extension__		\
		_Generic((flags), void *: 0, default: (flags)))
#endif

#endif /* FWPUCLNT_FWPMU_H */
