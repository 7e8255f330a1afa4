// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the bytes of a reply to WFP's structures: lib/reply.c and lib/statistics.c, without
 * a kernel.
 */
#include <netinet/in.h>

#include <linux/netlink.h>
#include <ipsectypes.h>

#include "../../lib/reply.h"
#include "../../lib/statistics.h"
#include "forge.h"
#include "kselftest_harness.h"

/* In memory of the exact size, so that reads beyond it are detected. */
static bool read_exactly(const void *bytes, size_t len, struct fwp_reply *reply)
{
	void *copy = malloc(len ? len : 1);
	bool ok;

	memcpy(copy, bytes, len);
	ok = fwp_reply_read(copy, len, FWP_ALL_CPUS, reply);
	free(copy);
	return ok;
}

static bool reads(const struct forge *f)
{
	struct fwp_reply reply;

	return read_exactly(f->bytes, f->len, &reply);
}

FIXTURE(reply) {
	struct figures n;
	struct forge f;
	struct fwp_reply reply;
	IPSEC_STATISTICS1 s;
};

FIXTURE_SETUP(reply)
{
	self->n = forge_example;
	self->f.len = 0;
}

FIXTURE_TEARDOWN(reply)
{
}

#define DERIVE()							\
	do {								\
		forge_reply(&self->f, &self->n);			\
		ASSERT_TRUE(read_exactly(self->f.bytes, self->f.len,	\
					 &self->reply));		\
		fwp_statistics_derive(&self->reply, &self->s);		\
	} while (0)

TEST_F(reply, every_field)
{
	const IPSEC_AGGREGATE_SA_STATISTICS0 *sa =
		&self->s.aggregateSaStatistics;
	const IPSEC_ESP_DROP_PACKET_STATISTICS0 *esp =
		&self->s.espDropPacketStatistics;
	const IPSEC_AH_DROP_PACKET_STATISTICS0 *ah =
		&self->s.ahDropPacketStatistics;
	const IPSEC_AGGREGATE_DROP_PACKET_STATISTICS1 *drop =
		&self->s.aggregateDropPacketStatistics;
	const IPSEC_TRAFFIC_STATISTICS1 *in =
		&self->s.inboundTrafficStatistics;
	const IPSEC_TRAFFIC_STATISTICS1 *out =
		&self->s.outboundTrafficStatistics;

	DERIVE();
	EXPECT_EQ(self->reply.since, 123456789012345);

	EXPECT_EQ(sa->activeSas, 11);
	EXPECT_EQ(sa->pendingSaNegotiations, 12);
	EXPECT_EQ(sa->totalSasAdded, 33);
	EXPECT_EQ(sa->totalSasDeleted, 22);
	EXPECT_EQ(sa->successfulRekeys, 15);
	EXPECT_EQ(sa->activeTunnels, 16);
	EXPECT_EQ(sa->offloadedSas, 17);

	EXPECT_EQ(esp->invalidSpisOnInbound, 101);
	EXPECT_EQ(esp->authenticationFailuresOnInbound, 102);
	EXPECT_EQ(esp->decryptionFailuresOnInbound, 103);
	EXPECT_EQ(esp->replayCheckFailuresOnInbound, 104);
	EXPECT_EQ(esp->saNotInitializedOnInbound, 105);

	EXPECT_EQ(ah->invalidSpisOnInbound, 201);
	EXPECT_EQ(ah->authenticationFailuresOnInbound, 202);
	EXPECT_EQ(ah->replayCheckFailuresOnInbound, 204);
	EXPECT_EQ(ah->saNotInitializedOnInbound, 205);

	EXPECT_EQ(drop->invalidSpisOnInbound, 302);
	EXPECT_EQ(drop->decryptionFailuresOnInbound, 103);
	EXPECT_EQ(drop->authenticationFailuresOnInbound, 304);
	EXPECT_EQ(drop->udpEspValidationFailuresOnInbound, 301);
	EXPECT_EQ(drop->replayCheckFailuresOnInbound, 308);
	EXPECT_EQ(drop->invalidClearTextInbound, 302);
	EXPECT_EQ(drop->saNotInitializedOnInbound, 310);
	EXPECT_EQ(drop->receiveOverIncorrectSaInbound, 303);
	EXPECT_EQ(drop->secureReceivesNotMatchingFilters, 304);
	EXPECT_EQ(drop->totalDropPacketsInbound, 4000);

	EXPECT_EQ(in->encryptedByteCount, 21000);
	EXPECT_EQ(in->authenticatedAHByteCount, 54000000);
	EXPECT_EQ(in->authenticatedESPByteCount, 321000);
	EXPECT_EQ(in->transportByteCount, 4001000);
	EXPECT_EQ(in->tunnelByteCount, 50320000);
	EXPECT_EQ(in->offloadByteCount, 0);
	EXPECT_EQ(in->totalSuccessfulPackets, 31);

	EXPECT_EQ(out->encryptedByteCount, 77);
	EXPECT_EQ(out->authenticatedAHByteCount, 1ULL << 40);
	EXPECT_EQ(out->authenticatedESPByteCount, 70);
	EXPECT_EQ(out->transportByteCount, 777);
	EXPECT_EQ(out->tunnelByteCount, 1ULL << 40);
	EXPECT_EQ(out->offloadByteCount, (1ULL << 40) + 70);
	EXPECT_EQ(out->totalSuccessfulPackets, (1ULL << 33) + 700);
}

/* Each kind of SA separately, and each pair of flags. */
TEST_F(reply, every_kind)
{
	const IPSEC_TRAFFIC_STATISTICS1 *out =
		&self->s.outboundTrafficStatistics;
	const uint64_t bytes = 1ULL << 35;
	unsigned int flags;
	int proto;

	for (proto = IPPROTO_ESP; proto <= IPPROTO_AH; proto++) {
		for (flags = 0; flags < 16; flags++) {
			bool esp = proto == IPPROTO_ESP;

			memset(self->n.out, 0, sizeof(self->n.out));
			self->n.out[0] = (struct kind) {
				proto, flags, bytes, 3
			};
			DERIVE();
			EXPECT_EQ(out->encryptedByteCount,
				  esp && flags & 1 ? bytes : 0);
			EXPECT_EQ(out->authenticatedAHByteCount,
				  esp ? 0 : bytes);
			EXPECT_EQ(out->authenticatedESPByteCount,
				  esp && flags & 2 ? bytes : 0);
			EXPECT_EQ(out->tunnelByteCount, flags & 4 ? bytes : 0);
			EXPECT_EQ(out->transportByteCount,
				  flags & 4 ? 0 : bytes);
			EXPECT_EQ(out->offloadByteCount, flags & 8 ? bytes : 0);
			EXPECT_EQ(out->totalSuccessfulPackets, 3);
		}
	}
}

TEST_F(reply, version_0_is_version_1_without_its_last_fields)
{
	IPSEC_STATISTICS0 s0;

	DERIVE();
	memset(&s0, 0xa5, sizeof(s0));
	fwp_statistics_narrow(&self->s, &s0);

	EXPECT_EQ(0, memcmp(&s0, &self->s, 100));
	EXPECT_EQ(0, memcmp(&s0.inboundTrafficStatistics,
			    &self->s.inboundTrafficStatistics,
			    sizeof(s0.inboundTrafficStatistics)));
	EXPECT_EQ(0, memcmp(&s0.outboundTrafficStatistics,
			    &self->s.outboundTrafficStatistics,
			    sizeof(s0.outboundTrafficStatistics)));
}

TEST_F(reply, all_zero)
{
	IPSEC_STATISTICS1 zero;

	memset(&self->n, 0, sizeof(self->n));
	memset(&zero, 0, sizeof(zero));
	DERIVE();
	EXPECT_EQ(0, memcmp(&zero, &self->s, sizeof(zero)));
}

TEST_F(reply, gauges_saturate_and_counters_wrap)
{
	const IPSEC_AGGREGATE_SA_STATISTICS0 *sa =
		&self->s.aggregateSaStatistics;
	const IPSEC_AGGREGATE_DROP_PACKET_STATISTICS1 *drop =
		&self->s.aggregateDropPacketStatistics;
	int i;

	for (i = 1; i <= IPSECSTAT_A_SA_MAX; i++)
		self->n.sa[i] = 0x100000005;
	self->n.esp[IPSECSTAT_A_DROP_PROTO_AUTH] = 0xfffffffe;
	self->n.ah[IPSECSTAT_A_DROP_PROTO_AUTH] = 5;
	self->n.esp[IPSECSTAT_A_DROP_PROTO_REPLAY] = 0x300000001;
	self->n.drop[IPSECSTAT_A_DROP_TOTAL] = 0xffffffff;
	DERIVE();

	EXPECT_EQ(sa->activeSas, 0xffffffff);
	EXPECT_EQ(sa->pendingSaNegotiations, 0xffffffff);
	EXPECT_EQ(sa->activeTunnels, 0xffffffff);
	EXPECT_EQ(sa->offloadedSas, 0xffffffff);
	EXPECT_EQ(sa->totalSasAdded, 5);
	EXPECT_EQ(sa->totalSasDeleted, 5);
	EXPECT_EQ(sa->successfulRekeys, 5);

	EXPECT_EQ(self->s.espDropPacketStatistics.
		  authenticationFailuresOnInbound, 0xfffffffe);
	EXPECT_EQ(drop->authenticationFailuresOnInbound, 3);
	EXPECT_EQ(self->s.espDropPacketStatistics.
		  replayCheckFailuresOnInbound, 1);
	EXPECT_EQ(drop->totalDropPacketsInbound, 0xffffffff);
}

TEST_F(reply, gauge_at_its_maximum_is_exact)
{
	self->n.sa[IPSECSTAT_A_SA_ACTIVE] = 0xffffffff;
	DERIVE();
	EXPECT_EQ(self->s.aggregateSaStatistics.activeSas, 0xffffffff);
	self->n.sa[IPSECSTAT_A_SA_ACTIVE] = 0xfffffffe;
	DERIVE();
	EXPECT_EQ(self->s.aggregateSaStatistics.activeSas, 0xfffffffe);
}

TEST_F(reply, repeated_kind_is_added)
{
	self->n.in[1] = self->n.in[0];
	DERIVE();
	EXPECT_EQ(self->s.inboundTrafficStatistics.encryptedByteCount, 2000);
}

TEST_F(reply, unknown_flags_and_protocols_are_accepted)
{
	memset(self->n.in, 0, sizeof(self->n.in));
	self->n.in[0] = (struct kind) { IPPROTO_ESP, 0xabcd0001, 5, 1 };
	self->n.in[1] = (struct kind) { IPPROTO_COMP, 1, 1000, 100 };
	DERIVE();
	EXPECT_EQ(self->s.inboundTrafficStatistics.encryptedByteCount, 5);
	EXPECT_EQ(self->s.inboundTrafficStatistics.transportByteCount, 5);
	EXPECT_EQ(self->s.inboundTrafficStatistics.totalSuccessfulPackets, 1);
}

TEST_F(reply, both_widths_are_read)
{
	struct forge *f = &self->f, rest = { 0 };
	size_t nest;
	int i;

	/* Permitted, although the kernel does not do it: small values in 8 bytes. */
	forge_u64(f, IPSECSTAT_A_STATS_SINCE, 1);
	nest = forge_nest(f, IPSECSTAT_A_STATS_SA);
	for (i = 1; i <= IPSECSTAT_A_SA_MAX; i++)
		forge_u64(f, i, 40 + i);
	forge_end(f, nest);

	/* The rest is unchanged, without the 4 + 4 bytes of since. */
	self->n.since = 0;
	forge_reply_without(&rest, &self->n, IPSECSTAT_A_STATS_SA, 0);
	memcpy(f->bytes + f->len, rest.bytes + 8, rest.len - 8);
	f->len += rest.len - 8;
	ASSERT_TRUE(read_exactly(f->bytes, f->len, &self->reply));
	EXPECT_EQ(self->reply.since, 1);
	EXPECT_EQ(self->reply.sa[IPSECSTAT_A_SA_ACTIVE], 41);
	EXPECT_EQ(self->reply.sa[IPSECSTAT_A_SA_OFFLOADED], 47);
}

TEST_F(reply, unknown_attributes_are_skipped)
{
	struct forge *f = &self->f, plain = { 0 };
	struct fwp_reply expected;
	size_t nest;
	int i;

	forge_reply(&plain, &self->n);
	ASSERT_TRUE(read_exactly(plain.bytes, plain.len, &expected));

	forge_put(f, 0, "zero", 4);
	forge_put(f, IPSECSTAT_A_STATS_MAX + 1, "future", 6);
	forge_put(f, IPSECSTAT_A_STATS_MAX + 1, "twice", 5);
	forge_put(f, 0x3fff, NULL, 0);
	nest = f->len;
	memcpy(f->bytes + nest, plain.bytes, plain.len);
	f->len += plain.len;
	forge_put(f, 200, "at the end", 10);
	ASSERT_TRUE(read_exactly(f->bytes, f->len, &self->reply));
	EXPECT_EQ(0, memcmp(&expected, &self->reply, sizeof(expected)));

	/* Inside a nest, too. */
	forge_reply_without(f, &self->n, IPSECSTAT_A_STATS_SA, 0);
	nest = forge_nest(f, IPSECSTAT_A_STATS_SA);
	forge_put(f, IPSECSTAT_A_SA_MAX + 1, "abc", 3);
	for (i = IPSECSTAT_A_SA_MAX; i; i--) {
		forge_uint(f, i, self->n.sa[i]);
		forge_put(f, 100 + i, "unknown", 7);
	}
	forge_end(f, nest);
	ASSERT_TRUE(read_exactly(f->bytes, f->len, &self->reply));
	EXPECT_EQ(0, memcmp(&expected, &self->reply, sizeof(expected)));
}

/*
 * A reply that is truncated anywhere is refused, except between two kinds of SAs at the
 * end, where the rest is a complete shorter reply.
 */
TEST_F(reply, truncated_at_every_length)
{
	struct forge *f = &self->f;
	int allowed = 0, kinds = 5 + 4;
	struct forge least = { 0 };
	uint16_t attr_len;
	size_t len, at;

	forge_reply(f, &self->n);
	self->n.in[0].proto = 0;
	self->n.out[0].proto = 0;
	forge_reply(&least, &self->n);

	for (len = 0; len < f->len; len++) {
		bool boundary = false;

		for (at = least.len; at <= len; ) {
			boundary = at == len;
			memcpy(&attr_len, f->bytes + at, sizeof(attr_len));
			at += NLA_ALIGN(attr_len);
		}
		EXPECT_EQ(boundary,
			  read_exactly(f->bytes, len, &self->reply)) {
			TH_LOG("cut at %zu of %zu", len, f->len);
		}
		allowed += boundary;
	}
	EXPECT_EQ(allowed, kinds);
}

TEST_F(reply, each_required_attribute_missing)
{
	static const struct { int outer, max, optional; } nests[] = {
		{ IPSECSTAT_A_STATS_SINCE, 0, 0 },
		{ IPSECSTAT_A_STATS_SA, IPSECSTAT_A_SA_MAX, 0 },
		{ IPSECSTAT_A_STATS_DROP_ESP, IPSECSTAT_A_DROP_PROTO_MAX, 0 },
		{ IPSECSTAT_A_STATS_DROP_AH, IPSECSTAT_A_DROP_PROTO_MAX,
		  IPSECSTAT_A_DROP_PROTO_DECRYPT },
		{ IPSECSTAT_A_STATS_DROP, IPSECSTAT_A_DROP_MAX, 0 },
		{ IPSECSTAT_A_STATS_IN, IPSECSTAT_A_TRANSFORM_MAX, 0 },
		{ IPSECSTAT_A_STATS_OUT, IPSECSTAT_A_TRANSFORM_MAX, 0 },
	};
	unsigned int i;
	int inner;

	for (i = 0; i < ARRAY_SIZE(nests); i++) {
		inner = nests[i].outer >= IPSECSTAT_A_STATS_IN ? 1 : 0;
		for (; inner <= nests[i].max; inner++) {
			forge_reply_without(&self->f, &self->n, nests[i].outer,
					    inner);
			EXPECT_EQ(inner && inner == nests[i].optional,
				  reads(&self->f)) {
				TH_LOG("without %d of %d", inner,
				       nests[i].outer);
			}
		}
	}
}

TEST_F(reply, reply_of_one_cpu_is_refused)
{
	uint32_t cpu = 0;

	forge_reply(&self->f, &self->n);
	ASSERT_TRUE(reads(&self->f));
	forge_put(&self->f, IPSECSTAT_A_STATS_CPU, &cpu, 4);
	EXPECT_FALSE(reads(&self->f));
}

static bool reads_cpu(const struct forge *f, UINT32 cpu)
{
	struct fwp_reply reply;

	return fwp_reply_read(f->bytes, f->len, cpu, &reply);
}

/* The reply for the requested CPU, with all figures except SAs. */
TEST_F(reply, one_cpu)
{
	const int missing[] = {
		IPSECSTAT_A_STATS_SINCE, IPSECSTAT_A_STATS_DROP_ESP,
		IPSECSTAT_A_STATS_DROP_AH, IPSECSTAT_A_STATS_DROP,
	};
	uint32_t cpu = 3;
	unsigned int i;

	forge_cpu_reply(&self->f, &self->n, cpu);
	EXPECT_TRUE(reads_cpu(&self->f, cpu));
	EXPECT_FALSE(reads_cpu(&self->f, cpu + 1));
	EXPECT_FALSE(reads(&self->f));
	forge_put(&self->f, IPSECSTAT_A_STATS_CPU, &cpu, 4);
	EXPECT_FALSE(reads_cpu(&self->f, cpu));

	forge_reply(&self->f, &self->n);
	EXPECT_FALSE(reads_cpu(&self->f, cpu));
	for (i = 0; i < ARRAY_SIZE(missing); i++) {
		forge_reply_without(&self->f, &self->n, missing[i], 0);
		forge_put(&self->f, IPSECSTAT_A_STATS_CPU, &cpu, 4);
		EXPECT_FALSE(reads_cpu(&self->f, cpu));
	}
}

TEST_F(reply, twice_is_refused)
{
	struct forge *f = &self->f;
	size_t nest;

	forge_reply(f, &self->n);
	forge_uint(f, IPSECSTAT_A_STATS_SINCE, self->n.since);
	EXPECT_FALSE(reads(f));

	forge_reply_without(f, &self->n, IPSECSTAT_A_STATS_DROP, 0);
	nest = forge_nest(f, IPSECSTAT_A_STATS_DROP);
	forge_uint(f, IPSECSTAT_A_DROP_ENCAP, 1);
	forge_uint(f, IPSECSTAT_A_DROP_CLEAR_TEXT, 1);
	forge_uint(f, IPSECSTAT_A_DROP_WRONG_SA, 1);
	forge_uint(f, IPSECSTAT_A_DROP_NO_POLICY, 1);
	forge_uint(f, IPSECSTAT_A_DROP_TOTAL, 1);
	forge_end(f, nest);
	EXPECT_TRUE(reads(f));
	forge_uint(f, IPSECSTAT_A_DROP_TOTAL, 1);
	forge_end(f, nest);
	EXPECT_FALSE(reads(f));
}

/* Every width from 0 to 16, for each sort of integer. */
TEST_F(reply, wrong_widths_are_refused)
{
	static const unsigned char zero[16];
	struct forge *f = &self->f;
	size_t len, nest;

	for (len = 0; len <= sizeof(zero); len++) {
		forge_reply_without(f, &self->n, IPSECSTAT_A_STATS_SINCE, 0);
		forge_put(f, IPSECSTAT_A_STATS_SINCE, zero, len);
		EXPECT_EQ(len == 4 || len == 8, reads(f));

		forge_reply(f, &self->n);
		nest = forge_nest(f, IPSECSTAT_A_STATS_IN);
		forge_put(f, IPSECSTAT_A_TRANSFORM_PROTO, zero, len);
		forge_put(f, IPSECSTAT_A_TRANSFORM_FLAGS, zero, 4);
		forge_uint(f, IPSECSTAT_A_TRANSFORM_BYTES, 1);
		forge_uint(f, IPSECSTAT_A_TRANSFORM_PACKETS, 1);
		forge_end(f, nest);
		EXPECT_EQ(len == 1, reads(f));

		forge_reply(f, &self->n);
		nest = forge_nest(f, IPSECSTAT_A_STATS_OUT);
		forge_put(f, IPSECSTAT_A_TRANSFORM_PROTO, "\x32", 1);
		forge_put(f, IPSECSTAT_A_TRANSFORM_FLAGS, zero, len);
		forge_uint(f, IPSECSTAT_A_TRANSFORM_BYTES, 1);
		forge_uint(f, IPSECSTAT_A_TRANSFORM_PACKETS, 1);
		forge_end(f, nest);
		EXPECT_EQ(len == 4, reads(f));
	}
}

TEST_F(reply, wrong_lengths_are_refused)
{
	struct forge *f = &self->f;
	unsigned int i;
	uint16_t len, lie;

	/* Each length field in turn, too short and too long. */
	for (i = 0; ; i++) {
		static const int wrong[] = { -4, -1, 1, 4, 400, 30000 };
		unsigned int k, at = 0, n;

		forge_reply(f, &self->n);
		for (n = 0; n < i && at < f->len; n++) {
			memcpy(&len, f->bytes + at, sizeof(len));
			at += NLA_ALIGN(len);
		}
		if (at >= f->len)
			break;
		memcpy(&len, f->bytes + at, sizeof(len));
		for (k = 0; k < ARRAY_SIZE(wrong); k++) {
			lie = len + wrong[k];
			memcpy(f->bytes + at, &lie, sizeof(lie));
			EXPECT_FALSE(reads(f)) {
				TH_LOG("attribute %u, %u for %u", i, lie, len);
			}
		}
		for (lie = 0; lie < NLA_HDRLEN; lie++) {
			memcpy(f->bytes + at, &lie, sizeof(lie));
			EXPECT_FALSE(reads(f));
		}
	}
	EXPECT_EQ(i, 5 + 5 + 4);
}

/* All required attributes, and then an incomplete one. */
TEST_F(reply, trailing_bytes_are_refused)
{
	static const int nests[] = {
		IPSECSTAT_A_STATS_SA, IPSECSTAT_A_STATS_DROP_ESP,
		IPSECSTAT_A_STATS_DROP_AH, IPSECSTAT_A_STATS_DROP,
		IPSECSTAT_A_STATS_IN,
	};
	static const uint32_t leftovers[] = {
		0,			/* nla_len 0 */
		200 | 100 << 16,	/* unknown, and longer than the nest */
	};
	struct forge *f = &self->f;
	unsigned int i, k;
	uint16_t len;
	size_t at;

	for (i = 0; i < ARRAY_SIZE(nests); i++) {
		for (k = 0; k < ARRAY_SIZE(leftovers); k++) {
			/* The last one of the reply, which can grow. */
			forge_reply_without(f, &self->n, nests[i], 0);
			at = f->len;
			if (nests[i] == IPSECSTAT_A_STATS_IN) {
				forge_kind(f, nests[i], &self->n.in[0]);
			} else {
				struct forge whole = { 0 };
				size_t from = 0;

				forge_reply(&whole, &self->n);
				while (memcpy(&len, whole.bytes + from, 2),
				       (whole.bytes[from + 2] != nests[i]))
					from += NLA_ALIGN(len);
				memcpy(f->bytes + at, whole.bytes + from, len);
				f->len += len;
			}
			ASSERT_TRUE(reads(f));
			memcpy(f->bytes + f->len, &leftovers[k], 4);
			f->len += 4;
			forge_end(f, at);
			EXPECT_FALSE(reads(f)) {
				TH_LOG("nest %d, leftover %u", nests[i], k);
			}
		}
	}
}

/* Not for the result, but for the sanitizers and valgrind. */
TEST_F(reply, random_damage)
{
	struct forge whole = { 0 };
	unsigned int round, k, seed = 20240501;

	forge_reply(&whole, &self->n);
	for (round = 0; round < 20000; round++) {
		self->f.len = whole.len;
		memcpy(self->f.bytes, whole.bytes, whole.len);
		for (k = 0; k < 1 + round % 4; k++)
			self->f.bytes[rand_r(&seed) % whole.len] =
				rand_r(&seed);
		read_exactly(self->f.bytes, rand_r(&seed) % (whole.len + 1),
			     &self->reply);
		reads(&self->f);
	}
}

TEST_HARNESS_MAIN
