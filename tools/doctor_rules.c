// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rules. docs/operators.md has them as "ipsecstat doctor --rules" prints
 * them.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "doctor.h"
#include "line.h"
#include "peers.h"

#define BIT(n) (UINT64_C(1) << (n))

/*
 * The next entry of those that a finding shows; the last entry stands for all
 * further ones.
 */
static char *add_who(struct finding *finding)
{
	size_t at = finding->n_who++;

	return finding->who[at < MOST_WHO ? at : MOST_WHO];
}

/* --- packets dropped for a reason ----------------------------------------- */

static uint64_t rise_of(const unsigned long long *now,
			const unsigned long long *before, uint64_t reasons)
{
	uint64_t rise = 0;

	for (unsigned int i = 0; i < FWPUCLNT_DROP_REASONS; i++)
		if (reasons & BIT(i))
			rise += now[i] - before[i];
	return rise;
}

static uint64_t rise_of_line(const struct table *before, const struct line *line)
{
	for (size_t i = 0; i < before->n_lines; i++)
		if (before->lines[i].spi == line->spi &&
		    lines_alike(&before->lines[i], line) &&
		    before->lines[i].packets <= line->packets)
			return line->packets - before->lines[i].packets;
	return line->packets;
}

static bool has_reason(const struct line *line, uint64_t reasons)
{
	for (unsigned int i = 0; i < FWPUCLNT_DROP_REASONS; i++)
		if (reasons & BIT(i) && !strcmp(line->reason, reason_name(i)))
			return true;
	return false;
}

/* Details of a line that explain its reason. */
static void put_facts(const struct line *line, char *text, size_t size)
{
	char age[TIME_SIZE];

	text[0] = '\0';
	if (line->sa_until) {
		snprintf(text, size, ", its SA ended %s ago",
			 age_text(line->sa_until, age));
	} else if (line->replay_window) {
		snprintf(text, size, ", replay window %" PRIu32,
			 line->replay_window);
	} else if (line->has_sequence && !strcmp(line->reason, "auth")) {
		snprintf(text, size, ", sequence number %" PRIu32,
			 line->sequence_last);
	} else if (line->policy) {
		snprintf(text, size, ", policy %s%s%s", line->policy,
			 line->device[0] ? " at " : "", line->device);
	}
}

static void add_line(struct finding *finding, const struct line *line,
		     uint64_t packets)
{
	char spi[sizeof(" SPI 0x12345678")] = "", facts[64];

	put_facts(line, facts, sizeof(facts));
	if (line->spi)
		snprintf(spi, sizeof(spi), " SPI 0x%08" PRIx32, line->spi);
	snprintf(add_who(finding), WHO_SIZE, "%s > %s, %s%s: %" PRIu64 " packet%s%s",
		 line->source, line->destination, protocol_name(line->protocol),
		 spi, packets, packets == 1 ? "" : "s", facts);
}

/* Lines that grew between the looks, in this direction. */
static void add_lines(const struct looks *looks, struct finding *finding,
		      bool outbound)
{
	const struct table *table = &looks->now->drops;
	uint64_t packets;

	for (size_t i = 0; i < table->n_lines; i++) {
		const struct line *line = &table->lines[i];

		if (line->outbound != outbound ||
		    !has_reason(line, finding->rule->what))
			continue;
		packets = rise_of_line(&looks->before->drops, line);
		if (packets)
			add_line(finding, line, packets);
	}
}

static bool dropped_in(const struct looks *looks, struct finding *finding)
{
	const FWPUCLNT_DROPS *now = &looks->now->figures.drops;
	const FWPUCLNT_DROPS *before = &looks->before->figures.drops;
	uint64_t reasons = finding->rule->what;

	finding->packets =
		rise_of(now->inboundEsp, before->inboundEsp, reasons) +
		rise_of(now->inboundAh, before->inboundAh, reasons) +
		rise_of(now->inboundOther, before->inboundOther, reasons);
	if (finding->packets)
		add_lines(looks, finding, false);
	return finding->packets;
}

static bool dropped_out(const struct looks *looks, struct finding *finding)
{
	finding->packets = rise_of(looks->now->figures.drops.outbound,
				   looks->before->figures.drops.outbound,
				   finding->rule->what);
	if (finding->packets)
		add_lines(looks, finding, true);
	return finding->packets;
}

/* --- peers ---------------------------------------------------------------- */

static void add_peer(struct finding *finding, const FWPUCLNT_PEER *peer)
{
	char local[PEER_ADDRESS_SIZE], remote[PEER_ADDRESS_SIZE];
	char age[TIME_SIZE], why[64] = "", if_id[32] = "";
	bool explain = peer->state == FWPUCLNT_PEER_DOWN ||
		       peer->state == FWPUCLNT_PEER_HALF;

	if (peer->ifId)
		snprintf(if_id, sizeof(if_id), ", if_id %u", peer->ifId);
	if (explain)
		peer_why(peer, why, sizeof(why));
	snprintf(add_who(finding), WHO_SIZE, "%s from %s%s: %s for %s%s%s",
		 peer_address(peer, peer->remote, remote),
		 peer_address(peer, peer->local, local), if_id,
		 peer_state_name(peer->state),
		 long_age_text(peer_since(peer), age), explain ? ", " : "", why);
}

static bool any_peer(const struct looks *looks, struct finding *finding)
{
	const FWPUCLNT_PEERS *peers = looks->now->peers;
	const struct rule *rule = finding->rule;

	for (uint32_t i = 0; i < peers->numPeers; i++)
		if (rule->peer(&peers->peers[i],
			       peers_find(looks->before->peers,
					  &peers->peers[i]), rule->what))
			add_peer(finding, &peers->peers[i]);
	return finding->n_who;
}

static bool is_down(const FWPUCLNT_PEER *peer, const FWPUCLNT_PEER *before,
		    uint64_t what)
{
	(void)before;
	return peer->state == FWPUCLNT_PEER_DOWN && peer->ended.at &&
	       peer->ended.reason < 64 && what & BIT(peer->ended.reason);
}

/* Not at the first look either. */
static bool is_stuck(const FWPUCLNT_PEER *peer, const FWPUCLNT_PEER *before,
		     uint64_t what)
{
	return what & BIT(peer->state) &&
	       (!before || before->state == peer->state);
}

static bool is_near_end(const FWPUCLNT_PEER *peer, const FWPUCLNT_PEER *before,
			uint64_t what)
{
	(void)before;
	(void)what;
	return peer->nearEnd;
}

static bool is_remapped(const FWPUCLNT_PEER *peer, const FWPUCLNT_PEER *before,
			uint64_t what)
{
	(void)what;
	return peer->sums.packetsRemapped >
	       (before ? before->sums.packetsRemapped : 0);
}

/* --- the kernel beside IPsec ---------------------------------------------- */

static bool has_sas(const struct look *look)
{
	return look->figures.statistics.aggregateSaStatistics.activeSas;
}

static bool system_rose(const struct looks *looks, struct finding *finding)
{
	for (unsigned int i = 0; i < N_SYSTEM; i++)
		if (finding->rule->what & BIT(i))
			finding->packets += looks->now->system[i] -
					    looks->before->system[i];
	return finding->packets && has_sas(looks->now);
}

static bool no_xfrm(const struct looks *looks, struct finding *finding)
{
	if (!looks->now->no_xfrm[0])
		return false;
	snprintf(add_who(finding), WHO_SIZE, "%s", looks->now->no_xfrm);
	return true;
}

/* --- the table ------------------------------------------------------------ */

const struct rule rules[] = {
	{
		.name = "in-no-state",
		.title = "Packets came for an SA that this host does not have",
		.figures = "Incorrect SPI, `invalidSpisOnInbound`, *XfrmInNoStates*",
		.meaning = "The peer uses an SA that is not here any more, or not yet.",
		.applies = dropped_in, .what = BIT(FWPUCLNT_DROP_NO_STATE),
		.advice = {
			{ "a burst at each rekey", "the old SA is deleted here before the peer stops using it; have the daemon keep inbound SAs a little longer, in strongswan.conf:",
			  "charon.delete_rekeyed_delay = 10" },
			{ "at the rate of a tunnel", "this host lost its SAs by a restart, a flush or a hard limit, and the peer does not know: dead peer detection there ends it; on the peer:",
			  "swanctl --terminate --ike NAME; swanctl --initiate --child NAME" },
			{ "scattered, from everywhere", "somebody probes; nothing is to be done", NULL },
			{ "a single one, as hundreds of SAs come up", "the kernel misses an SA while it moves all to a larger hash table; the packet was dropped indeed", NULL },
		},
	},
	{
		.name = "in-larval",
		.title = "Packets came for an SA whose negotiation has not ended here",
		.figures = "SA Not Initialized, `saNotInitializedOnInbound`, part of *XfrmAcquireError*",
		.meaning = "The peer takes the SA for established. A few at the start of a connection are harmless.",
		.applies = dropped_in, .what = BIT(FWPUCLNT_DROP_LARVAL),
		.advice = {
			{ "many, and Pending stays above 0", "the last message of the negotiation is lost each time, often for its size: let IKE fragment; in swanctl.conf:",
			  "fragmentation = yes" },
		},
	},
	{
		.name = "in-auth",
		.title = "Packets came whose integrity check value is wrong",
		.figures = "Not Authenticated, `authenticationFailuresOnInbound`, part of *XfrmInStateProtoError*",
		.meaning = "The packet was changed on its way, or both ends have other keys, another truncation, or another idea of the upper half of an extended sequence number.",
		.applies = dropped_in, .what = BIT(FWPUCLNT_DROP_AUTH),
		.advice = {
			{ "all packets of a tunnel", "other keys (manual keying), or HMAC-SHA-256 cut to 96 bits at one end and to 128 at the other; AH through a NAT never works; compare at both ends:",
			  "ip xfrm state" },
			{ "ESN, and the peer began again, or packets are late by more than the window", "the kernel guesses the upper half of the sequence number wrong, so that the ICV is wrong, not the number: the numbers are below that of the SA; rekey, or enlarge the window; compare:",
			  "ipsecstat drops --full; ip -s xfrm state" },
			{ "a few of many", "corruption by a device, or a broken offload; compare without it:",
			  "ethtool -K DEVICE esp-hw-offload off" },
			{ "from addresses that should not know the SPI", "forgery, and it failed", NULL },
		},
	},
	{
		.name = "in-transform",
		.title = "Packets came that cannot be decrypted",
		.figures = "Not Decrypted, `decryptionFailuresOnInbound`, part of *XfrmInStateProtoError*",
		.meaning = "The ICV was right, or there is none, and what came out makes no sense: padding, trailer or length.",
		.applies = dropped_in, .what = BIT(FWPUCLNT_DROP_TRANSFORM),
		.advice = {
			{ "a cipher without integrity", "the keys differ; use an AEAD cipher", NULL },
			{ "large packets alone", "they are cut short on their way: MTU, broken fragments", NULL },
			{ "few, at a steady rate", "ESP dummy packets (next header 59), which are made to be thrown away; Linux counts them here", NULL },
		},
	},
	{
		.name = "in-late",
		.title = "Packets came later than the replay window reaches back",
		.figures = "part of Failed Replay Detection, `replayCheckFailuresOnInbound`, *XfrmInStateSeqError*",
		.meaning = "Packets of one SA overtake each other by more than its replay window.",
		.applies = dropped_in, .what = BIT(FWPUCLNT_DROP_LATE),
		.advice = {
			{ "fast links, several queues or paths, QoS inside of one SA", "enlarge the window, or give each class of traffic an SA of its own; in swanctl.conf:",
			  "replay_window = 1024" },
			{ "after a restored snapshot or a failover", "the peer counts from the beginning; rekey:",
			  "swanctl --rekey --child NAME" },
		},
	},
	{
		.name = "in-repeated",
		.title = "Packets came that had come before",
		.figures = "part of Failed Replay Detection, `replayCheckFailuresOnInbound`, *XfrmInStateSeqError*",
		.meaning = "Each sequence number is taken once.",
		.applies = dropped_in, .what = BIT(FWPUCLNT_DROP_REPEATED),
		.advice = {
			{ "all of a peer", "something on the way doubles packets: a bridge loop, a mirror port, a bond in broadcast mode", NULL },
			{ "after a restored snapshot or a failover", "the peer counts from the beginning; rekey:",
			  "swanctl --rekey --child NAME" },
			{ "none of these", "somebody replays packets, and it failed", NULL },
		},
	},
	{
		.name = "in-encap",
		.title = "Packets came in another encapsulation than their SA has",
		.figures = "Failed UDP-ESP Validation, `udpEspValidationFailuresOnInbound`, part of *XfrmInStateMismatch*",
		.meaning = "One end believes in a NAT between both and puts ESP into UDP, the other does not: a NAT came or went, or encapsulation is set at one end alone.",
		.applies = dropped_in, .what = BIT(FWPUCLNT_DROP_ENCAP),
		.advice = {
			{ NULL, "establish the connection again; if it comes back, force encapsulation at both ends, in swanctl.conf:",
			  "encap = yes" },
		},
	},
	{
		.name = "in-clear-text",
		.title = "Packets came in the clear where a policy requires IPsec",
		.figures = "Plaintext Received, `invalidClearTextInbound`, part of *XfrmInTmplMismatch*",
		.meaning = "The peer sends in the clear, or the policy covers more than the tunnel.",
		.applies = dropped_in, .what = BIT(FWPUCLNT_DROP_CLEAR_TEXT),
		.advice = {
			{ "from the peer's networks", "its tunnel is down and it has no policy that blocks, or its policy is narrower; compare at both ends:",
			  "ip xfrm policy" },
			{ "from the own network", "a policy that is meant for the tunnel covers local addresses, too; let them through, with a child in swanctl.conf of:",
			  "mode = pass" },
			{ "from elsewhere", "somebody tries, and it failed", NULL },
		},
	},
	{
		.name = "in-wrong-sa",
		.title = "Packets came over an SA that they do not belong into",
		.figures = "Received Over Wrong SA, `receiveOverIncorrectSaInbound`, *XfrmInStateMismatch*, *XfrmInTmplMismatch*, *XfrmInStateModeError*, *XfrmInStateDirError*; reasons `selector`, `template`, `mode`, `direction`",
		.meaning = "They were decrypted, and have other addresses than the selector of the SA, or another SA than the template of the policy requires: another reqid or mode, or one of two nested SAs is missing.",
		.applies = dropped_in,
		.what = BIT(FWPUCLNT_DROP_SELECTOR) | BIT(FWPUCLNT_DROP_MODE) |
			BIT(FWPUCLNT_DROP_DIRECTION) | BIT(FWPUCLNT_DROP_TEMPLATE),
		.advice = {
			{ NULL, "the traffic selectors of both ends differ; compare at both:",
			  "ip xfrm policy; ip xfrm state" },
			{ "a compressed connection (IPComp)", "small packets come uncompressed, which a template that does not say optional refuses:",
			  "ip xfrm policy | grep 'level required'" },
		},
	},
	{
		.name = "in-no-policy",
		.title = "Packets were decrypted, and no policy takes them",
		.figures = "part of Secured, No Filter, `secureReceivesNotMatchingFilters`, *XfrmInNoPols*",
		.meaning = "A policy for this direction is missing: in, or fwd where the host forwards.",
		.applies = dropped_in, .what = BIT(FWPUCLNT_DROP_NO_POLICY),
		.advice = {
			{ "the host forwards for others since", "fwd policies are missing:",
			  "ip xfrm policy | grep 'dir fwd'" },
			{ "xfrm interfaces or VTI", "the SA has an if_id or a mark that no policy has:",
			  "ip xfrm state; ip xfrm policy" },
		},
	},
	{
		.name = "in-blocked",
		.title = "Packets were refused by a policy that blocks",
		.figures = "part of Secured, No Filter, `secureReceivesNotMatchingFilters`, *XfrmInPolBlock*",
		.meaning = "That is what the policy is for, unless it is too wide.",
		.applies = dropped_in, .what = BIT(FWPUCLNT_DROP_BLOCKED), .note = true,
		.advice = {
			{ NULL, "see which one:", "ip xfrm policy | grep -B1 'action block'" },
		},
	},
	{
		.name = "in-ended",
		.title = "Packets came for an SA that has just ended",
		.figures = "reasons `expired`, `invalid`, *XfrmInStateExpired*, *XfrmInStateInvalid*",
		.meaning = "A hard limit is reached, or the SA is being deleted, before the peer uses its successor.",
		.applies = dropped_in,
		.what = BIT(FWPUCLNT_DROP_EXPIRED) | BIT(FWPUCLNT_DROP_INVALID),
		.advice = {
			{ "at each rekey", "a wider margin between rekey and hard limit; in swanctl.conf:",
			  "rekey_time = 1h; life_time = 70m" },
			{ "without a rekey", "the daemon does not rekey any more:", "swanctl --list-sas" },
		},
	},
	{
		.name = "in-error",
		.title = "Packets were refused as malformed, or the kernel failed",
		.figures = "reasons `header`, `buffer`, `policy-error`, `error`, `iptfs`, *XfrmInHdrError*, *XfrmInBufferError*, *XfrmInPolError*, *XfrmInError*, *XfrmInIptfsError*",
		.meaning = "Headers are malformed, there was no memory, a packet passed more than six SAs, or a device reported an error.",
		.applies = dropped_in,
		.what = BIT(FWPUCLNT_DROP_HEADER) | BIT(FWPUCLNT_DROP_BUFFER) |
			BIT(FWPUCLNT_DROP_POLICY_ERROR) | BIT(FWPUCLNT_DROP_ERROR) |
			BIT(FWPUCLNT_DROP_IPTFS),
		.advice = {
			{ NULL, "see which reason, whose packets, and what the kernel says:",
			  "ipsecstat drops --full; dmesg" },
		},
	},
	{
		.name = "out-no-state",
		.title = "A policy requires an SA, and nobody makes one",
		.figures = "*XfrmOutNoStates*, which counts look-ups",
		.meaning = "What is to be sent never reaches the wire, so a capture shows nothing. One packet can need several look-ups.",
		.applies = dropped_out, .what = BIT(FWPUCLNT_DROP_NO_STATE),
		.look_ups = true,
		.advice = {
			{ NULL, "is the IKE daemon running, and does it know this connection?",
			  "swanctl --list-conns; ip xfrm policy" },
		},
	},
	{
		.name = "out-larval",
		.title = "A negotiation came to nothing while packets waited for it",
		.figures = "*XfrmAcquireError*",
		.meaning = "The peer does not answer the IKE daemon, or refuses.",
		.applies = dropped_out, .what = BIT(FWPUCLNT_DROP_LARVAL),
		.advice = {
			{ NULL, "UDP 500 and 4500 on the way, credentials, proposals; see what the daemon says:",
			  "journalctl -u strongswan -u ipsec" },
		},
	},
	{
		.name = "out-blocked",
		.title = "What is to be sent is refused by a policy that blocks",
		.figures = "*XfrmOutPolBlock*, which counts look-ups",
		.meaning = "That is what the policy is for, unless it is too wide, or a trap that waits for a tunnel.",
		.applies = dropped_out, .what = BIT(FWPUCLNT_DROP_BLOCKED), .note = true,
		.look_ups = true,
		.advice = {
			{ NULL, "see which one:", "ip xfrm policy | grep -B1 'action block'" },
		},
	},
	{
		.name = "out-sequence",
		.title = "The sequence numbers of an SA are used up",
		.figures = "*XfrmOutStateSeqError*",
		.meaning = "Nothing is sent over it any more until it is rekeyed.",
		.applies = dropped_out, .what = BIT(FWPUCLNT_DROP_SEQUENCE),
		.advice = {
			{ NULL, "rekey now, then use extended sequence numbers (esn in the proposals) or rekey by packets; now:",
			  "swanctl --rekey --child NAME" },
		},
	},
	{
		.name = "out-ended",
		.title = "An SA ended before its successor was used",
		.figures = "reasons `expired`, `invalid`, *XfrmOutStateExpired*, *XfrmOutStateInvalid*",
		.meaning = "A hard limit is reached, or the SA is being deleted.",
		.applies = dropped_out,
		.what = BIT(FWPUCLNT_DROP_EXPIRED) | BIT(FWPUCLNT_DROP_INVALID),
		.advice = {
			{ NULL, "a wider margin between rekey and hard limit; in swanctl.conf:",
			  "rekey_time = 1h; life_time = 70m" },
		},
	},
	{
		.name = "out-bundle",
		.title = "The SAs of a route could not be set up",
		.figures = "*XfrmOutBundleGenError*, *XfrmOutBundleCheckError*, which count look-ups",
		.meaning = "The route to the peer, or one of two nested SAs, is not there.",
		.applies = dropped_out, .what = BIT(FWPUCLNT_DROP_BUNDLE),
		.look_ups = true,
		.advice = {
			{ NULL, "is there a route to the peer, from the address that the SA has?",
			  "ip route get PEER from LOCAL" },
		},
	},
	{
		.name = "out-queue",
		.title = "More is sent than an IP-TFS SA takes",
		.figures = "*XfrmOutNoQueueSpace*",
		.meaning = "The queue of the SA is full.",
		.applies = dropped_out, .what = BIT(FWPUCLNT_DROP_QUEUE),
		.advice = {
			{ NULL, "a larger queue, or less traffic; see iptfs in the page:", "man ip-xfrm" },
		},
	},
	{
		.name = "out-error",
		.title = "What is to be sent does not fit its SA, or the kernel failed",
		.figures = "other lines *XfrmOut...*, *XfrmFwdHdrError*",
		.meaning = "The SA does not fit what is sent (mode, direction, transform), a packet to be forwarded is malformed (header), or the kernel failed (policy-error, error).",
		.applies = dropped_out,
		.what = BIT(FWPUCLNT_DROP_MODE) | BIT(FWPUCLNT_DROP_DIRECTION) |
			BIT(FWPUCLNT_DROP_TRANSFORM) | BIT(FWPUCLNT_DROP_HEADER) |
			BIT(FWPUCLNT_DROP_POLICY_ERROR) | BIT(FWPUCLNT_DROP_ERROR),
		.advice = {
			{ NULL, "see which reason, and what the kernel says:",
			  "ipsecstat --group outbound-reasons; dmesg" },
		},
	},
	{
		.name = "peer-limit",
		.title = "Peers are down since a hard limit of their SA was reached",
		.figures = "`ipsecstat peers`, ended by `time`, `bytes`, `packets`",
		.meaning = "No rekey came before the limit.",
		.applies = any_peer, .peer = is_down,
		.what = BIT(FWPUCLNT_END_TIME) | BIT(FWPUCLNT_END_BYTES) |
			BIT(FWPUCLNT_END_PACKETS),
		.advice = {
			{ NULL, "see what the daemon says, and widen its margin:",
			  "journalctl -u strongswan -u ipsec" },
		},
	},
	{
		.name = "peer-unanswered",
		.title = "Peers do not answer",
		.figures = "`ipsecstat peers`, ended by `unanswered`",
		.meaning = "Traffic asked for an SA, and none came.",
		.applies = any_peer, .peer = is_down, .what = BIT(FWPUCLNT_END_UNANSWERED),
		.advice = {
			{ NULL, "UDP 500 and 4500 on the way, credentials, proposals; see what the daemon says:",
			  "journalctl -u strongswan -u ipsec" },
		},
	},
	{
		.name = "peer-negotiating",
		.title = "Peers negotiate, and have no SA",
		.figures = "`ipsecstat peers`, `negotiating`",
		.meaning = "That lasts for a second or two if the peer answers.",
		.applies = any_peer, .peer = is_stuck, .what = BIT(FWPUCLNT_PEER_NEGOTIATING),
		.advice = {
			{ NULL, "UDP 500 and 4500 on the way, credentials, proposals; see what the daemon says:",
			  "journalctl -u strongswan -u ipsec" },
		},
	},
	{
		.name = "peer-device",
		.title = "Peers are down with the device of their offloaded SA",
		.figures = "`ipsecstat peers`, ended by `device`",
		.meaning = "An offloaded SA ends with its device.",
		.applies = any_peer, .peer = is_down, .what = BIT(FWPUCLNT_END_DEVICE),
		.advice = {
			{ NULL, "bring the device up, and the connection:",
			  "swanctl --initiate --child NAME" },
		},
	},
	{
		.name = "peer-half",
		.title = "Peers have SAs in one direction only",
		.figures = "`ipsecstat peers`, `half`",
		.meaning = "A rekey stopped half way, or SAs were set by hand.",
		.applies = any_peer, .peer = is_stuck, .what = BIT(FWPUCLNT_PEER_HALF),
		.advice = {
			{ NULL, "establish the connection again:",
			  "swanctl --terminate --ike NAME; swanctl --initiate --child NAME" },
		},
	},
	{
		.name = "peer-near-end",
		.title = "Peers have SAs that have used over 80 % of a limit",
		.figures = "`ipsecstat peers --full`, used",
		.meaning = "Of their sequence numbers, or of a hard limit in bytes or packets. A rekey by time alone can come too late.",
		.applies = any_peer, .peer = is_near_end, .note = true,
		.advice = {
			{ NULL, "rekey, and let limits below that rekey (rekey_bytes, rekey_packets), or use esn; now:",
			  "swanctl --rekey --child NAME" },
		},
	},
	{
		.name = "peer-remapped",
		.title = "The NAT of peers has a new mapping",
		.figures = "`ipsecstat peers --full`, NAT; `packetsRemapped`",
		.meaning = "Their packets are taken, and answers go to the old port until IKE updates the SA: in and out both rise, and the peer hears nothing.",
		.applies = any_peer, .peer = is_remapped,
		.advice = {
			{ NULL, "keep the mapping alive, at the peer in strongswan.conf:",
			  "charon.keep_alive = 20s" },
		},
	},
	{
		.name = "peer-down",
		.title = "Peers are down",
		.figures = "`ipsecstat peers`, ended by `deleted`, `flushed`, `migrated`",
		.meaning = "A process ended their last SA: the IKE daemon, when the peer ended the connection or did not answer dead peer detection; somebody by hand; or the peer has another address now (migrated, MOBIKE).",
		.applies = any_peer, .peer = is_down, .note = true,
		.what = BIT(FWPUCLNT_END_DELETED) | BIT(FWPUCLNT_END_FLUSHED) |
			BIT(FWPUCLNT_END_MIGRATED),
		.advice = {
			{ "it should be up", "start it:", "swanctl --initiate --child NAME" },
		},
	},
	{
		.name = "reverse-path",
		.title = "Packets were dropped by the reverse path filter",
		.figures = "*IPReversePathFilter* in `/proc/net/netstat`, while there are SAs",
		.meaning = "After decryption, too, the answer to a packet has to go out by the device that it came by. IPsec counts it as processed.",
		.applies = system_rose, .what = BIT(REVERSE_PATH),
		.advice = {
			{ NULL, "make the filter loose, or add the route:",
			  "sysctl net.ipv4.conf.all.rp_filter=2; ip route" },
		},
	},
	{
		.name = "not-forwarded",
		.title = "Packets for others came to a host that does not forward",
		.figures = "*InAddrErrors* in `/proc/net/snmp`, while there are SAs",
		.meaning = "Decrypted packets for a network behind this host are thrown away, too. IPsec counts them as processed.",
		.applies = system_rose, .what = BIT(NOT_FOR_US), .note = true,
		.advice = {
			{ "the host is a gateway", "let it forward:", "sysctl net.ipv4.ip_forward=1" },
		},
	},
	{
		.name = "mtu",
		.title = "Packets were too large to be forwarded",
		.figures = "*FragFails* in `/proc/net/snmp`, *Ip6InTooBigErrors*, while there are SAs",
		.meaning = "With the headers of IPsec they do not fit the path. Their sender is told by ICMP; where ICMP is filtered, large packets vanish and small ones pass.",
		.applies = system_rose, .what = BIT(TOO_BIG4) | BIT(TOO_BIG6),
		.note = true,
		.advice = {
			{ "connections hang after they began", "let ICMP through, or clamp TCP's segments:",
			  "nft add rule inet filter forward tcp flags syn tcp option maxseg size set rt mtu" },
		},
	},
	{
		.name = "no-xfrm",
		.title = "IPsec is switched off for devices",
		.figures = "`net.ipv4.conf.DEVICE.disable_xfrm`",
		.meaning = "What is sent by them passes no policy, and goes out in the clear.",
		.applies = no_xfrm, .note = true,
		.advice = {
			{ "not meant so", "switch it on:", "sysctl net.ipv4.conf.DEVICE.disable_xfrm=0" },
		},
	},
};
const size_t n_rules = ARRAY_SIZE(rules);

static void find(struct diagnosis *diagnosis, bool notes)
{
	for (size_t i = 0; i < n_rules; i++) {
		struct finding *finding =
			&diagnosis->findings[diagnosis->n_findings];

		if (rules[i].note != notes)
			continue;
		*finding = (struct finding){ .rule = &rules[i] };
		diagnosis->n_findings += rules[i].applies(&diagnosis->looks,
							  finding);
	}
}

int diagnose(const struct looks *looks, struct diagnosis *diagnosis)
{
	static const struct look none;

	*diagnosis = (struct diagnosis){ .looks = *looks };
	/* The module was loaded again in between. */
	if (looks->before->since != looks->now->since)
		diagnosis->looks.before = &none;
	/* One more finding, to try a rule in. */
	diagnosis->findings = calloc(n_rules + 1, sizeof(struct finding));
	if (!diagnosis->findings)
		return -1;
	find(diagnosis, false);
	diagnosis->n_problems = diagnosis->n_findings;
	find(diagnosis, true);
	return 0;
}
