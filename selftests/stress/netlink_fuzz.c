// SPDX-License-Identifier: GPL-2.0-only
/*
 * Malformed requests to the netlink family, by all kinds of users.
 *
 * FUZZ_COUNT mutated messages are sent, one or many in a buffer, in equal parts as root,
 * as an ordinary user, and as root of a user namespace to its own network namespace and
 * to that of the host; as users without rights also by a socket that root opened. The
 * kernel must survive. Its reply must be an error of a short list or a valid reply, and
 * the latter only for users with the right to read. A valid request between them must
 * get the same exact figures each time. No reply may contain anything else about an SA,
 * or a kernel address.
 *
 * FUZZ_SECONDS is a time instead of a count. FUZZ_SEED is another seed. A buffer that
 * breaks something is printed: add it to the table of named requests.
 */
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <netinet/in.h>

#include <linux/genetlink.h>
#include <linux/ipsecstat.h>
#include <linux/netlink.h>

#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>

#include "kselftest.h"

#define NOBODY		65534
#define BUFFER		4096
#define REPLIES		(1 << 16)
#define CHECK_EACH	512

/* Secrets of SAs, in each tested namespace, which no reply may contain. */
#define SPI		0xc0ffee11
#define SPI_BYTES	"\xc0\xff\xee\x11"
#define ADDRESS		"203.0.113.77"
#define ADDRESS_BYTES	"\xcb\x00\x71\x4d"
#define KEY_BYTES	"\x5e\xc4\xe7\x5e\xc4\xe7"
#define SAS		3

static const char plant[] =
	"ip link set lo up && for spi in 0xc0ffee11 0xc0ffee12 0xc0ffee13; do "
	"echo xfrm state add src " ADDRESS " dst 203.0.113.78 proto ah "
	"spi $spi mode tunnel reqid 3237998097 "
	"auth-trunc 'hmac(sha1)' 0x5ec4e75ec4e75ec4e75ec4e75ec4e75ec4e75ec4 96; "
	"done | ip -b -";

static const struct {
	const char *bytes;
	size_t len;
} secrets[] = {
#define SECRET(_bytes)	{ _bytes, sizeof(_bytes) - 1 }
	SECRET(KEY_BYTES),
	SECRET(SPI_BYTES), SECRET("\x11\xee\xff\xc0"),
	SECRET(ADDRESS_BYTES), SECRET("\x4d\x71\x00\xcb"),
#undef SECRET
};

/* ENOBUFS: a dump that begins while earlier replies fill the socket. */
static const int errors[] = {
	0, EPERM, EBUSY, EINVAL, ERANGE, EOPNOTSUPP, EPROTONOSUPPORT, EMSGSIZE,
	ENOBUFS,
};

struct client {
	int fd;
	uint16_t family;
	bool may_read;
	uint8_t first[BUFFER];		/* the first valid answer */
	size_t first_len;
	unsigned long answers;
};

/* --- random numbers that repeat --------------------------------------------- */

static uint64_t state;

static uint64_t roll(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 2685821657736338717ULL;
}

static uint32_t below(uint32_t limit)
{
	return (roll() >> 32) % limit;
}

static bool one_in(uint32_t n)
{
	return !below(n);
}

/* Mostly extreme values. */
static uint32_t odd_number(void)
{
	static const uint32_t edges[] = {
		0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 19, 20, 127, 128, 255, 256,
		4095, 4096, 32767, 32768, 65535, 65536, INT_MAX, UINT_MAX,
		(uint32_t)INT_MIN, NLA_F_NESTED, NLA_F_NET_BYTEORDER,
	};

	return one_in(4) ? (uint32_t)roll() :
			   edges[below(sizeof(edges) / sizeof(edges[0]))];
}

/* --- requests --------------------------------------------------------------- */

struct request {
	uint8_t data[BUFFER];
	size_t len;
};

static void put(struct request *r, const void *data, size_t len)
{
	if (len > sizeof(r->data) - r->len)
		len = sizeof(r->data) - r->len;
	memcpy(r->data + r->len, data, len);
	r->len += len;
}

static void pad(struct request *r)
{
	static const uint8_t zero[NLMSG_ALIGNTO];

	put(r, zero, -r->len % NLMSG_ALIGNTO);
}

static void put_attr(struct request *r, int depth)
{
	struct nlattr attr = {
		.nla_type = one_in(3) ? IPSECSTAT_A_STATS_CPU : below(12),
	};
	uint8_t bytes[64];
	size_t at = r->len, i, len;

	if (one_in(8))
		attr.nla_type |= one_in(2) ? NLA_F_NESTED : NLA_F_NET_BYTEORDER;
	put(r, &attr, sizeof(attr));
	if (depth && one_in(4)) {
		for (i = below(4); i; i--)
			put_attr(r, depth - 1);
	} else {
		for (i = 0; i < sizeof(bytes); i++)
			bytes[i] = one_in(2) ? 0 : roll();
		len = one_in(2) ? 4 : below(sizeof(bytes));
		put(r, bytes, len);
	}
	attr.nla_len = one_in(10) ? odd_number() : r->len - at;
	if (at + sizeof(attr) <= sizeof(r->data))
		memcpy(r->data + at, &attr, sizeof(attr));
	if (!one_in(10))
		pad(r);
}

static void put_message(struct request *r, uint16_t family)
{
	struct nlmsghdr nl = {
		.nlmsg_type = family,
		.nlmsg_flags = NLM_F_REQUEST,
		.nlmsg_seq = roll(),
	};
	struct genlmsghdr genl = {
		/* Each reply about peers waits for a grace period. */
		.cmd = one_in(8) ? odd_number() :
		       one_in(200) ? IPSECSTAT_CMD_PEER_GET :
		       one_in(3) ? IPSECSTAT_CMD_DROP_GET : IPSECSTAT_CMD_GET,
		.version = one_in(8) ? odd_number() : IPSECSTAT_FAMILY_VERSION,
		.reserved = one_in(16) ? odd_number() : 0,
	};
	size_t at = r->len;
	int attrs;

	if (one_in(3))
		nl.nlmsg_flags |= NLM_F_DUMP;
	if (one_in(4))
		nl.nlmsg_flags |= NLM_F_ACK;
	if (one_in(8))
		nl.nlmsg_flags ^= odd_number();
	put(r, &nl, sizeof(nl));
	if (!one_in(16))
		put(r, &genl, sizeof(genl));
	for (attrs = one_in(3) ? below(8) : below(2); attrs; attrs--)
		put_attr(r, 4);
	nl.nlmsg_len = one_in(12) ? odd_number() : r->len - at;
	if (at + sizeof(nl) <= sizeof(r->data))
		memcpy(r->data + at, &nl, sizeof(nl));
	pad(r);
}

static void mutate(struct request *r)
{
	uint32_t value = odd_number();
	size_t at;

	if (!r->len)
		return;
	at = below(r->len);
	switch (below(5)) {
	case 0:
		r->data[at] ^= 1 << below(8);
		break;
	case 1:
		r->data[at] = value;
		break;
	case 2:
		if (at + sizeof(value) <= r->len)
			memcpy(r->data + at, &value, sizeof(value));
		break;
	case 3:
		r->len = at;
		break;
	case 4:
		if (2 * (r->len - at) + at <= sizeof(r->data)) {
			memcpy(r->data + r->len, r->data + at, r->len - at);
			r->len += r->len - at;
		}
		break;
	}
}

/*
 * For any lengths, every message that the kernel will find is for this family or for
 * none, because root's requests to other families could do harm. Returns how many the
 * kernel will find.
 */
static unsigned long keep_to_family(struct request *r, uint16_t family)
{
	unsigned long found = 0;
	struct nlmsghdr *nl;
	size_t at = 0;

	while (at < r->len && r->len - at >= sizeof(*nl)) {
		nl = (void *)(r->data + at);
		if (nl->nlmsg_type >= NLMSG_MIN_TYPE)
			nl->nlmsg_type = family;
		if (nl->nlmsg_len < sizeof(*nl) || nl->nlmsg_len > r->len - at)
			break;
		at += NLMSG_ALIGN(nl->nlmsg_len);
		found++;
	}
	return found;
}

static unsigned long make_request(struct request *r, uint16_t family)
{
	int n;

	r->len = 0;
	for (n = one_in(2) ? 1 + below(16) : 1; n; n--)
		put_message(r, family);
	for (n = one_in(2) ? below(6) : 0; n; n--)
		mutate(r);
	/* An empty message does not reach the family. */
	if (!r->len)
		put(r, "", 1);
	return keep_to_family(r, family);
}

static void show(const struct request *r)
{
	size_t i;

	printf("# the buffer:");
	for (i = 0; i < r->len; i++)
		printf("%s%02x", i % 4 ? "" : " ", r->data[i]);
	printf("\n");
}

/* --- answers ---------------------------------------------------------------- */

static bool allowed_error(int error)
{
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (error == -errors[i])
			return true;
	return false;
}

/* The kind of an attribute of a reply; from STATS on, a set of attributes. */
enum kind {
	NONE, U8, U32, UINT, ADDR, FLAG, TEXT,
	STATS, RECENT, PEER, SA, PROTO, DROP, TRANSFORM, DROPPED, ENDED
};

/* The kinds of a set, from attribute 1 on: one for each that the uAPI has. */
#define SET(_name, _max, ...)						\
	static const uint8_t _name[] = { NONE, __VA_ARGS__ };		\
	_Static_assert(sizeof(_name) == (_max) + 1,			\
		       "each attribute up to " #_max " has a kind")

SET(stats, IPSECSTAT_A_STATS_MAX, U32, UINT, SA, PROTO, PROTO, DROP, TRANSFORM,
    TRANSFORM, DROPPED, DROPPED);
SET(recent, IPSECSTAT_A_RECENT_MAX, U32, U8, ADDR, ADDR, U32, UINT, UINT, UINT,
    U32, U32, UINT, UINT, UINT, U32, U32, U8, U32, ADDR, ADDR, UINT,
    FLAG);
SET(peer, IPSECSTAT_A_PEER_MAX, ADDR, ADDR, U32, U32, UINT, UINT, UINT, UINT,
    UINT, UINT, UINT, UINT, UINT, UINT, UINT, UINT, UINT, UINT, U32, U32, U32,
    ENDED, U32, UINT, U32, U32, U32, DROPPED, DROPPED, UINT);
SET(sa, IPSECSTAT_A_SA_MAX, UINT, UINT, UINT, UINT, UINT, UINT, UINT);
SET(proto, IPSECSTAT_A_DROP_PROTO_MAX, UINT, UINT, UINT, UINT, UINT);
SET(drop, IPSECSTAT_A_DROP_MAX, UINT, UINT, UINT, UINT, UINT);
SET(transform, IPSECSTAT_A_TRANSFORM_MAX, U8, U32, UINT, UINT);
SET(dropped, IPSECSTAT_A_DROPPED_MAX, U32, U8, UINT);
SET(ended, IPSECSTAT_A_ENDED_MAX, UINT, U32, U32, FLAG, FLAG, U32, TEXT);

static const struct {
	const uint8_t *kinds;
	size_t n;
} sets[] = {
	[STATS]	    = { stats, sizeof(stats) },
	[RECENT]    = { recent, sizeof(recent) },
	[PEER]	    = { peer, sizeof(peer) },
	[SA]	    = { sa, sizeof(sa) },
	[PROTO]	    = { proto, sizeof(proto) },
	[DROP]	    = { drop, sizeof(drop) },
	[TRANSFORM] = { transform, sizeof(transform) },
	[DROPPED]   = { dropped, sizeof(dropped) },
	[ENDED]	    = { ended, sizeof(ended) },
};

static const char *check_attrs(const uint8_t *data, size_t len,
			       enum kind set)
{
	const struct nlattr *attr;
	const char *problem;
	enum kind kind;
	size_t size;
	int type;

	for (; len; data += NLA_ALIGN(attr->nla_len),
		    len -= NLA_ALIGN(attr->nla_len)) {
		attr = (const void *)data;
		if (len < sizeof(*attr) || attr->nla_len < sizeof(*attr) ||
		    (size_t)NLA_ALIGN(attr->nla_len) > len)
			return "an attribute whose length is wrong";
		type = attr->nla_type & NLA_TYPE_MASK;
		kind = (size_t)type < sets[set].n ? sets[set].kinds[type] : NONE;
		if (kind == NONE)
			return "an unknown attribute";
		if ((attr->nla_type ^ type) !=
		    (kind >= STATS ? NLA_F_NESTED : 0))
			return "an attribute whose flags are wrong";
		size = attr->nla_len - sizeof(*attr);
		switch (kind) {
		case U8:
			problem = size == 1 ? NULL : "no u8";
			break;
		case U32:
			problem = size == 4 ? NULL : "no u32";
			break;
		case UINT:
			problem = size == 4 || size == 8 ? NULL : "no uint";
			break;
		case ADDR:
			problem = size == 4 || size == 16 ? NULL : "no address";
			break;
		case FLAG:
			problem = size == 0 ? NULL : "no flag";
			break;
		case TEXT:
			problem = size && !data[attr->nla_len - 1] ? NULL :
				  "no string";
			break;
		default:
			problem = check_attrs(data + sizeof(*attr), size, kind);
		}
		if (problem)
			return problem;
	}
	return NULL;
}

/* Peers have addresses and SPIs, so only the key is secret. */
static const char *check_secrets(const uint8_t *data, size_t len, bool peers)
{
	uint64_t word;
	size_t i;

	for (i = 0; i < (peers ? 1 : sizeof(secrets) / sizeof(secrets[0])); i++)
		if (memmem(data, len, secrets[i].bytes, secrets[i].len))
			return "something of an SA";
	for (i = 0; i + sizeof(word) <= len; i++) {
		memcpy(&word, data + i, sizeof(word));
		if (word >= 0xffff800000000000)
			return "a kernel address";
	}
	return NULL;
}

static const char *check_answer(struct client *c, const struct nlmsghdr *nl)
{
	const struct genlmsghdr *genl = NLMSG_DATA(nl);
	const char *problem;

	if (nl->nlmsg_len < NLMSG_LENGTH(GENL_HDRLEN))
		return "a short answer";
	if (!c->may_read)
		return "an answer to those who may not read";
	if ((genl->cmd != IPSECSTAT_CMD_GET &&
	     genl->cmd != IPSECSTAT_CMD_DROP_GET &&
	     genl->cmd != IPSECSTAT_CMD_PEER_GET) ||
	    genl->version != IPSECSTAT_FAMILY_VERSION || genl->reserved)
		return "an answer to another command";
	c->answers++;
	problem = check_secrets((void *)(genl + 1), nl->nlmsg_len -
				NLMSG_LENGTH(GENL_HDRLEN),
				genl->cmd == IPSECSTAT_CMD_PEER_GET);
	return problem ?: check_attrs((void *)(genl + 1), nl->nlmsg_len -
				      NLMSG_LENGTH(GENL_HDRLEN),
				      genl->cmd == IPSECSTAT_CMD_GET ?
				      STATS :
				      genl->cmd == IPSECSTAT_CMD_PEER_GET ?
				      PEER : RECENT);
}

static const char *check_message(struct client *c, const struct nlmsghdr *nl)
{
	int error;

	if (nl->nlmsg_type == c->family)
		return check_answer(c, nl);
	if (nl->nlmsg_type != NLMSG_ERROR && nl->nlmsg_type != NLMSG_DONE)
		return "a message of an unknown type";
	if (nl->nlmsg_len < NLMSG_LENGTH(sizeof(error)))
		return "a short error";
	memcpy(&error, NLMSG_DATA(nl), sizeof(error));
	return allowed_error(error) ? NULL : strerror(-error);
}

static const char *check_datagram(struct client *c, const uint8_t *data,
				  size_t len)
{
	const struct nlmsghdr *nl;
	const char *problem;

	while (len) {
		nl = (const void *)data;
		if (len < sizeof(*nl) || nl->nlmsg_len < sizeof(*nl) ||
		    nl->nlmsg_len > len)
			return "a message whose length is wrong";
		problem = check_message(c, nl);
		if (problem)
			return problem;
		data += NLMSG_ALIGN(nl->nlmsg_len);
		len -= NLMSG_ALIGN(nl->nlmsg_len) > len ?
			len : NLMSG_ALIGN(nl->nlmsg_len);
	}
	return NULL;
}

/*
 * The kernel replies before send() returns, and continues a dump at each read: when
 * nothing can be read, nothing is left. The last reply is kept. Many large replies at
 * once overrun the socket, which reports this once.
 */
static const char *drain(struct client *c, uint8_t *last, ssize_t *last_len)
{
	static uint8_t data[REPLIES];
	const char *problem;
	ssize_t len;

	for (;;) {
		len = recv(c->fd, data, sizeof(data), MSG_DONTWAIT);
		if (len < 0 && errno == ENOBUFS)
			continue;
		if (len < 0)
			return errno == EAGAIN ? NULL : strerror(errno);
		problem = check_datagram(c, data, len);
		if (problem)
			return problem;
		if (last && len <= BUFFER) {
			memcpy(last, data, len);
			*last_len = len;
		}
	}
}

/* --- a valid request, at intervals  ------------------------------------------ */

static const char *valid_request(struct client *c)
{
	static const struct genlmsghdr genl = {
		.cmd = IPSECSTAT_CMD_GET, .version = IPSECSTAT_FAMILY_VERSION,
	};
	struct nlmsghdr nl = {
		.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN),
		.nlmsg_type = c->family, .nlmsg_flags = NLM_F_REQUEST,
	};
	struct request r = {};
	uint8_t answer[BUFFER];
	const char *problem;
	ssize_t len = 0;

	put(&r, &nl, sizeof(nl));
	put(&r, &genl, sizeof(genl));
	if (send(c->fd, r.data, r.len, 0) < 0)
		return strerror(errno);
	problem = drain(c, answer, &len);
	if (problem)
		return problem;
	if (!c->may_read) {
		memcpy(&nl, answer, sizeof(nl));
		return nl.nlmsg_type == NLMSG_ERROR ? NULL : "no refusal";
	}
	if (!c->first_len) {
		memcpy(c->first, answer, len);
		c->first_len = len;
	}
	if ((size_t)len != c->first_len || memcmp(answer, c->first, len))
		return "other figures than before";
	return NULL;
}

/* The first reply: the number of added SAs. */
static const char *check_first(const struct client *c)
{
	const struct nlattr *attr, *in;
	size_t at = NLMSG_LENGTH(GENL_HDRLEN);
	uint32_t active;

	if (!c->may_read)
		return NULL;
	for (; at < c->first_len; at += NLA_ALIGN(attr->nla_len)) {
		attr = (const void *)(c->first + at);
		if ((attr->nla_type & NLA_TYPE_MASK) != IPSECSTAT_A_STATS_SA)
			continue;
		in = attr + 1;
		memcpy(&active, in + 1, sizeof(active));
		return in->nla_type == IPSECSTAT_A_SA_ACTIVE && active == SAS ?
			NULL : "not the SAs that were planted";
	}
	return "no SAs in the answer";
}

/* --- users ------------------------------------------------------------------ */

/* SAs, and a dropped packet without an SA, so that replies have content. */
static int plant_all(void)
{
	static const uint8_t ah[24] = { IPPROTO_UDP, 4, 0, 0, 0, 0, 0x30, 0x39 };
	const struct sockaddr_in home = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd;

	if (system(plant))
		return -1;
	fd = socket(AF_INET, SOCK_RAW, IPPROTO_AH);
	if (fd < 0 || sendto(fd, ah, sizeof(ah), 0, (const void *)&home,
			     sizeof(home)) < 0)
		return -1;
	return close(fd);
}

static int become_nobody(void)
{
	return setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	       setresuid(NOBODY, NOBODY, NOBODY);
}

static int stay_root(void)
{
	return 0;
}

static int map_root(void)
{
	FILE *file;
	static const struct {
		const char *name, *text;
	} maps[] = {
		{ "/proc/self/setgroups", "deny" },
		{ "/proc/self/uid_map", "0 65534 1" },
		{ "/proc/self/gid_map", "0 65534 1" },
	};
	size_t i;

	for (i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
		file = fopen(maps[i].name, "w");
		if (!file || fputs(maps[i].text, file) < 0 || fclose(file))
			return -1;
	}
	return 0;
}

static int root_of_user_namespace(void)
{
	/* A process that changed its user does not own its files in /proc. */
	return become_nobody() || prctl(PR_SET_DUMPABLE, 1) ||
	       unshare(CLONE_NEWUSER) || map_root();
}

static int root_of_both_namespaces(void)
{
	return root_of_user_namespace() || unshare(CLONE_NEWNET) || plant_all();
}

static const struct {
	const char *name;
	int (*become)(void);
	bool may_read;
	bool opened_before;		/* the socket, with the rights of root */
} people[] = {
	{ "root", stay_root, true, false },
	{ "ordinary_user", become_nobody, false, false },
	{ "ordinary_user_by_a_socket_of_root", become_nobody, false, true },
	{ "user_namespace_root_of_its_own_namespace", root_of_both_namespaces, true, false },
	{ "user_namespace_root_of_the_hosts_namespace", root_of_user_namespace, false, false },
	{ "user_namespace_root_by_a_socket_of_root", root_of_both_namespaces, false, true },
};

#define PEOPLE	(sizeof(people) / sizeof(people[0]))

static const char *open_client(struct client *c)
{
	struct nl_sock *sock = nl_socket_alloc();
	int id;

	if (!sock || genl_connect(sock))
		return "no libnl socket";
	id = genl_ctrl_resolve(sock, IPSECSTAT_FAMILY_NAME);
	nl_socket_free(sock);
	if (id < 0)
		return "no family ipsecstat";
	c->family = id;
	c->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	return c->fd < 0 ? strerror(errno) : NULL;
}

/* Strict checks and error texts are options of a socket. */
static void set_strict(struct client *c, int on)
{
	static const int options[] = {
		NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK,
	};
	size_t i;

	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		setsockopt(c->fd, SOL_NETLINK, options[i], &on, sizeof(on));
}

static unsigned long from_environment(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 0) : otherwise;
}

/* Send a buffer of messages, which are counted. */
static const char *hostile_request(struct client *c, unsigned long *sent)
{
	const char *problem;
	struct request r;

	*sent += make_request(&r, c->family);
	problem = send(c->fd, r.data, r.len, 0) < 0 ? strerror(errno) :
						      drain(c, NULL, NULL);
	if (problem)
		show(&r);
	return problem;
}

static const char *fuzz(struct client *c, unsigned long count)
{
	unsigned long seconds = from_environment("FUZZ_SECONDS", 0);
	unsigned long n, sent = 0;
	time_t from = time(NULL), until = from + seconds / PEOPLE;
	const char *problem = NULL;

	for (n = 0; seconds ? time(NULL) < until : sent < count; n++) {
		if (n % CHECK_EACH == 0) {
			set_strict(c, n / CHECK_EACH % 2);
			problem = valid_request(c) ?: check_first(c);
		}
		problem = problem ?: hostile_request(c, &sent);
		if (problem) {
			printf("# at buffer %lu\n", n);
			return problem;
		}
	}
	printf("# %lu messages in %lu buffers, %lu answers with figures, %ld seconds\n",
	       sent, n, c->answers, (long)(time(NULL) - from));
	return valid_request(c);
}

/* In a new process, which drops its rights. */
static bool as(size_t who, unsigned long count, const char *(*job)(struct client *,
							       unsigned long))
{
	static struct client c;
	const char *problem;
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		problem = people[who].opened_before ? open_client(&c) : NULL;
		if (people[who].become())
			problem = strerror(errno);
		else if (!people[who].opened_before)
			problem = open_client(&c);
		c.may_read = people[who].may_read;
		problem = problem ?: job(&c, count);
		if (problem)
			printf("# %s\n", problem);
		fflush(stdout);
		_exit(!!problem);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && !status;
}

/* --- named requests --------------------------------------------------------- */

#define U32(_v)		(_v) & 0xff, (_v) >> 8 & 0xff, (_v) >> 16 & 0xff, (_v) >> 24
#define U16(_v)		(_v) & 0xff, (_v) >> 8 & 0xff
#define ATTR(_len, _type)	U16(_len), U16(_type)

#define GET		IPSECSTAT_CMD_GET, IPSECSTAT_FAMILY_VERSION, 0, 0
#define DROP_GET	IPSECSTAT_CMD_DROP_GET, IPSECSTAT_FAMILY_VERSION, 0, 0
#define DROP_NTF	IPSECSTAT_CMD_DROP_NTF, IPSECSTAT_FAMILY_VERSION, 0, 0

/* Bodies after the netlink header. */
static const struct named {
	const char *name;
	uint16_t flags;
	uint8_t body[64];
	uint8_t body_len;
	uint16_t times;
	int error;
} named[] = {
#define BODY(...)	{ __VA_ARGS__ }, sizeof((uint8_t[]){ __VA_ARGS__ })
	{ "nested_cpu", 0,
	  BODY(GET, ATTR(8, IPSECSTAT_A_STATS_CPU | NLA_F_NESTED), U32(0)), .error = EINVAL },
	{ "cpu_in_network_byte_order", 0,
	  BODY(GET, ATTR(8, IPSECSTAT_A_STATS_CPU | NLA_F_NET_BYTEORDER), U32(0)),
	  .error = 0 },
	{ "cpu_twice", 0,
	  BODY(GET, ATTR(8, 1), U32(0), ATTR(8, 1), U32(0)), .error = 0 },
	{ "cpu_twice_the_last_one_out_of_range", 0,
	  BODY(GET, ATTR(8, 1), U32(0), ATTR(8, 1), U32(UINT_MAX)), .error = ERANGE },
	{ "empty_cpu", 0, BODY(GET, ATTR(4, 1)), .error = EINVAL },
	{ "cpu_of_eight_bytes", 0, BODY(GET, ATTR(12, 1), U32(0), U32(0)),
	  .error = EINVAL },
	{ "cpu_of_all_ones", 0, BODY(GET, ATTR(8, 1), U32(UINT_MAX)),
	  .error = ERANGE },
	{ "cpu_of_sign_bit", 0, BODY(GET, ATTR(8, 1), U32(0x80000000)),
	  .error = ERANGE },
	{ "attribute_of_length_zero", 0, BODY(GET, ATTR(0, 1)), .error = EINVAL },
	{ "attribute_of_length_three", 0, BODY(GET, ATTR(3, 1)), .error = EINVAL },
	{ "attribute_of_type_zero", 0, BODY(GET, ATTR(8, 0), U32(0)),
	  .error = EINVAL },
	{ "attribute_of_highest_type", 0, BODY(GET, ATTR(8, NLA_TYPE_MASK), U32(0)),
	  .error = EINVAL },
	{ "attribute_of_an_answer", 0, BODY(GET, ATTR(8, IPSECSTAT_A_STATS_SA), U32(0)),
	  .error = EINVAL },
	{ "attribute_of_length_zero_in_a_dump", NLM_F_DUMP, BODY(GET, ATTR(0, 1)),
	  .error = EINVAL },
	{ "empty_cpu_in_a_dump", NLM_F_DUMP, BODY(GET, ATTR(4, 1)),
	  .error = EINVAL },
	{ "reserved_bytes_in_use", 0, BODY(IPSECSTAT_CMD_GET, 1, 1, 0),
	  .error = EINVAL },
	{ "command_zero", 0, BODY(0, 1, 0, 0), .error = EOPNOTSUPP },
	{ "highest_command", 0, BODY(255, 1, 0, 0), .error = EOPNOTSUPP },
	{ "dump_of_an_unknown_command", NLM_F_DUMP, BODY(9, 1, 0, 0),
	  .error = EOPNOTSUPP },
	{ "drops_as_a_whole", 0, BODY(DROP_GET), .error = 0 },
	{ "drops_line_by_line", NLM_F_DUMP, BODY(DROP_GET), .error = 0 },
	{ "drops_with_an_attribute", 0,
	  BODY(DROP_GET, ATTR(8, IPSECSTAT_A_RECENT_REASON), U32(0)),
	  .error = EINVAL },
	{ "dump_of_drops_with_an_attribute", NLM_F_DUMP,
	  BODY(DROP_GET, ATTR(8, IPSECSTAT_A_RECENT_REASON), U32(0)),
	  .error = EINVAL },
	{ "dump_of_drops_while_one_is_open", NLM_F_DUMP, BODY(DROP_GET),
	  .times = 2, .error = EBUSY },
	{ "event_as_a_command", 0, BODY(DROP_NTF), .error = EOPNOTSUPP },
	{ "event_as_a_dump", NLM_F_DUMP, BODY(DROP_NTF), .error = EOPNOTSUPP },
	{ "half_a_dump_flag", NLM_F_ROOT, BODY(GET), .error = EINVAL },
	{ "flags_of_all_ones", 0xffff, BODY(GET), .error = EINVAL },
	{ "half_a_header", 0, BODY(IPSECSTAT_CMD_GET, 1), .error = EINVAL },
	{ "dump_without_a_command", NLM_F_DUMP, { 0 }, 0, .error = EINVAL },
	{ "two_in_one_buffer", NLM_F_ACK, BODY(GET), .times = 2 },
	{ "fifty_in_one_buffer", NLM_F_ACK, BODY(GET), .times = 50 },
	{ "dump_while_a_dump_is_open", NLM_F_DUMP, BODY(GET), .times = 2,
	  .error = EBUSY },
#undef BODY
};

#define NAMED	(sizeof(named) / sizeof(named[0]))

/* The gravest error in the replies, 0 if there is none. */
static int worst(struct client *c, const char **problem)
{
	static uint8_t data[REPLIES];
	struct nlmsghdr *nl;
	int error, found = 0;
	ssize_t len;
	size_t at;

	while ((len = recv(c->fd, data, sizeof(data), MSG_DONTWAIT)) > 0) {
		*problem = check_datagram(c, data, len);
		if (*problem)
			return 0;
		for (at = 0; at < (size_t)len; at += NLMSG_ALIGN(nl->nlmsg_len)) {
			nl = (void *)(data + at);
			if (nl->nlmsg_type == c->family)
				continue;
			memcpy(&error, NLMSG_DATA(nl), sizeof(error));
			found = found ?: -error;
		}
	}
	return found;
}

static const char *named_request(struct client *c, unsigned long number)
{
	const struct named *n = &named[number];
	struct nlmsghdr nl = {
		.nlmsg_len = NLMSG_LENGTH(n->body_len),
		.nlmsg_type = c->family, .nlmsg_flags = NLM_F_REQUEST | n->flags,
	};
	struct request r = {};
	const char *problem;
	int i, error;

	set_strict(c, 1);
	problem = valid_request(c);
	if (problem)
		return problem;
	for (i = 0; i < (n->times ?: 1); i++) {
		put(&r, &nl, sizeof(nl));
		put(&r, n->body, n->body_len);
		pad(&r);
	}
	if (send(c->fd, r.data, r.len, 0) < 0)
		return strerror(errno);
	error = worst(c, &problem);
	if (problem)
		return problem;
	if (error != n->error) {
		printf("# refused by: %s\n", strerror(error));
		return "not as it should be";
	}
	return valid_request(c);
}

int main(void)
{
	unsigned long count = from_environment("FUZZ_COUNT", 40000);
	unsigned long seed = from_environment("FUZZ_SEED", 1);
	size_t i;

	ksft_print_header();
	if (geteuid() || access("/sys/module/ipsecstat", F_OK))
		ksft_exit_skip("needs the module loaded, and root\n");
	ksft_set_plan(PEOPLE + NAMED);
	ksft_print_msg("FUZZ_COUNT=%lu FUZZ_SEED=%lu\n", count, seed);
	if (unshare(CLONE_NEWNET) || plant_all())
		ksft_exit_fail_msg("no namespace with SAs\n");
	for (i = 0; i < NAMED; i++)
		ksft_test_result(as(0, i, named_request), "%s\n", named[i].name);
	for (i = 0; i < PEOPLE; i++) {
		state = (seed * PEOPLE + i) * 0x9e3779b97f4a7c15 | 1;
		ksft_test_result(as(i, count / PEOPLE, fuzz), "%s\n",
				 people[i].name);
	}
	ksft_finished();
}
