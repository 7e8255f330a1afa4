/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The generic netlink family ipsecstat, for what the library does not offer.
 * include/uapi/linux/ipsecstat.h has its commands and attributes.
 *
 * Functions return 0 or a negative errno. family_complain() says what the last
 * failure was, in the kernel's own words where it gave some, and the command
 * that mends it. Only family_open() may leave nothing to complain of: it says
 * so itself.
 */
#ifndef FAMILY_H
#define FAMILY_H

#include <linux/ipsecstat.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

struct family;

/*
 * Called for each message of the family; attrs[1] to attrs[max of the caller]
 * are its attributes or NULL. Anything but 0 ends the asking, and is returned.
 */
typedef int family_fn(void *context, int command, struct nlattr **attrs);

struct family_reader {
	family_fn *fn;
	void *context;
	int max;		/* the highest attribute that fn looks at */
};

/*
 * In the network namespace of the calling thread. The kernel loads the module
 * if it has to. NULL after a failure, which was printed.
 */
struct family *family_open(void);
void family_close(struct family *family);

/* A request to which attributes can be put; flags are 0 or NLM_F_DUMP. */
struct nl_msg *family_request(struct family *family, int command, int flags);

/* Send the request, free it, and read all that the kernel answers. */
int family_ask(struct family *family, struct nl_msg *request,
	       const struct family_reader *reader);

/*
 * Join multicast groups, up to a NULL. From then on the socket is only for events, the end of
 * the module among them: ask on another one.
 */
int family_join(struct family *family, const char *const *groups);

/* Readable when there are events; poll it. */
int family_fd(const struct family *family);

/*
 * Read the events that are there, without waiting for more. -ENOBUFS: the
 * kernel had more of them than the socket holds, and some are lost. -ENOENT: the
 * module was unloaded, so no more will come.
 */
int family_receive(struct family *family, const struct family_reader *reader);

/* Say that what was to be done failed, why, and what mends it. */
void family_complain(const struct family *family, const char *what);

#endif
