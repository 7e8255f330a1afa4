/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A line of the kernel's table of recent drops: whose packets were dropped, why,
 * how many and when.
 */
#ifndef LINE_H
#define LINE_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include <json-c/json.h>
#include <netlink/attr.h>

#define ADDRESS_SIZE 46		/* the longest IPv6 address */

struct line {
	const char *reason;	/* a word of kmod/ipsecstat.yaml */
	unsigned int protocol;
	char source[ADDRESS_SIZE];
	char destination[ADDRESS_SIZE];
	uint32_t spi;
	bool outbound;		/* outbound or forwarded */
	uint64_t packets;
	uint64_t first;		/* ns since 1970 */
	uint64_t last;
	uint64_t sa_until;	/* the SA with this SPI ended; 0 if not known */
	uint32_t replay_window;	/* of its SA, if it was looked up; else 0 */
	bool has_sequence;
	uint32_t sequence_first;
	uint32_t sequence_last;
	/* Of the last packet; NULL or empty if not known. */
	const char *policy;
	char device[IF_NAMESIZE];
	char inner_source[ADDRESS_SIZE];
	char inner_destination[ADDRESS_SIZE];
};

/* An integer of 4 or 8 bytes. 0, or -EPROTO if it is missing or neither. */
int read_uint(const struct nlattr *attr, uint64_t *value);

/* The text of an address of 4 or 16 bytes. 0 or -EPROTO. */
int read_address(const struct nlattr *attr, char *text, socklen_t size);

/*
 * Read the attributes of a line. Device names are those of the network
 * namespace of the socket. 0 or -EPROTO.
 */
int read_line(int socket, struct nlattr **attrs, struct line *line);

/*
 * Whether both lines have the same sender, direction and reason; the SPI may
 * differ.
 */
bool lines_alike(const struct line *one, const struct line *other);

/* The name of a reason, "unknown" for one of a later module. */
const char *reason_name(uint64_t reason);

/* The reason of a line, after "out" if the line is outbound. */
#define CAUSE_SIZE 32
const char *cause_text(const struct line *line, char text[CAUSE_SIZE]);

/* The name of an IP protocol, or its number. */
const char *protocol_name(unsigned int protocol);

/* NULL if out of memory. */
struct json_object *line_object(const struct line *line);

#endif
