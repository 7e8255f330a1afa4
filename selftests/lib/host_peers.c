// SPDX-License-Identifier: GPL-2.0-only
/*
 * FwpuclntGetPeers() with a fake kernel: dumps that the module sends, and dumps that it
 * never sends.
 */
#include <errno.h>
#include <sys/socket.h>

#include "fake_kernel.h"
#include "forge_peers.h"
#include "kselftest_harness.h"
#include "expect.h"

#define FAMILY	40	/* as in fake_reset() */

static const struct flaw none;

FIXTURE(peers) {
	HANDLE engine;
	struct forge attrs, dump;
	FWPUCLNT_PEERS *list;
};

FIXTURE_SETUP(peers)
{
	fake_reset();
	/* An incomplete dump leaves the queue empty. */
	fake.idle_error = ECONNRESET;
	self->attrs.len = 0;
	self->dump.len = 0;
	self->list = NULL;
	ASSERT_CODE(ERROR_SUCCESS,
		    FwpmEngineOpen0(NULL, RPC_C_AUTHN_WINNT, NULL, NULL,
				    &self->engine));
}

FIXTURE_TEARDOWN(peers)
{
	FwpmFreeMemory0((void **)&self->list);
	EXPECT_CODE(ERROR_SUCCESS, FwpmEngineClose0(self->engine));
	EXPECT_EQ(0, fake.sockets);
}

#define ADD()								\
	do {								\
		forge_peer_message(&self->dump, FAMILY, &self->attrs);	\
		self->attrs.len = 0;					\
	} while (0)

#define ADD_OTHERS()							\
	do {								\
		forge_others(&self->attrs, none);			\
		ADD();							\
		forge_dump_end(&self->dump, 0);				\
	} while (0)

static DWORD get(HANDLE engine, const struct forge *dump, FWPUCLNT_PEERS **list)
{
	fake.datagram = dump->bytes;
	fake.datagram_len = dump->len;
	return FwpuclntGetPeers(engine, list);
}

#define EXPECT_GETS(code)						\
	do {								\
		EXPECT_CODE(code, get(self->engine, &self->dump,	\
				      &self->list));			\
		EXPECT_EQ(NULL, self->list);				\
	} while (0)

#define ASSERT_ONE_PEER(family)						\
	do {								\
		forge_peer(&self->attrs, family, none);			\
		ADD();							\
		ADD_OTHERS();						\
		ASSERT_CODE(ERROR_SUCCESS, get(self->engine, &self->dump, \
					       &self->list));		\
		ASSERT_EQ(1, self->list->numPeers);			\
	} while (0)

TEST_F(peers, every_member)
{
	const FWPUCLNT_PEER *peer;

	ASSERT_ONE_PEER(AF_INET);
	peer = self->list->peers;
	EXPECT_EQ(4, peer->ipVersion);
	EXPECT_EQ(0, memcmp(peer->local, "\x0a\0\0\x01\0\0\0\0", 8));
	EXPECT_EQ(0, memcmp(peer->remote, "\x0a\0\0\x02\0\0\0\0", 8));
	EXPECT_EQ(7, peer->ifId);
	EXPECT_EQ(FWPUCLNT_PEER_UP, peer->state);
	EXPECT_EQ(1, peer->sasInbound);
	EXPECT_EQ(2, peer->sasOutbound);
	/* As large as 32 bits permit. */
	EXPECT_EQ(UINT32_MAX, peer->larvalSas);
	EXPECT_EQ(5000000002, peer->first);
	EXPECT_EQ(5000000003, peer->changed);
	EXPECT_EQ(5000000004, peer->upSince);
	EXPECT_EQ(5000000005, peer->larvalSince);
	EXPECT_EQ(80, peer->sequenceUsed);
	EXPECT_EQ(90, peer->limitUsed);
	EXPECT_EQ(3, peer->nearEnd);
}

TEST_F(peers, every_sum)
{
	const FWPUCLNT_PEER_SUMS *sums;

	ASSERT_ONE_PEER(AF_INET);
	sums = &self->list->peers->sums;
	EXPECT_EQ(101, sums->bytesInbound);
	EXPECT_EQ(102, sums->packetsInbound);
	EXPECT_EQ(103, sums->bytesOutbound);
	EXPECT_EQ(104, sums->packetsOutbound);
	EXPECT_EQ(105, sums->sasAdded);
	EXPECT_EQ(106, sums->sasDeleted);
	EXPECT_EQ(107, sums->rekeys);
	EXPECT_EQ(108, sums->packetsRemapped);
	EXPECT_EQ(10, sums->dropped[FWPUCLNT_DROP_AUTH]);
	EXPECT_EQ(1ULL << 40, sums->dropped[FWPUCLNT_DROP_LATE]);
	/* Including those of an unknown reason. */
	EXPECT_EQ((1ULL << 40) + 13, sums->packetsDropped);
	EXPECT_EQ(0, memcmp(sums, &self->list->others, sizeof(*sums)));
	EXPECT_EQ(1ULL << 34, self->list->numOthers);
	EXPECT_EQ(4, self->list->packetsUnattributed);
	EXPECT_EQ(4, self->list->unattributed[FWPUCLNT_DROP_NO_STATE]);
}

TEST_F(peers, how_it_ended)
{
	const FWPUCLNT_ENDED *ended;

	ASSERT_ONE_PEER(AF_INET);
	ended = &self->list->peers->ended;
	EXPECT_EQ(5000000001, ended->at);
	EXPECT_EQ(FWPUCLNT_END_DELETED, ended->reason);
	EXPECT_EQ(0xc0ffee11, ended->spi);
	EXPECT_EQ(1, ended->outbound);
	EXPECT_EQ(0, ended->replaced);
	EXPECT_EQ(4711, ended->pid);
	EXPECT_STREQ("charon", ended->command);
}

TEST_F(peers, ipv6)
{
	ASSERT_ONE_PEER(AF_INET6);
	EXPECT_EQ(6, self->list->peers->ipVersion);
	EXPECT_EQ(0, memcmp(self->list->peers->local,
			    "\x0a\0\0\x01\x04\x05\x06\x07\x08\0\0\0\0\0\0\0", 16));
}

TEST_F(peers, nobody)
{
	ADD_OTHERS();
	ASSERT_CODE(ERROR_SUCCESS, get(self->engine, &self->dump, &self->list));
	EXPECT_EQ(0, self->list->numPeers);
	EXPECT_EQ(1ULL << 34, self->list->numOthers);
}

/* More than the initial size of the list, and more each time. */
TEST_F(peers, several)
{
	UINT32 count, i;

	for (count = 15; count <= 20; count++) {
		self->dump.len = 0;
		for (i = 0; i < count; i++) {
			forge_peer(&self->attrs, i % 2 ? AF_INET6 : AF_INET,
				   none);
			ADD();
		}
		ADD_OTHERS();
		ASSERT_CODE(ERROR_SUCCESS,
			    get(self->engine, &self->dump, &self->list));
		ASSERT_EQ(count, self->list->numPeers);
		for (i = 0; i < count; i++) {
			EXPECT_EQ(i % 2 ? 6 : 4,
				  self->list->peers[i].ipVersion);
			EXPECT_EQ(107, self->list->peers[i].sums.rekeys);
		}
		FwpmFreeMemory0((void **)&self->list);
	}
}

/* Optional attributes. */
TEST_F(peers, optional)
{
	static const int types[] = {
		IPSECSTAT_A_PEER_UP_SINCE, IPSECSTAT_A_PEER_LARVAL_SINCE,
		IPSECSTAT_A_PEER_ENDED, IPSECSTAT_A_PEER_MAX + 1,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		self->dump.len = 0;
		forge_peer(&self->attrs, AF_INET,
			   (struct flaw) { types[i], FLAW_ABSENT });
		ADD();
		ADD_OTHERS();
		ASSERT_CODE(ERROR_SUCCESS,
			    get(self->engine, &self->dump, &self->list));
		EXPECT_EQ(1, self->list->numPeers);
		FwpmFreeMemory0((void **)&self->list);
	}
}

static bool may_be_absent(int type)
{
	return type == IPSECSTAT_A_PEER_UP_SINCE ||
	       type == IPSECSTAT_A_PEER_LARVAL_SINCE ||
	       type == IPSECSTAT_A_PEER_ENDED;
}

/* Each attribute of a peer: missing, duplicate, too short and too long. */
TEST_F(peers, flaws)
{
	struct flaw flaw;
	int how;

	for (flaw.type = IPSECSTAT_A_PEER_LOCAL;
	     flaw.type <= IPSECSTAT_A_PEER_ENDED; flaw.type++)
		for (how = FLAW_ABSENT; how <= FLAW_LONG; how++) {
			if (how == FLAW_ABSENT && may_be_absent(flaw.type))
				continue;
			flaw.how = how;
			self->dump.len = 0;
			forge_peer(&self->attrs, AF_INET, flaw);
			ADD();
			ADD_OTHERS();
			EXPECT_EQ(RPC_S_PROTOCOL_ERROR,
				  get(self->engine, &self->dump, &self->list)) {
				TH_LOG("attribute %d, flaw %d", flaw.type, how);
			}
			EXPECT_EQ(NULL, self->list);
		}
}

TEST_F(peers, flaws_in_how_it_ended)
{
	struct flaw flaw;
	int how;

	for (flaw.type = IPSECSTAT_A_ENDED_AT;
	     flaw.type <= IPSECSTAT_A_ENDED_COMM; flaw.type++)
		for (how = FLAW_ABSENT; how <= FLAW_LONG; how++) {
			/* A flag has no value. */
			if (flaw.type == IPSECSTAT_A_ENDED_REPLACED ||
			    (flaw.type == IPSECSTAT_A_ENDED_OUTBOUND &&
			     how != FLAW_TWICE))
				continue;
			if (how == FLAW_ABSENT &&
			    flaw.type >= IPSECSTAT_A_ENDED_PID)
				continue;
			/* 3 and 17 zeros are empty strings. */
			if (how >= FLAW_SHORT &&
			    flaw.type == IPSECSTAT_A_ENDED_COMM)
				continue;
			flaw.how = how;
			self->dump.len = 0;
			forge_peer_ended(&self->attrs, flaw);
			ADD();
			ADD_OTHERS();
			EXPECT_EQ(RPC_S_PROTOCOL_ERROR,
				  get(self->engine, &self->dump, &self->list)) {
				TH_LOG("attribute %d, flaw %d", flaw.type, how);
			}
			EXPECT_EQ(NULL, self->list);
		}
}

TEST_F(peers, flaws_in_what_was_dropped)
{
	static const int types[] = {
		IPSECSTAT_A_DROPPED_REASON, IPSECSTAT_A_DROPPED_PACKETS,
	};
	unsigned int i;
	int how;

	for (i = 0; i < ARRAY_SIZE(types); i++)
		for (how = FLAW_ABSENT; how <= FLAW_LONG; how++) {
			self->dump.len = 0;
			forge_peer_dropped(&self->attrs,
					   (struct flaw) { types[i], how });
			ADD();
			ADD_OTHERS();
			EXPECT_GETS(RPC_S_PROTOCOL_ERROR);
		}
}

/* The offset of the optional attribute, which is the last but one. */
static size_t without_ended(const struct forge *peer)
{
	struct nlattr attr;
	size_t at;

	for (at = 0; at < peer->len; at += NLA_ALIGN(attr.nla_len)) {
		memcpy(&attr, peer->bytes + at, sizeof(attr));
		if (attr.nla_type == IPSECSTAT_A_PEER_ENDED)
			break;
	}
	return at;
}

/* The ends of a peer have one family. */
TEST_F(peers, ends_of_two_families)
{
	forge_peer(&self->attrs, AF_INET6,
		   (struct flaw) { IPSECSTAT_A_PEER_LOCAL, FLAW_ABSENT });
	forge_put(&self->attrs, IPSECSTAT_A_PEER_LOCAL, "four", 4);
	ADD();
	ADD_OTHERS();
	EXPECT_GETS(RPC_S_PROTOCOL_ERROR);
}

/* Truncated anywhere; only the last attribute, of a later module, is not needed. */
TEST_F(peers, truncated)
{
	struct forge whole = { .len = 0 };
	size_t len, last;
	DWORD expected;

	forge_peer(&whole, AF_INET, none);
	last = whole.len - NLA_HDRLEN - sizeof(UINT32);
	for (len = 0; len < whole.len; len++) {
		self->dump.len = 0;
		self->attrs = whole;
		self->attrs.len = len;
		ADD();
		ADD_OTHERS();
		expected = len == last || len == without_ended(&whole) ?
			   ERROR_SUCCESS : RPC_S_PROTOCOL_ERROR;
		EXPECT_CODE(expected,
			    get(self->engine, &self->dump, &self->list));
		FwpmFreeMemory0((void **)&self->list);
	}
}

TEST_F(peers, others)
{
	struct flaw flaw;
	int how;

	for (flaw.type = IPSECSTAT_A_PEER_BYTES_IN;
	     flaw.type <= IPSECSTAT_A_PEER_REKEYED; flaw.type++)
		for (how = FLAW_ABSENT; how <= FLAW_LONG; how++) {
			flaw.how = how;
			self->dump.len = 0;
			forge_others(&self->attrs, flaw);
			ADD();
			forge_dump_end(&self->dump, 0);
			EXPECT_GETS(RPC_S_PROTOCOL_ERROR);
		}
}

/* Only once. */
TEST_F(peers, no_others)
{
	forge_peer(&self->attrs, AF_INET, none);
	ADD();
	forge_dump_end(&self->dump, 0);
	EXPECT_GETS(RPC_S_PROTOCOL_ERROR);
	self->dump.len = 0;
	forge_others(&self->attrs, none);
	ADD();
	ADD_OTHERS();
	EXPECT_GETS(RPC_S_PROTOCOL_ERROR);
}

TEST_F(peers, errors)
{
	static const struct {
		int error;
		DWORD code;
	} rows[] = {
		{ EPERM, ERROR_ACCESS_DENIED },
		{ ENOMEM, ERROR_NOT_ENOUGH_MEMORY },
		{ EIO, RPC_S_CALL_FAILED },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		/* At the beginning, and in the middle. */
		fake.datagram = NULL;
		fake.get_error = rows[i].error;
		EXPECT_CODE(rows[i].code,
			    FwpuclntGetPeers(self->engine, &self->list));
		EXPECT_EQ(NULL, self->list);
		self->dump.len = 0;
		forge_peer(&self->attrs, AF_INET, none);
		ADD();
		forge_dump_end(&self->dump, rows[i].error);
		EXPECT_GETS(rows[i].code);
	}
}

TEST_F(peers, module_gone)
{
	fake.get_error = ENOENT;
	EXPECT_CODE(FWP_E_SESSION_ABORTED,
		    FwpuclntGetPeers(self->engine, &self->list));
}

/* The wait for the end is bounded by the timeout of the session. */
TEST_F(peers, no_end)
{
	forge_others(&self->attrs, none);
	ADD();
	EXPECT_GETS(RPC_S_CALL_FAILED);
}

TEST_F(peers, short_end)
{
	struct nlmsghdr nlh = {
		.nlmsg_len = NLMSG_HDRLEN, .nlmsg_type = NLMSG_DONE,
	};

	forge_others(&self->attrs, none);
	ADD();
	memcpy(self->dump.bytes + self->dump.len, &nlh, sizeof(nlh));
	self->dump.len += sizeof(nlh);
	EXPECT_GETS(RPC_S_PROTOCOL_ERROR);
}

TEST_F(peers, other_messages)
{
	forge_others(&self->attrs, none);
	forge_peer_message(&self->dump, FAMILY + 1, &self->attrs);
	forge_dump_end(&self->dump, 0);
	EXPECT_GETS(RPC_S_PROTOCOL_ERROR);
	self->dump.len = 0;
	forge_message(&self->dump, (struct nlmsghdr) { .nlmsg_type = FAMILY },
		      IPSECSTAT_CMD_PEER_NTF, &self->attrs);
	forge_dump_end(&self->dump, 0);
	EXPECT_GETS(RPC_S_PROTOCOL_ERROR);
}

/* A call after a failure succeeds. */
TEST_F(peers, again)
{
	forge_peer(&self->attrs, AF_INET,
		   (struct flaw) { IPSECSTAT_A_PEER_STATE, FLAW_ABSENT });
	ADD();
	ADD_OTHERS();
	EXPECT_GETS(RPC_S_PROTOCOL_ERROR);
	self->dump.len = 0;
	ADD_OTHERS();
	EXPECT_CODE(ERROR_SUCCESS,
		    get(self->engine, &self->dump, &self->list));
}

TEST_F(peers, arguments)
{
	EXPECT_CODE(FWP_E_NULL_POINTER, FwpuclntGetPeers(self->engine, NULL));
	EXPECT_CODE(ERROR_INVALID_HANDLE, FwpuclntGetPeers(NULL, &self->list));
	EXPECT_CODE(ERROR_SUCCESS, FwpmTransactionBegin0(self->engine, 0));
	EXPECT_CODE(FWP_E_TXN_IN_PROGRESS,
		    FwpuclntGetPeers(self->engine, &self->list));
	EXPECT_CODE(ERROR_SUCCESS, FwpmTransactionAbort0(self->engine));
	EXPECT_EQ(0, fake.requests);
}

TEST_HARNESS_MAIN
