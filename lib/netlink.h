/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The way to the kernel: one request, one reply. */
#ifndef FWP_NETLINK_H
#define FWP_NETLINK_H

#include <time.h>

#include <windef.h>

#include "reply.h"

struct fwp_link;

/* Find the module, in the network namespace of the calling thread. */
DWORD fwp_link_open(struct fwp_link **linkp, const struct timespec *deadline);

/*
 * Ask for the statistics of a CPU, or of FWP_ALL_CPUS, in one round trip. One
 * caller at a time.
 */
DWORD fwp_link_get(struct fwp_link *link, const struct timespec *deadline,
		   UINT32 cpu, struct fwp_reply *reply);

void fwp_link_close(struct fwp_link *link);

#endif /* FWP_NETLINK_H */
