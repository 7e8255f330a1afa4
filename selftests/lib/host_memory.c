// SPDX-License-Identifier: GPL-2.0-only
/*
 * Out of memory: every allocation of every call fails once, including libnl's. Each time
 * the call must return an error and leak nothing.
 */
#include <windows.h>
#include <fwpmu.h>

#include "fake_kernel.h"
#include "kselftest_harness.h"

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);
extern void __libc_free(void *p);

static bool watching;
static int until_failure;	/* 0: none fails */
static int alive;		/* allocated while watching, and not freed */

static bool fails(void)
{
	return watching && until_failure && !--until_failure;
}

static void *count(void *p)
{
	alive += watching && p;
	return p;
}

void *malloc(size_t size)
{
	return fails() ? NULL : count(__libc_malloc(size));
}

void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : count(__libc_calloc(n, size));
}

void *realloc(void *p, size_t size)
{
	if (fails())
		return NULL;
	return p ? __libc_realloc(p, size) : count(__libc_realloc(p, size));
}

void free(void *p)
{
	alive -= watching && p;
	__libc_free(p);
}

static DWORD open_at(int n, HANDLE *handle)
{
	DWORD ret;

	until_failure = n;
	watching = true;
	ret = FwpmEngineOpen0(NULL, RPC_C_AUTHN_WINNT, NULL, NULL, handle);
	watching = false;
	return ret;
}

static DWORD close_watched(HANDLE handle)
{
	DWORD ret;

	until_failure = 0;
	watching = true;
	ret = FwpmEngineClose0(handle);
	watching = false;
	return ret;
}

TEST(open)
{
	HANDLE handle = NULL;
	DWORD ret;
	int n;

	fake_reset();
	/* The first pthread_atfork of a process keeps what it allocates. */
	ASSERT_EQ(0, open_at(0, &handle));
	ASSERT_EQ(0, close_watched(handle));
	alive = 0;

	for (n = 1; ; n++) {
		handle = NULL;
		ret = open_at(n, &handle);
		if (!ret)
			break;
		EXPECT_EQ(ERROR_NOT_ENOUGH_MEMORY, ret) {
			TH_LOG("at allocation %d", n);
		}
		EXPECT_EQ(NULL, handle);
		EXPECT_EQ(0, alive);
		EXPECT_EQ(0, fake.sockets);
	}
	EXPECT_GT(n, 5);
	EXPECT_EQ(0, close_watched(handle));
	EXPECT_EQ(0, alive);
}

TEST(very_first_open)
{
	HANDLE handle = NULL;
	DWORD ret;
	int n;

	fake_reset();
	for (n = 1; (ret = open_at(n, &handle)); n++) {
		EXPECT_EQ(ERROR_NOT_ENOUGH_MEMORY, ret);
		EXPECT_EQ(NULL, handle);
	}
	EXPECT_EQ(0, FwpmEngineClose0(handle));
	EXPECT_EQ(0, fake.sockets);
}

TEST(option)
{
	FWP_VALUE0 *value = NULL;
	HANDLE handle;
	DWORD ret;

	fake_reset();
	ASSERT_EQ(0, open_at(0, &handle));
	alive = 0;
	until_failure = 1;
	watching = true;
	ret = FwpmEngineGetOption0(handle, FWPM_ENGINE_COLLECT_NET_EVENTS,
				   &value);
	watching = false;
	EXPECT_EQ(ERROR_NOT_ENOUGH_MEMORY, ret);
	EXPECT_EQ(NULL, value);
	EXPECT_EQ(0, alive);
	watching = true;
	ret = FwpmEngineGetOption0(handle, FWPM_ENGINE_COLLECT_NET_EVENTS,
				   &value);
	FwpmFreeMemory0((void **)&value);
	watching = false;
	EXPECT_EQ(0, ret);
	EXPECT_EQ(0, alive);
	EXPECT_EQ(0, FwpmEngineClose0(handle));
}

TEST(statistics)
{
	IPSEC_STATISTICS1 s, old;
	HANDLE handle;
	DWORD ret;
	int n;

	fake_reset();
	ASSERT_EQ(0, open_at(0, &handle));
	alive = 0;
	for (n = 1; ; n++) {
		memset(&s, 0x5a, sizeof(s));
		old = s;
		until_failure = n;
		watching = true;
		ret = IPsecGetStatistics1(handle, &s);
		watching = false;
		EXPECT_EQ(0, alive);
		if (!ret)
			break;
		EXPECT_EQ(ERROR_NOT_ENOUGH_MEMORY, ret) {
			TH_LOG("at allocation %d", n);
		}
		EXPECT_EQ(0, memcmp(&s, &old, sizeof(s)));
	}
	EXPECT_GT(n, 2);
	EXPECT_EQ(11, s.aggregateSaStatistics.activeSas);
	EXPECT_EQ(0, FwpmEngineClose0(handle));
}

/* The table of handles grows with the ninth session; the others stay. */
TEST(open_with_a_full_table)
{
	HANDLE handle[9] = { NULL };
	IPSEC_STATISTICS1 s;
	DWORD ret;
	int i, n;

	fake_reset();
	for (i = 0; i < 8; i++)
		ASSERT_EQ(0, open_at(0, &handle[i]));
	alive = 0;
	for (n = 1; (ret = open_at(n, &handle[8])); n++) {
		EXPECT_EQ(ERROR_NOT_ENOUGH_MEMORY, ret);
		EXPECT_EQ(NULL, handle[8]);
		EXPECT_EQ(0, alive);
		EXPECT_EQ(8, fake.sockets);
	}
	EXPECT_GT(n, 5);
	for (i = 0; i < 9; i++) {
		EXPECT_EQ(0, IPsecGetStatistics1(handle[i], &s));
		EXPECT_EQ(0, FwpmEngineClose0(handle[i]));
	}
	EXPECT_EQ(0, fake.sockets);
}

/*
 * After an unknown error, the library looks up the owner of the number. If that fails,
 * the error stays.
 */
TEST(refused)
{
	IPSEC_STATISTICS1 s;
	HANDLE handle;
	DWORD ret;
	int n, asked;

	fake_reset();
	fake.get_error = EINVAL;
	ASSERT_EQ(0, open_at(0, &handle));
	alive = 0;
	for (n = 1; ; n++) {
		asked = fake.resolves;
		until_failure = n;
		watching = true;
		ret = IPsecGetStatistics1(handle, &s);
		watching = false;
		EXPECT_EQ(0, alive);
		if (until_failure)
			break;
		EXPECT_TRUE(ret == ERROR_NOT_ENOUGH_MEMORY ||
			    ret == RPC_S_CALL_FAILED) {
			TH_LOG("%u at allocation %d", ret, n);
		}
	}
	EXPECT_GT(n, 5);
	EXPECT_EQ(RPC_S_CALL_FAILED, ret);
	EXPECT_EQ(asked + 1, fake.resolves);
	EXPECT_EQ(0, FwpmEngineClose0(handle));
}

/* Nor does an invalid reply leak memory. */
TEST(answers_that_are_errors)
{
	static const enum fake_manner manners[] = {
		FAKE_ACK, FAKE_SHORT_ERROR, FAKE_OTHER_COMMAND, FAKE_OTHER_TYPE,
		FAKE_HEADLESS, FAKE_MALFORMED, FAKE_REPLY,
	};
	IPSEC_STATISTICS1 s;
	HANDLE handle;
	unsigned int i;

	fake_reset();
	fake.noise = 2;
	fake.get_error = EPERM;
	ASSERT_EQ(0, open_at(0, &handle));
	alive = 0;
	for (i = 0; i < ARRAY_SIZE(manners); i++) {
		fake.manner = manners[i];
		watching = true;
		EXPECT_NE(0, IPsecGetStatistics1(handle, &s));
		fake.get_error = 0;
		EXPECT_EQ(manners[i] == FAKE_REPLY,
			  !IPsecGetStatistics1(handle, &s));
		watching = false;
		EXPECT_EQ(0, alive);
		fake.get_error = EPERM;
	}
	EXPECT_EQ(0, FwpmEngineClose0(handle));
}

TEST_HARNESS_MAIN
