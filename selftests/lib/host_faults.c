// SPDX-License-Identifier: GPL-2.0-only
/*
 * External faults of a session: signals, an overrun of the receive buffer, replies that
 * are lost, late, duplicated, truncated or split, and a module that is unloaded during a
 * call. With a fake kernel; no fault may hang, crash, or return a wrong reply.
 */
#include <limits.h>
#include <signal.h>
#include <sys/time.h>

#include "fake_kernel.h"
#include "kselftest_harness.h"
#include "expect.h"

#define SHORT_MS	40
#define LONG_MS		1000
#define DEFAULT_MS	0

static DWORD open_session(UINT32 ms, HANDLE *handle)
{
	FWPM_SESSION0 session = { .txnWaitTimeoutInMSec = ms };

	return FwpmEngineOpen0(NULL, RPC_C_AUTHN_WINNT, NULL, &session, handle);
}

/* Time for a slow machine to get a reply after others. */
static bool be_patient(HANDLE *handle, UINT32 ms)
{
	return !FwpmEngineClose0(*handle) && !open_session(ms, handle);
}

/* The figures of the next reply; a stale reply has others. */
static void figure(unsigned int active)
{
	fake.figures.sa[IPSECSTAT_A_SA_ACTIVE] = active;
}

FIXTURE(session) {
	HANDLE handle;
	IPSEC_STATISTICS1 s;
	struct forge datagram;
};

FIXTURE_SETUP(session)
{
	fake_reset();
	memset(&self->datagram, 0, sizeof(self->datagram));
	ASSERT_CODE(ERROR_SUCCESS, open_session(SHORT_MS, &self->handle));
}

FIXTURE_TEARDOWN(session)
{
	EXPECT_CODE(ERROR_SUCCESS, FwpmEngineClose0(self->handle));
	EXPECT_EQ(0, fake.sockets);
}

#define EXPECT_ACTIVE(active)						\
	do {								\
		EXPECT_CODE(ERROR_SUCCESS,				\
			    IPsecGetStatistics1(self->handle, &self->s)); \
		EXPECT_EQ(active,					\
			  self->s.aggregateSaStatistics.activeSas);	\
	} while (0)

/* The reply to GET is the forged message up to @len. */
#define ANSWER_FORGED(len)						\
	do {								\
		fake.datagram = self->datagram.bytes;			\
		fake.datagram_len = (len);				\
	} while (0)

static void forge_answer(struct forge *datagram, const struct nlmsghdr *nlh)
{
	struct forge attrs = { .len = 0 };

	forge_reply(&attrs, &fake.figures);
	forge_message(datagram, *nlh, IPSECSTAT_CMD_GET, &attrs);
}

static void forge_error(struct forge *datagram, int error)
{
	struct nlmsgerr err = { .error = error };
	struct nlmsghdr nlh = {
		.nlmsg_len = NLMSG_HDRLEN + sizeof(err),
		.nlmsg_type = NLMSG_ERROR,
	};

	memcpy(datagram->bytes, &nlh, sizeof(nlh));
	memcpy(datagram->bytes + NLMSG_HDRLEN, &err, sizeof(err));
	datagram->len = nlh.nlmsg_len;
}

/* Each system call needs four attempts, and there is more than one reply. */
TEST_F(session, interrupted_system_calls)
{
	HANDLE other;

	ASSERT_TRUE(be_patient(&self->handle, DEFAULT_MS));
	fake.interruptions = 3;
	fake.noise = 2;
	EXPECT_ACTIVE(11);
	EXPECT_EQ(1, fake.requests);
	ASSERT_CODE(ERROR_SUCCESS, open_session(DEFAULT_MS, &other));
	EXPECT_EQ(3, fake.resolves);
	EXPECT_CODE(ERROR_SUCCESS, FwpmEngineClose0(other));
}

TEST_F(session, endless_eintr)
{
	fake.interruptions = INT_MAX;
	EXPECT_FAILURE(FWP_E_TIMEOUT, self->handle);
	EXPECT_EQ(0, fake.requests);
	fake.interruptions = 0;
	EXPECT_ACTIVE(11);
}

static volatile sig_atomic_t signals;

static void count_signal(int sig)
{
	(void)sig;
	signals++;
}

static void storm(int us)
{
	struct itimerval timer = { { 0, us }, { 0, us } };

	setitimer(ITIMER_REAL, &timer, NULL);
}

TEST_F(session, many_signals)
{
	struct sigaction act = { .sa_handler = count_signal };
	HANDLE other;

	sigaction(SIGALRM, &act, NULL);
	storm(100);
	do {
		ASSERT_CODE(ERROR_SUCCESS,
			    IPsecGetStatistics1(self->handle, &self->s));
		ASSERT_CODE(ERROR_SUCCESS, open_session(DEFAULT_MS, &other));
		ASSERT_CODE(ERROR_SUCCESS, FwpmEngineClose0(other));
	} while (signals < 300);
	storm(0);
}

/* The reply is received anyway, and is not taken for the next one. */
TEST_F(session, overrun_buffer)
{
	ASSERT_TRUE(be_patient(&self->handle, DEFAULT_MS));
	figure(1);
	fake.overruns = 1;
	EXPECT_CODE(ERROR_NOT_ENOUGH_MEMORY,
		    IPsecGetStatistics1(self->handle, &self->s));
	figure(2);
	EXPECT_ACTIVE(2);
	EXPECT_EQ(2, fake.requests);
}

TEST_F(session, overtaken_reply)
{
	ASSERT_TRUE(be_patient(&self->handle, LONG_MS));
	figure(1);
	fake.manner = FAKE_OVERTAKEN;
	EXPECT_CODE(FWP_E_TIMEOUT,
		    IPsecGetStatistics1(self->handle, &self->s));
	fake.manner = FAKE_REPLY;
	figure(2);
	EXPECT_ACTIVE(2);
	figure(3);
	EXPECT_ACTIVE(3);
}

TEST_F(session, doubled_reply)
{
	unsigned int i;

	ASSERT_TRUE(be_patient(&self->handle, DEFAULT_MS));
	fake.manner = FAKE_TWICE;
	for (i = 1; i <= 20; i++) {
		figure(i);
		EXPECT_ACTIVE(i);
	}
}

/* Nine of ten replies are lost: each call ends by itself. */
TEST_F(session, lost_replies)
{
	unsigned int i;

	for (i = 1; i <= 20; i++) {
		figure(i);
		fake.manner = i % 10 ? FAKE_SILENT : FAKE_REPLY;
		if (i % 10)
			EXPECT_CODE(FWP_E_TIMEOUT,
				    IPsecGetStatistics1(self->handle,
							&self->s));
		else
			EXPECT_ACTIVE(i);
	}
}

/* Sequence numbers next to the right one, and with one wrong bit. */
TEST_F(session, stale_numbers)
{
	unsigned int bit;

	for (bit = 0; bit < 32; bit++) {
		self->datagram.len = 0;
		forge_answer(&self->datagram, &(struct nlmsghdr) {
			.nlmsg_type = fake.family,
			.nlmsg_seq = 1u << bit,
		});
		ANSWER_FORGED(self->datagram.len);
		EXPECT_CODE(FWP_E_TIMEOUT,
			    IPsecGetStatistics1(self->handle, &self->s));
	}
	fake.datagram = NULL;
	EXPECT_ACTIVE(11);
}

/* The reply is after a stale one. */
TEST_F(session, messages_in_one_datagram)
{
	int i;

	for (i = -2; i <= 0; i++) {
		figure(50 + i);
		forge_answer(&self->datagram, &(struct nlmsghdr) {
			.nlmsg_type = fake.family, .nlmsg_seq = i,
		});
	}
	ANSWER_FORGED(self->datagram.len);
	EXPECT_ACTIVE(50);
}

/* A truncated message is not a reply, wherever it ends. */
TEST_F(session, reply_cut_at_every_length)
{
	struct forge *f = &self->datagram;
	HANDLE hasty;
	size_t len;
	DWORD code;

	forge_answer(f, &(struct nlmsghdr) { .nlmsg_type = fake.family });
	ASSERT_CODE(ERROR_SUCCESS, open_session(1, &hasty));
	for (len = 1; len < f->len; len++) {
		ANSWER_FORGED(len);
		code = IPsecGetStatistics1(hasty, &self->s);
		EXPECT_EQ((DWORD)FWP_E_TIMEOUT, code) {
			TH_LOG("cut at %zu of %zu", len, f->len);
		}
	}
	EXPECT_CODE(ERROR_SUCCESS, FwpmEngineClose0(hasty));

	ANSWER_FORGED(f->len);
	EXPECT_ACTIVE(11);
	/* Since 5.16 Linux does not permit empty ones. */
	ANSWER_FORGED(0);
	EXPECT_FAILURE(RPC_S_CALL_FAILED, self->handle);
}

/* A message of a dump is not the reply, interrupted or not. */
TEST_F(session, parts_of_a_dump)
{
	static const struct { int type, flags; } parts[] = {
		{ 0, NLM_F_MULTI },
		{ 0, NLM_F_MULTI | NLM_F_DUMP_INTR },
		{ NLMSG_DONE, NLM_F_MULTI },
		{ NLMSG_DONE, NLM_F_MULTI | NLM_F_DUMP_INTR },
		{ NLMSG_OVERRUN, 0 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		self->datagram.len = 0;
		forge_answer(&self->datagram, &(struct nlmsghdr) {
			.nlmsg_type = parts[i].type ?: fake.family,
			.nlmsg_flags = parts[i].flags,
		});
		ANSWER_FORGED(self->datagram.len);
		EXPECT_FAILURE(RPC_S_PROTOCOL_ERROR, self->handle);
	}
	fake.datagram = NULL;
	EXPECT_ACTIVE(11);
}

/* INT_MIN was found by the fuzzer: it has no positive counterpart. */
TEST_F(session, invalid_error_numbers)
{
	static const int errors[] = { INT_MIN, INT_MIN + 1, -4096, 1, INT_MAX };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		forge_error(&self->datagram, errors[i]);
		ANSWER_FORGED(self->datagram.len);
		EXPECT_FAILURE(RPC_S_PROTOCOL_ERROR, self->handle);
	}
	forge_error(&self->datagram, -4095);
	ANSWER_FORGED(self->datagram.len);
	EXPECT_FAILURE(RPC_S_CALL_FAILED, self->handle);
}

TEST_F(session, module_gone_while_a_call_waits)
{
	ASSERT_TRUE(be_patient(&self->handle, LONG_MS));
	EXPECT_ACTIVE(11);
	fake.manner = FAKE_LATE;
	EXPECT_CODE(FWP_E_TIMEOUT,
		    IPsecGetStatistics1(self->handle, &self->s));
	/* Its last messages come first, and change nothing. */
	fake.family = 0;
	EXPECT_FAILURE(FWP_E_SESSION_ABORTED, self->handle);
	fake.family = 40;
	fake.manner = FAKE_REPLY;
	EXPECT_FAILURE(FWP_E_SESSION_ABORTED, self->handle);
	EXPECT_EQ(2, fake.resolves);
}

TEST_F(session, module_loaded_again_while_a_call_waits)
{
	ASSERT_TRUE(be_patient(&self->handle, LONG_MS));
	EXPECT_ACTIVE(11);
	fake.manner = FAKE_OVERTAKEN;
	EXPECT_CODE(FWP_E_TIMEOUT,
		    IPsecGetStatistics1(self->handle, &self->s));
	fake.manner = FAKE_REPLY;
	fake.figures.since++;
	EXPECT_FAILURE(FWP_E_SESSION_ABORTED, self->handle);
}

/* The owner of the number cannot be looked up, so the error stays. */
TEST_F(session, error_then_no_reply)
{
	fake.get_error = EINVAL;
	fake.resolve_silent = true;
	EXPECT_FAILURE(RPC_S_CALL_FAILED, self->handle);
	fake.get_error = 0;
	EXPECT_ACTIVE(11);
}

TEST_HARNESS_MAIN
