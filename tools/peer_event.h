/* SPDX-License-Identifier: GPL-2.0-only */
/* An event of the kernel: what happened to a peer. */
#ifndef PEER_EVENT_H
#define PEER_EVENT_H

#include <stdbool.h>

#include <netlink/attr.h>

/*
 * Prints a notification with its attributes, which go up to IPSECSTAT_A_PEER_MAX.
 * 0, -EPROTO or -ENOMEM.
 */
int peer_event_show(struct nlattr **attrs, bool json);

#endif
