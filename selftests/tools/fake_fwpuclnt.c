// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stands in for the part of libfwpuclnt that asks the kernel. With it ipsecstat
 * can be tested without module or rights:
 *
 *	FAKE_OPEN=N	FwpmEngineOpen0 fails with code N
 *	FAKE_READ=N	IPsecGetStatistics1 fails with code N
 *
 * Otherwise each member of the statistics is 4000000000, or 18400000000000000000
 * where it has 64 bits, plus its own offset in the structure. So all values
 * differ, and all have as many digits as there can be.
 *
 * A session takes a descriptor, as the real one does. A program that ends with a
 * session open, or uses a closed one, is aborted.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <windows.h>
#include <fwpmu.h>

static int descriptor = -1;

static DWORD code_from(const char *variable)
{
	const char *text = getenv(variable);

	return text ? strtoul(text, NULL, 0) : ERROR_SUCCESS;
}

static void want_open(HANDLE engine)
{
	if (engine != &descriptor || descriptor < 0)
		abort();
}

static void want_none_open(void)
{
	if (descriptor >= 0)
		abort();
}

DWORD WINAPI FwpmEngineOpen0(const wchar_t *server, UINT32 service,
			     SEC_WINNT_AUTH_IDENTITY_W *identity,
			     const FWPM_SESSION0 *session, HANDLE *engine)
{
	DWORD code = code_from("FAKE_OPEN");

	(void)service;
	(void)session;
	if (server || identity || !engine)
		return ERROR_INVALID_PARAMETER;
	if (code == ERROR_SUCCESS) {
		want_none_open();
		atexit(want_none_open);
		descriptor = open("/dev/null", O_WRONLY);
		*engine = &descriptor;
	}
	return code;
}

DWORD WINAPI FwpmEngineClose0(HANDLE engine)
{
	want_open(engine);
	close(descriptor);
	descriptor = -1;
	return ERROR_SUCCESS;
}

DWORD WINAPI IPsecGetStatistics1(HANDLE engine, IPSEC_STATISTICS1 *stats)
{
	const size_t traffic = offsetof(IPSEC_STATISTICS1, inboundTrafficStatistics);
	char *at = (char *)stats;
	size_t offset;

	want_open(engine);
	for (offset = 0; offset < traffic; offset += sizeof(uint32_t)) {
		uint32_t value = 4000000000u + offset;

		memcpy(at + offset, &value, sizeof(value));
	}
	for (; offset < sizeof(*stats); offset += sizeof(uint64_t)) {
		uint64_t value = 18400000000000000000u + offset;

		memcpy(at + offset, &value, sizeof(value));
	}
	return code_from("FAKE_READ");
}
