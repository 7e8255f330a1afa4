/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DROPS_H
#define DROPS_H

struct table;

/*
 * Read the table of the network namespace of the thread; the caller frees its
 * lines, also after a failure. 0, or -1 after printing what failed.
 */
int drops_read(struct table *table);

extern const struct command drops_command;
extern const struct command monitor_command;

#endif
