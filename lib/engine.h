/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sessions: the objects that handles refer to. */
#ifndef FWP_ENGINE_H
#define FWP_ENGINE_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include <fwpmtypes.h>

#include "netlink.h"

struct fwp_session {
	/* Constant after the session is opened. */
	UINT_PTR handle;
	GUID key;
	pid_t pid;
	UINT32 timeout;			/* of one call, in milliseconds */

	/* Guarded by the lock of the handle table. */
	unsigned int refs;
	bool busy;			/* a thread is between enter and leave */
	pthread_cond_t idle;

	/*
	 * Owned by the thread between fwp_session_enter() and
	 * fwp_session_leave().
	 */
	struct timespec deadline;	/* of the call in progress */
	int cancel;			/* cancel state to restore after it */
	struct fwp_link *link;
	UINT64 since;			/* start of counting in the first reply, 0 before it */
	bool in_transaction;
	bool aborted;
};

/*
 * Look up @handle and take its session exclusively, waiting for at most the
 * timeout of the session. On success fwp_session_leave() must follow.
 */
DWORD fwp_session_enter(HANDLE handle, struct fwp_session **sessionp);
void fwp_session_leave(struct fwp_session *session);

#endif /* FWP_ENGINE_H */
