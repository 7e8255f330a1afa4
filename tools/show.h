/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHOW_H
#define SHOW_H

#include "command.h"

extern const struct command show_command;

#endif
