// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads and fork. ThreadSanitizer, AddressSanitizer and valgrind detect most faults
 * here: the Makefile builds this for each of them.
 */
#include <pthread.h>
#include <sys/wait.h>

#include <windows.h>
#include <fwpmu.h>

#include "fake_kernel.h"
#include "kselftest_harness.h"

#define THREADS	6

static int rounds(void)
{
	const char *env = getenv("ROUNDS");

	return env ? atoi(env) : 400;
}

static HANDLE open_session(const FWPM_SESSION0 *session)
{
	HANDLE handle = NULL;

	if (FwpmEngineOpen0(NULL, RPC_C_AUTHN_WINNT, NULL, session, &handle))
		return NULL;
	return handle;
}

/* A figure that only a complete and right reply has. */
static bool read_right(HANDLE handle)
{
	IPSEC_STATISTICS1 s;

	return !IPsecGetStatistics1(handle, &s) &&
	       s.aggregateSaStatistics.activeSas == 11 &&
	       s.outboundTrafficStatistics.transportByteCount == 777;
}

/* Returns the problem, NULL if there is none. */
typedef void *work_fn(void *arg);

static int failures(work_fn *work, void *arg)
{
	pthread_t thread[THREADS];
	int i, n = 0;
	void *ret;

	for (i = 0; i < THREADS; i++)
		if (pthread_create(&thread[i], NULL, work, arg))
			abort();
	for (i = 0; i < THREADS; i++) {
		pthread_join(thread[i], &ret);
		n += !!ret;
	}
	return n;
}

static void *read_many(void *handle)
{
	int i;

	for (i = 0; i < rounds(); i++)
		if (!read_right(handle))
			return "read";
	return NULL;
}

TEST(one_handle_for_all)
{
	HANDLE handle;

	fake_reset();
	handle = open_session(NULL);
	ASSERT_NE(NULL, handle);
	EXPECT_EQ(0, failures(read_many, handle));
	EXPECT_EQ(THREADS * rounds(), fake.requests);
	EXPECT_EQ(0, FwpmEngineClose0(handle));
	EXPECT_EQ(0, fake.sockets);
}

static void *open_read_close(void *arg)
{
	HANDLE handle;
	int i;

	(void)arg;
	for (i = 0; i < rounds(); i++) {
		handle = open_session(NULL);
		if (!handle || !read_right(handle) || FwpmEngineClose0(handle))
			return "own session";
	}
	return NULL;
}

TEST(a_handle_for_each)
{
	fake_reset();
	EXPECT_EQ(0, failures(open_read_close, NULL));
	EXPECT_EQ(0, fake.sockets);
}

static HANDLE shared;

/* All threads use one handle that is opened and closed. */
static void *race(void *arg)
{
	IPSEC_STATISTICS0 s;
	HANDLE handle;
	DWORD ret;
	int i;

	(void)arg;
	for (i = 0; i < rounds(); i++) {
		handle = __atomic_load_n(&shared, __ATOMIC_RELAXED);
		ret = IPsecGetStatistics0(handle, &s);
		if (ret && ret != ERROR_INVALID_HANDLE &&
		    ret != (DWORD)FWP_E_TXN_IN_PROGRESS)
			return "statistics";
		ret = FwpmTransactionBegin0(handle, 0);
		if (ret && ret != ERROR_INVALID_HANDLE &&
		    ret != (DWORD)FWP_E_TXN_IN_PROGRESS)
			return "begin";
		ret = FwpmTransactionCommit0(handle);
		if (ret && ret != ERROR_INVALID_HANDLE &&
		    ret != (DWORD)FWP_E_NO_TXN_IN_PROGRESS)
			return "commit";
		if (i % 3)
			continue;
		ret = FwpmEngineClose0(handle);
		if (ret && ret != ERROR_INVALID_HANDLE)
			return "close";
		if (!ret)
			__atomic_store_n(&shared, open_session(NULL),
					 __ATOMIC_RELAXED);
	}
	return NULL;
}

TEST(close_races_with_calls)
{
	fake_reset();
	shared = open_session(NULL);
	EXPECT_EQ(0, failures(race, NULL));
	EXPECT_EQ(0, FwpmEngineClose0(shared));
	EXPECT_EQ(0, fake.sockets);
}

static int opened;

static void *open_same_key(void *key)
{
	FWPM_SESSION0 session = { .sessionKey = *(GUID *)key };
	HANDLE handle = NULL;
	DWORD ret;

	ret = FwpmEngineOpen0(NULL, RPC_C_AUTHN_WINNT, NULL, &session, &handle);
	if (!ret) {
		__atomic_fetch_add(&opened, 1, __ATOMIC_RELAXED);
		shared = handle;
		return NULL;
	}
	return ret == (DWORD)FWP_E_ALREADY_EXISTS ? NULL : "open";
}

TEST(session_key_is_unique_among_threads)
{
	GUID key = { .Data1 = 7 };
	int i;

	fake_reset();
	for (i = 0; i < 20; i++) {
		opened = 0;
		EXPECT_EQ(0, failures(open_same_key, &key));
		EXPECT_EQ(1, opened);
		EXPECT_EQ(0, FwpmEngineClose0(shared));
	}
	EXPECT_EQ(0, fake.sockets);
}

struct slow {
	HANDLE handle;
	DWORD ret;
};

static void *read_slowly(void *arg)
{
	struct slow *slow = arg;
	IPSEC_STATISTICS0 s;

	slow->ret = IPsecGetStatistics0(slow->handle, &s);
	return NULL;
}

/* Closed during a call: the call ends normally, and frees everything. */
TEST(close_waits_for_a_call)
{
	FWPM_SESSION0 session = { .txnWaitTimeoutInMSec = 300 };
	struct slow slow;
	pthread_t thread;

	fake_reset();
	slow.handle = open_session(&session);
	fake.manner = FAKE_SILENT;
	ASSERT_EQ(0, pthread_create(&thread, NULL, read_slowly, &slow));
	while (!__atomic_load_n(&fake.requests, __ATOMIC_RELAXED))
		Sleep(1);
	EXPECT_EQ(0, FwpmEngineClose0(slow.handle));
	EXPECT_EQ(ERROR_INVALID_HANDLE, FwpmEngineClose0(slow.handle));
	pthread_join(thread, NULL);
	EXPECT_EQ((DWORD)FWP_E_TIMEOUT, slow.ret);
	EXPECT_EQ(0, fake.sockets);
}

/*
 * Cancel two threads, one that waits for the kernel and one that waits for the first:
 * both end, and the session is free again.
 */
TEST(cancelled_threads_release_everything)
{
	FWPM_SESSION0 session = { .txnWaitTimeoutInMSec = 200 };
	struct slow slow[2];
	pthread_t thread[2];
	HANDLE handle;
	int i;

	fake_reset();
	handle = open_session(&session);
	fake.manner = FAKE_SILENT;
	for (i = 0; i < 2; i++) {
		slow[i] = (struct slow) { .handle = handle };
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, read_slowly,
					    &slow[i]));
	}
	while (!__atomic_load_n(&fake.requests, __ATOMIC_RELAXED))
		Sleep(1);
	for (i = 0; i < 2; i++)
		pthread_cancel(thread[i]);
	for (i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	fake.manner = FAKE_REPLY;
	EXPECT_TRUE(read_right(handle));
	EXPECT_EQ(0, FwpmEngineClose0(handle));
	EXPECT_EQ(0, fake.sockets);
}

/* The wait for another thread counts for the timeout. */
TEST(waiting_for_a_thread_is_bounded)
{
	FWPM_SESSION0 session = { .txnWaitTimeoutInMSec = 100 };
	struct slow slow[2];
	pthread_t thread[2];
	struct timespec begin, end;
	HANDLE handle;
	int i;

	fake_reset();
	handle = open_session(&session);
	fake.manner = FAKE_SILENT;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (i = 0; i < 2; i++) {
		slow[i].handle = handle;
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, read_slowly,
					    &slow[i]));
	}
	for (i = 0; i < 2; i++) {
		pthread_join(thread[i], NULL);
		EXPECT_EQ((DWORD)FWP_E_TIMEOUT, slow[i].ret);
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	EXPECT_LT(end.tv_sec - begin.tv_sec, 5);
	EXPECT_EQ(0, FwpmEngineClose0(handle));
	EXPECT_EQ(0, fake.sockets);
}

/* A right reply or the end of the session, and no reply after the end. */
static void *read_to_the_end(void *handle)
{
	IPSEC_STATISTICS1 s;
	DWORD ret;
	int i;

	while (!(ret = IPsecGetStatistics1(handle, &s)))
		if (s.aggregateSaStatistics.activeSas != 11)
			return "figure";
	if (ret != (DWORD)FWP_E_SESSION_ABORTED)
		return "code";
	for (i = 0; i < rounds(); i++)
		if (IPsecGetStatistics1(handle, &s) != ret)
			return "not the end";
	return NULL;
}

static void *unload(void *arg)
{
	(void)arg;
	while (__atomic_load_n(&fake.requests, __ATOMIC_RELAXED) < rounds())
		Sleep(1);
	__atomic_store_n(&fake.family, 0, __ATOMIC_RELAXED);
	return NULL;
}

TEST(module_unloaded_during_calls)
{
	pthread_t thread;
	HANDLE handle;

	fake_reset();
	handle = open_session(NULL);
	ASSERT_EQ(0, pthread_create(&thread, NULL, unload, NULL));
	EXPECT_EQ(0, failures(read_to_the_end, handle));
	pthread_join(thread, NULL);
	/* It was not requested by name, which would have loaded it again. */
	EXPECT_EQ(1, fake.resolves);
	EXPECT_EQ(0, FwpmEngineClose0(handle));
	EXPECT_EQ(0, fake.sockets);
}

static int exit_status(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + status;
}

/* In a child: returns the number of the step that failed, 0 if none did. */
static int child(HANDLE inherited, const FWPM_SESSION0 *session)
{
	const DWORD aborted = FWP_E_SESSION_ABORTED;
	IPSEC_STATISTICS0 s;
	HANDLE own;

	if (IPsecGetStatistics0(inherited, &s) != aborted)
		return 1;
	if (FwpmTransactionBegin0(inherited, 0) != aborted ||
	    FwpmTransactionCommit0(inherited) != aborted ||
	    FwpmTransactionAbort0(inherited) != aborted)
		return 2;
	own = open_session(session);
	if (!own)
		return 3;
	if (!read_right(own))
		return 4;
	if (FwpmEngineClose0(inherited))
		return 5;
	if (FwpmEngineClose0(inherited) != ERROR_INVALID_HANDLE)
		return 6;
	if (!read_right(own))
		return 7;
	return FwpmEngineClose0(own) ? 8 : 0;
}

TEST(fork_leaves_the_parents_session_alone)
{
	FWPM_SESSION0 session = { .sessionKey.Data2 = 3 };
	HANDLE handle;
	pid_t pid;
	int i;

	fake_reset();
	handle = open_session(&session);
	for (i = 0; i < 5; i++) {
		pid = fork();
		if (!pid)
			_exit(child(handle, &session));
		EXPECT_EQ(0, exit_status(pid));
		EXPECT_TRUE(read_right(handle));
	}
	EXPECT_EQ(0, FwpmEngineClose0(handle));
	EXPECT_EQ(0, fake.sockets);
}

static bool stop;

static void *keep_busy(void *handle)
{
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		if (!read_right(handle) || open_read_close(NULL))
			return "busy";
	return NULL;
}

/* Whatever locks other threads hold at the fork, the child continues. */
TEST(fork_with_threads)
{
	pthread_t thread[THREADS];
	HANDLE handle;
	void *ret;
	pid_t pid;
	int i;

#ifdef __SANITIZE_ADDRESS__
	SKIP(return, "AddressSanitizer's own allocator does not survive fork");
#endif
	setenv("ROUNDS", "5", 1);
	fake_reset();
	handle = open_session(NULL);
	for (i = 0; i < THREADS; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, keep_busy,
					    handle));
	for (i = 0; i < 20; i++) {
		pid = fork();
		if (!pid) {
			alarm(20);
			_exit(child(handle, NULL));
		}
		EXPECT_EQ(0, exit_status(pid));
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < THREADS; i++) {
		pthread_join(thread[i], &ret);
		EXPECT_EQ(NULL, ret);
	}
	EXPECT_EQ(0, FwpmEngineClose0(handle));
	EXPECT_EQ(0, fake.sockets);
}

TEST_HARNESS_MAIN
