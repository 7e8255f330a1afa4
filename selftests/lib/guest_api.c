// SPDX-License-Identifier: GPL-2.0-only
/*
 * The error table with the module: as root, as an ordinary user, and as a member of the
 * group in net.ipsecstat.read_group_range. Each test has a new network namespace.
 */
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "family.h"
#include "kselftest_harness.h"
#include "expect.h"

#define USER	65534
#define GROUP	4711

static DWORD open_session(HANDLE *handle)
{
	return FwpmEngineOpen0(NULL, RPC_C_AUTHN_WINNT, NULL, NULL, handle);
}

static int run(const char *command)
{
	int status = system(command);

	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Of the network namespace that the process is in. */
static int open_group_range(unsigned int from, unsigned int to)
{
	int fd = open("/proc/sys/net/ipsecstat/read_group_range", O_WRONLY);
	int ret = -1;

	if (fd >= 0) {
		ret = dprintf(fd, "%u %u\n", from, to);
		close(fd);
	}
	return ret < 0 ? -1 : 0;
}

static int become(uid_t uid, gid_t gid, gid_t other)
{
	return setgroups(!!other, &other) || setresgid(gid, gid, gid) ||
	       setresuid(uid, uid, uid);
}

FIXTURE(guest) {
	HANDLE handle;
	IPSEC_STATISTICS0 s0;
	IPSEC_STATISTICS1 s1;
};

FIXTURE_SETUP(guest)
{
	if (getuid())
		SKIP(return, "needs root");
	if (!module_is_there())
		SKIP(return, "needs the module");
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	ASSERT_EQ(0, open_session(&self->handle));
}

FIXTURE_TEARDOWN(guest)
{
	if (self->handle)
		FwpmEngineClose0(self->handle);
}

TEST_F(guest, new_namespace_is_all_zero)
{
	IPSEC_STATISTICS1 zero;

	memset(&zero, 0, sizeof(zero));
	memset(&self->s1, 0x5a, sizeof(self->s1));
	ASSERT_EQ(0, IPsecGetStatistics1(self->handle, &self->s1));
	EXPECT_EQ(0, memcmp(&zero, &self->s1, sizeof(zero)));
}

#define ADD_SA	"ip xfrm state add src 10.9.0.1 dst 10.9.0.2 proto esp "	\
		"spi 0x%x mode tunnel aead 'rfc4106(gcm(aes))' "		\
		"0x0102030405060708090a0b0c0d0e0f1011121314 128"

TEST_F(guest, sas_are_seen)
{
	char command[256];
	int i;

	for (i = 1; i <= 3; i++) {
		snprintf(command, sizeof(command), ADD_SA, 0x1000 + i);
		if (run(command))
			SKIP(return, "cannot add an SA");
	}
	ASSERT_EQ(0, IPsecGetStatistics0(self->handle, &self->s0));
	EXPECT_EQ(3, self->s0.aggregateSaStatistics.activeSas);
	EXPECT_EQ(3, self->s0.aggregateSaStatistics.totalSasAdded);
	EXPECT_EQ(1, self->s0.aggregateSaStatistics.activeTunnels);

	EXPECT_EQ(0, run("ip xfrm state flush"));
	ASSERT_EQ(0, IPsecGetStatistics1(self->handle, &self->s1));
	EXPECT_EQ(0, self->s1.aggregateSaStatistics.activeSas);
	EXPECT_EQ(3, self->s1.aggregateSaStatistics.totalSasDeleted);
	EXPECT_EQ(0, self->s1.aggregateSaStatistics.activeTunnels);
}

/* The session stays in the namespace where it was opened. */
TEST_F(guest, session_belongs_to_its_namespace)
{
	char command[256];
	HANDLE other;

	snprintf(command, sizeof(command), ADD_SA, 0x2001);
	if (run(command))
		SKIP(return, "cannot add an SA");
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	ASSERT_EQ(0, open_session(&other));
	ASSERT_EQ(0, IPsecGetStatistics0(other, &self->s0));
	EXPECT_EQ(0, self->s0.aggregateSaStatistics.activeSas);
	ASSERT_EQ(0, IPsecGetStatistics0(self->handle, &self->s0));
	EXPECT_EQ(1, self->s0.aggregateSaStatistics.activeSas);
	EXPECT_CODE(ERROR_SUCCESS, FwpmEngineClose0(other));
}

TEST_F(guest, null_pointer)
{
	EXPECT_CODE(FWP_E_NULL_POINTER, IPsecGetStatistics0(self->handle, NULL));
	EXPECT_CODE(FWP_E_NULL_POINTER, IPsecGetStatistics1(self->handle, NULL));
	EXPECT_CODE(FWP_E_NULL_POINTER, open_session(NULL));
}

TEST_F(guest, no_handle)
{
	EXPECT_FAILURE(ERROR_INVALID_HANDLE, NULL);
	EXPECT_FAILURE(ERROR_INVALID_HANDLE, INVALID_HANDLE_VALUE);
	EXPECT_FAILURE(ERROR_INVALID_HANDLE, &self->handle);
	EXPECT_CODE(ERROR_SUCCESS, FwpmEngineClose0(self->handle));
	EXPECT_FAILURE(ERROR_INVALID_HANDLE, self->handle);
	EXPECT_CODE(ERROR_INVALID_HANDLE, FwpmEngineClose0(self->handle));
	self->handle = NULL;
}

TEST_F(guest, transactions)
{
	HANDLE h = self->handle;
	UINT32 flags;

	for (flags = 0; flags <= FWPM_TXN_READ_ONLY; flags++) {
		EXPECT_CODE(FWP_E_NO_TXN_IN_PROGRESS, FwpmTransactionCommit0(h));
		EXPECT_CODE(FWP_E_NO_TXN_IN_PROGRESS, FwpmTransactionAbort0(h));
		EXPECT_CODE(ERROR_SUCCESS, FwpmTransactionBegin0(h, flags));
		EXPECT_CODE(FWP_E_TXN_IN_PROGRESS, FwpmTransactionBegin0(h, 0));
		EXPECT_FAILURE(FWP_E_TXN_IN_PROGRESS, h);
		EXPECT_CODE(ERROR_SUCCESS, FwpmTransactionCommit0(h));
		EXPECT_CODE(ERROR_SUCCESS, IPsecGetStatistics0(h, &self->s0));
	}
	EXPECT_CODE(FWP_E_INVALID_FLAGS, FwpmTransactionBegin0(h, 2));
}

/* These need neither rights nor the kernel, but a valid session. */
TEST_F(guest, options)
{
	FWP_VALUE0 *value = NULL;

	ASSERT_EQ(0, become(USER, USER, 0));
	ASSERT_EQ(0, FwpmEngineGetOption0(self->handle,
					  FWPM_ENGINE_COLLECT_NET_EVENTS,
					  &value));
	EXPECT_EQ(FWP_UINT32, value->type);
	EXPECT_EQ(0, value->uint32);
	FwpmFreeMemory0((void **)&value);
	EXPECT_CODE(RPC_S_CANNOT_SUPPORT,
		    FwpmEngineGetOption0(self->handle,
					 FWPM_ENGINE_PACKET_QUEUING, &value));
	EXPECT_CODE(FWP_E_INVALID_PARAMETER,
		    FwpmEngineGetOption0(self->handle, FWPM_ENGINE_OPTION_MAX,
					 &value));
	EXPECT_EQ(NULL, value);
}

TEST_F(guest, session_key)
{
	FWPM_SESSION0 session = { .sessionKey.Data1 = 1 };
	HANDLE one, two;

	ASSERT_EQ(0, FwpmEngineOpen0(NULL, RPC_C_AUTHN_WINNT, NULL, &session,
				     &one));
	EXPECT_CODE(FWP_E_ALREADY_EXISTS,
		    FwpmEngineOpen0(NULL, RPC_C_AUTHN_WINNT, NULL, &session,
				    &two));
	EXPECT_CODE(ERROR_SUCCESS, FwpmEngineClose0(one));
}

/* After root, the ordinary user cannot use the session, nor open another one. */
TEST_F(guest, ordinary_user)
{
	HANDLE own;

	ASSERT_EQ(0, IPsecGetStatistics0(self->handle, &self->s0));
	ASSERT_EQ(0, become(USER, USER, 0));
	ASSERT_EQ(0, open_session(&own));
	EXPECT_FAILURE(ERROR_ACCESS_DENIED, own);
	/* After a refusal the session continues: transactions and later calls work. */
	EXPECT_CODE(ERROR_SUCCESS, FwpmTransactionBegin0(own, 0));
	EXPECT_CODE(ERROR_SUCCESS, FwpmTransactionAbort0(own));
	EXPECT_FAILURE(ERROR_ACCESS_DENIED, own);
	EXPECT_CODE(ERROR_SUCCESS, FwpmEngineClose0(own));
}

TEST_F(guest, member_of_the_group)
{
	HANDLE own;

	ASSERT_EQ(0, open_group_range(GROUP - 1, GROUP + 1));
	ASSERT_EQ(0, become(USER, GROUP, 0));
	ASSERT_EQ(0, open_session(&own));
	EXPECT_CODE(ERROR_SUCCESS, IPsecGetStatistics0(own, &self->s0));
	EXPECT_CODE(ERROR_SUCCESS, IPsecGetStatistics1(own, &self->s1));
	EXPECT_CODE(ERROR_SUCCESS, FwpmEngineClose0(own));
}

TEST_F(guest, member_by_a_further_group)
{
	HANDLE own;

	ASSERT_EQ(0, open_group_range(GROUP, GROUP));
	ASSERT_EQ(0, become(USER, USER, GROUP));
	ASSERT_EQ(0, open_session(&own));
	EXPECT_CODE(ERROR_SUCCESS, IPsecGetStatistics0(own, &self->s0));
	EXPECT_CODE(ERROR_SUCCESS, FwpmEngineClose0(own));
}

TEST_F(guest, member_of_another_group)
{
	HANDLE own;

	ASSERT_EQ(0, open_group_range(GROUP, GROUP));
	ASSERT_EQ(0, become(USER, GROUP + 1, GROUP - 1));
	ASSERT_EQ(0, open_session(&own));
	EXPECT_FAILURE(ERROR_ACCESS_DENIED, own);
	EXPECT_CODE(ERROR_SUCCESS, FwpmEngineClose0(own));
}

/* The range is of this namespace, not of the next one. */
TEST_F(guest, group_range_is_per_namespace)
{
	HANDLE own;

	ASSERT_EQ(0, open_group_range(0, 0x7ffffffe));
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	ASSERT_EQ(0, become(USER, GROUP, 0));
	ASSERT_EQ(0, open_session(&own));
	EXPECT_FAILURE(ERROR_ACCESS_DENIED, own);
	EXPECT_CODE(ERROR_SUCCESS, FwpmEngineClose0(own));
}

/* Root of a user namespace reads the network namespace that it owns. */
TEST_F(guest, root_of_a_user_namespace)
{
	HANDLE own;

	ASSERT_EQ(0, become(USER, USER, 0));
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		SKIP(return, "no user namespaces");
	ASSERT_EQ(0, open_session(&own));
	EXPECT_CODE(ERROR_SUCCESS, IPsecGetStatistics0(own, &self->s0));
	EXPECT_CODE(ERROR_SUCCESS, FwpmEngineClose0(own));
}

/* A possible CPU reports the start of counting; others are refused. */
TEST_F(guest, cpus)
{
	FWPUCLNT_STATISTICS all, one;

	ASSERT_EQ(0, FwpuclntGetStatistics(self->handle, FWPUCLNT_ALL_CPUS,
					   &all));
	ASSERT_EQ(0, FwpuclntGetStatistics(self->handle, 0, &one));
	EXPECT_NE(0, all.since);
	EXPECT_EQ(all.since, one.since);
	EXPECT_CODE(ERROR_INVALID_PARAMETER,
		    FwpuclntGetStatistics(self->handle, 100000, &one));
	EXPECT_CODE(ERROR_SUCCESS, IPsecGetStatistics1(self->handle, &self->s1));
}

TEST_F(guest, many_calls)
{
	int i;

	for (i = 0; i < 2000; i++)
		ASSERT_EQ(0, IPsecGetStatistics1(self->handle, &self->s1));
}

TEST_F(guest, fork)
{
	IPSEC_STATISTICS0 s;
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(IPsecGetStatistics0(self->handle, &s) !=
		      (DWORD)FWP_E_SESSION_ABORTED ||
		      FwpmEngineClose0(self->handle) ||
		      open_session(&self->handle) ||
		      IPsecGetStatistics0(self->handle, &s));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_CODE(ERROR_SUCCESS, IPsecGetStatistics0(self->handle, &s));
}

/* Tests run one after another, so others are not affected. */
static int unload(void)
{
	return run("rmmod ipsecstat");
}

static int load(void)
{
	return run("modprobe ipsecstat");
}

TEST_F(guest, module_loaded_again)
{
	FWP_VALUE0 *value;
	HANDLE other;

	ASSERT_EQ(0, IPsecGetStatistics0(self->handle, &self->s0));
	ASSERT_EQ(0, unload());
	ASSERT_EQ(0, load());
	EXPECT_FAILURE(FWP_E_SESSION_ABORTED, self->handle);
	EXPECT_CODE(FWP_E_SESSION_ABORTED,
		    FwpmTransactionBegin0(self->handle, 0));
	EXPECT_CODE(FWP_E_SESSION_ABORTED,
		    FwpmEngineGetOption0(self->handle,
					 FWPM_ENGINE_COLLECT_NET_EVENTS,
					 &value));
	ASSERT_EQ(0, open_session(&other));
	EXPECT_CODE(ERROR_SUCCESS, IPsecGetStatistics0(other, &self->s0));
	EXPECT_FAILURE(FWP_E_SESSION_ABORTED, self->handle);
	EXPECT_CODE(ERROR_SUCCESS, FwpmEngineClose0(other));
}

/* A call after the module is unloaded does not load it. */
TEST_F(guest, module_gone)
{
	ASSERT_EQ(0, unload());
	EXPECT_FAILURE(FWP_E_SESSION_ABORTED, self->handle);
	EXPECT_NE(0, access("/sys/module/ipsecstat", F_OK));
	ASSERT_EQ(0, load());
	EXPECT_FAILURE(FWP_E_SESSION_ABORTED, self->handle);
	EXPECT_CODE(ERROR_SUCCESS, FwpmEngineClose0(self->handle));
	self->handle = NULL;
}

/* Only an administrator loads it: opening a session does not. */
TEST_F(guest, no_module)
{
	HANDLE other = NULL;

	ASSERT_EQ(0, unload());
	EXPECT_CODE(EPT_S_NOT_REGISTERED, open_session(&other));
	EXPECT_EQ(NULL, other);
	EXPECT_NE(0, access("/sys/module/ipsecstat", F_OK));
	ASSERT_EQ(0, load());
}

TEST_HARNESS_MAIN
