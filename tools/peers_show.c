// SPDX-License-Identifier: GPL-2.0-only
/*
 * Peers as text, in full and as JSON.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "command.h"
#include "json.h"
#include "line.h"
#include "peers.h"
#include "units.h"

/* Rises when a key goes or changes its meaning, not when one is added. */
#define SCHEMA_VERSION 1

static const char *const states[] = {
	[FWPUCLNT_PEER_DOWN] = "down",
	[FWPUCLNT_PEER_NEGOTIATING] = "negotiating",
	[FWPUCLNT_PEER_HALF] = "half",
	[FWPUCLNT_PEER_UP] = "up",
};

static const char *const reasons[] = {
	[FWPUCLNT_END_TIME] = "time",
	[FWPUCLNT_END_BYTES] = "bytes",
	[FWPUCLNT_END_PACKETS] = "packets",
	[FWPUCLNT_END_DELETED] = "deleted",
	[FWPUCLNT_END_FLUSHED] = "flushed",
	[FWPUCLNT_END_MIGRATED] = "migrated",
	[FWPUCLNT_END_DEVICE] = "device",
	[FWPUCLNT_END_UNANSWERED] = "unanswered",
};

const char *peer_state_name(uint32_t state)
{
	return state < ARRAY_SIZE(states) ? states[state] : "unknown";
}

const char *end_reason_name(uint32_t reason)
{
	return reason < ARRAY_SIZE(reasons) ? reasons[reason] : "unknown";
}

const char *peer_address(const FWPUCLNT_PEER *peer, const uint8_t *address,
			 char text[PEER_ADDRESS_SIZE])
{
	return inet_ntop(peer->ipVersion == 4 ? AF_INET : AF_INET6, address,
			 text, PEER_ADDRESS_SIZE);
}

uint64_t peer_since(const FWPUCLNT_PEER *peer)
{
	switch (peer->state) {
	case FWPUCLNT_PEER_UP:
		return peer->upSince;
	case FWPUCLNT_PEER_NEGOTIATING:
		return peer->larvalSince;
	case FWPUCLNT_PEER_DOWN:
		return peer->ended.at;
	default:
		return peer->changed;
	}
}

static const char *ended_text(const FWPUCLNT_ENDED *ended, char *text,
			      size_t size)
{
	if (!ended->at)
		snprintf(text, size, "-");
	else if (ended->pid)
		snprintf(text, size, "%s (%s)",
			 end_reason_name(ended->reason), ended->command);
	else
		snprintf(text, size, "%s", end_reason_name(ended->reason));
	return text;
}

const char *peer_why(const FWPUCLNT_PEER *peer, char *text, size_t size)
{
	switch (peer->state) {
	case FWPUCLNT_PEER_UP:
		snprintf(text, size, "%llu rekey%s", peer->sums.rekeys,
			 peer->sums.rekeys == 1 ? "" : "s");
		return text;
	case FWPUCLNT_PEER_HALF:
		snprintf(text, size, "%s only",
			 peer->sasInbound ? "in" : "out");
		return text;
	case FWPUCLNT_PEER_NEGOTIATING:
		snprintf(text, size, "negotiating");
		return text;
	default:
		return ended_text(&peer->ended, text, size);
	}
}

#define WHY_SIZE	40

/* --- in full -------------------------------------------------------------- */

static void show_ended(FILE *out, const FWPUCLNT_ENDED *ended)
{
	char age[TIME_SIZE], text[WHY_SIZE];

	if (!ended->at)
		return;
	fprintf(out, "  last SA ended  %s ago: %s, %s 0x%08" PRIx32 "%s\n",
	       long_age_text(ended->at, age), ended_text(ended, text, sizeof(text)),
	       ended->outbound ? "outbound" : "inbound", ended->spi,
	       ended->replaced ? ", with a successor" : "");
}

/* The reasons that are not 0: "12 packets: 10 auth, 2 late". */
static void show_dropped(FILE *out, const char *title, uint64_t all,
			 const unsigned long long dropped[FWPUCLNT_DROP_REASONS])
{
	const char *before = ": ";

	if (!all)
		return;
	fprintf(out, "%s%" PRIu64 " packet%s", title, all, all == 1 ? "" : "s");
	for (uint64_t i = 0; i < FWPUCLNT_DROP_REASONS; i++) {
		if (!dropped[i])
			continue;
		fprintf(out, "%s%llu %s", before, dropped[i], reason_name(i));
		before = ", ";
	}
	fputc('\n', out);
}

static void show_peer(FILE *out, const FWPUCLNT_PEER *peer,
		      const struct peer_name *name)
{
	char local[PEER_ADDRESS_SIZE], remote[PEER_ADDRESS_SIZE];
	char age[TIME_SIZE], since[TIME_SIZE], in[24], sent[24];
	const FWPUCLNT_PEER_SUMS *sums = &peer->sums;

	fprintf(out, "peer %s\n", peer_address(peer, peer->remote, remote));
	if (name)
		fprintf(out, "  %-14s %s\n", name->version ? "name" : "interface",
			name->name);
	fprintf(out, "  local          %s\n", peer_address(peer, peer->local, local));
	if (peer->ifId)
		fprintf(out, "  if_id          %" PRIu32 "\n", peer->ifId);
	fprintf(out, "  state          %s for %s, first seen %s ago\n",
	       peer_state_name(peer->state), long_age_text(peer_since(peer), age),
	       long_age_text(peer->first, since));
	fprintf(out, "  SAs            %" PRIu32 " in, %" PRIu32 " out, %" PRIu32
	       " larval; %llu added, %llu deleted, %llu rekeys\n",
	       peer->sasInbound, peer->sasOutbound, peer->larvalSas,
	       sums->sasAdded, sums->sasDeleted, sums->rekeys);
	format_amount(in, sizeof(in), UNIT_BYTES, sums->bytesInbound);
	format_amount(sent, sizeof(sent), UNIT_BYTES, sums->bytesOutbound);
	fprintf(out, "  traffic        %s in (%llu packets), %s out (%llu packets)\n",
		in, sums->packetsInbound, sent, sums->packetsOutbound);
	if (sums->packetsRemapped)
		fprintf(out, "  NAT            %llu packet%s from another address or port than the SA has\n",
			sums->packetsRemapped,
			sums->packetsRemapped == 1 ? "" : "s");
	fprintf(out, "  used           %" PRIu32 " %% of the sequence numbers, %" PRIu32
	       " %% of a limit; %" PRIu32 " SA%s over 80 %%\n",
	       peer->sequenceUsed, peer->limitUsed, peer->nearEnd,
	       peer->nearEnd == 1 ? "" : "s");
	show_dropped(out, "  dropped        ", sums->packetsDropped, sums->dropped);
	show_ended(out, &peer->ended);
}

void peers_show_full(FILE *out, const struct peers_view *view)
{
	const FWPUCLNT_PEERS *peers = view->peers;

	for (uint32_t i = 0; i < peers->numPeers; i++) {
		if (i)
			fputc('\n', out);
		show_peer(out, &peers->peers[i],
			  peer_name(view->names, &peers->peers[i]));
	}
	show_dropped(out, "\ndropped, of no peer known: ",
		     peers->packetsUnattributed, peers->unattributed);
}

/* --- JSON ----------------------------------------------------------------- */

static struct json_object *number(uint64_t value)
{
	return json_object_new_uint64(value);
}

static struct json_object *
dropped_object(const unsigned long long dropped[FWPUCLNT_DROP_REASONS])
{
	struct json_object *object = json_object_new_object();

	for (uint64_t i = 0; object && i < FWPUCLNT_DROP_REASONS; i++) {
		if (!dropped[i] ||
		    !json_add(object, reason_name(i), number(dropped[i])))
			continue;
		json_object_put(object);
		return NULL;
	}
	return object;
}

static struct json_object *sums_object(const FWPUCLNT_PEER_SUMS *sums)
{
	struct json_member members[] = {
		{ "bytesInbound", number(sums->bytesInbound) },
		{ "packetsInbound", number(sums->packetsInbound) },
		{ "bytesOutbound", number(sums->bytesOutbound) },
		{ "packetsOutbound", number(sums->packetsOutbound) },
		{ "sasAdded", number(sums->sasAdded) },
		{ "sasDeleted", number(sums->sasDeleted) },
		{ "rekeys", number(sums->rekeys) },
		{ "packetsRemapped", number(sums->packetsRemapped) },
		{ "packetsDropped", number(sums->packetsDropped) },
		{ "dropped", dropped_object(sums->dropped) },
	};

	return json_object_of(members, ARRAY_SIZE(members));
}

static struct json_object *ended_object(const FWPUCLNT_ENDED *ended)
{
	char spi[sizeof("0x12345678")];

	snprintf(spi, sizeof(spi), "0x%08" PRIx32, ended->spi);
	struct json_member members[] = {
		{ "secondsAgo", number(age_seconds(ended->at)) },
		{ "reason", json_object_new_string(end_reason_name(ended->reason)) },
		{ "spi", json_object_new_string(spi) },
		{ "outbound", json_object_new_boolean((int)ended->outbound) },
		{ "replaced", json_object_new_boolean((int)ended->replaced) },
		{ "pid", number(ended->pid) },
		{ "command", json_object_new_string(ended->command) },
	};

	return json_object_of(members, ARRAY_SIZE(members));
}

static struct json_object *peer_object(const FWPUCLNT_PEER *peer,
				       const struct peer_name *name)
{
	char local[PEER_ADDRESS_SIZE], remote[PEER_ADDRESS_SIZE];
	struct json_member members[] = {
		{ "local", json_object_new_string(
			peer_address(peer, peer->local, local)) },
		{ "remote", json_object_new_string(
			peer_address(peer, peer->remote, remote)) },
		{ "ifId", number(peer->ifId) },
		{ "state", json_object_new_string(peer_state_name(peer->state)) },
		{ "stateSeconds", number(age_seconds(peer_since(peer))) },
		{ "sasInbound", number(peer->sasInbound) },
		{ "sasOutbound", number(peer->sasOutbound) },
		{ "larvalSas", number(peer->larvalSas) },
		{ "sequenceUsed", number(peer->sequenceUsed) },
		{ "limitUsed", number(peer->limitUsed) },
		{ "nearEnd", number(peer->nearEnd) },
		{ "sums", sums_object(&peer->sums) },
	};
	struct json_object *object = json_object_of(members, ARRAY_SIZE(members));

	if (object &&
	    ((name && json_add(object, "name",
			       json_object_new_string(name->name))) ||
	     (peer->ended.at &&
	      json_add(object, "ended", ended_object(&peer->ended))))) {
		json_object_put(object);
		return NULL;
	}
	return object;
}

static struct json_object *array_of(const struct peers_view *view)
{
	const FWPUCLNT_PEERS *peers = view->peers;
	struct json_object *array = json_object_new_array();

	for (uint32_t i = 0; array && i < peers->numPeers; i++) {
		const FWPUCLNT_PEER *peer = &peers->peers[i];

		if (!json_append(array, peer_object(peer, peer_name(view->names,
								    peer))))
			continue;
		json_object_put(array);
		array = NULL;
	}
	return array;
}

struct json_object *peers_object(const struct peers_view *view)
{
	const FWPUCLNT_PEERS *peers = view->peers;
	struct json_member members[] = {
		{ "version", json_object_new_int(SCHEMA_VERSION) },
		{ "peers", array_of(view) },
		{ "numOthers", number(peers->numOthers) },
		{ "others", sums_object(&peers->others) },
		{ "packetsUnattributed", number(peers->packetsUnattributed) },
		{ "unattributed", dropped_object(peers->unattributed) },
	};

	return json_object_of(members, ARRAY_SIZE(members));
}
