/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ipsecstat doctor: a network namespace is looked at twice, rules find what is wrong
 * by the difference, and each says what it means, who it is about, and what mends it.
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
	NOT_FOR_US,		/* neither for this host nor to be forwarded */
	TOO_BIG4,		/* too large for the path, and not to be cut */
	TOO_BIG6,
	N_SYSTEM
};

/* What is seen of a network namespace at one moment; all zero: before all time. */
struct look {
	uint64_t since;		/* the same while they are the same counters */
	struct figures figures;
	struct table drops;
	FWPUCLNT_PEERS *peers;	/* before, as peers_sort() has them */
	uint64_t system[N_SYSTEM];
	char no_xfrm[80];	/* devices that policies do not apply to */
};

/* In the network namespace that the thread is in. 0, or -1 after printing why. */
int look(struct look *look);
void look_free(struct look *look);

/* What to do in one of the cases that a finding can be. */
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
	const char *figures;	/* by which it is known, for the page; Markdown */
	const char *meaning;
	struct advice advice[MOST_ADVICE];
	bool note;		/* may be meant so */
	bool look_ups;		/* are counted, and not packets */
	/* Fills in the packets, and who they are of. Returns whether it applies. */
	bool (*applies)(const struct looks *looks, struct finding *finding);
	/* Of rules about peers: does it to one, or the same one before, or NULL? */
	bool (*peer)(const FWPUCLNT_PEER *peer, const FWPUCLNT_PEER *before,
		     uint64_t what);
	uint64_t what;		/* of this, by bits */
};

extern const struct rule rules[];
extern const size_t n_rules;

/* The first few that a finding is about. */
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
