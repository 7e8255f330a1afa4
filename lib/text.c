// SPDX-License-Identifier: LGPL-2.1-or-later
/* Names and texts of codes. */
#include <stddef.h>

#include <fwpuclnt.h>
#include <linux/ipsecstat.h>
#include <winerror.h>

#include "export.h"

struct text {
	DWORD code;
	const char *text;
};

/* Generated from winerror.h by the Makefile, so that it is complete. */
static const struct text names[] = {
#define CODE(name) { (DWORD)(name), #name },
#include "codes.inc"
#undef CODE
};

/* Texts of the codes that this library returns. */
static const struct text texts[] = {
	{ ERROR_SUCCESS, "success" },
	{ ERROR_ACCESS_DENIED,
	  "reading is not permitted: it needs CAP_NET_ADMIN or a group within "
	  "the sysctl net.ipsecstat.read_group_range" },
	{ ERROR_INVALID_HANDLE, "not a handle of an open session" },
	{ ERROR_NOT_ENOUGH_MEMORY, "out of memory" },
	{ ERROR_INVALID_PARAMETER, "no such CPU on this machine" },
	{ ERROR_NO_SYSTEM_RESOURCES, "too many open files or sessions" },
	{ RPC_S_CALL_FAILED, "the request to the kernel failed" },
	{ RPC_S_PROTOCOL_ERROR, "malformed reply from the kernel: the versions of "
	  "module and library are incompatible" },
	{ RPC_S_UNKNOWN_AUTHN_SERVICE,
	  "only RPC_C_AUTHN_WINNT and RPC_C_AUTHN_DEFAULT are supported" },
	{ EPT_S_NOT_REGISTERED,
	  "the kernel module ipsecstat is not loaded" },
	{ RPC_S_CANNOT_SUPPORT,
	  "not supported on Linux: another server, other credentials, or an "
	  "option of Windows' engine" },
	{ FWP_E_ALREADY_EXISTS, "a session with this key is open already" },
	{ FWP_E_NO_TXN_IN_PROGRESS, "no transaction is in progress" },
	{ FWP_E_TXN_IN_PROGRESS,
	  "the call is not allowed while a transaction is in progress" },
	{ FWP_E_SESSION_ABORTED, "the session is over, as the module was "
	  "unloaded or the process forked: close it and open another" },
	{ FWP_E_TIMEOUT, "no answer in time" },
	{ FWP_E_NULL_POINTER, "a required pointer is NULL" },
	{ FWP_E_INVALID_FLAGS, "unknown flag" },
	{ FWP_E_INVALID_PARAMETER, "unknown option" },
};

/* As in kmod/ipsecstat.yaml. */
static const char *const reasons[] = {
	[IPSECSTAT_DROP_REASON_NO_STATE] = "no-state",
	[IPSECSTAT_DROP_REASON_AUTH] = "auth",
	[IPSECSTAT_DROP_REASON_TRANSFORM] = "transform",
	[IPSECSTAT_DROP_REASON_REPEATED] = "repeated",
	[IPSECSTAT_DROP_REASON_LATE] = "late",
	[IPSECSTAT_DROP_REASON_LARVAL] = "larval",
	[IPSECSTAT_DROP_REASON_EXPIRED] = "expired",
	[IPSECSTAT_DROP_REASON_INVALID] = "invalid",
	[IPSECSTAT_DROP_REASON_ENCAP] = "encap",
	[IPSECSTAT_DROP_REASON_SELECTOR] = "selector",
	[IPSECSTAT_DROP_REASON_MODE] = "mode",
	[IPSECSTAT_DROP_REASON_DIRECTION] = "direction",
	[IPSECSTAT_DROP_REASON_TEMPLATE] = "template",
	[IPSECSTAT_DROP_REASON_CLEAR_TEXT] = "clear-text",
	[IPSECSTAT_DROP_REASON_NO_POLICY] = "no-policy",
	[IPSECSTAT_DROP_REASON_BLOCKED] = "blocked",
	[IPSECSTAT_DROP_REASON_POLICY_ERROR] = "policy-error",
	[IPSECSTAT_DROP_REASON_HEADER] = "header",
	[IPSECSTAT_DROP_REASON_BUFFER] = "buffer",
	[IPSECSTAT_DROP_REASON_ERROR] = "error",
	[IPSECSTAT_DROP_REASON_IPTFS] = "iptfs",
	[IPSECSTAT_DROP_REASON_SEQUENCE] = "sequence",
	[IPSECSTAT_DROP_REASON_BUNDLE] = "bundle",
	[IPSECSTAT_DROP_REASON_QUEUE] = "queue",
};

_Static_assert((int)FWPUCLNT_DROP_QUEUE == (int)IPSECSTAT_DROP_REASON_QUEUE,
	       "FWPUCLNT_DROP_REASON is the kernel's");

static const char *find(const struct text *table, size_t len, DWORD code)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (table[i].code == code)
			return table[i].text;
	return NULL;
}

EXPORT const char *FwpuclntErrorName(DWORD code)
{
	const char *name = find(names, sizeof(names) / sizeof(*names), code);

	return name ? name : "unknown code";
}

EXPORT const char *FwpuclntErrorText(DWORD code)
{
	const char *text = find(texts, sizeof(texts) / sizeof(*texts), code);

	return text ? text : FwpuclntErrorName(code);
}

EXPORT const char *FwpuclntDropReasonName(UINT32 reason)
{
	return reason < sizeof(reasons) / sizeof(*reasons) ? reasons[reason] :
							      "unknown";
}
