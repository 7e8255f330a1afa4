/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From fwpuclnt.dll to fwpuclnt.so: a number and a pointer to the arguments.
 * Both sides are of one architecture, and both sets of headers lay out the types
 * in the same way: selftests/lib/host_layout.sh compares them.
 *
 * Included after <fwpmu.h>: mingw's in the DLL, ours in the Unix library.
 */
#ifndef WINE_CALLS_H
#define WINE_CALLS_H

enum call {
	CALL_OPEN,
	CALL_CLOSE,
	CALL_OPTION,
	CALL_BEGIN,
	CALL_COMMIT,
	CALL_ABORT,
	CALL_STATISTICS0,
	CALL_STATISTICS1,
	CALL_FREE,
	CALLS
};

struct open_args {
	const wchar_t *serverName;
	SEC_WINNT_AUTH_IDENTITY_W *authIdentity;
	const FWPM_SESSION0 *session;
	HANDLE *engineHandle;
	UINT32 authnService;
};

/* CALL_CLOSE, CALL_COMMIT, CALL_ABORT. */
struct session_args {
	HANDLE engineHandle;
};

struct option_args {
	HANDLE engineHandle;
	FWP_VALUE0 **value;
	UINT32 option;
};

struct begin_args {
	HANDLE engineHandle;
	UINT32 flags;
};

struct statistics0_args {
	HANDLE engineHandle;
	IPSEC_STATISTICS0 *ipsecStatistics;
};

struct statistics1_args {
	HANDLE engineHandle;
	IPSEC_STATISTICS1 *ipsecStatistics;
};

struct free_args {
	void **p;
};

#endif /* WINE_CALLS_H */
