/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DROPS_H
#define DROPS_H

extern const struct command drops_command;
extern const struct command monitor_command;

#endif
