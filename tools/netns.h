/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Network namespaces: by name, as of ip-netns(8), by the path of a file, or by
 * the PID of a process in it.
 */
#ifndef NETNS_H
#define NETNS_H

#include <stdbool.h>
#include <stdio.h>

/*
 * Call visit() within that namespace, and come back. Returns the result of
 * visit(), or -1 after printing why the namespace cannot be entered.
 */
typedef int netns_visit_fn(void *context, const char *name);
int netns_visit(const char *name, netns_visit_fn *visit, void *context);

/*
 * The same for the namespace of the caller, under its name or "" if it has
 * none, and then for all others in the order of their names. Returns the sum of
 * the results, where -1 counts as 1.
 */
int netns_visit_all(netns_visit_fn *visit, void *context);

/*
 * One of these, or if name is NULL the namespace of the caller under the name
 * "".
 */
int netns_visit_chosen(const char *name, bool all, netns_visit_fn *visit,
		       void *context);

/* Print a name without control characters, which a file name can have. */
void netns_put_name(FILE *out, const char *name);

/* Print the heading of its figures. */
void netns_heading(FILE *out, const char *name);

/*
 * The number of further namespaces that have processes, or -1 if not known. The
 * namespace of a process is seen only with rights over the process.
 */
int netns_unnamed(void);

/* Set a const char *; ends the program if the argument is none of these. */
void take_netns(void *to, const char *argument);

#endif
