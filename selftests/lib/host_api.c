// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every row of the error table, through the functions of the library, with a fake kernel
 * and the library as it is installed.
 */
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>

#include <linux/netlink.h>

#include "fake_kernel.h"
#include "kselftest_harness.h"
#include "expect.h"

#define UNTOUCHED	((HANDLE)0x5a5a5a5a)

static DWORD open_with(const FWPM_SESSION0 *session, HANDLE *handle)
{
	return FwpmEngineOpen0(NULL, RPC_C_AUTHN_WINNT, NULL, session, handle);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

FIXTURE(open) {
	FWPM_SESSION0 session;
	HANDLE handle;
};

FIXTURE_SETUP(open)
{
	fake_reset();
	memset(&self->session, 0, sizeof(self->session));
	self->handle = UNTOUCHED;
}

/* No error of FwpmEngineOpen0 leaks a socket. */
FIXTURE_TEARDOWN(open)
{
	if (self->handle != UNTOUCHED)
		EXPECT_CODE(ERROR_SUCCESS, FwpmEngineClose0(self->handle));
	EXPECT_EQ(0, fake.sockets);
}

#define EXPECT_REFUSED(code, ...)					\
	do {								\
		EXPECT_CODE(code, FwpmEngineOpen0(__VA_ARGS__));	\
		EXPECT_EQ(UNTOUCHED, self->handle);			\
	} while (0)

TEST_F(open, succeeds)
{
	ASSERT_CODE(ERROR_SUCCESS, open_with(NULL, &self->handle));
	EXPECT_NE(UNTOUCHED, self->handle);
	EXPECT_NE(NULL, self->handle);
	EXPECT_NE(INVALID_HANDLE_VALUE, self->handle);
	EXPECT_EQ(1, fake.resolves);
	EXPECT_EQ(0, fake.requests);
}

TEST_F(open, default_authentication)
{
	EXPECT_CODE(ERROR_SUCCESS,
		    FwpmEngineOpen0(NULL, RPC_C_AUTHN_DEFAULT, NULL, NULL,
				    &self->handle));
}

TEST_F(open, null_pointer)
{
	EXPECT_CODE(FWP_E_NULL_POINTER, open_with(NULL, NULL));
}

TEST_F(open, server_name)
{
	EXPECT_REFUSED(RPC_S_CANNOT_SUPPORT, L"server", RPC_C_AUTHN_WINNT, NULL,
		       NULL, &self->handle);
	EXPECT_REFUSED(RPC_S_CANNOT_SUPPORT, L"", RPC_C_AUTHN_WINNT, NULL,
		       NULL, &self->handle);
}

TEST_F(open, credentials)
{
	SEC_WINNT_AUTH_IDENTITY_W identity = { 0 };

	EXPECT_REFUSED(RPC_S_CANNOT_SUPPORT, NULL, RPC_C_AUTHN_WINNT, &identity,
		       NULL, &self->handle);
}

TEST_F(open, authentication_service)
{
	static const UINT32 unknown[] = { 0, 1, 9, 11, 16, 0x7fffffff };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(unknown); i++)
		EXPECT_REFUSED(RPC_S_UNKNOWN_AUTHN_SERVICE, NULL, unknown[i],
			       NULL, NULL, &self->handle);
}

TEST_F(open, session_flags)
{
	int bit;

	for (bit = 1; bit < 32; bit++) {
		self->session.flags = 1u << bit;
		EXPECT_REFUSED(FWP_E_INVALID_FLAGS, NULL, RPC_C_AUTHN_WINNT,
			       NULL, &self->session, &self->handle);
	}
	self->session.flags = FWPM_SESSION_FLAG_DYNAMIC;
	EXPECT_CODE(ERROR_SUCCESS, open_with(&self->session, &self->handle));
}

/* Output members of the argument are ignored. */
TEST_F(open, output_fields_are_ignored)
{
	self->session.displayData.name = (wchar_t *)1;
	self->session.displayData.description = (wchar_t *)2;
	self->session.processId = 3;
	self->session.sid = (SID *)4;
	self->session.username = (wchar_t *)5;
	self->session.kernelMode = TRUE;
	EXPECT_CODE(ERROR_SUCCESS, open_with(&self->session, &self->handle));
}

TEST_F(open, key_in_use)
{
	HANDLE second = UNTOUCHED;

	self->session.sessionKey.Data4[7] = 1;
	ASSERT_CODE(ERROR_SUCCESS, open_with(&self->session, &self->handle));
	EXPECT_CODE(FWP_E_ALREADY_EXISTS, open_with(&self->session, &second));
	EXPECT_EQ(UNTOUCHED, second);

	/* Another key, and the same key after it is free. */
	self->session.sessionKey.Data1 = 1;
	ASSERT_CODE(ERROR_SUCCESS, open_with(&self->session, &second));
	EXPECT_CODE(ERROR_SUCCESS, FwpmEngineClose0(second));
	ASSERT_CODE(ERROR_SUCCESS, open_with(&self->session, &second));
	EXPECT_CODE(ERROR_SUCCESS, FwpmEngineClose0(second));
}

TEST_F(open, zero_key_is_ignored)
{
	HANDLE second;

	ASSERT_CODE(ERROR_SUCCESS, open_with(&self->session, &self->handle));
	ASSERT_CODE(ERROR_SUCCESS, open_with(&self->session, &second));
	EXPECT_NE(second, self->handle);
	EXPECT_CODE(ERROR_SUCCESS, FwpmEngineClose0(second));
}

TEST_F(open, no_module)
{
	fake.family = 0;
	EXPECT_REFUSED(EPT_S_NOT_REGISTERED, NULL, RPC_C_AUTHN_WINNT, NULL,
		       NULL, &self->handle);
}

TEST_F(open, socket_errors)
{
	static const struct { int err; DWORD code; } rows[] = {
		{ EMFILE, ERROR_NO_SYSTEM_RESOURCES },
		{ ENFILE, ERROR_NO_SYSTEM_RESOURCES },
		{ ENOMEM, ERROR_NOT_ENOUGH_MEMORY },
		{ ENOBUFS, ERROR_NOT_ENOUGH_MEMORY },
		{ EACCES, ERROR_ACCESS_DENIED },
		{ EPERM, ERROR_ACCESS_DENIED },
		{ EAFNOSUPPORT, EPT_S_NOT_REGISTERED },
		{ EPROTONOSUPPORT, EPT_S_NOT_REGISTERED },
		{ EIO, RPC_S_CALL_FAILED },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fake.socket_error = rows[i].err;
		EXPECT_REFUSED(rows[i].code, NULL, RPC_C_AUTHN_WINNT, NULL,
			       NULL, &self->handle);
	}
	fake.socket_error = 0;
	fake.bind_error = ENOMEM;
	EXPECT_REFUSED(ERROR_NOT_ENOUGH_MEMORY, NULL, RPC_C_AUTHN_WINNT, NULL,
		       NULL, &self->handle);
	fake.bind_error = 0;
	fake.send_error = ECONNREFUSED;
	EXPECT_REFUSED(RPC_S_CALL_FAILED, NULL, RPC_C_AUTHN_WINNT, NULL,
		       NULL, &self->handle);
	fake.send_error = 0;
	fake.recv_error = ENOBUFS;
	EXPECT_REFUSED(ERROR_NOT_ENOUGH_MEMORY, NULL, RPC_C_AUTHN_WINNT, NULL,
		       NULL, &self->handle);
}

TEST_F(open, resolve_errors)
{
	static const struct { int err; DWORD code; } rows[] = {
		{ ENOENT, EPT_S_NOT_REGISTERED },
		{ ENOMEM, ERROR_NOT_ENOUGH_MEMORY },
		{ EPERM, ERROR_ACCESS_DENIED },
		{ EIO, RPC_S_CALL_FAILED },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fake.resolve_error = rows[i].err;
		EXPECT_REFUSED(rows[i].code, NULL, RPC_C_AUTHN_WINNT, NULL,
			       NULL, &self->handle);
	}
	fake.resolve_error = 0;
	fake.resolve_malformed = true;
	EXPECT_REFUSED(RPC_S_PROTOCOL_ERROR, NULL, RPC_C_AUTHN_WINNT, NULL,
		       NULL, &self->handle);
}

TEST_F(open, missing_reply_times_out)
{
	double begin = now();

	fake.resolve_silent = true;
	self->session.txnWaitTimeoutInMSec = 60;
	EXPECT_REFUSED(FWP_E_TIMEOUT, NULL, RPC_C_AUTHN_WINNT, NULL,
		       &self->session, &self->handle);
	EXPECT_GT(now() - begin, 0.055);
	EXPECT_LT(now() - begin, 5.0);
}

FIXTURE(engine) {
	HANDLE handle;
	IPSEC_STATISTICS0 s0;
	IPSEC_STATISTICS1 s1;
	bool closed;
};

FIXTURE_SETUP(engine)
{
	FWPM_SESSION0 session = { .txnWaitTimeoutInMSec = 200 };

	fake_reset();
	ASSERT_CODE(ERROR_SUCCESS, open_with(&session, &self->handle));
}

FIXTURE_TEARDOWN(engine)
{
	if (!self->closed)
		EXPECT_CODE(ERROR_SUCCESS, FwpmEngineClose0(self->handle));
	EXPECT_EQ(0, fake.sockets);
}

TEST_F(engine, statistics)
{
	ASSERT_CODE(ERROR_SUCCESS,
		    IPsecGetStatistics1(self->handle, &self->s1));
	ASSERT_CODE(ERROR_SUCCESS,
		    IPsecGetStatistics0(self->handle, &self->s0));
	EXPECT_EQ(11, self->s1.aggregateSaStatistics.activeSas);
	EXPECT_EQ(31, self->s1.inboundTrafficStatistics.totalSuccessfulPackets);
	EXPECT_EQ(4000, self->s1.aggregateDropPacketStatistics.
			totalDropPacketsInbound);
	EXPECT_EQ(11, self->s0.aggregateSaStatistics.activeSas);
	EXPECT_EQ(777, self->s0.outboundTrafficStatistics.transportByteCount);
}

/* One request, without an acknowledgement, and nothing else. */
TEST_F(engine, one_call_is_one_round_trip)
{
	int i;

	for (i = 1; i <= 5; i++) {
		ASSERT_CODE(ERROR_SUCCESS,
			    IPsecGetStatistics0(self->handle, &self->s0));
		EXPECT_EQ(i, fake.requests);
		EXPECT_EQ(NLM_F_REQUEST, fake.flags);
	}
	EXPECT_EQ(1, fake.resolves);
}

TEST_F(engine, statistics_and_their_beginning)
{
	FWPUCLNT_STATISTICS s;

	ASSERT_CODE(ERROR_SUCCESS,
		    FwpuclntGetStatistics(self->handle, FWPUCLNT_ALL_CPUS, &s));
	ASSERT_CODE(ERROR_SUCCESS,
		    IPsecGetStatistics1(self->handle, &self->s1));
	EXPECT_EQ(123456789012345, s.since);
	EXPECT_EQ(0, memcmp(&s.statistics, &self->s1, sizeof(self->s1)));
	EXPECT_EQ(2, fake.requests);
}

/* All except SAs, which belong to no CPU. */
TEST_F(engine, statistics_of_a_cpu)
{
	IPSEC_AGGREGATE_SA_STATISTICS0 *sas =
		&self->s1.aggregateSaStatistics;
	FWPUCLNT_STATISTICS s;
	UINT32 cpu;

	ASSERT_CODE(ERROR_SUCCESS,
		    IPsecGetStatistics1(self->handle, &self->s1));
	memset(sas, 0, sizeof(*sas));
	for (cpu = 0; cpu < fake.cpus; cpu++) {
		ASSERT_CODE(ERROR_SUCCESS,
			    FwpuclntGetStatistics(self->handle, cpu, &s));
		EXPECT_EQ(0, memcmp(&s.statistics, &self->s1,
				    sizeof(self->s1)));
	}
	EXPECT_EQ(1, fake.resolves);
}

#define EXPECT_CPU_FAILURE(code, handle, cpu)				\
	do {								\
		FWPUCLNT_STATISTICS s_, old_;				\
									\
		memset(&s_, 0x5a, sizeof(s_));				\
		old_ = s_;						\
		EXPECT_CODE(code, FwpuclntGetStatistics(handle, cpu, &s_)); \
		EXPECT_EQ(0, memcmp(&s_, &old_, sizeof(s_)));		\
	} while (0)

TEST_F(engine, cpu_failures)
{
	EXPECT_CPU_FAILURE(ERROR_INVALID_PARAMETER, self->handle, fake.cpus);
	EXPECT_CPU_FAILURE(ERROR_INVALID_PARAMETER, self->handle, 0x7fffffff);
	/* The session continues, and no number was looked up. */
	EXPECT_CPU_FAILURE(ERROR_INVALID_HANDLE, NULL, 0);
	EXPECT_CODE(FWP_E_NULL_POINTER,
		    FwpuclntGetStatistics(self->handle, 0, NULL));
	EXPECT_CODE(ERROR_SUCCESS, FwpmTransactionBegin0(self->handle, 0));
	EXPECT_CPU_FAILURE(FWP_E_TXN_IN_PROGRESS, self->handle, 0);
	EXPECT_CODE(ERROR_SUCCESS, FwpmTransactionAbort0(self->handle));
	EXPECT_EQ(1, fake.resolves);

	fake.manner = FAKE_OTHER_CPU;
	EXPECT_CPU_FAILURE(RPC_S_PROTOCOL_ERROR, self->handle, 0);
	fake.manner = FAKE_REPLY;
	fake.get_error = EPERM;
	EXPECT_CPU_FAILURE(ERROR_ACCESS_DENIED, self->handle, 0);
	/* Without a CPU, no CPU is out of range. */
	fake.get_error = ERANGE;
	EXPECT_FAILURE(RPC_S_CALL_FAILED, self->handle);
	EXPECT_CPU_FAILURE(RPC_S_CALL_FAILED, self->handle, FWPUCLNT_ALL_CPUS);
}

/* The structures of the versions differ. */
TEST_F(engine, names_without_a_version)
{
	IPSEC_STATISTICS stats;

	EXPECT_EQ(216, sizeof(stats));
	EXPECT_CODE(ERROR_SUCCESS, IPsecGetStatistics(self->handle, &stats));
	EXPECT_CODE(ERROR_SUCCESS, FwpmTransactionBegin(self->handle, 0));
	EXPECT_CODE(ERROR_SUCCESS, FwpmTransactionAbort(self->handle));
}

TEST_F(engine, null_out_pointer)
{
	EXPECT_CODE(FWP_E_NULL_POINTER,
		    IPsecGetStatistics0(self->handle, NULL));
	EXPECT_CODE(FWP_E_NULL_POINTER,
		    IPsecGetStatistics1(self->handle, NULL));
	/* Arguments are checked first. */
	EXPECT_CODE(FWP_E_NULL_POINTER, IPsecGetStatistics0(NULL, NULL));
	EXPECT_EQ(0, fake.requests);
}

TEST_F(engine, invalid_handles)
{
	HANDLE handles[] = {
		NULL, INVALID_HANDLE_VALUE, (HANDLE)1, (HANDLE)0xffff,
		(HANDLE)0xfffe, (HANDLE)0x10000, &self->handle,
		self->handle + 1, self->handle - 1, self->handle + 0x10000,
		(HANDLE)((UINT_PTR)self->handle ^
			 ((UINT_PTR)1 << (8 * sizeof(HANDLE) - 1))),
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(handles); i++) {
		EXPECT_FAILURE(ERROR_INVALID_HANDLE, handles[i]);
		EXPECT_CODE(ERROR_INVALID_HANDLE,
			    FwpmTransactionBegin0(handles[i], 0));
		EXPECT_CODE(ERROR_INVALID_HANDLE,
			    FwpmTransactionCommit0(handles[i]));
		EXPECT_CODE(ERROR_INVALID_HANDLE,
			    FwpmTransactionAbort0(handles[i]));
		EXPECT_CODE(ERROR_INVALID_HANDLE, FwpmEngineClose0(handles[i]));
	}
	EXPECT_EQ(0, fake.requests);
}

TEST_F(engine, closed_handle)
{
	HANDLE old = self->handle;
	int i;

	/* Nor after its place in the table is used again. */
	for (i = 0; i < 100; i++) {
		EXPECT_CODE(ERROR_SUCCESS, FwpmEngineClose0(self->handle));
		ASSERT_CODE(ERROR_SUCCESS, open_with(NULL, &self->handle));
		EXPECT_NE(old, self->handle);
		EXPECT_FAILURE(ERROR_INVALID_HANDLE, old);
		EXPECT_CODE(ERROR_INVALID_HANDLE, FwpmEngineClose0(old));
		EXPECT_CODE(ERROR_INVALID_HANDLE,
			    FwpmTransactionBegin0(old, 0));
	}
}

TEST_F(engine, transaction)
{
	HANDLE h = self->handle;

	EXPECT_CODE(FWP_E_NO_TXN_IN_PROGRESS, FwpmTransactionCommit0(h));
	EXPECT_CODE(FWP_E_NO_TXN_IN_PROGRESS, FwpmTransactionAbort0(h));

	EXPECT_CODE(ERROR_SUCCESS, FwpmTransactionBegin0(h, 0));
	EXPECT_CODE(FWP_E_TXN_IN_PROGRESS, FwpmTransactionBegin0(h, 0));
	EXPECT_CODE(FWP_E_TXN_IN_PROGRESS,
		    FwpmTransactionBegin0(h, FWPM_TXN_READ_ONLY));
	EXPECT_FAILURE(FWP_E_TXN_IN_PROGRESS, h);
	EXPECT_CODE(ERROR_SUCCESS, FwpmTransactionCommit0(h));
	EXPECT_CODE(FWP_E_NO_TXN_IN_PROGRESS, FwpmTransactionCommit0(h));

	EXPECT_CODE(ERROR_SUCCESS, FwpmTransactionBegin0(h, NULL));
	EXPECT_CODE(ERROR_SUCCESS, FwpmTransactionAbort0(h));
	EXPECT_CODE(FWP_E_NO_TXN_IN_PROGRESS, FwpmTransactionAbort0(h));
	EXPECT_EQ(0, fake.requests);
	EXPECT_CODE(ERROR_SUCCESS, IPsecGetStatistics0(h, &self->s0));
}

TEST_F(engine, read_only_transaction)
{
	HANDLE h = self->handle;

	EXPECT_CODE(ERROR_SUCCESS,
		    FwpmTransactionBegin0(h, FWPM_TXN_READ_ONLY));
	EXPECT_FAILURE(FWP_E_TXN_IN_PROGRESS, h);
	EXPECT_CODE(ERROR_SUCCESS, FwpmTransactionAbort0(h));
	EXPECT_CODE(ERROR_SUCCESS, IPsecGetStatistics0(h, &self->s0));
}

TEST_F(engine, transaction_flags)
{
	int bit;

	for (bit = 1; bit < 32; bit++)
		EXPECT_CODE(FWP_E_INVALID_FLAGS,
			    FwpmTransactionBegin0(self->handle, 1u << bit));
	EXPECT_CODE(FWP_E_NO_TXN_IN_PROGRESS,
		    FwpmTransactionCommit0(self->handle));
}

/* A transaction belongs to its session; others are not affected. */
TEST_F(engine, transactions_are_per_session)
{
	HANDLE other;

	ASSERT_CODE(ERROR_SUCCESS, open_with(NULL, &other));
	EXPECT_CODE(ERROR_SUCCESS, FwpmTransactionBegin0(self->handle, 0));
	EXPECT_CODE(ERROR_SUCCESS, FwpmTransactionBegin0(other, 0));
	EXPECT_CODE(ERROR_SUCCESS, FwpmTransactionCommit0(self->handle));
	EXPECT_CODE(ERROR_SUCCESS, IPsecGetStatistics0(self->handle, &self->s0));
	EXPECT_FAILURE(FWP_E_TXN_IN_PROGRESS, other);
	EXPECT_CODE(ERROR_SUCCESS, FwpmEngineClose0(other));
}

TEST_F(engine, close_aborts_the_transaction)
{
	EXPECT_CODE(ERROR_SUCCESS, FwpmTransactionBegin0(self->handle, 0));
	EXPECT_CODE(ERROR_SUCCESS, FwpmEngineClose0(self->handle));
	EXPECT_CODE(ERROR_INVALID_HANDLE, FwpmTransactionCommit0(self->handle));
	self->closed = true;
}

TEST_F(engine, errors_of_the_kernel)
{
	static const struct { int err; DWORD code; } rows[] = {
		{ EPERM, ERROR_ACCESS_DENIED },
		{ EACCES, ERROR_ACCESS_DENIED },
		{ ENOMEM, ERROR_NOT_ENOUGH_MEMORY },
		{ ENOBUFS, ERROR_NOT_ENOUGH_MEMORY },
		{ EINVAL, RPC_S_CALL_FAILED },
		{ EOPNOTSUPP, RPC_S_CALL_FAILED },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fake.get_error = rows[i].err;
		EXPECT_FAILURE(rows[i].code, self->handle);
	}

	/* None of these ends the session. */
	fake.get_error = 0;
	EXPECT_CODE(ERROR_SUCCESS, IPsecGetStatistics0(self->handle, &self->s0));
}

TEST_F(engine, errors_of_the_socket)
{
	fake.send_error = ENOBUFS;
	EXPECT_FAILURE(ERROR_NOT_ENOUGH_MEMORY, self->handle);
	fake.send_error = ECONNREFUSED;
	EXPECT_FAILURE(RPC_S_CALL_FAILED, self->handle);
	fake.send_error = 0;
	fake.recv_error = ENOBUFS;
	EXPECT_FAILURE(ERROR_NOT_ENOUGH_MEMORY, self->handle);
	fake.recv_error = 0;
	EXPECT_CODE(ERROR_SUCCESS, IPsecGetStatistics0(self->handle, &self->s0));

	fake.close_behind = true;
	EXPECT_FAILURE(RPC_S_CALL_FAILED, self->handle);
}

TEST_F(engine, malformed_replies)
{
	static const enum fake_manner manners[] = {
		FAKE_ACK, FAKE_SHORT_ERROR, FAKE_OTHER_COMMAND, FAKE_OTHER_TYPE,
		FAKE_HEADLESS, FAKE_MALFORMED,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(manners); i++) {
		fake.manner = manners[i];
		EXPECT_FAILURE(RPC_S_PROTOCOL_ERROR, self->handle);
	}
	fake.manner = FAKE_REPLY;
	EXPECT_CODE(ERROR_SUCCESS, IPsecGetStatistics0(self->handle, &self->s0));
}

TEST_F(engine, large_reply)
{
	fake.manner = FAKE_HUGE;
	EXPECT_CODE(ERROR_SUCCESS, IPsecGetStatistics0(self->handle, &self->s0));
	EXPECT_EQ(11, self->s0.aggregateSaStatistics.activeSas);
}

TEST_F(engine, unrelated_messages_are_ignored)
{
	fake.noise = 20;
	EXPECT_CODE(ERROR_SUCCESS, IPsecGetStatistics0(self->handle, &self->s0));
	EXPECT_EQ(11, self->s0.aggregateSaStatistics.activeSas);
}

TEST_F(engine, module_gone)
{
	ASSERT_CODE(ERROR_SUCCESS,
		    IPsecGetStatistics0(self->handle, &self->s0));
	fake.family = 0;
	EXPECT_FAILURE(FWP_E_SESSION_ABORTED, self->handle);
	/* A request by name would have loaded it again. */
	EXPECT_EQ(1, fake.resolves);

	/* The code stays, for every function except the one that closes it. */
	fake_reset();
	EXPECT_FAILURE(FWP_E_SESSION_ABORTED, self->handle);
	EXPECT_CODE(FWP_E_SESSION_ABORTED,
		    FwpmTransactionBegin0(self->handle, 0));
	EXPECT_CODE(FWP_E_SESSION_ABORTED, FwpmTransactionCommit0(self->handle));
	EXPECT_CODE(FWP_E_SESSION_ABORTED, FwpmTransactionAbort0(self->handle));
	EXPECT_EQ(0, fake.requests);
	fake.sockets = 1;
}

TEST_F(engine, module_gone_before_the_first_call)
{
	fake.family = 0;
	EXPECT_FAILURE(FWP_E_SESSION_ABORTED, self->handle);
}

TEST_F(engine, module_loaded_again)
{
	fake.family++;
	EXPECT_FAILURE(FWP_E_SESSION_ABORTED, self->handle);
}

/* The old number can belong to another family, with errors of its own. */
TEST_F(engine, family_number_reused)
{
	HANDLE other;

	/* A new session has the new number, the old session the old one. */
	fake.get_error = EPERM;
	EXPECT_FAILURE(ERROR_ACCESS_DENIED, self->handle);
	fake.resolve_error = ENOENT;
	EXPECT_FAILURE(FWP_E_SESSION_ABORTED, self->handle);

	fake.resolve_error = 0;
	fake.get_error = 0;
	ASSERT_CODE(ERROR_SUCCESS, open_with(NULL, &other));
	fake.manner = FAKE_MALFORMED;
	EXPECT_FAILURE(RPC_S_PROTOCOL_ERROR, other);
	fake.resolve_error = ENOENT;
	EXPECT_FAILURE(FWP_E_SESSION_ABORTED, other);
	EXPECT_CODE(ERROR_SUCCESS, FwpmEngineClose0(other));
}

TEST_F(engine, loaded_again_under_the_same_number)
{
	ASSERT_CODE(ERROR_SUCCESS,
		    IPsecGetStatistics0(self->handle, &self->s0));
	fake.figures.since++;
	EXPECT_FAILURE(FWP_E_SESSION_ABORTED, self->handle);
	fake.figures.since--;
	EXPECT_FAILURE(FWP_E_SESSION_ABORTED, self->handle);
}

TEST_F(engine, missing_reply_times_out)
{
	static const enum fake_manner manners[] = {
		FAKE_SILENT, FAKE_BROKEN_LENGTH
	};
	unsigned int i;
	double begin;

	for (i = 0; i < ARRAY_SIZE(manners); i++) {
		fake.manner = manners[i];
		begin = now();
		EXPECT_CODE(FWP_E_TIMEOUT,
			    IPsecGetStatistics0(self->handle, &self->s0));
		EXPECT_GT(now() - begin, 0.195);
		EXPECT_LT(now() - begin, 5.0);
	}
	fake.manner = FAKE_REPLY;
	EXPECT_CODE(ERROR_SUCCESS, IPsecGetStatistics0(self->handle, &self->s0));
}

static void ignore(int sig)
{
	(void)sig;
}

/* A signal every 5 ms does not change the wait. */
TEST_F(engine, signals_do_not_interrupt)
{
	struct itimerval timer = { { 0, 5000 }, { 0, 5000 } };
	struct sigaction act = { .sa_handler = ignore };
	double begin = now();

	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	fake.manner = FAKE_SILENT;
	EXPECT_FAILURE(FWP_E_TIMEOUT, self->handle);
	memset(&timer, 0, sizeof(timer));
	setitimer(ITIMER_REAL, &timer, NULL);
	EXPECT_GT(now() - begin, 0.390);
	EXPECT_LT(now() - begin, 5.0);
}

TEST_F(engine, late_reply_is_not_the_next_one)
{
	fake.figures.sa[IPSECSTAT_A_SA_ACTIVE] = 99;
	fake.manner = FAKE_LATE;
	EXPECT_CODE(FWP_E_TIMEOUT,
		    IPsecGetStatistics0(self->handle, &self->s0));
	fake.manner = FAKE_REPLY;
	ASSERT_CODE(ERROR_SUCCESS,
		    IPsecGetStatistics0(self->handle, &self->s0));
	/* The late reply was sent, too, and is no longer in the queue. */
	fake.figures.sa[IPSECSTAT_A_SA_ACTIVE] = 5;
	ASSERT_CODE(ERROR_SUCCESS,
		    IPsecGetStatistics0(self->handle, &self->s0));
	EXPECT_EQ(5, self->s0.aggregateSaStatistics.activeSas);
}

TEST_F(engine, many_sessions)
{
	struct rlimit files = { 4096, 4096 };
	static HANDLE handles[1500];
	unsigned int i;

	if (setrlimit(RLIMIT_NOFILE, &files))
		SKIP(return, "needs 4096 files");
	for (i = 0; i < ARRAY_SIZE(handles); i++)
		ASSERT_CODE(ERROR_SUCCESS, open_with(NULL, &handles[i]));
	for (i = 0; i < ARRAY_SIZE(handles); i += 100)
		EXPECT_CODE(ERROR_SUCCESS,
			    IPsecGetStatistics0(handles[i], &self->s0));
	for (i = 0; i < ARRAY_SIZE(handles); i += 2)
		EXPECT_CODE(ERROR_SUCCESS, FwpmEngineClose0(handles[i]));
	for (i = 1; i < ARRAY_SIZE(handles); i += 2)
		EXPECT_CODE(ERROR_SUCCESS, FwpmEngineClose0(handles[i]));
	EXPECT_FAILURE(ERROR_INVALID_HANDLE, handles[3]);
}

TEST(out_of_files)
{
	struct rlimit files = { 64, 64 };
	HANDLE handles[64];
	DWORD ret;
	int n = 0;

	fake_reset();
	if (setrlimit(RLIMIT_NOFILE, &files))
		SKIP(return, "cannot set the limit of files");
	while (!(ret = open_with(NULL, &handles[n])) && n < 63)
		n++;
	EXPECT_CODE(ERROR_NO_SYSTEM_RESOURCES, ret);
	EXPECT_GT(n, 10);
	while (n--)
		EXPECT_CODE(ERROR_SUCCESS, FwpmEngineClose0(handles[n]));
	EXPECT_EQ(0, fake.sockets);
}

static const struct {
	FWPM_ENGINE_OPTION option;
	DWORD code;
} options[] = {
	{ FWPM_ENGINE_COLLECT_NET_EVENTS, ERROR_SUCCESS },
	{ FWPM_ENGINE_NET_EVENT_MATCH_ANY_KEYWORDS, ERROR_SUCCESS },
	{ FWPM_ENGINE_NAME_CACHE, RPC_S_CANNOT_SUPPORT },
	{ FWPM_ENGINE_MONITOR_IPSEC_CONNECTIONS, ERROR_SUCCESS },
	{ FWPM_ENGINE_PACKET_QUEUING, RPC_S_CANNOT_SUPPORT },
	{ FWPM_ENGINE_TXN_WATCHDOG_TIMEOUT_IN_MSEC, RPC_S_CANNOT_SUPPORT },
	{ FWPM_ENGINE_OPTION_MAX, FWP_E_INVALID_PARAMETER },
	{ (FWPM_ENGINE_OPTION)0xffffffff, FWP_E_INVALID_PARAMETER },
};

/* Each call allocates a value; a failed call writes nothing. */
TEST_F(engine, options)
{
	FWP_VALUE0 *const untouched = (FWP_VALUE0 *)UNTOUCHED;
	FWP_VALUE0 *value;
	unsigned int i;
	int requests = fake.requests;

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		value = untouched;
		EXPECT_CODE(options[i].code,
			    FwpmEngineGetOption0(self->handle,
						 options[i].option, &value));
		if (options[i].code) {
			EXPECT_EQ(untouched, value);
			continue;
		}
		ASSERT_NE(untouched, value);
		EXPECT_EQ(FWP_UINT32, value->type);
		EXPECT_EQ(0, value->uint32);
		FwpmFreeMemory0((void **)&value);
		EXPECT_EQ(NULL, value);
	}
	EXPECT_EQ(requests, fake.requests);
}

TEST_F(engine, option_failures)
{
	FWP_VALUE0 *value = (FWP_VALUE0 *)UNTOUCHED;

	EXPECT_CODE(FWP_E_NULL_POINTER,
		    FwpmEngineGetOption0(self->handle,
					 FWPM_ENGINE_COLLECT_NET_EVENTS, NULL));
	/* Arguments are checked before the handle. */
	EXPECT_CODE(FWP_E_NULL_POINTER,
		    FwpmEngineGetOption0(NULL, FWPM_ENGINE_OPTION_MAX, NULL));
	EXPECT_CODE(FWP_E_INVALID_PARAMETER,
		    FwpmEngineGetOption0(NULL, FWPM_ENGINE_OPTION_MAX, &value));
	EXPECT_CODE(RPC_S_CANNOT_SUPPORT,
		    FwpmEngineGetOption0(NULL, FWPM_ENGINE_NAME_CACHE, &value));
	EXPECT_CODE(ERROR_INVALID_HANDLE,
		    FwpmEngineGetOption0(NULL, FWPM_ENGINE_COLLECT_NET_EVENTS,
					 &value));
	EXPECT_EQ((FWP_VALUE0 *)UNTOUCHED, value);
}

TEST_F(engine, option_in_a_transaction)
{
	FWP_VALUE0 *value = NULL;

	ASSERT_CODE(ERROR_SUCCESS, FwpmTransactionBegin0(self->handle, 0));
	EXPECT_CODE(ERROR_SUCCESS,
		    FwpmEngineGetOption0(self->handle,
					 FWPM_ENGINE_COLLECT_NET_EVENTS,
					 &value));
	ASSERT_NE(NULL, value);
	FwpmFreeMemory0((void **)&value);
	EXPECT_CODE(ERROR_SUCCESS, FwpmTransactionCommit0(self->handle));
}

/* The session is over for all calls. */
TEST_F(engine, option_of_an_aborted_session)
{
	FWP_VALUE0 *value = (FWP_VALUE0 *)UNTOUCHED;
	IPSEC_STATISTICS0 s0;

	fake.family = 0;
	EXPECT_CODE(FWP_E_SESSION_ABORTED,
		    IPsecGetStatistics0(self->handle, &s0));
	EXPECT_CODE(FWP_E_SESSION_ABORTED,
		    FwpmEngineGetOption0(self->handle,
					 FWPM_ENGINE_COLLECT_NET_EVENTS,
					 &value));
	EXPECT_EQ((FWP_VALUE0 *)UNTOUCHED, value);
}

TEST(free_memory)
{
	void *p = malloc(10);

	FwpmFreeMemory0(&p);
	EXPECT_EQ(NULL, p);
	FwpmFreeMemory0(&p);
	EXPECT_EQ(NULL, p);
	FwpmFreeMemory0(NULL);
}

TEST(texts_of_codes)
{
	static const DWORD returned[] = {
		ERROR_ACCESS_DENIED, ERROR_INVALID_HANDLE,
		ERROR_INVALID_PARAMETER,
		ERROR_NOT_ENOUGH_MEMORY, ERROR_NO_SYSTEM_RESOURCES,
		RPC_S_CALL_FAILED, RPC_S_PROTOCOL_ERROR,
		RPC_S_UNKNOWN_AUTHN_SERVICE, EPT_S_NOT_REGISTERED,
		RPC_S_CANNOT_SUPPORT, FWP_E_ALREADY_EXISTS,
		FWP_E_NO_TXN_IN_PROGRESS, FWP_E_TXN_IN_PROGRESS,
		FWP_E_SESSION_ABORTED, FWP_E_TIMEOUT, FWP_E_NULL_POINTER,
		FWP_E_INVALID_FLAGS, FWP_E_INVALID_PARAMETER,
	};
	unsigned int i;
	DWORD code;

	EXPECT_STREQ("ERROR_SUCCESS", FwpuclntErrorName(0));
	EXPECT_STREQ("FWP_E_TIMEOUT", FwpuclntErrorName(0x80320012));
	EXPECT_STREQ("EPT_S_NOT_REGISTERED", FwpuclntErrorName(1753));
	EXPECT_STREQ("RPC_E_TIMEOUT", FwpuclntErrorName(0x8001011F));
	EXPECT_STREQ("FWP_E_DROP_NOICMP", FwpuclntErrorName(0x80320104));
	EXPECT_STREQ("unknown code", FwpuclntErrorName(0xdeadbeef));
	EXPECT_STREQ("unknown code", FwpuclntErrorText(0xdeadbeef));
	EXPECT_STREQ("FWP_E_NEVER_MATCH", FwpuclntErrorText(0x80320033));
	for (i = 0; i < ARRAY_SIZE(returned); i++)
		EXPECT_STRNE(FwpuclntErrorName(returned[i]),
			     FwpuclntErrorText(returned[i]));
	for (code = 0x80320001; code <= 0x80320044; code++)
		EXPECT_STRNE("unknown code", FwpuclntErrorName(code));
}

TEST_HARNESS_MAIN
