// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replaces tools/family.c, to test the commands that use the kernel's family without
 * module and rights:
 *
 *	FAKE_FAMILY=N	all requests fail with errno N
 *	FAKE_FLOOD=N	N more lines, of one sender, with SPIs from 1 on
 *
 * The recent drops are: a line of ESP, of AH over IPv6, of clear text, of outbound ESP and
 * of an unknown reason, each with its number and ages in hours. There is one event, the
 * first of these lines, after which the program gets SIGINT.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>

#include "command.h"
#include "family.h"

#define HOUR 3600000000000ULL

struct family {
	int events;
	bool dump;
	int err;
};

static const struct fake_line {
	uint32_t reason;
	uint8_t proto;
	const char *src, *dst;
	uint32_t spi;
	uint64_t count;
	uint64_t first, last;	/* hours ago */
	bool outbound;
} lines[] = {
	{ IPSECSTAT_DROP_REASON_NO_STATE, 50, "192.0.2.1", "198.51.100.2",
	  0xc0ffee11, 18400000000000000000ULL, 30, 1, false },
	{ IPSECSTAT_DROP_REASON_AUTH, 51, "2001:db8::1", "2001:db8:ffff::2",
	  0x1001, 2, 2, 2, false },
	{ IPSECSTAT_DROP_REASON_CLEAR_TEXT, 17, "0.0.0.0", "255.255.255.255",
	  0, 3, 4, 3, false },
	{ IPSECSTAT_DROP_REASON_EXPIRED, 50, "198.51.100.2", "192.0.2.1",
	  0xc0ffee12, 5, 6, 5, true },
	{ 77, 253, "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	  0xffffffff, 4, 49, 48, false },
};

static int failure(struct family *family)
{
	const char *text = getenv("FAKE_FAMILY");

	family->err = text ? atoi(text) : 0;
	return -family->err;
}

struct family *family_open(void)
{
	struct family *family = calloc(1, sizeof(*family));

	if (!family)
		abort();
	family->events = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
	return family;
}

void family_close(struct family *family)
{
	close(family->events);
	free(family);
}

struct nl_msg *family_request(struct family *family, int command, int flags)
{
	if (command != IPSECSTAT_CMD_DROP_GET)
		abort();
	family->dump = flags & NLM_F_DUMP;
	return nlmsg_alloc();
}

static void put_address(struct nl_msg *msg, int attr, const char *text)
{
	uint8_t address[16];
	bool ipv4 = inet_pton(AF_INET, text, address) == 1;

	if (!ipv4 && inet_pton(AF_INET6, text, address) != 1)
		abort();
	nla_put(msg, attr, ipv4 ? 4 : 16, address);
}

/* As the kernel does: 4 bytes if they suffice. */
static void put_uint(struct nl_msg *msg, int attr, uint64_t value)
{
	if (value <= UINT32_MAX)
		nla_put_u32(msg, attr, (uint32_t)value);
	else
		nla_put_u64(msg, attr, value);
}

static uint64_t hours_ago(uint64_t hours)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec -
	       hours * HOUR;
}

static void put_line(struct nl_msg *msg, const struct fake_line *line)
{
	nla_put_u32(msg, IPSECSTAT_A_RECENT_REASON, line->reason);
	nla_put_u8(msg, IPSECSTAT_A_RECENT_PROTO, line->proto);
	put_address(msg, IPSECSTAT_A_RECENT_SRC, line->src);
	put_address(msg, IPSECSTAT_A_RECENT_DST, line->dst);
	nla_put_u32(msg, IPSECSTAT_A_RECENT_SPI, htonl(line->spi));
	put_uint(msg, IPSECSTAT_A_RECENT_COUNT, line->count);
	if (line->outbound)
		nla_put_flag(msg, IPSECSTAT_A_RECENT_OUTBOUND);
	put_uint(msg, IPSECSTAT_A_RECENT_FIRST, hours_ago(line->first));
	put_uint(msg, IPSECSTAT_A_RECENT_LAST, hours_ago(line->last));
}

static void put_whole(struct nl_msg *msg)
{
	nla_put_u32(msg, IPSECSTAT_A_RECENT_LIMIT, 256);
	nla_put_u32(msg, IPSECSTAT_A_RECENT_LINES, ARRAY_SIZE(lines));
	put_uint(msg, IPSECSTAT_A_RECENT_EVICTED, 5);
	put_uint(msg, IPSECSTAT_A_RECENT_MISSED, 6);
	put_uint(msg, IPSECSTAT_A_RECENT_UNSEEN, 7);
}

/* Pass on the message, which has only attributes, and free it. */
static int deliver(struct nl_msg *msg, int command,
		   const struct family_reader *reader)
{
	struct nlattr *attrs[IPSECSTAT_A_PEER_MAX + 1];
	int err;

	if (reader->max > IPSECSTAT_A_PEER_MAX ||
	    nlmsg_parse(nlmsg_hdr(msg), 0, attrs, reader->max, NULL))
		abort();
	err = reader->fn(reader->context, command, attrs);
	nlmsg_free(msg);
	return err;
}

static int deliver_line(const struct fake_line *line, int command,
			const struct family_reader *reader)
{
	struct nl_msg *msg = nlmsg_alloc_simple(0, 0);

	put_line(msg, line);
	return deliver(msg, command, reader);
}

static int deliver_flood(const struct family_reader *reader)
{
	const char *text = getenv("FAKE_FLOOD");
	struct fake_line line = {
		IPSECSTAT_DROP_REASON_NO_STATE, 50, "203.0.113.9",
		"198.51.100.2", 0, 2, 6, 5, false,
	};
	int err = 0;

	for (int left = text ? atoi(text) : 0; !err && left; left--) {
		line.spi++;
		err = deliver_line(&line, IPSECSTAT_CMD_DROP_GET, reader);
	}
	return err;
}

int family_ask(struct family *family, struct nl_msg *request,
	       const struct family_reader *reader)
{
	struct nl_msg *msg;
	int err = failure(family);

	nlmsg_free(request);
	if (err)
		return err;
	if (!family->dump) {
		msg = nlmsg_alloc_simple(0, 0);
		put_whole(msg);
		return deliver(msg, IPSECSTAT_CMD_DROP_GET, reader);
	}
	for (size_t i = 0; !err && i < ARRAY_SIZE(lines); i++)
		err = deliver_line(&lines[i], IPSECSTAT_CMD_DROP_GET, reader);
	return err ? err : deliver_flood(reader);
}

int family_join(struct family *family, const char *const *groups)
{
	if (strcmp(groups[0], IPSECSTAT_MCGRP_DROPS) ||
	    strcmp(groups[1], IPSECSTAT_MCGRP_PEERS) || groups[2])
		abort();
	return failure(family);
}

int family_fd(const struct family *family)
{
	return family->events;
}

int family_receive(struct family *family, const struct family_reader *reader)
{
	eventfd_t value;

	if (eventfd_read(family->events, &value))
		abort();
	raise(SIGINT);
	return deliver_line(&lines[0], IPSECSTAT_CMD_DROP_NTF, reader);
}

void family_complain(const struct family *family, const char *what)
{
	say("%s: %s", what, strerror(family->err));
}
