/* SPDX-License-Identifier: GPL-2.0-only */
/* An event of the kernel: what happened to a peer. */
#ifndef PEER_EVENT_H
#define PEER_EVENT_H

#include <json-c/json.h>
#include <netlink/attr.h>

/*
 * A notification with its attributes, which go up to IPSECSTAT_A_PEER_MAX: printed, or
 * as an object. 0, -EPROTO or -ENOMEM.
 */
int peer_event_print(struct nlattr **attrs);
int peer_event_object(struct nlattr **attrs, struct json_object **object);

#endif
