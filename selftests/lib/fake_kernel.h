/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fake kernel, correct or faulty: the program's own socket(), sendmsg() and so on
 * replace those of the C library, so that libfwpuclnt and libnl, unchanged, call the
 * functions of fake_kernel.c. Each generic netlink socket is a pair of UNIX sockets; all
 * other calls go to the real kernel.
 */
#ifndef FAKE_KERNEL_H
#define FAKE_KERNEL_H

#include <stdbool.h>

#include "forge.h"

/* How the fake replies to IPSECSTAT_CMD_GET. */
enum fake_manner {
	FAKE_REPLY,		/* as it should */
	FAKE_SILENT,		/* never */
	FAKE_LATE,		/* to this request when the next one comes */
	FAKE_OVERTAKEN,		/* and even after the answer to that one */
	FAKE_TWICE,
	FAKE_ACK,		/* error 0 without a reply */
	FAKE_SHORT_ERROR,	/* an error message without an error in it */
	FAKE_OTHER_COMMAND,
	FAKE_OTHER_TYPE,
	FAKE_HEADLESS,		/* no generic netlink header */
	FAKE_BROKEN_LENGTH,	/* nlmsg_len beyond the datagram */
	FAKE_MALFORMED,		/* a reply without its SA figures */
	FAKE_HUGE,		/* a reply with 12 KiB of unknown attributes */
	FAKE_OTHER_CPU,		/* a reply for the CPU after the one asked for */
};

struct fake {
	int family;		/* number of ipsecstat, 0 without the module */
	enum fake_manner manner;
	unsigned int cpus;	/* from 0; each says the same figures */
	int get_error;		/* errno that GET answers */
	int resolve_error;	/* errno that resolving answers, if not 0 */
	bool resolve_silent;
	bool resolve_malformed;
	int noise;		/* datagrams that are not for us come first */
	const void *datagram;	/* answers GET, or resolving, as it is; but */
	size_t datagram_len;	/* nlmsg_seq is counted from the request's */
	bool datagram_resolves;
	int socket_error;	/* errno of socket() */
	int bind_error;
	int send_error;
	int recv_error;
	int idle_error;		/* errno of receiving when nothing is there */
	int overruns;		/* so many times, ENOBUFS before a message */
	int interruptions;	/* so many times, EINTR before each system call */
	bool close_behind;	/* the program closes all its files */
	struct figures figures;

	/* Calls of the library. */
	int requests;
	int resolves;
	int sockets;		/* open now */
	int flags;		/* of the last request */
};

extern struct fake fake;

/* A working module, and forge_example. */
void fake_reset(void);

#endif /* FAKE_KERNEL_H */
