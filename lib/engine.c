// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Handles, sessions and transactions.
 *
 * A handle is not a pointer: its low bits are an index into a table, the rest
 * is a serial number that must match the session there. One lock guards the
 * table and the owner of each session; it is not held during a request. Threads
 * that share a handle take turns.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fwpmu.h>

#include "deadline.h"
#include "engine.h"
#include "export.h"

#define PLACE_BITS		16
#define PLACE_MASK		((1u << PLACE_BITS) - 1)

/* Index 0xffff could give INVALID_HANDLE_VALUE. */
#define MAX_SESSIONS		(PLACE_MASK - 1)

#define DEFAULT_TIMEOUT_MS	15000
#define LONGEST_TIMEOUT_MS	(60 * 60 * 1000)

static struct {
	pthread_mutex_t lock;
	struct fwp_session **place;
	size_t places;
	size_t sessions;
	UINT_PTR serial;
	bool follows_fork;
} table = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void before_fork(void)
{
	pthread_mutex_lock(&table.lock);
}

static void after_fork(void)
{
	pthread_mutex_unlock(&table.lock);
}

/* After fork, calls in progress belong to threads of the parent. */
static void after_fork_in_child(void)
{
	size_t i;

	for (i = 0; i < table.places; i++)
		if (table.place[i])
			table.place[i]->refs = 1;
	pthread_mutex_unlock(&table.lock);
}

static DWORD follow_fork(void)
{
	if (!table.follows_fork &&
	    pthread_atfork(before_fork, after_fork, after_fork_in_child))
		return ERROR_NOT_ENOUGH_MEMORY;
	table.follows_fork = true;
	return ERROR_SUCCESS;
}

static bool is_zero(const GUID *key)
{
	static const GUID zero;

	return IsEqualGUID(key, &zero);
}

static bool key_in_use(const GUID *key)
{
	size_t i;

	for (i = 0; i < table.places; i++)
		if (table.place[i] && table.place[i]->pid == getpid() &&
		    IsEqualGUID(&table.place[i]->key, key))
			return true;
	return false;
}

/*
 * The index of a free place, at most table.places; the table may have to grow
 * for it.
 */
static size_t find_place(void)
{
	size_t i;

	for (i = 0; i < table.places; i++)
		if (!table.place[i])
			break;
	return i;
}

static DWORD make_room(size_t place)
{
	size_t places = table.places ? table.places * 2 : 8;
	struct fwp_session **grown;

	if (place < table.places)
		return ERROR_SUCCESS;
	if (place >= MAX_SESSIONS)
		return ERROR_NO_SYSTEM_RESOURCES;

	grown = realloc(table.place, places * sizeof(*grown));
	if (!grown)
		return ERROR_NOT_ENOUGH_MEMORY;
	memset(grown + table.places, 0,
	       (places - table.places) * sizeof(*grown));
	table.place = grown;
	table.places = places;
	return ERROR_SUCCESS;
}

static DWORD insert_locked(struct fwp_session *session, HANDLE *handle)
{
	size_t place = find_place();
	DWORD ret;

	if (!is_zero(&session->key) && key_in_use(&session->key))
		return FWP_E_ALREADY_EXISTS;
	ret = follow_fork();
	if (!ret)
		ret = make_room(place);
	if (ret)
		return ret;

	session->handle = (++table.serial << PLACE_BITS) | (place + 1);
	session->refs = 1;
	table.place[place] = session;
	table.sessions++;
	*handle = (HANDLE)session->handle;
	return ERROR_SUCCESS;
}

/*
 * On success, @session must not be used any more: another thread may close the
 * handle.
 */
static DWORD insert(struct fwp_session *session, HANDLE *handle)
{
	DWORD ret;

	pthread_mutex_lock(&table.lock);
	ret = insert_locked(session, handle);
	pthread_mutex_unlock(&table.lock);
	return ret;
}

/* The place of the session of @handle in the table, or NULL. */
static struct fwp_session **find(HANDLE handle)
{
	UINT_PTR value = (UINT_PTR)handle;
	size_t place = (value & PLACE_MASK) - 1;

	if (place >= table.places || !table.place[place] ||
	    table.place[place]->handle != value)
		return NULL;
	return &table.place[place];
}

static void remove_locked(struct fwp_session **place)
{
	*place = NULL;
	if (--table.sessions)
		return;
	free(table.place);
	table.place = NULL;
	table.places = 0;
}

static void destroy(struct fwp_session *session)
{
	if (session->link)
		fwp_link_close(session->link);
	/* After fork, threads of the parent can seem to wait for it. */
	if (session->pid == getpid())
		pthread_cond_destroy(&session->idle);
	free(session);
}

/* Called with the table locked; unlocks it. */
static void put_and_unlock(struct fwp_session *session)
{
	bool last = !--session->refs;

	pthread_mutex_unlock(&table.lock);
	if (last)
		destroy(session);
}

static DWORD wait_until_idle(struct fwp_session *session,
			     const struct timespec *deadline)
{
	while (session->busy)
		if (pthread_cond_timedwait(&session->idle, &table.lock,
					   deadline) && session->busy)
			return FWP_E_TIMEOUT;
	return session->aborted ? (DWORD)FWP_E_SESSION_ABORTED : ERROR_SUCCESS;
}

static DWORD enter_locked(struct fwp_session *session)
{
	struct timespec deadline = deadline_in(session->timeout);
	DWORD ret;

	/*
	 * After fork the socket is shared with the parent, and replies could be
	 * mixed up.
	 */
	if (session->pid != getpid())
		return FWP_E_SESSION_ABORTED;
	ret = wait_until_idle(session, &deadline);
	if (ret)
		return ret;
	session->busy = true;
	session->deadline = deadline;
	return ERROR_SUCCESS;
}

/*
 * A thread that is cancelled inside the library would leave the table locked, a
 * session busy, or a socket open. So cancellation waits until the call returns.
 */
static int hold_cancel(void)
{
	int old;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
	return old;
}

static void let_cancel(int old)
{
	pthread_setcancelstate(old, NULL);
}

static DWORD enter(HANDLE handle, struct fwp_session **sessionp)
{
	struct fwp_session **place;
	struct fwp_session *session;
	DWORD ret;

	pthread_mutex_lock(&table.lock);
	place = find(handle);
	if (!place) {
		pthread_mutex_unlock(&table.lock);
		return ERROR_INVALID_HANDLE;
	}
	session = *place;
	session->refs++;
	ret = enter_locked(session);
	if (ret) {
		put_and_unlock(session);
		return ret;
	}
	pthread_mutex_unlock(&table.lock);
	*sessionp = session;
	return ERROR_SUCCESS;
}

DWORD fwp_session_enter(HANDLE handle, struct fwp_session **sessionp)
{
	int cancel = hold_cancel();
	DWORD ret = enter(handle, sessionp);

	if (ret)
		let_cancel(cancel);
	else
		(*sessionp)->cancel = cancel;
	return ret;
}

void fwp_session_leave(struct fwp_session *session)
{
	int cancel = session->cancel;

	pthread_mutex_lock(&table.lock);
	session->busy = false;
	pthread_cond_signal(&session->idle);
	put_and_unlock(session);
	let_cancel(cancel);
}

static UINT32 timeout_of(const FWPM_SESSION0 *wanted)
{
	if (!wanted || !wanted->txnWaitTimeoutInMSec)
		return DEFAULT_TIMEOUT_MS;
	if (wanted->txnWaitTimeoutInMSec > LONGEST_TIMEOUT_MS)
		return LONGEST_TIMEOUT_MS;
	return wanted->txnWaitTimeoutInMSec;
}

static DWORD check_open(const wchar_t *serverName, UINT32 authnService,
			const SEC_WINNT_AUTH_IDENTITY_W *authIdentity,
			const FWPM_SESSION0 *wanted, const HANDLE *engineHandle)
{
	if (!engineHandle)
		return FWP_E_NULL_POINTER;
	if (serverName || authIdentity)
		return RPC_S_CANNOT_SUPPORT;
	if (authnService != RPC_C_AUTHN_WINNT &&
	    authnService != RPC_C_AUTHN_DEFAULT)
		return RPC_S_UNKNOWN_AUTHN_SERVICE;
	if (wanted && wanted->flags & ~FWPM_SESSION_FLAG_DYNAMIC)
		return FWP_E_INVALID_FLAGS;
	return ERROR_SUCCESS;
}

static void init_idle(pthread_cond_t *idle)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(idle, &attr);
	pthread_condattr_destroy(&attr);
}

static struct fwp_session *new_session(const FWPM_SESSION0 *wanted)
{
	struct fwp_session *session = calloc(1, sizeof(*session));

	if (!session)
		return NULL;
	if (wanted)
		session->key = wanted->sessionKey;
	session->timeout = timeout_of(wanted);
	session->pid = getpid();
	init_idle(&session->idle);
	return session;
}

static DWORD open_session(const FWPM_SESSION0 *wanted, HANDLE *handle)
{
	struct fwp_session *session = new_session(wanted);
	struct timespec deadline;
	DWORD ret;

	if (!session)
		return ERROR_NOT_ENOUGH_MEMORY;

	deadline = deadline_in(session->timeout);
	ret = fwp_link_open(&session->link, &deadline);
	if (!ret)
		ret = insert(session, handle);
	if (ret)
		destroy(session);
	return ret;
}

EXPORT DWORD WINAPI FwpmEngineOpen0(const wchar_t *serverName,
				    UINT32 authnService,
				    SEC_WINNT_AUTH_IDENTITY_W *authIdentity,
				    const FWPM_SESSION0 *session,
				    HANDLE *engineHandle)
{
	DWORD ret;
	int cancel;

	ret = check_open(serverName, authnService, authIdentity, session,
			 engineHandle);
	if (ret)
		return ret;
	cancel = hold_cancel();
	ret = open_session(session, engineHandle);
	let_cancel(cancel);
	return ret;
}

static DWORD close_session(HANDLE handle)
{
	struct fwp_session **place;
	struct fwp_session *session;

	pthread_mutex_lock(&table.lock);
	place = find(handle);
	if (!place) {
		pthread_mutex_unlock(&table.lock);
		return ERROR_INVALID_HANDLE;
	}
	session = *place;
	remove_locked(place);
	put_and_unlock(session);
	return ERROR_SUCCESS;
}

EXPORT DWORD WINAPI FwpmEngineClose0(HANDLE engineHandle)
{
	int cancel = hold_cancel();
	DWORD ret = close_session(engineHandle);

	let_cancel(cancel);
	return ret;
}

/*
 * A transaction covers changes to objects of the engine. Statistics are not
 * such objects, so a session only keeps whether a transaction is in progress.
 */
static DWORD set_transaction(HANDLE engineHandle, bool begin)
{
	struct fwp_session *session;
	DWORD ret = fwp_session_enter(engineHandle, &session);

	if (ret)
		return ret;
	if (session->in_transaction == begin)
		ret = begin ? FWP_E_TXN_IN_PROGRESS : FWP_E_NO_TXN_IN_PROGRESS;
	session->in_transaction = begin;
	fwp_session_leave(session);
	return ret;
}

/*
 * The macro of this name, which accepts NULL for the flags, calls this
 * function.
 */
#undef FwpmTransactionBegin0
EXPORT DWORD WINAPI FwpmTransactionBegin0(HANDLE engineHandle, UINT32 flags)
{
	if (flags & ~FWPM_TXN_READ_ONLY)
		return FWP_E_INVALID_FLAGS;
	return set_transaction(engineHandle, true);
}

EXPORT DWORD WINAPI FwpmTransactionCommit0(HANDLE engineHandle)
{
	return set_transaction(engineHandle, false);
}

EXPORT DWORD WINAPI FwpmTransactionAbort0(HANDLE engineHandle)
{
	return set_transaction(engineHandle, false);
}

EXPORT void WINAPI FwpmFreeMemory0(void **p)
{
	if (!p)
		return;
	free(*p);
	*p = NULL;
}
