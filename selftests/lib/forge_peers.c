// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include <sys/socket.h>

#include "forge_peers.h"

/* The attribute, or the flawed one. */
static void put(struct forge *f, struct flaw flaw, int type, const void *data,
		size_t len)
{
	static const unsigned char zeros[17];

	if (flaw.type != type) {
		forge_put(f, type, data, len);
		return;
	}
	switch (flaw.how) {
	case FLAW_ABSENT:
		break;
	case FLAW_TWICE:
		forge_put(f, type, data, len);
		forge_put(f, type, data, len);
		break;
	case FLAW_EMPTY:
		forge_put(f, type, "", 0);
		break;
	case FLAW_SHORT:
		forge_put(f, type, zeros, 3);
		break;
	case FLAW_LONG:
		forge_put(f, type, zeros, sizeof(zeros));
		break;
	}
}

static void put32(struct forge *f, struct flaw flaw, int type, uint32_t value)
{
	put(f, flaw, type, &value, sizeof(value));
}

static void put64(struct forge *f, struct flaw flaw, int type, uint64_t value)
{
	put(f, flaw, type, &value, sizeof(value));
}

static void put_nest(struct forge *f, struct flaw flaw, int type,
		     const struct forge *inner)
{
	put(f, flaw, type, inner->bytes, inner->len);
}

static void put_ended(struct forge *f, struct flaw outer, struct flaw flaw)
{
	struct forge inner = { .len = 0 };

	put64(&inner, flaw, IPSECSTAT_A_ENDED_AT, 5000000001);
	put32(&inner, flaw, IPSECSTAT_A_ENDED_REASON,
	      IPSECSTAT_END_REASON_DELETED);
	put(&inner, flaw, IPSECSTAT_A_ENDED_SPI, "\xc0\xff\xee\x11", 4);
	put(&inner, flaw, IPSECSTAT_A_ENDED_OUTBOUND, "", 0);
	put32(&inner, flaw, IPSECSTAT_A_ENDED_PID, 4711);
	put(&inner, flaw, IPSECSTAT_A_ENDED_COMM, "charon", sizeof("charon"));
	put_nest(f, outer, IPSECSTAT_A_PEER_ENDED, &inner);
}

static void put_dropped(struct forge *f, int type, uint32_t reason,
			uint64_t packets, struct flaw flaw)
{
	static const struct flaw none;
	struct forge inner = { .len = 0 };

	put32(&inner, flaw, IPSECSTAT_A_DROPPED_REASON, reason);
	put64(&inner, flaw, IPSECSTAT_A_DROPPED_PACKETS, packets);
	put_nest(f, none, type, &inner);
}

/* 101 bytes in, 102 packets in and so on. */
static void put_sums(struct forge *f, struct flaw flaw, struct flaw in_dropped)
{
	int type;

	for (type = IPSECSTAT_A_PEER_BYTES_IN; type <= IPSECSTAT_A_PEER_REKEYED;
	     type++)
		put64(f, flaw, type, 101 + type - IPSECSTAT_A_PEER_BYTES_IN);
	put64(f, flaw, IPSECSTAT_A_PEER_MAPPED, 108);
	put_dropped(f, IPSECSTAT_A_PEER_DROPPED_IN, IPSECSTAT_DROP_REASON_AUTH,
		    10, in_dropped);
	put_dropped(f, IPSECSTAT_A_PEER_DROPPED_IN, IPSECSTAT_DROP_REASON_LATE,
		    1ULL << 40, in_dropped);
	put_dropped(f, IPSECSTAT_A_PEER_DROPPED_IN, 0x10000, 3, in_dropped);
}

static void put_peer(struct forge *f, int family, struct flaw flaw,
		     struct flaw in_ended, struct flaw in_dropped)
{
	static const unsigned char local[16] = { 10, 0, 0, 1, 4, 5, 6, 7, 8 };
	static const unsigned char remote[16] = { 10, 0, 0, 2, 5, 6, 7, 8, 9 };
	size_t len = family == AF_INET ? 4 : 16;

	put(f, flaw, IPSECSTAT_A_PEER_LOCAL, local, len);
	put(f, flaw, IPSECSTAT_A_PEER_REMOTE, remote, len);
	put32(f, flaw, IPSECSTAT_A_PEER_IF_ID, 7);
	put32(f, flaw, IPSECSTAT_A_PEER_STATE, IPSECSTAT_PEER_STATE_UP);
	put32(f, flaw, IPSECSTAT_A_PEER_SAS_IN, 1);
	put32(f, flaw, IPSECSTAT_A_PEER_SAS_OUT, 2);
	put64(f, flaw, IPSECSTAT_A_PEER_LARVAL, 1ULL << 33);
	put_sums(f, flaw, in_dropped);
	put64(f, flaw, IPSECSTAT_A_PEER_FIRST, 5000000002);
	put64(f, flaw, IPSECSTAT_A_PEER_CHANGED, 5000000003);
	put64(f, flaw, IPSECSTAT_A_PEER_UP_SINCE, 5000000004);
	put64(f, flaw, IPSECSTAT_A_PEER_LARVAL_SINCE, 5000000005);
	put32(f, flaw, IPSECSTAT_A_PEER_SEQUENCE_USED, 80);
	put32(f, flaw, IPSECSTAT_A_PEER_LIMIT_USED, 90);
	put32(f, flaw, IPSECSTAT_A_PEER_NEAR_END, 3);
	put_ended(f, flaw, in_ended);
	/* Of a later module. */
	put32(f, flaw, IPSECSTAT_A_PEER_MAX + 1, 1);
}

void forge_peer(struct forge *f, int family, struct flaw flaw)
{
	static const struct flaw none;

	put_peer(f, family, flaw, none, none);
}

void forge_peer_ended(struct forge *f, struct flaw flaw)
{
	static const struct flaw none;

	put_peer(f, AF_INET, none, flaw, none);
}

void forge_peer_dropped(struct forge *f, struct flaw flaw)
{
	static const struct flaw none;

	put_peer(f, AF_INET, none, none, flaw);
}

void forge_others(struct forge *f, struct flaw flaw)
{
	static const struct flaw none;

	put_sums(f, flaw, none);
	put64(f, flaw, IPSECSTAT_A_PEER_OTHERS, 1ULL << 34);
	put_dropped(f, IPSECSTAT_A_PEER_UNATTRIBUTED,
		    IPSECSTAT_DROP_REASON_NO_STATE, 4, none);
}

void forge_peer_message(struct forge *f, int type, const struct forge *attrs)
{
	forge_message(f, (struct nlmsghdr) {
		.nlmsg_type = type, .nlmsg_flags = NLM_F_MULTI
	}, IPSECSTAT_CMD_PEER_GET, attrs);
}

void forge_dump_end(struct forge *f, int error)
{
	const int payload = -error;
	const struct nlmsghdr nlh = {
		.nlmsg_len = NLMSG_HDRLEN + sizeof(payload),
		.nlmsg_type = NLMSG_DONE,
		.nlmsg_flags = NLM_F_MULTI,
	};

	if (nlh.nlmsg_len > sizeof(f->bytes) - f->len)
		abort();
	memcpy(f->bytes + f->len, &nlh, sizeof(nlh));
	memcpy(f->bytes + f->len + NLMSG_HDRLEN, &payload, sizeof(payload));
	f->len += nlh.nlmsg_len;
}
