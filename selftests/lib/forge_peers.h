/* SPDX-License-Identifier: GPL-2.0-only */
/* Peers as the module lists them, and as it never lists them. */
#ifndef FORGE_PEERS_H
#define FORGE_PEERS_H

#include "forge.h"

/* A flaw in the attribute @type of a message. */
struct flaw {
	int type;		/* 0 if all is well */
	enum {
		FLAW_ABSENT,
		FLAW_TWICE,
		FLAW_EMPTY,
		FLAW_SHORT,	/* of 3 bytes */
		FLAW_LONG,	/* of 17 bytes */
	} how;
};

/* A peer of @family with all attributes, and the flaw. */
void forge_peer(struct forge *f, int family, struct flaw flaw);
/* The same, with the flaw in the end of its last SA, or in its drops. */
void forge_peer_ended(struct forge *f, struct flaw flaw);
void forge_peer_dropped(struct forge *f, struct flaw flaw);
/* Evicted peers, and figures without a peer. */
void forge_others(struct forge *f, struct flaw flaw);

/* Append a message of a dump, and its end with an error, 0 if there is none. */
void forge_peer_message(struct forge *f, int type, const struct forge *attrs);
void forge_dump_end(struct forge *f, int error);

#endif /* FORGE_PEERS_H */
