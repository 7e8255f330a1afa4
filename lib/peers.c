// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Peers, from a dump of the kernel. A malformed dump is refused as a whole, as
 * in reply.c.
 */
#include <arpa/inet.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/attr.h>

#include <fwpmu.h>
#include <fwpuclnt.h>

#include "engine.h"
#include "export.h"
#include "reply.h"

/* The list and its peers are one allocation. */
struct list {
	FWPUCLNT_PEERS *peers;
	size_t room;
	bool others_seen;
};

/* The member for an attribute. Members of 32 bits saturate. */
struct row {
	int attr;
	enum fwp_width width;
	size_t offset, size;
};

#define ROW(_attr, _width, _type, _member)				\
	{ IPSECSTAT_A_##_attr, _width, offsetof(_type, _member),	\
	  sizeof(((_type *)0)->_member) }
#define SUM(_attr, _member) ROW(PEER_##_attr, FWP_UINT,			\
				FWPUCLNT_PEER_SUMS, _member)
#define PEER(_attr, _width, _member) ROW(PEER_##_attr, _width,		\
					 FWPUCLNT_PEER, _member)

static const struct row sums[] = {
	SUM(BYTES_IN, bytesInbound),
	SUM(PACKETS_IN, packetsInbound),
	SUM(BYTES_OUT, bytesOutbound),
	SUM(PACKETS_OUT, packetsOutbound),
	SUM(ADDED, sasAdded),
	SUM(DELETED, sasDeleted),
	SUM(REKEYED, rekeys),
};

/* Older modules do not send these. */
static const struct row later_sums[] = {
	SUM(MAPPED, packetsRemapped),
};

static const struct row required[] = {
	PEER(IF_ID, FWP_U32, ifId),
	PEER(STATE, FWP_U32, state),
	PEER(SAS_IN, FWP_UINT, sasInbound),
	PEER(SAS_OUT, FWP_UINT, sasOutbound),
	PEER(LARVAL, FWP_UINT, larvalSas),
	PEER(FIRST, FWP_UINT, first),
	PEER(CHANGED, FWP_UINT, changed),
	PEER(SEQUENCE_USED, FWP_U32, sequenceUsed),
	PEER(LIMIT_USED, FWP_U32, limitUsed),
	PEER(NEAR_END, FWP_U32, nearEnd),
};

static const struct row optional[] = {
	PEER(UP_SINCE, FWP_UINT, upSince),
	PEER(LARVAL_SINCE, FWP_UINT, larvalSince),
};

static const struct row ended[] = {
	ROW(ENDED_AT, FWP_UINT, FWPUCLNT_ENDED, at),
	ROW(ENDED_REASON, FWP_U32, FWPUCLNT_ENDED, reason),
};

static const struct row ended_by[] = {
	ROW(ENDED_PID, FWP_U32, FWPUCLNT_ENDED, pid),
};

/* False if an attribute is wrong, or missing and @must. */
static bool read_rows(struct nlattr *const *attrs, const struct row *rows,
		      size_t count, bool must, void *to)
{
	UINT32 narrow;
	UINT64 value;
	size_t i;

	for (i = 0; i < count; i++) {
		if (!attrs[rows[i].attr]) {
			if (must)
				return false;
			continue;
		}
		if (!fwp_integer_read(attrs[rows[i].attr], rows[i].width,
				      &value))
			return false;
		narrow = value > UINT32_MAX ? UINT32_MAX : (UINT32)value;
		memcpy((char *)to + rows[i].offset,
		       rows[i].size == sizeof(narrow) ? (void *)&narrow :
							(void *)&value,
		       rows[i].size);
	}
	return true;
}

#define READ_ROWS(attrs, rows, must, to) \
	read_rows(attrs, rows, ARRAYSIZE(rows), must, to)

/* Attributes that repeat, once for each reason. */
#define LISTS	(1u << IPSECSTAT_A_PEER_DROPPED_IN |			\
		 1u << IPSECSTAT_A_PEER_UNATTRIBUTED)

/* Read the other attributes, of which none may repeat or be truncated. */
static bool split(const void *data, size_t len, int max, UINT32 lists,
		  struct nlattr **attrs)
{
	const struct nlattr *attr;
	int type, rem;

	if (len > INT_MAX)
		return false;
	memset(attrs, 0, ((size_t)max + 1) * sizeof(*attrs));
	nla_for_each_attr(attr, data, (int)len, rem) {
		type = nla_type(attr);
		if (type < 1 || type > max)
			continue;
		if (attrs[type] && !(lists >> type & 1))
			return false;
		attrs[type] = (struct nlattr *)attr;
	}
	return rem <= 0;
}

static bool read_ends(struct nlattr *const *attrs, FWPUCLNT_PEER *peer)
{
	const struct nlattr *local = attrs[IPSECSTAT_A_PEER_LOCAL];
	const struct nlattr *remote = attrs[IPSECSTAT_A_PEER_REMOTE];
	int len;

	if (!local || !remote)
		return false;
	len = nla_len(local);
	if (len != nla_len(remote) || (len != 4 && len != 16))
		return false;
	peer->ipVersion = len == 4 ? 4 : 6;
	memcpy(peer->local, nla_data(local), (size_t)len);
	memcpy(peer->remote, nla_data(remote), (size_t)len);
	return true;
}

static bool read_command(const struct nlattr *attr, FWPUCLNT_ENDED *to)
{
	size_t len;

	if (!attr)
		return true;
	len = strnlen(nla_data(attr), (size_t)nla_len(attr));
	if (len == (size_t)nla_len(attr) || len >= sizeof(to->command))
		return false;
	memcpy(to->command, nla_data(attr), len);
	return true;
}

static bool read_ended(const struct nlattr *nest, FWPUCLNT_ENDED *to)
{
	struct nlattr *attrs[IPSECSTAT_A_ENDED_MAX + 1];
	const struct nlattr *spi;

	if (!nest)
		return true;
	if (!split(nla_data(nest), (size_t)nla_len(nest), IPSECSTAT_A_ENDED_MAX,
		   0, attrs) ||
	    !READ_ROWS(attrs, ended, true, to) ||
	    !READ_ROWS(attrs, ended_by, false, to))
		return false;
	spi = attrs[IPSECSTAT_A_ENDED_SPI];
	if (!spi || nla_len(spi) != sizeof(UINT32))
		return false;
	to->spi = ntohl(nla_get_u32(spi));
	to->outbound = !!attrs[IPSECSTAT_A_ENDED_OUTBOUND];
	to->replaced = !!attrs[IPSECSTAT_A_ENDED_REPLACED];
	return read_command(attrs[IPSECSTAT_A_ENDED_COMM], to);
}

/* Reasons of later modules are not in the array. */
static bool read_dropped(const struct nlattr *nest, UINT64 *all,
			 UINT64 dropped[FWPUCLNT_DROP_REASONS])
{
	struct fwp_dropped one;

	if (!fwp_dropped_read(nest, &one))
		return false;
	*all += one.packets;
	if (one.reason < FWPUCLNT_DROP_REASONS)
		dropped[one.reason] += one.packets;
	return true;
}

static bool read_drops(const void *data, size_t len, int type, UINT64 *all,
		       UINT64 dropped[FWPUCLNT_DROP_REASONS])
{
	const struct nlattr *attr;
	int rem;

	nla_for_each_attr(attr, data, (int)len, rem)
		if (nla_type(attr) == type && !read_dropped(attr, all, dropped))
			return false;
	return true;
}

static bool read_sums(const void *data, size_t len, struct nlattr *const *attrs,
		      FWPUCLNT_PEER_SUMS *to)
{
	return READ_ROWS(attrs, sums, true, to) &&
	       READ_ROWS(attrs, later_sums, false, to) &&
	       read_drops(data, len, IPSECSTAT_A_PEER_DROPPED_IN,
			  &to->packetsDropped, to->dropped);
}

static bool read_peer(const void *data, size_t len, struct nlattr *const *attrs,
		      FWPUCLNT_PEER *peer)
{
	memset(peer, 0, sizeof(*peer));
	return read_ends(attrs, peer) &&
	       READ_ROWS(attrs, required, true, peer) &&
	       READ_ROWS(attrs, optional, false, peer) &&
	       read_sums(data, len, attrs, &peer->sums) &&
	       read_ended(attrs[IPSECSTAT_A_PEER_ENDED], &peer->ended);
}

static DWORD grow(struct list *list)
{
	size_t room = list->room ? 2 * list->room : 16;
	FWPUCLNT_PEERS *peers;

	if (list->peers && list->peers->numPeers < list->room)
		return ERROR_SUCCESS;
	peers = realloc(list->peers, sizeof(*peers) + room * sizeof(*peers->peers));
	if (!peers)
		return ERROR_NOT_ENOUGH_MEMORY;
	if (!list->peers)
		memset(peers, 0, sizeof(*peers));
	peers->peers = (FWPUCLNT_PEER *)(peers + 1);
	list->peers = peers;
	list->room = room;
	return ERROR_SUCCESS;
}

static bool read_others(const void *data, size_t len,
			struct nlattr *const *attrs, struct list *list)
{
	const struct nlattr *count = attrs[IPSECSTAT_A_PEER_OTHERS];
	FWPUCLNT_PEERS *peers = list->peers;

	if (list->others_seen)
		return false;
	list->others_seen = true;
	return fwp_integer_read(count, FWP_UINT, &peers->numOthers) &&
	       read_sums(data, len, attrs, &peers->others) &&
	       read_drops(data, len, IPSECSTAT_A_PEER_UNATTRIBUTED,
			  &peers->packetsUnattributed, peers->unattributed);
}

static DWORD take(void *context, const void *data, size_t len)
{
	struct nlattr *attrs[IPSECSTAT_A_PEER_MAX + 1];
	struct list *list = context;
	DWORD ret = grow(list);

	if (ret)
		return ret;
	if (!split(data, len, IPSECSTAT_A_PEER_MAX, LISTS, attrs))
		return RPC_S_PROTOCOL_ERROR;
	if (attrs[IPSECSTAT_A_PEER_OTHERS])
		return read_others(data, len, attrs, list) ?
		       ERROR_SUCCESS : RPC_S_PROTOCOL_ERROR;
	if (!read_peer(data, len, attrs,
		       &list->peers->peers[list->peers->numPeers]))
		return RPC_S_PROTOCOL_ERROR;
	list->peers->numPeers++;
	return ERROR_SUCCESS;
}

static DWORD ask(struct fwp_session *session, struct list *list)
{
	DWORD ret = fwp_link_dump(session->link, &session->deadline,
				  IPSECSTAT_CMD_PEER_GET, take, list);

	if (ret == (DWORD)FWP_E_SESSION_ABORTED)
		session->aborted = true;
	if (!ret && !list->others_seen)
		ret = RPC_S_PROTOCOL_ERROR;
	return ret;
}

EXPORT DWORD WINAPI FwpuclntGetPeers(HANDLE engineHandle,
				     FWPUCLNT_PEERS **peers)
{
	struct list list = { 0 };
	struct fwp_session *session;
	DWORD ret;

	if (!peers)
		return FWP_E_NULL_POINTER;
	ret = fwp_session_enter(engineHandle, &session);
	if (ret)
		return ret;
	ret = session->in_transaction ? (DWORD)FWP_E_TXN_IN_PROGRESS :
					ask(session, &list);
	fwp_session_leave(session);
	if (ret)
		free(list.peers);
	else
		*peers = list.peers;
	return ret;
}
