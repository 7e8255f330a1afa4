// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The netlink client: requests with a deadline, and errors as codes of WFP.
 *
 * libnl builds and parses the messages. The socket and the waiting are done
 * here: libnl would wait for ever, and has at most 1024 ports for a process.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <netlink/errno.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include <windows.h>

#include "deadline.h"
#include "netlink.h"

struct fwp_link {
	struct nl_sock *sock;
	int family;		/* number of the family while the module is loaded */
};

/* No error number of the kernel is larger. */
#define MAX_ERRNO	4095

/*
 * A datagram, the first message for us in it and the bytes from there on; or
 * the error of the kernel.
 */
struct answer {
	unsigned char *datagram;
	struct nlmsghdr *nlh;
	int left;
	int refusal;
};

static const struct {
	int nle;
	DWORD code;
} nle_codes[] = {
	{ NLE_NOMEM,		ERROR_NOT_ENOUGH_MEMORY },
	{ NLE_PERM,		ERROR_ACCESS_DENIED },
	{ NLE_NOACCESS,		ERROR_ACCESS_DENIED },
	{ NLE_OBJ_NOTFOUND,	EPT_S_NOT_REGISTERED },
	{ NLE_AF_NOSUPPORT,	EPT_S_NOT_REGISTERED },
	{ NLE_PROTO_MISMATCH,	EPT_S_NOT_REGISTERED },
};

static DWORD code_of_nle(int nle)
{
	size_t i;

	for (i = 0; i < ARRAYSIZE(nle_codes); i++)
		if (nle_codes[i].nle == abs(nle))
			return nle_codes[i].code;
	return RPC_S_CALL_FAILED;
}

static DWORD code_of_errno(int err)
{
	if (err == EMFILE || err == ENFILE)
		return ERROR_NO_SYSTEM_RESOURCES;
	return code_of_nle(nl_syserr2nlerr(err));
}

static DWORD wait_readable(int fd, const struct timespec *deadline)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	int left = deadline_left(deadline);

	if (!left)
		return FWP_E_TIMEOUT;

	/* Ignore poll errors; the next receive reports them precisely. */
	if (poll(&pfd, 1, left) < 0 && errno != EINTR)
		return code_of_errno(errno);
	return ERROR_SUCCESS;
}

static struct nlmsghdr *find_message(unsigned char *datagram, int *len,
				     UINT32 seq)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)datagram;

	for (; nlmsg_ok(nlh, *len); nlh = nlmsg_next(nlh, len))
		if (nlh->nlmsg_seq == seq && nlh->nlmsg_type != NLMSG_NOOP)
			return nlh;
	return NULL;
}

/*
 * Wait for the kernel's message with sequence number @seq. Other messages
 * answer a request that timed out, or are not from the kernel.
 */
static DWORD receive(struct nl_sock *sock, UINT32 seq,
		     const struct timespec *deadline, struct answer *answer)
{
	struct sockaddr_nl from = { 0 };
	DWORD ret = ERROR_SUCCESS;
	int len;

	for (; !ret; ret = wait_readable(nl_socket_get_fd(sock), deadline)) {
		answer->datagram = NULL;
		len = nl_recv(sock, &from, &answer->datagram, NULL);
		if (len == -NLE_AGAIN)
			continue;
		if (len < 0)
			return code_of_nle(len);
		if (!len)
			return RPC_S_CALL_FAILED;

		answer->nlh = find_message(answer->datagram, &len, seq);
		answer->left = len;
		if (answer->nlh && !from.nl_pid)
			return ERROR_SUCCESS;
		free(answer->datagram);
	}
	return ret;
}

static DWORD code_of_refusal(struct answer *answer)
{
	const struct nlmsgerr *err = nlmsg_data(answer->nlh);

	if (nlmsg_datalen(answer->nlh) < (int)sizeof(*err) || err->error >= 0 ||
	    err->error < -MAX_ERRNO)
		return RPC_S_PROTOCOL_ERROR;
	answer->refusal = -err->error;
	return code_of_errno(answer->refusal);
}

static DWORD check_answer(struct answer *answer, int family, int cmd)
{
	struct nlmsghdr *nlh = answer->nlh;

	answer->refusal = 0;
	if (nlh->nlmsg_type == NLMSG_ERROR)
		return code_of_refusal(answer);
	/* These replies are single messages. */
	if (nlh->nlmsg_type != family || nlh->nlmsg_flags & NLM_F_MULTI ||
	    !genlmsg_valid_hdr(nlh, 0) || genlmsg_hdr(nlh)->cmd != cmd)
		return RPC_S_PROTOCOL_ERROR;
	return ERROR_SUCCESS;
}

static DWORD send_request(struct nl_sock *sock, struct nl_msg *msg,
			  const struct timespec *deadline)
{
	int err;

	while ((err = nl_send_auto(sock, msg)) == -NLE_INTR)
		if (!deadline_left(deadline))
			return FWP_E_TIMEOUT;
	return err < 0 ? code_of_nle(err) : ERROR_SUCCESS;
}

/*
 * Send @msg to @family and wait for the answer, a message of @family with the
 * command @cmd. Frees @msg. On success the caller frees answer->datagram.
 */
static DWORD ask(struct nl_sock *sock, struct nl_msg *msg, int family, int cmd,
		 const struct timespec *deadline, struct answer *answer)
{
	DWORD ret = send_request(sock, msg, deadline);

	if (!ret)
		ret = receive(sock, nlmsg_hdr(msg)->nlmsg_seq, deadline,
			      answer);
	nlmsg_free(msg);
	if (ret)
		return ret;

	ret = check_answer(answer, family, cmd);
	if (ret)
		free(answer->datagram);
	return ret;
}

static struct nl_msg *new_request(int family, int cmd, int flags, int version)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (msg && !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0,
				flags, cmd, version)) {
		nlmsg_free(msg);
		msg = NULL;
	}
	return msg;
}

static DWORD read_family(struct nlmsghdr *nlh, int *family)
{
	struct genlmsghdr *hdr = genlmsg_hdr(nlh);
	struct nlattr *id = nla_find(genlmsg_attrdata(hdr, 0),
				     genlmsg_attrlen(hdr, 0),
				     CTRL_ATTR_FAMILY_ID);

	if (!id || nla_len(id) != sizeof(UINT16))
		return RPC_S_PROTOCOL_ERROR;
	*family = nla_get_u16(id);
	return ERROR_SUCCESS;
}

/* Ask the kernel for the number of the family. */
static DWORD resolve(struct nl_sock *sock, const struct timespec *deadline,
		     int *family)
{
	struct nl_msg *msg = new_request(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0, 1);
	struct answer answer;
	DWORD ret;

	if (!msg)
		return ERROR_NOT_ENOUGH_MEMORY;
	if (nla_put_string(msg, CTRL_ATTR_FAMILY_NAME, IPSECSTAT_FAMILY_NAME)) {
		nlmsg_free(msg);
		return ERROR_NOT_ENOUGH_MEMORY;
	}

	ret = ask(sock, msg, GENL_ID_CTRL, CTRL_CMD_NEWFAMILY, deadline,
		  &answer);
	if (ret)
		return ret;
	ret = read_family(answer.nlh, family);
	free(answer.datagram);
	return ret;
}

/* A netlink socket, bound to a port that the kernel chose, or -1 and errno. */
static int open_socket(void)
{
	const struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	const int on = 1;
	int fd, err;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    NETLINK_GENERIC);
	if (fd < 0)
		return -1;

	/*
	 * So that strace and nlmon show the text of errors; a failure does not
	 * matter.
	 */
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));

	if (bind(fd, (const struct sockaddr *)&any, sizeof(any))) {
		err = errno;
		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

static DWORD new_socket(struct nl_sock **sockp)
{
	struct nl_sock *sock;
	int fd, err;

	fd = open_socket();
	if (fd < 0)
		return code_of_errno(errno);

	sock = nl_socket_alloc();
	if (!sock) {
		close(fd);
		return ERROR_NOT_ENOUGH_MEMORY;
	}
	err = nl_socket_set_fd(sock, NETLINK_GENERIC, fd);
	if (err) {
		nl_socket_free(sock);
		close(fd);
		return code_of_nle(err);
	}

	/* No ACK: it would be a second message after the reply. */
	nl_socket_disable_auto_ack(sock);
	*sockp = sock;
	return ERROR_SUCCESS;
}

DWORD fwp_link_open(struct fwp_link **linkp, const struct timespec *deadline)
{
	struct fwp_link *link = calloc(1, sizeof(*link));
	DWORD ret;

	if (!link)
		return ERROR_NOT_ENOUGH_MEMORY;

	ret = new_socket(&link->sock);
	if (!ret)
		ret = resolve(link->sock, deadline, &link->family);
	if (ret) {
		fwp_link_close(link);
		return ret;
	}
	*linkp = link;
	return ERROR_SUCCESS;
}

/* After unloading, another family can have the number. */
static bool family_changed(struct fwp_link *link,
			   const struct timespec *deadline)
{
	int family;

	switch (resolve(link->sock, deadline, &family)) {
	case ERROR_SUCCESS:
		return family != link->family;
	case EPT_S_NOT_REGISTERED:
		return true;
	default:
		return false;
	}
}

static DWORD get(struct fwp_link *link, const struct timespec *deadline,
		 UINT32 cpu, struct fwp_reply *reply)
{
	struct nl_msg *msg = new_request(link->family, IPSECSTAT_CMD_GET, 0,
					 IPSECSTAT_FAMILY_VERSION);
	struct answer answer = { 0 };
	struct genlmsghdr *hdr;
	DWORD ret;

	if (!msg)
		return ERROR_NOT_ENOUGH_MEMORY;
	if (cpu != FWP_ALL_CPUS &&
	    nla_put_u32(msg, IPSECSTAT_A_STATS_CPU, cpu)) {
		nlmsg_free(msg);
		return ERROR_NOT_ENOUGH_MEMORY;
	}

	ret = ask(link->sock, msg, link->family, IPSECSTAT_CMD_GET, deadline,
		  &answer);
	if (cpu != FWP_ALL_CPUS && answer.refusal == ERANGE)
		return ERROR_INVALID_PARAMETER;
	if (ret)
		return ret;
	hdr = genlmsg_hdr(answer.nlh);
	if (!fwp_reply_read(genlmsg_attrdata(hdr, 0), genlmsg_attrlen(hdr, 0),
			    cpu, reply))
		ret = RPC_S_PROTOCOL_ERROR;
	free(answer.datagram);
	return ret;
}

/* Find out whether a failure means that the module was unloaded. */
static DWORD end_or_failure(struct fwp_link *link,
			    const struct timespec *deadline, DWORD ret)
{
	switch (ret) {
	case ERROR_SUCCESS:
	case ERROR_INVALID_PARAMETER:
	case FWP_E_TIMEOUT:
	case ERROR_NOT_ENOUGH_MEMORY:
		return ret;
	case EPT_S_NOT_REGISTERED:
		/*
		 * Do not resolve the family: that would load the module again.
		 */
		return FWP_E_SESSION_ABORTED;
	default:
		if (family_changed(link, deadline))
			return FWP_E_SESSION_ABORTED;
		return ret;
	}
}

DWORD fwp_link_get(struct fwp_link *link, const struct timespec *deadline,
		   UINT32 cpu, struct fwp_reply *reply)
{
	return end_or_failure(link, deadline,
			      get(link, deadline, cpu, reply));
}

struct dump {
	int family;
	int cmd;
	UINT32 seq;
	fwp_take *take;
	void *context;
	bool done;
};

static DWORD end_of_dump(struct nlmsghdr *nlh)
{
	int err;

	if (nlmsg_datalen(nlh) < (int)sizeof(err))
		return RPC_S_PROTOCOL_ERROR;
	memcpy(&err, nlmsg_data(nlh), sizeof(err));
	return err < 0 ? code_of_errno(-err) : ERROR_SUCCESS;
}

static DWORD take_message(struct dump *dump, struct answer *answer)
{
	struct nlmsghdr *nlh = answer->nlh;
	struct genlmsghdr *hdr;

	dump->done = nlh->nlmsg_type == NLMSG_DONE ||
		     nlh->nlmsg_type == NLMSG_ERROR;
	if (nlh->nlmsg_type == NLMSG_DONE)
		return end_of_dump(nlh);
	if (nlh->nlmsg_type == NLMSG_ERROR)
		return code_of_refusal(answer);
	if (nlh->nlmsg_type != dump->family || !genlmsg_valid_hdr(nlh, 0))
		return RPC_S_PROTOCOL_ERROR;
	hdr = genlmsg_hdr(nlh);
	if (hdr->cmd != dump->cmd)
		return RPC_S_PROTOCOL_ERROR;
	return dump->take(dump->context, genlmsg_attrdata(hdr, 0),
			  (size_t)genlmsg_attrlen(hdr, 0));
}

/* After a failure, skip the rest of the dump. */
static DWORD take_datagram(struct dump *dump, struct answer *answer, DWORD ret)
{
	while (!dump->done && nlmsg_ok(answer->nlh, answer->left)) {
		if (answer->nlh->nlmsg_seq != dump->seq)
			return RPC_S_PROTOCOL_ERROR;
		if (!ret)
			ret = take_message(dump, answer);
		else
			dump->done = answer->nlh->nlmsg_type == NLMSG_DONE;
		answer->nlh = nlmsg_next(answer->nlh, &answer->left);
	}
	return ret;
}

static DWORD receive_dump(struct fwp_link *link, struct dump *dump,
			  const struct timespec *deadline)
{
	struct answer answer = { 0 };
	DWORD ret = ERROR_SUCCESS, err;

	while (!dump->done) {
		err = receive(link->sock, dump->seq, deadline, &answer);
		if (err)
			return ret ? ret : err;
		ret = take_datagram(dump, &answer, ret);
		free(answer.datagram);
	}
	return ret;
}

DWORD fwp_link_dump(struct fwp_link *link, const struct timespec *deadline,
		    int cmd, fwp_take *take, void *context)
{
	struct nl_msg *msg = new_request(link->family, cmd, NLM_F_DUMP,
					 IPSECSTAT_FAMILY_VERSION);
	struct dump dump = { .family = link->family, .cmd = cmd, .take = take,
			     .context = context };
	DWORD ret;

	if (!msg)
		return ERROR_NOT_ENOUGH_MEMORY;
	ret = send_request(link->sock, msg, deadline);
	dump.seq = nlmsg_hdr(msg)->nlmsg_seq;
	nlmsg_free(msg);
	if (!ret)
		ret = receive_dump(link, &dump, deadline);
	return end_or_failure(link, deadline, ret);
}

void fwp_link_close(struct fwp_link *link)
{
	if (link->sock)
		nl_socket_free(link->sock);
	free(link);
}
