// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzes how the library parses replies of the kernel, from the datagram to WFP's
 * structures. The first byte of an input selects the request: 0 for the statistics, 1 for
 * the number of the family, 2 for the peers; the rest is the datagram. A sequence number
 * of 0 is replaced by that of the request.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/genetlink.h>
#include <windows.h>
#include <fwpmu.h>
#include <fwpuclnt.h>

#include "../../lib/reply.h"
#include "fake_kernel.h"
#include "fuzz.h"

#define HEADERS	(NLMSG_HDRLEN + GENL_HDRLEN)

/* The results of a reply that the manual pages permit, with their counts. */
static const DWORD codes[] = {
	ERROR_SUCCESS, ERROR_ACCESS_DENIED, ERROR_NOT_ENOUGH_MEMORY,
	ERROR_NO_SYSTEM_RESOURCES, RPC_S_CALL_FAILED, RPC_S_PROTOCOL_ERROR,
	EPT_S_NOT_REGISTERED, (DWORD)FWP_E_SESSION_ABORTED,
};
static unsigned long times[ARRAYSIZE(codes)];

static void count(DWORD code)
{
	size_t i;

	for (i = 0; i < ARRAYSIZE(codes) && codes[i] != code; i++)
		;
	DEMAND(i < ARRAYSIZE(codes));
	times[i]++;
}

void fuzz_outcomes(FILE *out)
{
	size_t i;

	for (i = 0; i < ARRAYSIZE(codes); i++)
		fprintf(out, "outcome %s: %lu\n", FwpuclntErrorName(codes[i]),
			times[i]);
}

/* In memory of the exact size, unlike a receive buffer. */
static void read_alone(const unsigned char *datagram, size_t size)
{
	struct fwp_reply reply;
	unsigned char *copy;

	if (size < HEADERS)
		return;
	size -= HEADERS;
	copy = malloc(size ? size : 1);
	memcpy(copy, datagram + HEADERS, size);
	fwp_reply_read(copy, size, FWP_ALL_CPUS, &reply);
	fwp_reply_read(copy, size, 0, &reply);
	free(copy);
}

/* For all figures, some are sums of others. */
static void check_sums(const IPSEC_STATISTICS1 *s)
{
	const IPSEC_ESP_DROP_PACKET_STATISTICS0 *esp =
		&s->espDropPacketStatistics;
	const IPSEC_AH_DROP_PACKET_STATISTICS0 *ah = &s->ahDropPacketStatistics;
	const IPSEC_AGGREGATE_DROP_PACKET_STATISTICS1 *all =
		&s->aggregateDropPacketStatistics;

	DEMAND(all->invalidSpisOnInbound ==
	       esp->invalidSpisOnInbound + ah->invalidSpisOnInbound);
	DEMAND(all->authenticationFailuresOnInbound ==
	       esp->authenticationFailuresOnInbound +
	       ah->authenticationFailuresOnInbound);
	DEMAND(all->replayCheckFailuresOnInbound ==
	       esp->replayCheckFailuresOnInbound +
	       ah->replayCheckFailuresOnInbound);
	DEMAND(all->saNotInitializedOnInbound ==
	       esp->saNotInitializedOnInbound + ah->saNotInitializedOnInbound);
	DEMAND(all->decryptionFailuresOnInbound ==
	       esp->decryptionFailuresOnInbound);
}

/* A valid reply for all CPUs is invalid for one CPU. */
static void get_cpu(HANDLE engine, bool right_for_all)
{
	FWPUCLNT_STATISTICS s, untouched;
	DWORD code;

	memset(&untouched, 0x5a, sizeof(untouched));
	s = untouched;
	code = FwpuclntGetStatistics(engine, 0, &s);
	if (code != ERROR_INVALID_PARAMETER)
		count(code);
	if (code)
		DEMAND(!memcmp(&s, &untouched, sizeof(s)));
	else
		check_sums(&s.statistics);
	DEMAND(!right_for_all || code == RPC_S_PROTOCOL_ERROR);
}

/* The same reply twice has the same result twice, or the session is over. */
static void get_twice(HANDLE engine)
{
	IPSEC_STATISTICS1 s, untouched;
	IPSEC_STATISTICS0 s0;
	DWORD code;

	memset(&untouched, 0x5a, sizeof(untouched));
	s = untouched;
	code = IPsecGetStatistics1(engine, &s);
	count(code);
	if (code)
		DEMAND(!memcmp(&s, &untouched, sizeof(s)));
	else
		check_sums(&s);
	DEMAND(IPsecGetStatistics0(engine, &s0) == code);
	if (!code)
		DEMAND(!memcmp(&s0.inboundTrafficStatistics,
			       &s.inboundTrafficStatistics,
			       sizeof(s0.inboundTrafficStatistics)));
	get_cpu(engine, !code);
}

static void check_peer(const FWPUCLNT_PEER *peer)
{
	DEMAND(peer->ipVersion == 4 || peer->ipVersion == 6);
	DEMAND(memchr(peer->ended.command, 0, sizeof(peer->ended.command)));
}

/* A complete list, or nothing. */
static void get_peers(HANDLE engine)
{
	FWPUCLNT_PEERS *untouched = (FWPUCLNT_PEERS *)&times, *list = untouched;
	DWORD code = FwpuclntGetPeers(engine, &list);
	UINT32 i;

	count(code);
	if (code) {
		DEMAND(list == untouched);
		return;
	}
	for (i = 0; i < list->numPeers; i++)
		check_peer(&list->peers[i]);
	FwpmFreeMemory0((void **)&list);
	DEMAND(!list);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	HANDLE engine = NULL;
	DWORD code;

	if (!size || size - 1 > sizeof(((struct forge *)0)->bytes))
		return -1;
	read_alone(data + 1, size - 1);

	fake_reset();
	/* After an invalid reply the queue is empty: the library waits for no more. */
	fake.idle_error = ECONNRESET;
	fake.datagram = data + 1;
	fake.datagram_len = size - 1;
	fake.datagram_resolves = data[0] & 1;
	code = FwpmEngineOpen0(NULL, RPC_C_AUTHN_WINNT, NULL, NULL, &engine);
	if (fake.datagram_resolves)
		count(code);
	else
		DEMAND(!code);
	if (!code) {
		if (data[0] & 2)
			get_peers(engine);
		else if (!fake.datagram_resolves)
			get_twice(engine);
		DEMAND(!FwpmEngineClose0(engine));
	}
	DEMAND(!fake.sockets);
	return 0;
}

/*
 * The mutator. Random bytes rarely leave a valid attribute, so most mutations remove an
 * attribute, duplicate it, or change its value, and adapt the lengths around it.
 */
struct spot {
	size_t at;		/* where the attribute begins */
	size_t len;		/* with its padding */
	size_t nest;		/* where the one around it begins, or 0 */
};

static uint16_t get16(const unsigned char *p)
{
	uint16_t value;

	memcpy(&value, p, sizeof(value));
	return value;
}

static void put16(unsigned char *p, uint16_t value)
{
	memcpy(p, &value, sizeof(value));
}

/* Choose an attribute from @from to @to; false if there is none. */
static bool choose(const unsigned char *data, size_t from, size_t to,
		   unsigned int seed, struct spot *spot)
{
	size_t at, len;
	unsigned int n;

	for (n = 0, at = from; at + NLA_HDRLEN <= to; at += len, n++) {
		len = NLA_ALIGN(get16(data + at));
		if (len < NLA_HDRLEN || len > to - at)
			break;
		/* Each is as likely as the others. */
		if (!n || (seed * 2654435761u >> 16) % (n + 1) == 0) {
			spot->at = at;
			spot->len = len;
		}
		seed = seed * 1103515245u + 12345;
	}
	return n;
}

static bool choose_anywhere(const unsigned char *data, size_t size,
			    unsigned int seed, struct spot *spot)
{
	struct spot inner;

	spot->nest = 0;
	if (!choose(data, 1 + HEADERS, size, seed, spot))
		return false;
	if (seed & 0x10000 && get16(data + spot->at + 2) & NLA_F_NESTED &&
	    choose(data, spot->at + NLA_HDRLEN, spot->at + spot->len, ~seed,
		   &inner)) {
		inner.nest = spot->at;
		*spot = inner;
	}
	return true;
}

/* The message and the nest are @by longer, as the attribute in them is. */
static void grow(unsigned char *data, const struct spot *spot, int by)
{
	uint32_t len;

	memcpy(&len, data + 1, sizeof(len));
	len += by;
	memcpy(data + 1, &len, sizeof(len));
	if (spot->nest)
		put16(data + spot->nest, get16(data + spot->nest) + by);
}

static size_t take_out(unsigned char *data, size_t size,
		       const struct spot *spot)
{
	size_t end = spot->at + spot->len;

	grow(data, spot, -(int)spot->len);
	memmove(data + spot->at, data + end, size - end);
	return size - spot->len;
}

static size_t put_in_again(unsigned char *data, size_t size, size_t max_size,
			   const struct spot *spot)
{
	size_t end = spot->at + spot->len;

	if (size + spot->len > max_size)
		return size;
	memmove(data + end + spot->len, data + end, size - end);
	memcpy(data + end, data + spot->at, spot->len);
	grow(data, spot, spot->len);
	return size + spot->len;
}

/* From 4 to 8 bytes, or from 8 to 4, or otherwise by 4 more or less. */
static size_t change_width(unsigned char *data, size_t size, size_t max_size,
			   const struct spot *spot)
{
	size_t end = spot->at + spot->len;
	int by = spot->len > 8 ? -4 : 4;

	if (size + by > max_size)
		return size;
	memmove(data + end + by, data + end, size - end);
	if (by > 0)
		memset(data + end, 0, by);
	put16(data + spot->at, get16(data + spot->at) + by);
	grow(data, spot, by);
	return size + by;
}

size_t LLVMFuzzerMutate(unsigned char *data, size_t size, size_t max_size);

size_t LLVMFuzzerCustomMutator(unsigned char *data, size_t size,
			       size_t max_size, unsigned int seed)
{
	struct spot spot;

	if (size < 1 + HEADERS || seed % 8 < 2 ||
	    !choose_anywhere(data, size, seed, &spot))
		return LLVMFuzzerMutate(data, size, max_size);

	switch (seed % 8) {
	case 2:
		return take_out(data, size, &spot);
	case 3:
		return put_in_again(data, size, max_size, &spot);
	case 4:
		return change_width(data, size, max_size, &spot);
	case 5:
		data[spot.at + 2] = seed >> 8 & 0xf;	/* its type */
		return size;
	case 6:
		data[spot.at] += seed >> 8 & 0xff;	/* a lie */
		return size;
	default:
		LLVMFuzzerMutate(data + spot.at + NLA_HDRLEN,
				 spot.len - NLA_HDRLEN, spot.len - NLA_HDRLEN);
		return size;
	}
}
