/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Idioms of public programs that the headers must accept: wrappers of sessions, of
 * transactions and of memory, a dump that prints everything. For C and C++; compiled by
 * host_headers.sh, never run.
 */
#include <guiddef.h>
#include <fwpmu.h>
#include <ipsectypes.h>
#include <fwpmtypes.h>
#include <windows.h>
/* Headers of COM define it, and programs undefine it. */
#undef interface
#include <stdio.h>

#ifdef __cplusplus
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

namespace wrapped {

/* An enumeration of the program, with constants of the headers. */
enum class SessionFlags {
	None,
	Dynamic = FWPM_SESSION_FLAG_DYNAMIC,
	Reserved = FWPM_SESSION_FLAG_RESERVED,
};
DEFINE_ENUM_FLAG_OPERATORS(SessionFlags);

static_assert(static_cast<int>(SessionFlags::Dynamic |
			       SessionFlags::Reserved) == 0x10000001, "or");
static_assert((SessionFlags::Dynamic & SessionFlags::Reserved) ==
	      SessionFlags::None, "and");

class Error : public std::runtime_error {
public:
	Error(const std::string &what, DWORD code)
		: std::runtime_error(what), m_code(code) { }
	DWORD code() const noexcept { return m_code; }

private:
	DWORD m_code;
};

/* For unique_ptr. */
struct Free {
	template <typename T> void operator()(T *p) const
	{
		FwpmFreeMemory(reinterpret_cast<void **>(&p));
	}
};

class Engine {
public:
	explicit Engine(SessionFlags flags = SessionFlags::None)
	{
		FWPM_SESSION session = {};

		session.flags = static_cast<UINT32>(flags);
		check("open", ::FwpmEngineOpen(nullptr, RPC_C_AUTHN_DEFAULT,
					       nullptr, &session, &m_handle));
	}
	~Engine() { ::FwpmEngineClose(m_handle); }
	Engine(const Engine &) = delete;
	Engine &operator=(const Engine &) = delete;

	operator HANDLE() const { return m_handle; }

	bool Collects() const
	{
		FWP_VALUE *raw = nullptr;
		auto status = ::FwpmEngineGetOption(
			m_handle, FWPM_ENGINE_COLLECT_NET_EVENTS, &raw);
		std::unique_ptr<FWP_VALUE, Free> value(raw);

		return ERROR_SUCCESS == status && value &&
		       value->type == FWP_UINT32 && !!value->uint32;
	}

	IPSEC_STATISTICS1 Statistics() const
	{
		IPSEC_STATISTICS1 statistics;

		check("read", ::IPsecGetStatistics(m_handle, &statistics));
		return statistics;
	}

	static void check(const char *what, DWORD status)
	{
		if (ERROR_SUCCESS != status)
			throw Error(what, status);
	}

private:
	HANDLE m_handle{};
};

bool InTransaction(const Engine &engine, std::function<bool()> operation,
		   bool write)
{
	Engine::check("begin", ::FwpmTransactionBegin(
		engine, write ? 0 : FWPM_TXN_READ_ONLY));
	try {
		if (operation()) {
			Engine::check("commit", ::FwpmTransactionCommit(engine));
			return true;
		}
	} catch (...) {
		::FwpmTransactionAbort(engine);
		throw;
	}
	Engine::check("abort", ::FwpmTransactionAbort(engine));
	return false;
}

} /* namespace wrapped */

#else

#define EXIT_ON_ERROR(call)	if (status != ERROR_SUCCESS) {		\
		printf(#call " failed: 0x%08x\n", status);		\
		goto CLEANUP;						\
	}

static BOOL Collects(IN HANDLE engine, OUT OPTIONAL DWORD *code)
{
	FWP_VALUE0 *value = NULL;
	BOOL collects = FALSE;
	DWORD status;

	status = FwpmEngineGetOption0(engine, FWPM_ENGINE_COLLECT_NET_EVENTS,
				      &value);
	if (status == ERROR_SUCCESS && value) {
		collects = (value->type == FWP_UINT32) && (!!value->uint32);
		FwpmFreeMemory0((PVOID *)&value);
	}
	if (code)
		*code = status;
	return collects;
}

/* Names in wide strings, members by name, one way out. */
DWORD Dump(void)
{
	static const wchar_t *const names[] = { L"added", L"deleted" };
	FWPM_SESSION0 session = {
		.displayData = {
			.name = L"dump",
			.description = L"prints all",
		},
		.flags = FWPM_SESSION_FLAG_DYNAMIC,
	};
	IPSEC_STATISTICS1 s = {0};
	HANDLE engine = NULL;
	DWORD status;
	size_t i;

	status = FwpmEngineOpen0(NULL, RPC_C_AUTHN_WINNT, NULL, &session,
				 &engine);
	EXIT_ON_ERROR(FwpmEngineOpen0);
	status = IPsecGetStatistics1(engine, &s);
	EXIT_ON_ERROR(IPsecGetStatistics1);
	for (i = 0; i < _countof(names); i++)
		printf("%S: %u\n", names[i],
		       i ? s.aggregateSaStatistics.totalSasDeleted :
			   s.aggregateSaStatistics.totalSasAdded);
	printf("events: %d\n", Collects(engine, &status));

CLEANUP:
	if (engine)
		FwpmEngineClose0(engine);
	return status;
}

#endif

/* A value that a program fills in. */
FWP_VALUE0 Filled(void)
{
	FWP_VALUE0 value;

	RtlZeroMemory(&value, sizeof(FWP_VALUE0));
	value.type = FWP_UINT32;
	value.uint32 = TRUE;
	return value;
}
