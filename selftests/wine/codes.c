/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls functions of fwpuclnt.dll by name, one for each line of standard input, and
 * prints their results. Written for Windows; compiled for Linux, it must print the same.
 *
 *	CALL [NUMBER]		NUMBER of a handle, by default 0
 *
 * A read prints a second word: whether the buffer was written completely; for an option,
 * the value.
 */
#include <windows.h>
#include <fwpmu.h>
#include <stdio.h>
#include <string.h>

#ifndef FWPM_TXN_READ_ONLY
#define FWPM_TXN_READ_ONLY 1
#endif
#ifndef FWPM_SESSION_FLAG_DYNAMIC
#define FWPM_SESSION_FLAG_DYNAMIC 1
#endif

#define HANDLES		4
#define UNTOUCHED	0x5a
#define THREADS		4
#define READINGS	500

static HANDLE handles[HANDLES];
static const char *note;

static DWORD OpenWith(HANDLE *engine, UINT32 service, FWPM_SESSION0 *session)
{
	return FwpmEngineOpen0(NULL, service, NULL, session, engine);
}

static DWORD Open(HANDLE *engine)
{
	return OpenWith(engine, RPC_C_AUTHN_WINNT, NULL);
}

static DWORD OpenDefault(HANDLE *engine)
{
	return OpenWith(engine, RPC_C_AUTHN_DEFAULT, NULL);
}

static DWORD OpenOtherService(HANDLE *engine)
{
	return OpenWith(engine, 9, NULL);
}

static DWORD OpenServer(HANDLE *engine)
{
	return FwpmEngineOpen0(L"server", RPC_C_AUTHN_WINNT, NULL, NULL, engine);
}

static DWORD OpenIdentity(HANDLE *engine)
{
	SEC_WINNT_AUTH_IDENTITY_W identity;

	ZeroMemory(&identity, sizeof(identity));
	return FwpmEngineOpen0(NULL, RPC_C_AUTHN_WINNT, &identity, NULL, engine);
}

static DWORD OpenNull(HANDLE *engine)
{
	UNREFERENCED_PARAMETER(engine);
	return OpenWith(NULL, RPC_C_AUTHN_WINNT, NULL);
}

static DWORD OpenFlags(HANDLE *engine)
{
	FWPM_SESSION0 session = {0};

	session.flags = 2;
	return OpenWith(engine, RPC_C_AUTHN_WINNT, &session);
}

static DWORD OpenKey(HANDLE *engine)
{
	FWPM_SESSION0 session = {0};

	session.sessionKey.Data4[7] = 1;
	session.displayData.name = L"codes";
	session.flags = FWPM_SESSION_FLAG_DYNAMIC;
	session.txnWaitTimeoutInMSec = INFINITE;
	return OpenWith(engine, RPC_C_AUTHN_WINNT, &session);
}

static DWORD SetNull(HANDLE *engine)
{
	*engine = NULL;
	return ERROR_SUCCESS;
}

static DWORD SetInvalid(HANDLE *engine)
{
	*engine = INVALID_HANDLE_VALUE;
	return ERROR_SUCCESS;
}

static DWORD SetAddress(HANDLE *engine)
{
	*engine = engine;
	return ERROR_SUCCESS;
}

static DWORD Close(HANDLE *engine)
{
	return FwpmEngineClose0(*engine);
}

static DWORD Begin(HANDLE *engine)
{
	return FwpmTransactionBegin0(*engine, 0);
}

static DWORD BeginRead(HANDLE *engine)
{
	return FwpmTransactionBegin0(*engine, FWPM_TXN_READ_ONLY);
}

static DWORD BeginFlags(HANDLE *engine)
{
	return FwpmTransactionBegin0(*engine, 2);
}

static DWORD Commit(HANDLE *engine)
{
	return FwpmTransactionCommit0(*engine);
}

static DWORD Abort(HANDLE *engine)
{
	return FwpmTransactionAbort0(*engine);
}

/* No counter is UNTOUCHED in all of its bytes. */
static void Note(const void *buffer, size_t size)
{
	const unsigned char *byte = buffer;
	size_t i, untouched = 0;

	for (i = 0; i < size; i++)
		untouched += byte[i] == UNTOUCHED;
	note = untouched == size ? "untouched" : untouched ? "partly" : "filled";
}

static DWORD Get0(HANDLE *engine)
{
	IPSEC_STATISTICS0 statistics;
	DWORD status;

	memset(&statistics, UNTOUCHED, sizeof(statistics));
	status = IPsecGetStatistics0(*engine, &statistics);
	Note(&statistics, sizeof(statistics));
	return status;
}

static DWORD Get1(HANDLE *engine)
{
	IPSEC_STATISTICS1 statistics;
	DWORD status;

	memset(&statistics, UNTOUCHED, sizeof(statistics));
	status = IPsecGetStatistics1(*engine, &statistics);
	Note(&statistics, sizeof(statistics));
	return status;
}

static DWORD Get0Null(HANDLE *engine)
{
	return IPsecGetStatistics0(*engine, NULL);
}

static DWORD Get1Null(HANDLE *engine)
{
	return IPsecGetStatistics1(*engine, NULL);
}

static DWORD Option(HANDLE *engine, UINT32 option)
{
	FWP_VALUE0 *value = NULL;
	DWORD status;

	status = FwpmEngineGetOption0(*engine, (FWPM_ENGINE_OPTION)option,
				      &value);
	if (!value) {
		note = "untouched";
		return status;
	}
	note = value->type == FWP_UINT32 && value->uint32 == 0 ? "0" : "not 0";
	FwpmFreeMemory0((void **)&value);
	if (value)
		note = "not NULL afterwards";
	return status;
}

static DWORD NetEvents(HANDLE *engine)
{
	return Option(engine, FWPM_ENGINE_COLLECT_NET_EVENTS);
}

static DWORD NameCache(HANDLE *engine)
{
	return Option(engine, FWPM_ENGINE_NAME_CACHE);
}

static DWORD NoOption(HANDLE *engine)
{
	return Option(engine, 99);
}

static DWORD OptionNull(HANDLE *engine)
{
	return FwpmEngineGetOption0(*engine, FWPM_ENGINE_COLLECT_NET_EVENTS,
				    NULL);
}

static DWORD FreeNull(HANDLE *engine)
{
	void *nothing = NULL;

	UNREFERENCED_PARAMETER(engine);
	FwpmFreeMemory0(NULL);
	FwpmFreeMemory0(&nothing);
	return ERROR_SUCCESS;
}

#ifdef _WIN32
static DWORD WINAPI Read(void *engine)
{
	IPSEC_STATISTICS1 statistics;
	DWORD status = ERROR_SUCCESS;
	int i;

	for (i = 0; i < READINGS && !status; i++)
		status = IPsecGetStatistics1(engine, &statistics);
	return status;
}

/* Threads that share a handle, with stacks and registers as on Windows. */
static DWORD Threads(HANDLE *engine)
{
	HANDLE threads[THREADS];
	DWORD one, status = ERROR_SUCCESS;
	int i;

	for (i = 0; i < THREADS; i++)
		threads[i] = CreateThread(NULL, 0, Read, *engine, 0, NULL);
	for (i = 0; i < THREADS; i++) {
		if (WaitForSingleObject(threads[i], 60000) ||
		    !GetExitCodeThread(threads[i], &one))
			one = GetLastError();
		if (one)
			status = one;
	}
	return status;
}

/* As bindings of other languages do. */
static DWORD Dynamic(HANDLE *engine)
{
	HMODULE library = LoadLibraryA("fwpuclnt.dll");
	DWORD (WINAPI *get)(HANDLE, IPSEC_STATISTICS0 *);
	IPSEC_STATISTICS0 statistics;
	DWORD status;

	if (!library)
		return GetLastError();
	get = (void *)GetProcAddress(library, "IPsecGetStatistics0");
	if (!get)
		return GetLastError();
	status = get(*engine, &statistics);
	FreeLibrary(library);
	return status;
}

/* Forwarded to Wine's own DLL. */
static DWORD Forwarded(HANDLE *engine)
{
	return FwpmFilterAdd0(*engine, NULL, NULL, NULL);
}
#endif

static const struct {
	const char *name;
	DWORD (*call)(HANDLE *engine);
} calls[] = {
	{ "open", Open },
	{ "open-default", OpenDefault },
	{ "open-service", OpenOtherService },
	{ "open-server", OpenServer },
	{ "open-identity", OpenIdentity },
	{ "open-null", OpenNull },
	{ "open-flags", OpenFlags },
	{ "open-key", OpenKey },
	{ "null", SetNull },
	{ "invalid", SetInvalid },
	{ "address", SetAddress },
	{ "close", Close },
	{ "begin", Begin },
	{ "begin-read", BeginRead },
	{ "begin-flags", BeginFlags },
	{ "commit", Commit },
	{ "abort", Abort },
	{ "get0", Get0 },
	{ "get1", Get1 },
	{ "get0-null", Get0Null },
	{ "get1-null", Get1Null },
	{ "option", NetEvents },
	{ "option-name-cache", NameCache },
	{ "option-none", NoOption },
	{ "option-null", OptionNull },
	{ "free-null", FreeNull },
#ifdef _WIN32
	{ "threads", Threads },
	{ "dynamic", Dynamic },
	{ "forwarded", Forwarded },
#endif
};

static int Run(const char *name, unsigned int number)
{
	DWORD status;
	size_t i;

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (strcmp(calls[i].name, name))
			continue;
		note = "";
		status = calls[i].call(&handles[number]);
		printf("0x%08x %s\n", (unsigned int)status, note);
		fflush(stdout);
		return 0;
	}
	fprintf(stderr, "codes: no call %s\n", name);
	return 1;
}

int main(void)
{
	char line[64], name[32];
	unsigned int number;

	while (fgets(line, sizeof(line), stdin)) {
		number = 0;
		if (sscanf(line, "%31s %u", name, &number) < 1 ||
		    number >= HANDLES || Run(name, number))
			return 1;
	}
	return 0;
}
