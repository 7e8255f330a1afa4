/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of peers: from a file, or the xfrm interface of their if_id. */
#ifndef PEER_NAMES_H
#define PEER_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <windows.h>
#include <fwpuclnt.h>

/* Read if it exists and no other file is named. */
#define PEER_NAMES_FILE "/etc/ipsecstat/peers"
#define PEER_NAME_SIZE 64

struct peer_name {
	int version;		/* 4 or 6, or 0 for all with this if_id */
	uint8_t address[16];	/* the remote end, or all zero */
	bool any_if_id;
	uint32_t if_id;
	char name[PEER_NAME_SIZE];
};

struct peer_names {
	struct peer_name *rows;
	size_t count;
};

/*
 * Add the names of a file, with one peer in each line:
 *
 *	ADDRESS[%IF_ID] NAME		# and a comment
 *
 * NULL stands for PEER_NAMES_FILE, "-" for standard input. Returns 0, or -1 after
 * printing what is wrong.
 */
int peer_names_read(struct peer_names *names, const char *path);

/* Add the xfrm interfaces of the network namespace. 0, or -1 after printing why. */
int peer_names_add_links(struct peer_names *names);

void peer_names_free(struct peer_names *names);

/*
 * The first name that matches, or NULL; valid until @names is added to. The
 * name of an interface has no version.
 */
const struct peer_name *peer_name(const struct peer_names *names,
				  const FWPUCLNT_PEER *peer);

#endif
