/* SPDX-License-Identifier: GPL-2.0-only */
/* Events of peers. */
#ifndef PEER_EVENT_H
#define PEER_EVENT_H

#include <json-c/json.h>
#include <netlink/attr.h>

/*
 * Print a notification, as text or as an object. attrs go up to
 * IPSECSTAT_A_PEER_MAX. 0, -EPROTO or -ENOMEM.
 */
int peer_event_print(struct nlattr **attrs);
int peer_event_object(struct nlattr **attrs, struct json_object **object);

#endif
