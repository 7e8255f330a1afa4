/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sessions, transactions and rights of the filter engine. */
#ifndef FWPUCLNT_FWPMTYPES_H
#define FWPUCLNT_FWPMTYPES_H

#include "fwptypes.h"

/*
 * FWPM_SESSION0.flags. The objects of a dynamic session are deleted when it
 * ends. Statistics are not objects, so the flag is accepted and has no effect.
 */
#define FWPM_SESSION_FLAG_DYNAMIC	0x00000001
#if NTDDI_VERSION >= NTDDI_WIN7
#define FWPM_SESSION_FLAG_RESERVED	0x10000000	/* refused */
#endif

/* Flags of FwpmTransactionBegin0. */
#define FWPM_TXN_READ_ONLY		0x00000001

/*
 * Access rights. Three of them exist on Linux: OPEN and READ for everyone,
 * READ_STATS with CAP_NET_ADMIN over the network namespace or a group within
 * the sysctl net.ipsecstat.read_group_range. The others are defined for
 * programs that use their names.
 */
#define FWPM_ACTRL_ADD			0x00000001
#define FWPM_ACTRL_ADD_LINK		0x00000002
#define FWPM_ACTRL_BEGIN_READ_TXN	0x00000004
#define FWPM_ACTRL_BEGIN_WRITE_TXN	0x00000008
#define FWPM_ACTRL_CLASSIFY		0x00000010
#define FWPM_ACTRL_ENUM			0x00000020
#define FWPM_ACTRL_OPEN			0x00000040
#define FWPM_ACTRL_READ			0x00000080
#define FWPM_ACTRL_READ_STATS		0x00000100
#define FWPM_ACTRL_SUBSCRIBE		0x00000200
#define FWPM_ACTRL_WRITE		0x00000400

/*
 * Options of the engine; FwpmEngineGetOption0 documents which are supported.
 */
typedef enum FWPM_ENGINE_OPTION_ {
	FWPM_ENGINE_COLLECT_NET_EVENTS,
	FWPM_ENGINE_NET_EVENT_MATCH_ANY_KEYWORDS,
	FWPM_ENGINE_NAME_CACHE,
	FWPM_ENGINE_MONITOR_IPSEC_CONNECTIONS,
	FWPM_ENGINE_PACKET_QUEUING,
	FWPM_ENGINE_TXN_WATCHDOG_TIMEOUT_IN_MSEC,
	FWPM_ENGINE_OPTION_MAX
} FWPM_ENGINE_OPTION;

/**
 * struct FWPM_SESSION0 - parameters of a session
 * @sessionKey: a GUID for the session, or all zero for none. If the process has
 *	an open session with the same key, FwpmEngineOpen0 fails with
 *	FWP_E_ALREADY_EXISTS
 * @displayData: a name and description; ignored
 * @flags: FWPM_SESSION_FLAG_DYNAMIC or 0; another bit is FWP_E_INVALID_FLAGS
 * @txnWaitTimeoutInMSec: timeout of each call in milliseconds, for another
 *	thread that uses the session and for the kernel; then the call fails
 *	with FWP_E_TIMEOUT. 0 means 15 seconds; values above one hour,
 *	INFINITE included, mean one hour
 * @processId: ignored on input
 * @sid: ignored on input
 * @username: ignored on input
 * @kernelMode: ignored on input
 */
typedef struct FWPM_SESSION0_ {
	GUID sessionKey;
	FWPM_DISPLAY_DATA0 displayData;
	UINT32 flags;
	UINT32 txnWaitTimeoutInMSec;
	DWORD processId;
	SID *sid;
	wchar_t *username;
	BOOL kernelMode;
} FWPM_SESSION0;

#endif /* FWPUCLNT_FWPMTYPES_H */
