/* SPDX-License-Identifier: GPL-2.0-only */
/* Network namespaces by name, as ip-netns(8) keeps them. */
#ifndef NETNS_H
#define NETNS_H

#include <stdbool.h>

/*
 * Calls visit() within the namespace of that name, and comes back. Returns what
 * it returns, or -1 after telling why the namespace cannot be entered.
 */
typedef int netns_visit_fn(void *context, const char *name);
int netns_visit(const char *name, netns_visit_fn *visit, void *context);

/*
 * The same for the namespace of the caller, under its name or "" if it has none,
 * and then for all others in the order of their names. Adds the results up, -1
 * counting as 1.
 */
int netns_visit_all(netns_visit_fn *visit, void *context);

/* The argument of an option; ends the program if it can be no name. */
const char *netns_argument(const char *argument);

#endif
