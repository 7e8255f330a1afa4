// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * fwpuclnt.dll, for Windows programs. Each function passes its arguments to fwpuclnt.so,
 * which Wine loads with it. fwpuclnt.spec forwards all other functions to the DLL of Wine.
 */
#define _WIN32_WINNT 0x0601
#include <windows.h>
#include <winternl.h>
#include <fwpmu.h>

#include "calls.h"

/* From Wine's libwinecrt0; its header is not installed. */
extern UINT64 __wine_unixlib_handle;
extern NTSTATUS (WINAPI *__wine_unix_call_dispatcher)(UINT64 handle,
						      unsigned int code,
						      void *args);
NTSTATUS WINAPI __wine_init_unix_call(void);
BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, void *reserved);

/* Returns any code: Wine does not interpret the status. */
static DWORD call(enum call code, void *args)
{
	return (DWORD)__wine_unix_call_dispatcher(__wine_unixlib_handle, code,
						  args);
}

DWORD WINAPI FwpmEngineOpen0(const wchar_t *serverName, UINT32 authnService,
			     SEC_WINNT_AUTH_IDENTITY_W *authIdentity,
			     const FWPM_SESSION0 *session, HANDLE *engineHandle)
{
	struct open_args args = {
		.serverName = serverName,
		.authIdentity = authIdentity,
		.session = session,
		.engineHandle = engineHandle,
		.authnService = authnService,
	};

	return call(CALL_OPEN, &args);
}

DWORD WINAPI FwpmEngineClose0(HANDLE engineHandle)
{
	struct session_args args = { engineHandle };

	return call(CALL_CLOSE, &args);
}

DWORD WINAPI FwpmEngineGetOption0(HANDLE engineHandle,
				  FWPM_ENGINE_OPTION option, FWP_VALUE0 **value)
{
	struct option_args args = { engineHandle, value, option };

	return call(CALL_OPTION, &args);
}

DWORD WINAPI FwpmTransactionBegin0(HANDLE engineHandle, UINT32 flags)
{
	struct begin_args args = { engineHandle, flags };

	return call(CALL_BEGIN, &args);
}

DWORD WINAPI FwpmTransactionCommit0(HANDLE engineHandle)
{
	struct session_args args = { engineHandle };

	return call(CALL_COMMIT, &args);
}

DWORD WINAPI FwpmTransactionAbort0(HANDLE engineHandle)
{
	struct session_args args = { engineHandle };

	return call(CALL_ABORT, &args);
}

DWORD WINAPI IPsecGetStatistics0(HANDLE engineHandle,
				 IPSEC_STATISTICS0 *ipsecStatistics)
{
	struct statistics0_args args = { engineHandle, ipsecStatistics };

	return call(CALL_STATISTICS0, &args);
}

DWORD WINAPI IPsecGetStatistics1(HANDLE engineHandle,
				 IPSEC_STATISTICS1 *ipsecStatistics)
{
	struct statistics1_args args = { engineHandle, ipsecStatistics };

	return call(CALL_STATISTICS1, &args);
}

void WINAPI FwpmFreeMemory0(void **p)
{
	struct free_args args = { p };

	call(CALL_FREE, &args);
}

/* Without fwpuclnt.so, or a library that it needs, the DLL cannot be loaded. */
BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, void *reserved)
{
	(void)reserved;
	if (reason != DLL_PROCESS_ATTACH)
		return TRUE;
	DisableThreadLibraryCalls(instance);
	return !__wine_init_unix_call();
}
