// SPDX-License-Identifier: LGPL-2.1-or-later
/* Options of the engine. */
#include <stdlib.h>

#include <fwpmu.h>

#include "engine.h"
#include "export.h"

/*
 * Net events and IPsec connections are not collected, so these options are 0.
 */
static DWORD check_option(FWPM_ENGINE_OPTION option)
{
	switch (option) {
	case FWPM_ENGINE_COLLECT_NET_EVENTS:
	case FWPM_ENGINE_NET_EVENT_MATCH_ANY_KEYWORDS:
	case FWPM_ENGINE_MONITOR_IPSEC_CONNECTIONS:
		return ERROR_SUCCESS;
	case FWPM_ENGINE_NAME_CACHE:
	case FWPM_ENGINE_PACKET_QUEUING:
	case FWPM_ENGINE_TXN_WATCHDOG_TIMEOUT_IN_MSEC:
		return RPC_S_CANNOT_SUPPORT;
	default:
		return FWP_E_INVALID_PARAMETER;
	}
}

EXPORT DWORD WINAPI FwpmEngineGetOption0(HANDLE engineHandle,
					 FWPM_ENGINE_OPTION option,
					 FWP_VALUE0 **value)
{
	struct fwp_session *session;
	FWP_VALUE0 *answer;
	DWORD ret;

	if (!value)
		return FWP_E_NULL_POINTER;
	ret = check_option(option);
	if (ret)
		return ret;
	ret = fwp_session_enter(engineHandle, &session);
	if (ret)
		return ret;
	fwp_session_leave(session);

	answer = calloc(1, sizeof(*answer));
	if (!answer)
		return ERROR_NOT_ENOUGH_MEMORY;
	answer->type = FWP_UINT32;
	*value = answer;
	return ERROR_SUCCESS;
}
