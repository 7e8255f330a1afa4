/* SPDX-License-Identifier: GPL-2.0-only */
/* Peers as the module would list them, and as it never would. */
#ifndef FORGE_PEERS_H
#define FORGE_PEERS_H

#include "forge.h"

/* How the attribute @type of a message is to be, if there is no better one. */
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

/* A peer of @family with all attributes, but for the flaw. */
void forge_peer(struct forge *f, int family, struct flaw flaw);
/* The same, with the flaw in how its last SA ended, or in what was dropped. */
void forge_peer_ended(struct forge *f, struct flaw flaw);
void forge_peer_dropped(struct forge *f, struct flaw flaw);
/* Those that made room, and what names no peer. */
void forge_others(struct forge *f, struct flaw flaw);

/* Append a message of a dump, and its end with an error, 0 if there is none. */
void forge_peer_message(struct forge *f, int type, const struct forge *attrs);
void forge_dump_end(struct forge *f, int error);

#endif /* FORGE_PEERS_H */
