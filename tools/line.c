// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include <fwpuclnt.h>
#include <linux/ipsecstat.h>
#include <linux/xfrm.h>

#include "clock.h"
#include "command.h"
#include "json.h"
#include "line.h"

const char *reason_name(uint64_t reason)
{
	return FwpuclntDropReasonName(reason > UINT32_MAX ? UINT32_MAX :
							    (UINT32)reason);
}

int read_uint(const struct nlattr *attr, uint64_t *value)
{
	if (attr && nla_len(attr) == sizeof(uint32_t))
		*value = nla_get_u32(attr);
	else if (attr && nla_len(attr) == sizeof(uint64_t))
		*value = nla_get_u64(attr);
	else
		return -EPROTO;
	return 0;
}

int read_address(const struct nlattr *attr, char *text, socklen_t size)
{
	int family;

	if (attr && nla_len(attr) == sizeof(struct in_addr))
		family = AF_INET;
	else if (attr && nla_len(attr) == sizeof(struct in6_addr))
		family = AF_INET6;
	else
		return -EPROTO;
	return inet_ntop(family, nla_data(attr), text, size) ? 0 : -EPROTO;
}

/* One that is gone has a number left. */
static void read_device(int socket, const struct nlattr *attr,
			char name[IF_NAMESIZE])
{
	struct ifreq request = { 0 };

	if (!attr || nla_len(attr) != sizeof(uint32_t))
		return;
	request.ifr_ifindex = (int)nla_get_u32(attr);
	if (ioctl(socket, SIOCGIFNAME, &request))
		snprintf(name, IF_NAMESIZE, "if%d", request.ifr_ifindex);
	else
		snprintf(name, IF_NAMESIZE, "%s", request.ifr_name);
}

static const char *policy_name(const struct nlattr *attr)
{
	if (!attr || nla_len(attr) != sizeof(uint8_t))
		return NULL;
	return nla_get_u8(attr) == XFRM_POLICY_FWD ? "fwd" : "in";
}

/* What is known only of some packets. */
static void read_more(int socket, struct nlattr **attrs, struct line *line)
{
	uint64_t first, last, until;

	if (!read_uint(attrs[IPSECSTAT_A_RECENT_SA_UNTIL], &until))
		line->sa_until = since_1970(until);
	line->has_sequence =
		!read_uint(attrs[IPSECSTAT_A_RECENT_SEQ_FIRST], &first) &&
		!read_uint(attrs[IPSECSTAT_A_RECENT_SEQ_LAST], &last);
	if (line->has_sequence) {
		line->sequence_first = (uint32_t)first;
		line->sequence_last = (uint32_t)last;
	}
	line->policy = policy_name(attrs[IPSECSTAT_A_RECENT_POLICY]);
	read_device(socket, attrs[IPSECSTAT_A_RECENT_IFINDEX], line->device);
	if (read_address(attrs[IPSECSTAT_A_RECENT_INNER_SRC],
			 line->inner_source, sizeof(line->inner_source)) ||
	    read_address(attrs[IPSECSTAT_A_RECENT_INNER_DST],
			 line->inner_destination,
			 sizeof(line->inner_destination)))
		line->inner_source[0] = '\0';
}

int read_line(int socket, struct nlattr **attrs, struct line *line)
{
	const struct nlattr *protocol = attrs[IPSECSTAT_A_RECENT_PROTO];
	const struct nlattr *spi = attrs[IPSECSTAT_A_RECENT_SPI];
	uint64_t reason, first, last;

	*line = (struct line){ 0 };
	if (read_uint(attrs[IPSECSTAT_A_RECENT_REASON], &reason) ||
	    read_uint(attrs[IPSECSTAT_A_RECENT_COUNT], &line->packets) ||
	    read_uint(attrs[IPSECSTAT_A_RECENT_FIRST], &first) ||
	    read_uint(attrs[IPSECSTAT_A_RECENT_LAST], &last) ||
	    read_address(attrs[IPSECSTAT_A_RECENT_SRC], line->source,
			 sizeof(line->source)) ||
	    read_address(attrs[IPSECSTAT_A_RECENT_DST], line->destination,
			 sizeof(line->destination)) ||
	    !protocol || nla_len(protocol) != sizeof(uint8_t) ||
	    !spi || nla_len(spi) != sizeof(uint32_t))
		return -EPROTO;
	line->reason = reason_name(reason);
	line->protocol = nla_get_u8(protocol);
	line->spi = ntohl(nla_get_u32(spi));
	line->outbound = attrs[IPSECSTAT_A_RECENT_OUTBOUND];
	line->first = since_1970(first);
	line->last = since_1970(last);
	read_more(socket, attrs, line);
	return 0;
}

bool lines_alike(const struct line *one, const struct line *other)
{
	return one->protocol == other->protocol &&
	       one->outbound == other->outbound &&
	       !strcmp(one->reason, other->reason) &&
	       !strcmp(one->source, other->source) &&
	       !strcmp(one->destination, other->destination);
}

const char *cause_text(const struct line *line, char text[CAUSE_SIZE])
{
	snprintf(text, CAUSE_SIZE, "%s%s", line->outbound ? "out " : "",
		 line->reason);
	return text;
}

const char *protocol_name(unsigned int protocol)
{
	const struct protoent *entry = getprotobynumber((int)protocol);
	static char number[4];

	if (entry)
		return entry->p_name;
	snprintf(number, sizeof(number), "%u", protocol & 0xff);
	return number;
}

/* As RFC 3339 has it, in UTC and to the millisecond. */
static struct json_object *time_object(uint64_t ns)
{
	time_t seconds = (time_t)(ns / NS_PER_S);
	char day[TIME_SIZE], text[64];
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) ||
	    !strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm))
		return NULL;
	snprintf(text, sizeof(text), "%s.%03uZ", day,
		 (unsigned int)(ns % NS_PER_S / 1000000));
	return json_object_new_string(text);
}

static struct json_object *spi_object(uint32_t spi)
{
	char text[sizeof("0x12345678")];

	snprintf(text, sizeof(text), "0x%08" PRIx32, spi);
	return json_object_new_string(text);
}

static struct json_object *sequence_object(const struct line *line)
{
	struct json_member members[] = {
		{ "first", json_object_new_int64(line->sequence_first) },
		{ "last", json_object_new_int64(line->sequence_last) },
	};

	return json_object_of(members, ARRAY_SIZE(members));
}

static struct json_object *inner_object(const struct line *line)
{
	struct json_member members[] = {
		{ "source", json_object_new_string(line->inner_source) },
		{ "destination",
		  json_object_new_string(line->inner_destination) },
	};

	return json_object_of(members, ARRAY_SIZE(members));
}

/* Keys that are there if it is so, or known. 0 or -1. */
static int add_more(struct json_object *object, const struct line *line)
{
	if (line->outbound &&
	    json_add(object, "outbound", json_object_new_boolean(true)))
		return -1;
	if (line->sa_until &&
	    json_add(object, "saUntil", time_object(line->sa_until)))
		return -1;
	if (line->has_sequence &&
	    json_add(object, "sequence", sequence_object(line)))
		return -1;
	if (line->policy &&
	    json_add(object, "policy", json_object_new_string(line->policy)))
		return -1;
	if (line->device[0] &&
	    json_add(object, "device", json_object_new_string(line->device)))
		return -1;
	if (line->inner_source[0] &&
	    json_add(object, "inner", inner_object(line)))
		return -1;
	return 0;
}

struct json_object *line_object(const struct line *line)
{
	struct json_member members[] = {
		{ "reason", json_object_new_string(line->reason) },
		{ "protocol", json_object_new_int((int)line->protocol) },
		{ "source", json_object_new_string(line->source) },
		{ "destination", json_object_new_string(line->destination) },
		{ "spi", spi_object(line->spi) },
		{ "packets", json_object_new_uint64(line->packets) },
		{ "first", time_object(line->first) },
		{ "last", time_object(line->last) },
	};
	struct json_object *object = json_object_of(members,
						    ARRAY_SIZE(members));

	if (object && add_more(object, line)) {
		json_object_put(object);
		object = NULL;
	}
	return object;
}
