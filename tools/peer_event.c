// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <linux/ipsecstat.h>

#include "clock.h"
#include "command.h"
#include "json.h"
#include "line.h"
#include "peer_event.h"
#include "peers.h"

struct event {
	uint64_t events;	/* enum ipsecstat_peer_events */
	uint64_t state;
	uint64_t if_id;
	uint64_t reason;
	bool has_ended;
	char local[PEER_ADDRESS_SIZE];
	char remote[PEER_ADDRESS_SIZE];
	char command[20];
};

static const struct {
	unsigned int flag;
	const char *name;
} names[] = {
	{ IPSECSTAT_PEER_EVENTS_UP, "up" },
	{ IPSECSTAT_PEER_EVENTS_DOWN, "down" },
	{ IPSECSTAT_PEER_EVENTS_REKEYED, "rekeyed" },
	{ IPSECSTAT_PEER_EVENTS_ACQUIRE, "negotiating" },
	{ IPSECSTAT_PEER_EVENTS_MAPPED, "remapped" },
};

static int read_ended(const struct nlattr *nest, struct event *event)
{
	struct nlattr *attrs[IPSECSTAT_A_ENDED_MAX + 1];
	const struct nlattr *command;

	event->has_ended = nest;
	if (!nest)
		return 0;
	if (nla_parse_nested(attrs, IPSECSTAT_A_ENDED_MAX,
			     (struct nlattr *)nest, NULL) < 0 ||
	    read_uint(attrs[IPSECSTAT_A_ENDED_REASON], &event->reason))
		return -EPROTO;
	command = attrs[IPSECSTAT_A_ENDED_COMM];
	if (command)
		snprintf(event->command, sizeof(event->command), "%.*s",
			 nla_len(command), (const char *)nla_data(command));
	return 0;
}

static int read_event(struct nlattr **attrs, struct event *event)
{
	memset(event, 0, sizeof(*event));
	if (read_address(attrs[IPSECSTAT_A_PEER_LOCAL], event->local,
			 sizeof(event->local)) ||
	    read_address(attrs[IPSECSTAT_A_PEER_REMOTE], event->remote,
			 sizeof(event->remote)) ||
	    read_uint(attrs[IPSECSTAT_A_PEER_IF_ID], &event->if_id) ||
	    read_uint(attrs[IPSECSTAT_A_PEER_STATE], &event->state) ||
	    read_uint(attrs[IPSECSTAT_A_PEER_EVENTS], &event->events))
		return -EPROTO;
	return read_ended(attrs[IPSECSTAT_A_PEER_ENDED], event);
}

/* "peer 10.0.0.2 at 10.0.0.1: down, deleted (charon)" */
static void print_event(const struct event *event)
{
	const char *before = " ";
	char now[TIME_SIZE];

	printf("%s  peer %s at %s", time_text(clock_ns(CLOCK_REALTIME), now),
	       event->remote, event->local);
	if (event->if_id)
		printf(" if_id %" PRIu64, event->if_id);
	putchar(':');
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!(event->events & names[i].flag))
			continue;
		printf("%s%s", before, names[i].name);
		before = ", ";
	}
	if (event->state == IPSECSTAT_PEER_STATE_DOWN && event->has_ended) {
		printf(", %s", end_reason_name((uint32_t)event->reason));
		if (event->command[0])
			printf(" (%s)", event->command);
	}
	putchar('\n');
}

static struct json_object *names_object(const struct event *event)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; array && i < ARRAY_SIZE(names); i++) {
		if (!(event->events & names[i].flag))
			continue;
		if (!json_append(array, json_object_new_string(names[i].name)))
			continue;
		json_object_put(array);
		array = NULL;
	}
	return array;
}

static int add_ended(struct json_object *root, const struct event *event)
{
	if (!event->has_ended)
		return 0;
	return json_add(root, "reason", json_object_new_string(
				end_reason_name((uint32_t)event->reason))) ||
	       json_add(root, "command", json_object_new_string(event->command));
}

static struct json_object *event_object(const struct event *event)
{
	struct json_object *root = json_object_new_object();

	if (root &&
	    (json_add(root, "peerEvents", names_object(event)) ||
	     json_add(root, "local", json_object_new_string(event->local)) ||
	     json_add(root, "remote", json_object_new_string(event->remote)) ||
	     json_add(root, "ifId", json_object_new_uint64(event->if_id)) ||
	     json_add(root, "state", json_object_new_string(
				peer_state_name((uint32_t)event->state))) ||
	     add_ended(root, event))) {
		json_object_put(root);
		return NULL;
	}
	return root;
}

int peer_event_print(struct nlattr **attrs)
{
	struct event event;

	if (read_event(attrs, &event))
		return -EPROTO;
	print_event(&event);
	return 0;
}

int peer_event_object(struct nlattr **attrs, struct json_object **object)
{
	struct event event;

	if (read_event(attrs, &event))
		return -EPROTO;
	*object = event_object(&event);
	return *object ? 0 : -ENOMEM;
}
