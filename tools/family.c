// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netlink.h>
#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "command.h"
#include "family.h"

struct family {
	struct nl_sock *sock;
	int id;
	int err;		/* the last failure, as errno ... */
	char text[256];		/* ... and in words */
};

/* One reading of answers or events. */
struct reading {
	struct family *family;
	const struct family_reader *reader;
	int result;
	bool done;
};

/* Remedies for failures. */
static const struct {
	int err;
	const char *remedy;
} remedies[] = {
	{ ENOENT, "load the module: modprobe ipsecstat" },
	{ EPERM, "run it as root" },
	{ EOPNOTSUPP, "the module is older than ipsecstat: install both of one version, then: rmmod ipsecstat; modprobe ipsecstat" },
};

static int failed(struct family *family, int err, const char *text)
{
	family->err = err;
	snprintf(family->text, sizeof(family->text), "%s", text);
	return -err;
}

static int failed_errno(struct family *family, int err)
{
	return failed(family, err, strerror(err));
}

void family_complain(const struct family *family, const char *what)
{
	say("%s: %s", what, family->text);
	for (size_t i = 0; i < ARRAY_SIZE(remedies); i++)
		if (remedies[i].err == family->err)
			say("%s", remedies[i].remedy);
}

/* The text of an error message of the kernel, or NULL. */
static const char *kernel_words(const struct nlmsgerr *error)
{
	const struct nlmsghdr *nlh = (const void *)((const char *)error -
						    NLMSG_HDRLEN);
	size_t before = sizeof(*error);
	const struct nlattr *words;
	int len;

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return NULL;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		before += error->msg.nlmsg_len - sizeof(error->msg);
	len = nlmsg_datalen(nlh) - (int)NLMSG_ALIGN(before);
	if (len <= 0)
		return NULL;
	words = nla_find((const struct nlattr *)((const char *)error +
						 NLMSG_ALIGN(before)),
			 len, NLMSGERR_ATTR_MSG);
	if (!words || nla_len(words) < 1 ||
	    ((const char *)nla_data(words))[nla_len(words) - 1])
		return NULL;
	return nla_data(words);
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *error, void *arg)
{
	struct reading *reading = arg;
	const char *words = kernel_words(error);
	int err = error->error < 0 ? -error->error : EPROTO;

	(void)from;
	reading->result = failed(reading->family, err,
				 words ? words : strerror(err));
	reading->done = true;
	return NL_STOP;
}

static int on_end(struct nl_msg *msg, void *arg)
{
	struct reading *reading = arg;

	(void)msg;
	reading->done = true;
	return NL_STOP;
}

/* Events have no sequence number of a request. */
static int any_number(struct nl_msg *msg, void *arg)
{
	(void)msg;
	(void)arg;
	return NL_OK;
}

/* The controller notifies its multicast group when a family goes. */
static bool is_gone(const struct family *family, struct nlmsghdr *nlh)
{
	const struct nlattr *id;

	if (nlh->nlmsg_type != GENL_ID_CTRL || !genlmsg_valid_hdr(nlh, 0) ||
	    genlmsg_hdr(nlh)->cmd != CTRL_CMD_DELFAMILY)
		return false;
	id = nlmsg_find_attr(nlh, GENL_HDRLEN, CTRL_ATTR_FAMILY_ID);
	return id && nla_len(id) == sizeof(uint16_t) &&
	       nla_get_u16(id) == family->id;
}

static int on_message(struct nl_msg *msg, void *arg)
{
	struct reading *reading = arg;
	const struct family_reader *reader = reading->reader;
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct nlattr **attrs;

	if (is_gone(reading->family, nlh)) {
		reading->result = failed(reading->family, ENOENT,
					 "the kernel module ipsecstat was unloaded");
		reading->done = true;
		return NL_STOP;
	}
	if (nlh->nlmsg_type != reading->family->id || !genlmsg_valid_hdr(nlh, 0))
		return NL_SKIP;
	attrs = calloc((size_t)reader->max + 1, sizeof(struct nlattr *));
	if (!attrs)
		reading->result = failed_errno(reading->family, ENOMEM);
	else if (genlmsg_parse(nlh, 0, attrs, reader->max, NULL))
		reading->result = failed_errno(reading->family, EPROTO);
	else
		reading->result = reader->fn(reader->context,
					     genlmsg_hdr(nlh)->cmd, attrs);
	free(attrs);
	reading->done |= reading->result != 0;
	return reading->done ? NL_STOP : NL_OK;
}

/* libnl could not receive; errno is that of the system call. */
static int failed_receive(struct family *family, int nle, int err)
{
	if (nle == -NLE_NOMEM && err == ENOBUFS)
		return failed(family, ENOBUFS, "events were lost");
	return failed(family, EIO, nl_geterror(nle));
}

/*
 * Receive datagrams until the reply is complete; without wait, those that are
 * queued.
 */
static int receive(struct family *family, const struct family_reader *reader,
		   bool wait)
{
	struct reading reading = { .family = family, .reader = reader };
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	bool interrupted = false;
	int nle, err;

	if (!cb)
		return failed_errno(family, ENOMEM);
	nl_cb_err(cb, NL_CB_CUSTOM, on_error, &reading);
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_message, &reading);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_end, &reading);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_end, &reading);
	if (!wait)
		nl_cb_set(cb, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, any_number, NULL);
	do {
		errno = 0;
		nle = nl_recvmsgs(family->sock, cb);
		err = errno;
		interrupted |= nle == -NLE_DUMP_INTR;
	} while (!reading.done && (nle >= 0 || nle == -NLE_DUMP_INTR));
	nl_cb_put(cb);
	if (reading.result)
		return reading.result;
	if (interrupted)
		return failed(family, EAGAIN,
			      "it changed while it was read: try again");
	if (reading.done || (nle == -NLE_AGAIN && !wait))
		return 0;
	return failed_receive(family, nle, err);
}

struct nl_msg *family_request(struct family *family, int command, int flags)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (msg && !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family->id, 0,
				flags, (uint8_t)command,
				IPSECSTAT_FAMILY_VERSION)) {
		nlmsg_free(msg);
		msg = NULL;
	}
	if (!msg)
		failed_errno(family, ENOMEM);
	return msg;
}

int family_ask(struct family *family, struct nl_msg *request,
	       const struct family_reader *reader)
{
	int nle;

	if (!request)
		return -ENOMEM;
	nle = nl_send_auto(family->sock, request);
	nlmsg_free(request);
	if (nle < 0)
		return failed(family, EIO, nl_geterror(nle));
	return receive(family, reader, true);
}

/*
 * Resolve all groups before joining the first one, whose events could be
 * mistaken for answers.
 */
#define MOST_GROUPS	4

int family_join(struct family *family, const char *const *groups)
{
	int ids[MOST_GROUPS + 1], n = 1, nle = 0;

	ids[0] = genl_ctrl_resolve_grp(family->sock, "nlctrl", "notify");
	if (ids[0] < 0)
		nle = ids[0];
	for (; *groups && n <= MOST_GROUPS; groups++, n++) {
		ids[n] = genl_ctrl_resolve_grp(family->sock,
					       IPSECSTAT_FAMILY_NAME, *groups);
		if (ids[n] < 0)
			return failed(family, EOPNOTSUPP,
				      "the module has no such events");
	}
	for (int i = 0; !nle && i < n; i++)
		nle = nl_socket_add_membership(family->sock, ids[i]);
	if (nle == -NLE_PERM)
		return failed_errno(family, EPERM);
	if (!nle)
		nle = nl_socket_set_nonblocking(family->sock);
	return nle ? failed(family, EIO, nl_geterror(nle)) : 0;
}

int family_fd(const struct family *family)
{
	return nl_socket_get_fd(family->sock);
}

int family_receive(struct family *family, const struct family_reader *reader)
{
	return receive(family, reader, false);
}

static int find(struct family *family)
{
	static const int on = 1;
	int nle = genl_connect(family->sock);

	if (nle)
		return failed(family, EIO, nl_geterror(nle));
	/* For the text of errors; a failure does not matter. */
	setsockopt(family_fd(family), SOL_NETLINK, NETLINK_EXT_ACK, &on,
		   sizeof(on));
	family->id = genl_ctrl_resolve(family->sock, IPSECSTAT_FAMILY_NAME);
	if (family->id < 0)
		return failed(family, ENOENT,
			      "the kernel module ipsecstat is not loaded");
	return 0;
}

struct family *family_open(void)
{
	struct family *family = calloc(1, sizeof(*family));

	if (family)
		family->sock = nl_socket_alloc();
	if (!family || !family->sock) {
		say("out of memory");
		free(family);
		return NULL;
	}
	if (find(family)) {
		family_complain(family, "cannot ask the kernel");
		family_close(family);
		return NULL;
	}
	return family;
}

void family_close(struct family *family)
{
	nl_socket_free(family->sock);
	free(family);
}
