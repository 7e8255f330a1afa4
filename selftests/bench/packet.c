// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cost of one packet, out and in.
 *
 *	packet OUT-NETNS IN-NETNS TUN SOURCE TARGET SIZE PACKETS ROUNDS
 *
 * Both namespaces have a tun device of that name. In each round, datagrams of
 * SIZE bytes are sent into one of them, taken from its queue while the clock is not
 * read, and written into the other:
 *
 *	send() > UDP > policy, SA, ESP > tun	this is out
 *	tun > ESP, SA, policy > UDP socket	this is in
 *
 * The packets are written again with a wrong length, so that they are dropped before
 * IPsec.
 *
 * So both ends are measured separately, with packets of the kernel and sequence numbers
 * in order. Output: a line per round, nanoseconds per packet out, in and dropped, which
 * are instructions if the clock counts these. A lost packet is an error.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "netns.h"

#define PORT		9
#define MAX_SIZE	2000
#define MAX_PACKETS	200	/* with those kept, less than the queue of a tun device */
#define MAX_ROUNDS	1000
#define ROUNDS_ALIKE	4

struct frame {
	int len;
	char data[MAX_SIZE];
};

static struct frame frames[MAX_PACKETS];
static char payload[MAX_SIZE];

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t parse(const char *text, union address *to)
{
	memset(to, 0, sizeof(*to));
	if (inet_pton(AF_INET, text, &to->v4.sin_addr) == 1) {
		to->v4.sin_family = AF_INET;
		to->v4.sin_port = htons(PORT);
		return sizeof(to->v4);
	}
	if (inet_pton(AF_INET6, text, &to->v6.sin6_addr) != 1)
		errx(2, "%s is no address", text);
	to->v6.sin6_family = AF_INET6;
	to->v6.sin6_port = htons(PORT);
	return sizeof(to->v6);
}

static int open_tun(const char *name)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);

	strncpy(ifr.ifr_name, name, sizeof(ifr.ifr_name) - 1);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr))
		err(1, "%s", name);
	return fd;
}

static int open_socket(const char *local, const char *peer)
{
	int room = MAX_PACKETS * 4 * MAX_SIZE;
	struct timeval patience = { .tv_sec = 5 };
	union address address;
	socklen_t len = parse(local, &address);
	int fd = socket(address.any.sa_family, SOCK_DGRAM, 0);

	if (fd < 0 || bind(fd, &address.any, len) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)))
		err(1, "%s", local);
	len = parse(peer, &address);
	if (connect(fd, &address.any, len))
		err(1, "%s", peer);
	return fd;
}

/*
 * A tun device without a reader has no carrier. With a reader, a worker of the kernel
 * sets the carrier; until then, packets are lost.
 */
static void wait_until_up(int fd, int tun)
{
	struct pollfd ready = { .fd = tun, .events = POLLIN };
	char data[MAX_SIZE];
	int i;

	for (i = 0; i < 1000; i++) {
		if (send(fd, payload, 1, 0) != 1)
			err(1, "send");
		if (poll(&ready, 1, 10) == 1)
			break;
	}
	while (read(tun, data, sizeof(data)) > 0)
		;
}

/* The cost of reading the clock. */
static double clock_cost(void)
{
	double least = 1e9, start, passed;
	int i;

	for (i = 0; i < 10; i++) {
		start = now();
		passed = now() - start;
		if (passed < least)
			least = passed;
	}
	return least;
}

static double send_all(int fd, int size, int count, double clock)
{
	double start = now();
	int i;

	for (i = 0; i < count; i++)
		if (send(fd, payload, size, 0) != size)
			err(1, "send");
	return (now() - start - clock) / count;
}

/*
 * Skip packets of the kernel itself, such as multicast reports, which are shorter. The
 * socket at the end counts the packets.
 */
static void take_all(int tun, int size, int count)
{
	int i = 0, len;

	while (i < count) {
		len = read(tun, frames[i].data, MAX_SIZE);
		if (len < 0)
			errx(1, "%d of %d packets came out: %s", i, count,
			     strerror(errno));
		if (len < size + 8)
			continue;
		frames[i++].len = len;
	}
}

static double write_all(int tun, int count, double clock)
{
	double start = now();
	int i;

	for (i = 0; i < count; i++)
		if (write(tun, frames[i].data, frames[i].len) != frames[i].len)
			err(1, "write to tun");
	return (now() - start - clock) / count;
}

/* The length is in the second word of IPv4, after the first one of IPv6. */
static void spoil_all(int count)
{
	int i;

	for (i = 0; i < count; i++)
		frames[i].data[(frames[i].data[0] >> 4) == 4 ? 2 : 4] ^= 0x40;
}

/* In transport mode a worker of the kernel delivers them, soon. */
static void receive_all(int fd, int size, int count)
{
	char data[MAX_SIZE];
	int i;

	for (i = 0; i < count; i++)
		if (recv(fd, data, sizeof(data), 0) != size)
			errx(1, "%d of %d packets came in", i, count);
}

/*
 * Keep one more packet in the queue of the tun device and one in that of the socket. The
 * cost of a buffer depends on its address: whether the allocator frees it to the slab
 * from which it takes the next one, and whether it is in the first page of its slab.
 * With these shifts, each way gets the cheapest address in some round.
 */
static void keep_one_more(int out, int tun_out, int tun_in, int size)
{
	send_all(out, size, 2, 0);
	take_all(tun_out, size, 1);
	write_all(tun_in, 1, 0);
}

int main(int argc, char **argv)
{
	int tun_out, tun_in, out, in, size, count, rounds, i;
	double clock, sent, taken;

	if (argc != 9)
		errx(2, "usage: packet OUT-NETNS IN-NETNS TUN SOURCE TARGET SIZE PACKETS ROUNDS");
	size = atoi(argv[6]);
	count = atoi(argv[7]);
	rounds = atoi(argv[8]);
	if (size < 1 || size > 1400 || count < 1 || count > MAX_PACKETS ||
	    rounds < 1 || rounds > MAX_ROUNDS)
		errx(2, "1 to 1400 bytes, 1 to %d packets, 1 to %d rounds",
		     MAX_PACKETS, MAX_ROUNDS);

	enter(argv[1]);
	tun_out = open_tun(argv[3]);
	out = open_socket(argv[4], argv[5]);
	enter(argv[2]);
	tun_in = open_tun(argv[3]);
	in = open_socket(argv[5], argv[4]);

	wait_until_up(out, tun_out);
	clock = clock_cost();
	for (i = 0; i < rounds; i++) {
		if (i % ROUNDS_ALIKE == 0)
			keep_one_more(out, tun_out, tun_in, size);
		sent = send_all(out, size, count, clock);
		take_all(tun_out, size, count);
		taken = write_all(tun_in, count, clock);
		receive_all(in, size, count);
		spoil_all(count);
		printf("%.1f %.1f %.1f\n", sent, taken, write_all(tun_in, count, clock));
	}
	return 0;
}
