/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Idioms of Windows programs that the headers must accept. For C and C++; compiled by
 * host_headers.sh, never run.
 */
#define FWPM_SESSION_FLAG_DYNAMIC 0x00000001
#define WIN32_LEAN_AND_MEAN
#define UNICODE
#define INITGUID
#include <WinSock2.h>
#include <Windows.h>
#include <guiddef.h>
#include <fwpmu.h>
#include <fwpvi.h>
#ifndef FWPM_TXN_READ_ONLY
#error not defined
#endif
#ifdef __cplusplus
/* These break if SAL words in lower case are macros. */
#include <algorithm>
#include <string>
#include <thread>
#include <vector>
#endif
#include <stdio.h>

#pragma comment(lib, "Fwpuclnt.lib")
#pragma warning(disable: 4996)

#ifndef FWP_E_DROP_NOICMP
#define FWP_E_DROP_NOICMP ((HRESULT)0x80320104L)
#endif

DEFINE_GUID(EXAMPLE_KEY, 0x01020304, 0x0506, 0x0708, 1, 2, 3, 4, 5, 6, 7, 8);

#ifndef __cplusplus
static DWORD Old(__in HANDLE engine, __out IPSEC_STATISTICS0 *stats,
		 __in_opt const FWPM_SESSION0 *session)
{
	UNREFERENCED_PARAMETER(session);
	return IPsecGetStatistics0(engine, stats);
}
#endif

static DWORD New(_In_ HANDLE engine, _Out_ IPSEC_STATISTICS *stats,
		 _In_opt_ const FWPM_SESSION *session)
{
	UNREFERENCED_PARAMETER(session);
	return IPsecGetStatistics(engine, stats);
}

typedef DWORD (WINAPI *GET_STATISTICS)(HANDLE, IPSEC_STATISTICS0 *);

int __cdecl main(void)
{
	GET_STATISTICS get = IPsecGetStatistics0;
	DWORD (WINAPI *begin)(HANDLE, UINT32) = FwpmTransactionBegin0;
	FWPM_SESSION session = {0};
	IPSEC_STATISTICS0 stats0;
	IPSEC_STATISTICS stats;
	HANDLE engine = INVALID_HANDLE_VALUE;
	unsigned __int64 sum = 0;
	BOOL done = FALSE;
	DWORD status;

	ZeroMemory(&stats, sizeof(stats));
	RtlZeroMemory(&stats0, sizeof(IPSEC_STATISTICS0));
	session.flags = FWPM_SESSION_FLAG_DYNAMIC;
	session.sessionKey = EXAMPLE_KEY;
	session.txnWaitTimeoutInMSec = INFINITE;
#ifdef __cplusplus
	if (session.sessionKey != EXAMPLE_KEY)
		return 1;
	session.displayData.name = const_cast<wchar_t *>(L"idioms");
#else
	if (!IsEqualGUID(&session.sessionKey, &EXAMPLE_KEY))
		return 1;
	session.displayData.name = L"idioms";
#endif
	status = FwpmEngineOpen(NULL, RPC_C_AUTHN_DEFAULT, NULL, &session,
				&engine);
	switch (status) {
	case ERROR_SUCCESS:
		done = TRUE;
		break;
	case (DWORD)FWP_E_ALREADY_EXISTS:
	case EPT_S_NOT_REGISTERED:
		break;
	}
	if (FAILED((HRESULT)status) || !done)
		return 1;
#ifdef __cplusplus
	status = ::FwpmTransactionBegin(engine, 0);
	std::vector<IPSEC_STATISTICS0> history(1, stats0);
	std::vector<UINT32> counts;
#else
	status = FwpmTransactionBegin0(engine, NULL);
	status = FwpmTransactionBegin(engine, NULL);
	status = Old(engine, &stats0, NULL);
#endif
	status = begin(engine, FWPM_TXN_READ_ONLY);
	status = get(engine, &stats0);
	status = New(engine, &stats, NULL);
	sum += stats.inboundTrafficStatistics.transportByteCount;
	wprintf(L"%ls 0x%08x %u %llu\n", L"status", status,
		stats0.aggregateSaStatistics.activeSas, sum);
	Sleep(10);

	FwpmEngineClose(engine);
	return (int)status;
}
