// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/poll.h>

#include "fake_kernel.h"

#define MAX_FD		4096
#define STRANGER	0xbad	/* sends in a port's name, not the kernel's */

struct fake fake;

/* The far end of each fake socket; 0 where there is none. */
static int peer_of[MAX_FD];

void fake_reset(void)
{
	memset(&fake, 0, sizeof(fake));
	fake.family = 40;
	fake.cpus = 2;
	fake.figures = forge_example;
}

static int peer(int fd)
{
	return fd >= 0 && fd < MAX_FD ?
	       __atomic_load_n(&peer_of[fd], __ATOMIC_ACQUIRE) : 0;
}

/* The module can be unloaded while threads run. */
static int family(void)
{
	return __atomic_load_n(&fake.family, __ATOMIC_RELAXED);
}

static int fail(int err)
{
	errno = err;
	return -1;
}

static void send_datagram(int fd, const void *bytes, size_t len)
{
	struct iovec iov = { (void *)bytes, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	syscall(SYS_sendmsg, peer(fd), &msg, 0);
}

/* A message whose payload is @len bytes after the netlink header. */
static void send_message(int fd, const struct nlmsghdr *request, int type,
			 const void *payload, size_t len)
{
	unsigned char buf[sizeof(struct nlmsghdr) + sizeof(struct nlmsgerr)];
	struct nlmsghdr nlh = {
		.nlmsg_len = NLMSG_HDRLEN + len,
		.nlmsg_type = type,
		.nlmsg_seq = request->nlmsg_seq,
		.nlmsg_pid = request->nlmsg_pid,
	};

	memcpy(buf, &nlh, sizeof(nlh));
	memcpy(buf + sizeof(nlh), payload, len);
	send_datagram(fd, buf, nlh.nlmsg_len);
}

static void send_error(int fd, const struct nlmsghdr *request, int err)
{
	struct nlmsgerr payload = { .error = -err, .msg = *request };

	send_message(fd, request, NLMSG_ERROR, &payload,
		     fake.manner == FAKE_SHORT_ERROR ? 0 : sizeof(payload));
}

static void send_genl(int fd, const struct nlmsghdr *request, int type, int cmd,
		      const struct forge *attrs)
{
	struct nlmsghdr *nlh;
	struct forge f = { .len = 0 };

	forge_message(&f, (struct nlmsghdr) {
		.nlmsg_type = type,
		.nlmsg_seq = request->nlmsg_seq,
		.nlmsg_pid = request->nlmsg_pid,
	}, cmd, attrs);
	nlh = (struct nlmsghdr *)f.bytes;
	if (fake.manner == FAKE_BROKEN_LENGTH && type == family())
		nlh->nlmsg_len += 100;
	send_datagram(fd, f.bytes, f.len);
}

/* The forged messages of the program, as a reply to @request. */
static void send_forged(int fd, const struct nlmsghdr *request)
{
	struct forge f = { .len = fake.datagram_len };
	struct nlmsghdr nlh;
	size_t at = 0;

	if (f.len > sizeof(f.bytes))
		abort();
	memcpy(f.bytes, fake.datagram, f.len);
	while (f.len - at >= sizeof(nlh)) {
		memcpy(&nlh, f.bytes + at, sizeof(nlh));
		nlh.nlmsg_seq += request->nlmsg_seq;
		memcpy(f.bytes + at, &nlh, sizeof(nlh));
		if (nlh.nlmsg_len < sizeof(nlh) || nlh.nlmsg_len > f.len - at)
			break;
		at += NLMSG_ALIGN(nlh.nlmsg_len);
		if (at > f.len)
			break;
	}
	send_datagram(fd, f.bytes, f.len);
}

/* A stale reply, another socket's reply, and no message at all. */
static void send_noise(int fd, const struct nlmsghdr *request)
{
	struct nlmsghdr other = *request;
	struct forge f = { .len = 0 };
	int i;

	for (i = 0; i < fake.noise; i++) {
		forge_reply(&f, &(struct figures) { .since = 1 });
		other.nlmsg_seq = request->nlmsg_seq - 1;
		send_genl(fd, &other, family(), IPSECSTAT_CMD_GET, &f);
		other.nlmsg_seq = request->nlmsg_seq;
		other.nlmsg_pid = STRANGER;
		send_genl(fd, &other, family(), IPSECSTAT_CMD_GET, &f);
		send_message(fd, request, NLMSG_NOOP, "", 0);
		send_message(fd, &other, NLMSG_ERROR, "", 0);
	}
}

static void resolve(int fd, const struct nlmsghdr *request)
{
	struct forge f = { .len = 0 };
	uint16_t id = family();

	__atomic_fetch_add(&fake.resolves, 1, __ATOMIC_RELAXED);
	if (fake.resolve_silent)
		return;
	if (fake.resolve_error || !id) {
		send_error(fd, request, fake.resolve_error ?: ENOENT);
		return;
	}
	forge_put(&f, CTRL_ATTR_FAMILY_NAME, IPSECSTAT_FAMILY_NAME,
		  sizeof(IPSECSTAT_FAMILY_NAME));
	if (!fake.resolve_malformed)
		forge_put(&f, CTRL_ATTR_FAMILY_ID, &id, sizeof(id));
	send_genl(fd, request, GENL_ID_CTRL, CTRL_CMD_NEWFAMILY, &f);
}

static void huge(struct forge *f)
{
	static const unsigned char much[12 * 1024];

	forge_put(f, IPSECSTAT_A_STATS_MAX + 7, much, sizeof(much));
}

/* The CPU in the only attribute of a request, or -1. */
static int wanted_cpu(const struct nlmsghdr *request)
{
	const size_t headers = NLMSG_HDRLEN + GENL_HDRLEN;
	int cpu;

	if (request->nlmsg_len <= headers)
		return -1;
	memcpy(&cpu, (const char *)request + headers + NLA_HDRLEN, sizeof(cpu));
	return cpu;
}

static void get(int fd, const struct nlmsghdr *request)
{
	const int cpu = wanted_cpu(request);
	static __thread struct nlmsghdr late, overtaken;
	struct forge f = { .len = 0 };
	int type = request->nlmsg_type, cmd = IPSECSTAT_CMD_GET;

	__atomic_fetch_add(&fake.requests, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&fake.flags, request->nlmsg_flags, __ATOMIC_RELAXED);
	if (cpu < 0)
		forge_reply(&f, &fake.figures);
	else
		forge_cpu_reply(&f, &fake.figures,
				cpu + (fake.manner == FAKE_OTHER_CPU));
	if (late.nlmsg_len) {
		send_genl(fd, &late, type, cmd, &f);
		late.nlmsg_len = 0;
	}
	if (type != family()) {
		send_error(fd, request, ENOENT);
		return;
	}
	if (fake.get_error || cpu >= (int)fake.cpus) {
		send_error(fd, request, fake.get_error ?: ERANGE);
		return;
	}

	switch (fake.manner) {
	case FAKE_SILENT:
		return;
	case FAKE_LATE:
		late = *request;
		return;
	case FAKE_OVERTAKEN:
		overtaken = *request;
		return;
	case FAKE_TWICE:
		send_genl(fd, request, type, cmd, &f);
		break;
	case FAKE_ACK:
	case FAKE_SHORT_ERROR:
		send_error(fd, request, 0);
		return;
	case FAKE_HEADLESS:
		send_message(fd, request, type, "", 0);
		return;
	case FAKE_OTHER_COMMAND:
		cmd++;
		break;
	case FAKE_OTHER_TYPE:
		type++;
		break;
	case FAKE_MALFORMED:
		forge_reply_without(&f, &fake.figures, IPSECSTAT_A_STATS_SA, 0);
		break;
	case FAKE_HUGE:
		huge(&f);
		break;
	default:
		break;
	}
	send_genl(fd, request, type, cmd, &f);
	if (overtaken.nlmsg_len) {
		send_genl(fd, &overtaken, type, cmd, &f);
		overtaken.nlmsg_len = 0;
	}
}

static void respond(int fd, const struct nlmsghdr *request)
{
	bool resolves = request->nlmsg_type == GENL_ID_CTRL;

	send_noise(fd, request);
	if (fake.datagram && fake.datagram_resolves == resolves)
		send_forged(fd, request);
	else if (resolves)
		resolve(fd, request);
	else
		get(fd, request);
}

/* Whether to interrupt this attempt. */
static bool interrupted(void)
{
	static __thread int times;

	if (times < fake.interruptions) {
		times++;
		return true;
	}
	times = 0;
	return false;
}

int socket(int domain, int type, int protocol)
{
	int pair[2];

	if (domain != AF_NETLINK || protocol != NETLINK_GENERIC)
		return syscall(SYS_socket, domain, type, protocol);
	if (fake.socket_error)
		return fail(fake.socket_error);

	type = SOCK_DGRAM | (type & (SOCK_CLOEXEC | SOCK_NONBLOCK));
	if (syscall(SYS_socketpair, AF_UNIX, type, 0, pair))
		return -1;
	if (pair[0] >= MAX_FD || pair[1] >= MAX_FD)
		abort();
	__atomic_fetch_add(&fake.sockets, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&peer_of[pair[0]], pair[1], __ATOMIC_RELEASE);
	return pair[0];
}

int close(int fd)
{
	if (peer(fd)) {
		syscall(SYS_close, peer(fd));
		__atomic_store_n(&peer_of[fd], 0, __ATOMIC_RELEASE);
		__atomic_fetch_sub(&fake.sockets, 1, __ATOMIC_RELAXED);
	}
	return syscall(SYS_close, fd);
}

int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	if (!peer(fd))
		return syscall(SYS_bind, fd, addr, len);
	return fake.bind_error ? fail(fake.bind_error) : 0;
}

int getsockname(int fd, struct sockaddr *restrict addr, socklen_t *restrict len)
{
	const struct sockaddr_nl name = {
		.nl_family = AF_NETLINK, .nl_pid = 10000 + fd
	};

	if (!peer(fd))
		return syscall(SYS_getsockname, fd, addr, len);
	memcpy(addr, &name, sizeof(name));
	*len = sizeof(name);
	return 0;
}

int setsockopt(int fd, int level, int option, const void *value, socklen_t len)
{
	if (!peer(fd))
		return syscall(SYS_setsockopt, fd, level, option, value, len);
	return 0;
}

int getsockopt(int fd, int level, int option, void *restrict value,
	       socklen_t *restrict len)
{
	int answer = option == SO_TYPE ? SOCK_RAW : NETLINK_GENERIC;

	if (!peer(fd))
		return syscall(SYS_getsockopt, fd, level, option, value, len);
	memcpy(value, &answer, sizeof(answer));
	*len = sizeof(answer);
	return 0;
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	if (!peer(fd))
		return syscall(SYS_sendmsg, fd, msg, flags);
	if (interrupted())
		return fail(EINTR);
	if (fake.send_error)
		return fail(fake.send_error);
	respond(fd, msg->msg_iov[0].iov_base);
	return msg->msg_iov[0].iov_len;
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	struct sockaddr_nl from = { .nl_family = AF_NETLINK };
	const struct nlmsghdr *nlh = msg->msg_iov[0].iov_base;
	void *name = msg->msg_name;
	ssize_t len;

	if (!peer(fd))
		return syscall(SYS_recvmsg, fd, msg, flags);
	if (fake.close_behind) {
		close(fd);
		return fail(EBADF);
	}
	if (interrupted())
		return fail(EINTR);
	if (fake.overruns) {
		fake.overruns--;
		return fail(ENOBUFS);
	}
	if (fake.recv_error)
		return fail(fake.recv_error);

	msg->msg_name = NULL;
	msg->msg_namelen = 0;
	len = syscall(SYS_recvmsg, fd, msg, flags);
	msg->msg_name = name;
	if (len < 0)
		return fake.idle_error ? fail(fake.idle_error) : len;
	if (len >= (ssize_t)sizeof(*nlh) && nlh->nlmsg_pid == STRANGER)
		from.nl_pid = STRANGER;
	memcpy(name, &from, sizeof(from));
	msg->msg_namelen = sizeof(from);
	return len;
}

int poll(struct pollfd *fds, unsigned long n, int timeout)
{
	if (n == 1 && peer(fds->fd)) {
		if (interrupted())
			return fail(EINTR);
		/* recvmsg reports this at once, so poll need not wait. */
		if (fake.idle_error)
			return 1;
	}
	return syscall(SYS_poll, fds, n, timeout);
}
