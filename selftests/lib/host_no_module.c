// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel of this machine, without the module: as root, as an ordinary user, and
 * without a socket.
 */
#include <grp.h>
#include <sys/resource.h>

#include "family.h"
#include "kselftest_harness.h"
#include "expect.h"

#define NOBODY	65534

static DWORD open_session(void)
{
	HANDLE handle = NULL;
	DWORD ret;

	ret = FwpmEngineOpen0(NULL, RPC_C_AUTHN_WINNT, NULL, NULL, &handle);
	if (handle)
		return 0xdead;
	return ret;
}

TEST(as_current_user)
{
	if (module_is_there())
		SKIP(return, "the module is loaded");
	EXPECT_CODE(EPT_S_NOT_REGISTERED, open_session());
}

TEST(as_an_ordinary_user)
{
	if (module_is_there())
		SKIP(return, "the module is loaded");
	if (getuid())
		SKIP(return, "we are one already");
	ASSERT_EQ(0, setgroups(0, NULL));
	ASSERT_EQ(0, setresgid(NOBODY, NOBODY, NOBODY));
	ASSERT_EQ(0, setresuid(NOBODY, NOBODY, NOBODY));
	EXPECT_CODE(EPT_S_NOT_REGISTERED, open_session());
}

TEST(out_of_files)
{
	struct rlimit none = { 0, 0 };

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
	EXPECT_CODE(ERROR_NO_SYSTEM_RESOURCES, open_session());
}

TEST_HARNESS_MAIN
