// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cost of adding and deleting SAs by netlink:
 *
 *	sa NETNS FIRST COUNT		adds COUNT SAs, from number FIRST on
 *	sa NETNS FIRST COUNT ROUNDS	adds and deletes them, ROUNDS times
 *
 * Output: a line per round, nanoseconds per SA added and deleted. The deferred work of
 * the kernel is not included: the program keeps the CPU until it has read the clock.
 *
 * The SAs are those of a gateway, 10.0.0.1: two per peer, one for each direction, in
 * tunnel mode, with a reqid per peer.
 *
 * SPIs and peers are spread like those of an IKE daemon. With consecutive ones the
 * kernel's hash has long chains, and an SA beside 10,000 others would cost five times as
 * much.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "netns.h"

#define GATEWAY		0x0a000001
#define FIRST_PEER	0x0b000000
#define PEERS		(1u << 24)
#define FIRST_SPI	0x10000
#define SPREAD		0x9e3779b1u	/* odd, so that all are different */
#define KEY_BYTES	20	/* AES-128 and the salt */
#define ICV_BITS	128

struct add {
	struct nlmsghdr head;
	struct xfrm_usersa_info sa;
	struct nlattr attr;
	struct xfrm_algo_aead aead;
	char key[KEY_BYTES];
};

struct del {
	struct nlmsghdr head;
	struct xfrm_usersa_id id;
};

static int netlink;

static void be_sole_user_of_cpu(int yes)
{
	struct sched_param param = { .sched_priority = yes };

	if (sched_setscheduler(0, yes ? SCHED_FIFO : SCHED_OTHER, &param))
		err(1, "sched_setscheduler");
}

/* The kernel acts before send() returns, and replies only to errors. */
static void tell(const void *message, size_t len)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
		char rest[256];
	} answer;

	if (send(netlink, message, len, 0) != (ssize_t)len)
		err(1, "send");
	if (recv(netlink, &answer, sizeof(answer), MSG_DONTWAIT) > 0)
		errx(1, "netlink error %d", answer.error.error);
}

static void end_points(unsigned int number, xfrm_address_t *from,
		       xfrm_address_t *to)
{
	xfrm_address_t gateway = { .a4 = htonl(GATEWAY) };
	xfrm_address_t peer = { .a4 = htonl(FIRST_PEER + number / 2 * SPREAD % PEERS) };

	*from = number % 2 ? peer : gateway;
	*to = number % 2 ? gateway : peer;
}

static __be32 spi_of(unsigned int number)
{
	return htonl((FIRST_SPI + number) * SPREAD);
}

static void add(unsigned int number)
{
	static struct add m = {
		.head.nlmsg_len = sizeof(m),
		.head.nlmsg_type = XFRM_MSG_NEWSA,
		.head.nlmsg_flags = NLM_F_REQUEST,
		.sa.family = AF_INET,
		.sa.id.proto = IPPROTO_ESP,
		.sa.mode = XFRM_MODE_TUNNEL,
		.sa.replay_window = 32,
		.sa.lft = { XFRM_INF, XFRM_INF, XFRM_INF, XFRM_INF },
		.attr.nla_len = sizeof(m) - offsetof(struct add, attr),
		.attr.nla_type = XFRMA_ALG_AEAD,
		.aead.alg_name = "rfc4106(gcm(aes))",
		.aead.alg_key_len = 8 * KEY_BYTES,
		.aead.alg_icv_len = ICV_BITS,
	};

	end_points(number, &m.sa.saddr, &m.sa.id.daddr);
	m.sa.id.spi = spi_of(number);
	m.sa.reqid = 1 + number / 2;
	tell(&m, sizeof(m));
}

static void delete(unsigned int number)
{
	static struct del m = {
		.head.nlmsg_len = sizeof(m),
		.head.nlmsg_type = XFRM_MSG_DELSA,
		.head.nlmsg_flags = NLM_F_REQUEST,
		.id.family = AF_INET,
		.id.proto = IPPROTO_ESP,
	};
	xfrm_address_t from;

	end_points(number, &from, &m.id.daddr);
	m.id.spi = spi_of(number);
	tell(&m, sizeof(m));
}

static double each(void (*act)(unsigned int), unsigned int first,
		   unsigned int count)
{
	double start = now();
	unsigned int i;

	for (i = first; i < first + count; i++)
		act(i);
	return (now() - start) / count;
}

static void cycle(unsigned int first, unsigned int count)
{
	double added, deleted;

	be_sole_user_of_cpu(1);
	added = each(add, first, count);
	deleted = each(delete, first, count);
	be_sole_user_of_cpu(0);
	printf("%.1f %.1f\n", added, deleted);
	/* Let the workers run, so that all rounds start in the same state. */
	usleep(100000);
}

int main(int argc, char **argv)
{
	int first, count, rounds;

	if (argc < 4)
		errx(2, "usage: sa NETNS FIRST COUNT [ROUNDS]");
	first = atoi(argv[2]);
	count = atoi(argv[3]);
	enter(argv[1]);
	netlink = socket(AF_NETLINK, SOCK_RAW, NETLINK_XFRM);
	if (netlink < 0)
		err(1, "netlink");

	if (argc == 4)
		printf("%.1f\n", each(add, first, count));
	else
		for (rounds = atoi(argv[4]); rounds; rounds--)
			cycle(first, count);
	return 0;
}
