/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sessions: what a HANDLE stands for. */
#ifndef FWP_ENGINE_H
#define FWP_ENGINE_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include <fwpmtypes.h>

#include "netlink.h"

struct fwp_session {
	/* Set when the session is opened, and then only read. */
	UINT_PTR handle;
	GUID key;
	pid_t pid;
	UINT32 timeout;			/* of one call, in milliseconds */

	/* Belong to the handle table and its lock. */
	unsigned int refs;
	bool busy;			/* somebody is inside */
	pthread_cond_t idle;

	/* Belong to the thread that is between fwp_session_enter and _leave. */
	struct timespec deadline;	/* of the call in progress */
	int cancel;			/* state to go back to after it */
	struct fwp_link *link;
	UINT64 since;			/* of the first reply, 0 before it */
	bool in_transaction;
	bool aborted;
};

/*
 * Look up @handle and get the session to oneself, for as long as its owner is
 * willing to wait. On success fwp_session_leave() has to follow.
 */
DWORD fwp_session_enter(HANDLE handle, struct fwp_session **sessionp);
void fwp_session_leave(struct fwp_session *session);

#endif /* FWP_ENGINE_H */
