/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ipsecstat doctor looks at a network namespace twice. Rules find problems by
 * the difference; each finding has its meaning, the packets or peers concerned,
 * and the remedy.
 */
#ifndef DOCTOR_H
#define DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <json-c/json.h>

#include "command.h"
#include "drops_table.h"
#include "fields.h"

extern const struct command doctor_command;

/* Counters of the kernel beside IPsec. */
enum system_counter {
	REVERSE_PATH,		/* dropped by the reverse path filter */
	NOT_FOR_US,		/* not for this host, and forwarding is off */
	TOO_BIG4,		/* too large for the path, with DF set */
	TOO_BIG6,
	N_SYSTEM
};

/* One look at a network namespace; all zero: before counting began. */
struct look {
	uint64_t since;		/* the same while they are the same counters */
	struct figures figures;
	struct table drops;
	FWPUCLNT_PEERS *peers;	/* in the look before: sorted by peers_sort() */
	uint64_t system[N_SYSTEM];
	char no_xfrm[80];	/* devices that policies do not apply to */
};

/* Look at the network namespace of the thread. 0, or -1 after printing why. */
int look(struct look *look);
void look_free(struct look *look);

/* The remedy for one case of a finding. */
struct advice {
	const char *when;	/* NULL: always */
	const char *what;
	const char *command;	/* or NULL */
};

#define MOST_ADVICE 5

struct finding;

/* Between these two looks. */
struct looks {
	const struct look *before, *now;
	double seconds;		/* 0: since counting began */
};

struct rule {
	const char *name;	/* and the JSON key */
	const char *title;
	const char *figures;	/* the evidence, for the page, in Markdown */
	const char *meaning;
	struct advice advice[MOST_ADVICE];
	bool note;		/* may be intended */
	bool look_ups;		/* look-ups are counted, not packets */
	/*
	 * Fill in the packets and their senders. Returns whether the rule
	 * applies.
	 */
	bool (*applies)(const struct looks *looks, struct finding *finding);
	/*
	 * For rules about peers: whether it applies to a peer, given the same
	 * peer before, or NULL.
	 */
	bool (*peer)(const FWPUCLNT_PEER *peer, const FWPUCLNT_PEER *before,
		     uint64_t what);
	uint64_t what;		/* a set of these */
};

extern const struct rule rules[];
extern const size_t n_rules;

/* The first few packets or peers of a finding. */
#define MOST_WHO 5
#define WHO_SIZE 160

struct finding {
	const struct rule *rule;
	uint64_t packets;	/* 0: not about packets */
	char who[MOST_WHO + 1][WHO_SIZE];
	size_t n_who;		/* in all */
};

struct diagnosis {
	struct looks looks;
	struct finding *findings;	/* problems first */
	size_t n_findings, n_problems;
};

/* 0, or -1 if out of memory; then there is nothing to free. */
int diagnose(const struct looks *looks, struct diagnosis *diagnosis);

void doctor_text(FILE *out, const struct diagnosis *diagnosis);

/* Adds to an object. 0, or -1 if out of memory. */
int doctor_object(struct json_object *object,
		  const struct diagnosis *diagnosis);

/* All rules, as docs/operators.md has them. */
void doctor_rules(FILE *out);

#endif
