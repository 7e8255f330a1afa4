// SPDX-License-Identifier: GPL-2.0-only
/*
 * Peers as Prometheus text. Labels are what outlives an SA: the two ends, the
 * if_id and a name; no SPI. The number of peers is limited, as each has many
 * series: peers with SAs come first, then those known longest, and those left
 * out are counted.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <fwpmu.h>

#include "netns.h"
#include "peers.h"
#include "peers_prometheus.h"
#include "prometheus.h"

/* --- reading -------------------------------------------------------------- */

static int read_source(void *context, const char *netns)
{
	struct peer_source *source = context;

	(void)netns;
	if (peers_read(&source->peers))
		return -1;
	return peer_names_read(&source->names, NULL) ||
	       peer_names_add_links(&source->names) ? -1 : 0;
}

int peer_sources_read(struct peer_sources *sources,
		      const struct reading *reading)
{
	int failures = 0;

	if (!sources->limit)
		return 0;
	sources->each = calloc(reading->n_samples, sizeof(*sources->each));
	if (!sources->each) {
		say("out of memory");
		return 1;
	}
	for (size_t i = 0; i < reading->n_samples; i++) {
		const struct sample *sample = &reading->samples[i];
		struct peer_source *source = &sources->each[sources->count];

		if (sample->cpu != ALL_CPUS)
			continue;
		memcpy(source->netns, sample->netns, sizeof(source->netns));
		sources->count++;
		failures += netns_visit_chosen(*sample->netns ? sample->netns :
					       NULL, false, read_source,
					       source) != 0;
	}
	return failures;
}

void peer_sources_free(struct peer_sources *sources)
{
	for (size_t i = 0; i < sources->count; i++) {
		FwpmFreeMemory0((void **)&sources->each[i].peers);
		peer_names_free(&sources->each[i].names);
	}
	free(sources->each);
	sources->each = NULL;
	sources->count = 0;
}

/* --- writing -------------------------------------------------------------- */

/* One series of a metric: @value of the peer. */
struct series {
	const char *labels;	/* before those of the peer */
	uint64_t (*value)(const FWPUCLNT_PEER *peer);
};

static uint64_t up(const FWPUCLNT_PEER *peer)
{
	return peer->state == FWPUCLNT_PEER_UP;
}

static uint64_t pending(const FWPUCLNT_PEER *peer)
{
	return peer->larvalSas;
}

static uint64_t bytes_in(const FWPUCLNT_PEER *peer)
{
	return peer->sums.bytesInbound;
}

static uint64_t bytes_out(const FWPUCLNT_PEER *peer)
{
	return peer->sums.bytesOutbound;
}

static uint64_t packets_in(const FWPUCLNT_PEER *peer)
{
	return peer->sums.packetsInbound;
}

static uint64_t packets_out(const FWPUCLNT_PEER *peer)
{
	return peer->sums.packetsOutbound;
}

static uint64_t dropped(const FWPUCLNT_PEER *peer)
{
	return peer->sums.packetsDropped;
}

static uint64_t rekeys(const FWPUCLNT_PEER *peer)
{
	return peer->sums.rekeys;
}

static uint64_t added(const FWPUCLNT_PEER *peer)
{
	return peer->sums.sasAdded;
}

static uint64_t sequence_used(const FWPUCLNT_PEER *peer)
{
	return peer->sequenceUsed;
}

static uint64_t limit_used(const FWPUCLNT_PEER *peer)
{
	return peer->limitUsed;
}

static const struct {
	const char *name, *help;
	struct series series[2];
	bool counter;
	bool percent;		/* shown as a ratio */
} metrics_of_peers[] = {
	{ "ipsec_peer_up",
	  "1 if the peer has SAs in both directions, otherwise 0.",
	  { { "", up } }, false, false },
	{ "ipsec_peer_sas_pending",
	  "Larval SAs of the peer: negotiations in progress.",
	  { { "", pending } }, false, false },
	{ "ipsec_peer_bytes_total",
	  "Bytes that the SAs of the peer carried, ended ones included.",
	  { { "direction=\"in\",", bytes_in },
	    { "direction=\"out\",", bytes_out } }, true, false },
	{ "ipsec_peer_packets_total",
	  "Packets that the SAs of the peer carried, ended ones included.",
	  { { "direction=\"in\",", packets_in },
	    { "direction=\"out\",", packets_out } }, true, false },
	{ "ipsec_peer_dropped_packets_total",
	  "Inbound packets of the peer dropped for any reason.",
	  { { "", dropped } }, true, false },
	{ "ipsec_peer_rekeys_total",
	  "Rekeyed pairs of SAs of the peer.",
	  { { "", rekeys } }, true, false },
	{ "ipsec_peer_sas_added_total",
	  "SAs of the peer that became valid.",
	  { { "", added } }, true, false },
	{ "ipsec_peer_sequence_used_ratio",
	  "Highest share of the sequence numbers that an SA has used, in steps of 0.1.",
	  { { "", sequence_used } }, false, true },
	{ "ipsec_peer_limit_used_ratio",
	  "Highest share of a hard limit that an SA has used, in steps of 0.1.",
	  { { "", limit_used } }, false, true },
};

static void put_labels(FILE *out, const struct peer_source *source,
		       const FWPUCLNT_PEER *peer, bool named)
{
	const struct peer_name *name = peer_name(&source->names, peer);
	char local[PEER_ADDRESS_SIZE], remote[PEER_ADDRESS_SIZE];

	fprintf(out, "local=\"%s\",remote=\"%s\",if_id=\"%" PRIu32 "\"",
		peer_address(peer, peer->local, local),
		peer_address(peer, peer->remote, remote), peer->ifId);
	if (name) {
		fputc(',', out);
		prometheus_label(out, "name", name->name);
	}
	if (named) {
		fputc(',', out);
		prometheus_label(out, "netns", source->netns);
	}
}

static void put_value(FILE *out, uint64_t value, bool percent)
{
	if (percent)
		fprintf(out, " %" PRIu64 ".%02" PRIu64 "\n", value / 100,
			value % 100);
	else
		fprintf(out, " %" PRIu64 "\n", value);
}

/* Number of peers to show: those with SAs, then the others. */
typedef void visit_fn(void *context, const struct peer_source *source,
		      const FWPUCLNT_PEER *peer);

static size_t visit_some(const struct peer_source *source, bool down,
			 size_t limit, visit_fn *visit, void *context)
{
	const FWPUCLNT_PEERS *peers = source->peers;
	size_t count = 0;

	for (uint32_t i = 0; peers && i < peers->numPeers; i++) {
		if ((peers->peers[i].state == FWPUCLNT_PEER_DOWN) != down)
			continue;
		if (count < limit)
			visit(context, source, &peers->peers[i]);
		count++;
	}
	return count;
}

/* Returns how many are left out. */
static size_t visit_all(const struct peer_sources *sources, visit_fn *visit,
			void *context)
{
	size_t limit = sources->limit, left_out = 0, count;

	for (int down = 0; down <= 1; down++)
		for (size_t i = 0; i < sources->count; i++) {
			count = visit_some(&sources->each[i], down, limit,
					   visit, context);
			left_out += count > limit ? count - limit : 0;
			limit -= count < limit ? count : limit;
		}
	return left_out;
}

/* The metric that visit() writes. */
struct page {
	FILE *out;
	size_t metric;
	bool named, begun;
};

static void show_peer(void *context, const struct peer_source *source,
		      const FWPUCLNT_PEER *peer)
{
	struct page *page = context;
	const char *name = metrics_of_peers[page->metric].name;
	const struct series *series = metrics_of_peers[page->metric].series;

	if (!page->begun)
		prometheus_head(page->out, name,
				metrics_of_peers[page->metric].counter,
				metrics_of_peers[page->metric].help);
	page->begun = true;
	for (size_t i = 0; i < 2 && series[i].value; i++) {
		fprintf(page->out, "%s{%s", name, series[i].labels);
		put_labels(page->out, source, peer, page->named);
		fputc('}', page->out);
		put_value(page->out, series[i].value(peer),
			  metrics_of_peers[page->metric].percent);
	}
}

void peer_sources_show(FILE *out, const struct peer_sources *sources,
		       bool named)
{
	size_t left_out = 0;

	if (!sources->limit)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(metrics_of_peers); i++) {
		struct page page = { out, i, named, false };

		left_out = visit_all(sources, show_peer, &page);
	}
	prometheus_head(out, "ipsec_peers_left_out", false,
			"Peers without series, because there are more than were asked for.");
	fprintf(out, "ipsec_peers_left_out %zu\n", left_out);
}
