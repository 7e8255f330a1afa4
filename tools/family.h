/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A client of the generic netlink family ipsecstat, for recent drops and
 * events, which the library does not read. include/uapi/linux/ipsecstat.h has
 * commands and attributes.
 *
 * Functions return 0 or a negative errno. family_complain() prints the last
 * failure, with the kernel's text if there is one, and the remedy.
 * family_open() prints its failures itself.
 */
#ifndef FAMILY_H
#define FAMILY_H

#include <linux/ipsecstat.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

struct family;

/*
 * Called for each message of the family; attrs[1] to attrs[max] are its
 * attributes or NULL. A result other than 0 ends the reading and is returned.
 */
typedef int family_fn(void *context, int command, struct nlattr **attrs);

struct family_reader {
	family_fn *fn;
	void *context;
	int max;		/* the highest attribute that fn looks at */
};

/*
 * Open it in the network namespace of the calling thread. The kernel loads the
 * module if need be. NULL after a failure, which was printed.
 */
struct family *family_open(void);
void family_close(struct family *family);

/* A new request, to add attributes to; flags are 0 or NLM_F_DUMP. */
struct nl_msg *family_request(struct family *family, int command, int flags);

/* Send the request, free it, and read all that the kernel answers. */
int family_ask(struct family *family, struct nl_msg *request,
	       const struct family_reader *reader);

/*
 * Join multicast groups, up to a NULL. Afterwards the socket is only for
 * events, including the unloading of the module.
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

/* Print what failed, why, and the remedy. */
void family_complain(const struct family *family, const char *what);

#endif
