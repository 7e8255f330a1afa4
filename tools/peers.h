/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Peers: the texts and figures of ipsecstat peers. The kernel's times are on
 * CLOCK_BOOTTIME; shown are ages, or the time of day.
 */
#ifndef PEERS_H
#define PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fwpuclnt.h>
#include <json-c/json.h>

#include "command.h"
#include "peer_names.h"

extern const struct command peers_command;

/*
 * Read the peers of the network namespace, to be freed by FwpmFreeMemory0().
 * Returns 0, or -1 after printing what failed.
 */
int peers_read(FWPUCLNT_PEERS **peers);

/* Names as in kmod/ipsecstat.yaml, "unknown" for one of a later module. */
const char *peer_state_name(uint32_t state);
const char *end_reason_name(uint32_t reason);

/* An address of a peer, of at most 45 characters. */
#define PEER_ADDRESS_SIZE 46
const char *peer_address(const FWPUCLNT_PEER *peer, const uint8_t *address,
			 char text[PEER_ADDRESS_SIZE]);

/* Since when the peer has had its state, in ns of CLOCK_BOOTTIME. */
uint64_t peer_since(const FWPUCLNT_PEER *peer);

/* Why a peer is not up, or its number of rekeys. */
const char *peer_why(const FWPUCLNT_PEER *peer, char *text, size_t size);

/* What is shown. */
struct peers_view {
	const FWPUCLNT_PEERS *peers;
	const struct peer_names *names;
	const FWPUCLNT_PEERS *before;	/* sorted by ends; NULL: amounts, no rates */
	double seconds;			/* since then, 0 if there is no reading before */
};

/* 0, or -1 if out of memory. */
int peers_show_table(FILE *out, const struct peers_view *view);
void peers_show_full(FILE *out, const struct peers_view *view);

/* NULL if out of memory. */
struct json_object *peers_object(const struct peers_view *view);

/* Sort by ends, for peers_find(). */
void peers_sort(FWPUCLNT_PEERS *peers);

/* The same peer in a sorted list, which may be NULL; NULL if not found. */
const FWPUCLNT_PEER *peers_find(const FWPUCLNT_PEERS *sorted,
				const FWPUCLNT_PEER *peer);

#endif
