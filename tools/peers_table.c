// SPDX-License-Identifier: GPL-2.0-only
/*
 * Peers as a table, one line each, within the width of the terminal.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "clock.h"
#include "peers.h"
#include "units.h"

#define NAME_SIZE	(PEER_ADDRESS_SIZE + PEER_NAME_SIZE + 2)
#define WHY_SIZE	40

/* The mark before a line, for peers that are not up. */
static const char marks[] = {
	[FWPUCLNT_PEER_DOWN] = '!',
	[FWPUCLNT_PEER_NEGOTIATING] = '?',
	[FWPUCLNT_PEER_HALF] = '!',
	[FWPUCLNT_PEER_UP] = ' ',
};

/* The widths of a table. */
struct layout {
	int name, amount, why;
};

/* Columns of the terminal, which would wrap longer lines. */
static int columns(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO))
		return INT_MAX;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
		return 80;
	return size.ws_col;
}

/* The name of a peer, or its address with the interface or if_id. */
static void name_of(const struct peers_view *view, const FWPUCLNT_PEER *peer,
		    char text[NAME_SIZE])
{
	const struct peer_name *name = peer_name(view->names, peer);
	char address[PEER_ADDRESS_SIZE];

	peer_address(peer, peer->remote, address);
	if (name && name->version)
		snprintf(text, NAME_SIZE, "%s", name->name);
	else if (name)
		snprintf(text, NAME_SIZE, "%s %%%s", address, name->name);
	else if (peer->ifId)
		snprintf(text, NAME_SIZE, "%s %%%" PRIu32, address, peer->ifId);
	else
		snprintf(text, NAME_SIZE, "%s", address);
}

static struct layout lay_out(const struct peers_view *view)
{
	struct layout layout = { 15, view->before ? UNITS_WIDTH : 8, 0 };
	char text[NAME_SIZE];

	for (uint32_t i = 0; i < view->peers->numPeers; i++) {
		name_of(view, &view->peers->peers[i], text);
		if ((int)strlen(text) > layout.name)
			layout.name = (int)strlen(text);
	}
	layout.why = columns() - layout.name - 2 * layout.amount - 13;
	if (layout.why < 0)
		layout.why = 0;
	return layout;
}

/* --- rates ---------------------------------------------------------------- */

static int by_ends(const void *one, const void *other)
{
	const FWPUCLNT_PEER *a = one, *b = other;
	int order = memcmp(a->remote, b->remote, sizeof(a->remote));

	if (!order)
		order = memcmp(a->local, b->local, sizeof(a->local));
	if (!order)
		order = (a->ifId > b->ifId) - (a->ifId < b->ifId);
	if (!order)
		order = (a->ipVersion > b->ipVersion) -
			(a->ipVersion < b->ipVersion);
	return order;
}

void peers_sort(FWPUCLNT_PEERS *peers)
{
	qsort(peers->peers, peers->numPeers, sizeof(*peers->peers), by_ends);
}

const FWPUCLNT_PEER *peers_find(const FWPUCLNT_PEERS *sorted,
				const FWPUCLNT_PEER *peer)
{
	return sorted ? bsearch(peer, sorted->peers, sorted->numPeers,
				sizeof(*peer), by_ends) : NULL;
}

/* The peer before, or all zero if it is new. */
static FWPUCLNT_PEER_SUMS sums_before(const struct peers_view *view,
				      const FWPUCLNT_PEER *peer)
{
	const FWPUCLNT_PEER *before = peers_find(view->before, peer);

	return before ? before->sums : (FWPUCLNT_PEER_SUMS){ 0 };
}

/* A peer that was evicted and is back starts at zero. */
static void put_rate(char *text, size_t size, const struct peers_view *view,
		     uint64_t now, uint64_t before)
{
	if (view->seconds > 0 && now >= before)
		format_rate(text, size, UNIT_BYTES,
			    (double)(now - before) / view->seconds);
	else
		snprintf(text, size, "-");
}

static void put_amounts(const struct peers_view *view, const FWPUCLNT_PEER *peer,
			char in[24], char out[24])
{
	FWPUCLNT_PEER_SUMS before;

	if (!view->before) {
		format_amount(in, 24, UNIT_BYTES, peer->sums.bytesInbound);
		format_amount(out, 24, UNIT_BYTES, peer->sums.bytesOutbound);
		return;
	}
	before = sums_before(view, peer);
	put_rate(in, 24, view, peer->sums.bytesInbound, before.bytesInbound);
	put_rate(out, 24, view, peer->sums.bytesOutbound, before.bytesOutbound);
}

/* --- lines ---------------------------------------------------------------- */

static void show_heading(FILE *out, const struct layout *layout)
{
	static const char *const whys[] = {
		"Rekeys, or why not up", "Rekeys, why", "Rekeys",
	};
	size_t i = 0;

	while (i < ARRAY_SIZE(whys) - 1 && (int)strlen(whys[i]) > layout->why)
		i++;
	fprintf(out, "  %-*s %6s %*s %*s  %.*s\n", layout->name, "Peer", "Since",
		layout->amount, "In", layout->amount, "Out", layout->why,
		whys[i]);
}

static void show_line(FILE *out, const struct peers_view *view,
		      const struct layout *layout, const FWPUCLNT_PEER *peer)
{
	char name[NAME_SIZE], age[TIME_SIZE], in[24], sent[24], why[WHY_SIZE];

	name_of(view, peer, name);
	put_amounts(view, peer, in, sent);
	fprintf(out, "%c %-*s %6s %*s %*s  %.*s\n",
		peer->state < sizeof(marks) ? marks[peer->state] : '?',
		layout->name, name, long_age_text(peer_since(peer), age),
		layout->amount, in, layout->amount, sent, layout->why,
		peer_why(peer, why, sizeof(why)));
}

/* --- the local address ---------------------------------------------------- */

static bool differ_by_local_alone(const FWPUCLNT_PEER *one,
				  const FWPUCLNT_PEER *other)
{
	return one->ifId == other->ifId && one->ipVersion == other->ipVersion &&
	       !memcmp(one->remote, other->remote, sizeof(one->remote));
}

static int by_remote(const void *one, const void *other)
{
	const FWPUCLNT_PEER *a = *(const FWPUCLNT_PEER *const *)one;
	const FWPUCLNT_PEER *b = *(const FWPUCLNT_PEER *const *)other;
	int order = memcmp(a->remote, b->remote, sizeof(a->remote));

	if (!order)
		order = (a->ipVersion > b->ipVersion) -
			(a->ipVersion < b->ipVersion);
	return order ? order : (a->ifId > b->ifId) - (a->ifId < b->ifId);
}

/*
 * Which peers have the same remote end as another one, by another local
 * address; NULL if out of memory.
 */
static bool *find_twins(const FWPUCLNT_PEERS *peers)
{
	const FWPUCLNT_PEER **sorted = calloc(peers->numPeers + 1,
					      sizeof(FWPUCLNT_PEER *));
	bool *twins = calloc(peers->numPeers + 1, sizeof(bool));

	for (uint32_t i = 0; sorted && i < peers->numPeers; i++)
		sorted[i] = &peers->peers[i];
	if (sorted)
		qsort(sorted, peers->numPeers, sizeof(FWPUCLNT_PEER *),
		      by_remote);
	for (uint32_t i = 1; sorted && twins && i < peers->numPeers; i++) {
		if (!differ_by_local_alone(sorted[i - 1], sorted[i]))
			continue;
		twins[sorted[i - 1] - peers->peers] = true;
		twins[sorted[i] - peers->peers] = true;
	}
	if (!sorted) {
		free(twins);
		twins = NULL;
	}
	free(sorted);
	return twins;
}

/* -------------------------------------------------------------------------- */

static void show_sum(FILE *out, const FWPUCLNT_PEERS *peers)
{
	uint32_t count[FWPUCLNT_PEER_UP + 1] = { 0 }, near_end = 0;

	for (uint32_t i = 0; i < peers->numPeers; i++) {
		const FWPUCLNT_PEER *peer = &peers->peers[i];

		near_end += peer->nearEnd;
		if (peer->state < ARRAY_SIZE(count))
			count[peer->state]++;
	}
	fprintf(out, "\n%" PRIu32 " peer%s: %" PRIu32 " up, %" PRIu32 " half, %"
		PRIu32 " negotiating, %" PRIu32 " down\n",
		peers->numPeers, peers->numPeers == 1 ? "" : "s",
		count[FWPUCLNT_PEER_UP], count[FWPUCLNT_PEER_HALF],
		count[FWPUCLNT_PEER_NEGOTIATING], count[FWPUCLNT_PEER_DOWN]);
	if (near_end)
		fprintf(out, "%" PRIu32 " %s used over 80 %% of %s sequence "
			"numbers or of a limit\n", near_end,
			near_end == 1 ? "SA has" : "SAs have",
			near_end == 1 ? "its" : "their");
}

static void show_others(FILE *out, const FWPUCLNT_PEERS *peers)
{
	char in[24], sent[24];

	if (!peers->numOthers)
		return;
	format_amount(in, sizeof(in), UNIT_BYTES, peers->others.bytesInbound);
	format_amount(sent, sizeof(sent), UNIT_BYTES,
		      peers->others.bytesOutbound);
	fprintf(out, "%llu other%s, down and not kept: %s in, %s out\n",
		peers->numOthers, peers->numOthers == 1 ? "" : "s", in, sent);
}

int peers_show_table(FILE *out, const struct peers_view *view)
{
	const FWPUCLNT_PEERS *peers = view->peers;
	const struct layout layout = lay_out(view);
	bool *twins = find_twins(peers);
	char local[PEER_ADDRESS_SIZE];

	if (!twins)
		return -1;
	show_heading(out, &layout);
	for (uint32_t i = 0; i < peers->numPeers; i++) {
		show_line(out, view, &layout, &peers->peers[i]);
		if (twins[i])
			fprintf(out, "    to %s\n",
				peer_address(&peers->peers[i],
					     peers->peers[i].local, local));
	}
	show_sum(out, peers);
	show_others(out, peers);
	free(twins);
	return 0;
}
