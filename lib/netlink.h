/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The netlink client: requests to the module. */
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

/*
 * Dump by @cmd, and call @take with the attributes of each message, @len bytes
 * at @attrs. A result other than ERROR_SUCCESS ends the dump and is returned.
 */
typedef DWORD fwp_take(void *context, const void *attrs, size_t len);
DWORD fwp_link_dump(struct fwp_link *link, const struct timespec *deadline,
		    int cmd, fwp_take *take, void *context);

void fwp_link_close(struct fwp_link *link);

#endif /* FWP_NETLINK_H */
