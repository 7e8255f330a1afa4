/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Network namespaces: by name, as ip-netns(8) keeps them, by the path of a file that
 * stands for one, or by the PID of a process in it.
 */
#ifndef NETNS_H
#define NETNS_H

#include <stdbool.h>
#include <stdio.h>

/*
 * Calls visit() within that namespace, and comes back. Returns what it returns, or -1
 * after printing why the namespace cannot be entered.
 */
typedef int netns_visit_fn(void *context, const char *name);
int netns_visit(const char *name, netns_visit_fn *visit, void *context);

/*
 * The same for the namespace of the caller, under its name or "" if it has none,
 * and then for all others in the order of their names. Adds the results up, -1
 * counting as 1.
 */
int netns_visit_all(netns_visit_fn *visit, void *context);

/* One of both, or where the caller is, under the name "", if name is NULL. */
int netns_visit_chosen(const char *name, bool all, netns_visit_fn *visit,
		       void *context);

/* Names are whatever a file may be called; the terminal is not to obey them. */
void netns_put_name(FILE *out, const char *name);

/* What stands above its figures. */
void netns_heading(FILE *out, const char *name);

/*
 * How many more there are that processes are in, or -1 if that is not to be known.
 * Without rights over a process, its namespace is not seen.
 */
int netns_unnamed(void);

/* Sets a const char *; ends the program if the argument can be none of these. */
void take_netns(void *to, const char *argument);

#endif
