// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events are sent to a multicast group a quarter of a second after the first of
 * them, by one work for all namespaces. So a flood makes at most one message
 * for each line or peer, four times a second.
 */
#include <linux/mutex.h>
#include <linux/rtnetlink.h>
#include <linux/workqueue.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>

#include "events.h"

#define IPSECSTAT_EVENTS_DELAY	(HZ / 4)

static void ipsecstat_events_send(struct work_struct *work);

/**
 * struct ipsecstat_events - the events of one group
 * @lock: held while they are sent
 * @send: sends the events of a namespace, may sleep; NULL while the group is
 *	closed
 * @work: sends the events of all namespaces
 */
struct ipsecstat_events {
	struct mutex lock;	/* guards @send */
	void (*send)(struct net *net);
	struct delayed_work work;
};

static struct ipsecstat_events ipsecstat_events[] = {
	[IPSECSTAT_GROUP_DROPS] = {
		.lock = __MUTEX_INITIALIZER(ipsecstat_events[0].lock),
		.work = __DELAYED_WORK_INITIALIZER(ipsecstat_events[0].work,
						   ipsecstat_events_send, 0),
	},
	[IPSECSTAT_GROUP_PEERS] = {
		.lock = __MUTEX_INITIALIZER(ipsecstat_events[1].lock),
		.work = __DELAYED_WORK_INITIALIZER(ipsecstat_events[1].work,
						   ipsecstat_events_send, 0),
	},
};

/* The rwsem keeps namespaces alive while they are visited. */
static void ipsecstat_events_send(struct work_struct *work)
{
	struct ipsecstat_events *events =
		container_of(to_delayed_work(work), struct ipsecstat_events, work);
	struct net *net;

	mutex_lock(&events->lock);
	if (events->send) {
		down_read(&net_rwsem);
		for_each_net(net)
			events->send(net);
		up_read(&net_rwsem);
	}
	mutex_unlock(&events->lock);
}

/**
 * ipsecstat_events_wanted() - check whether the group has listeners
 * @net: the namespace
 * @group: the group
 *
 * The kernel does not know the namespace of a listener, so the answer can be
 * true because of another namespace.
 *
 * Context: Any in which packets are freed or SAs come and go.
 * Return: whether there may be a listener
 */
bool ipsecstat_events_wanted(struct net *net, enum ipsecstat_group group)
{
	return READ_ONCE(ipsecstat_events[group].send) &&
	       genl_has_listeners(&ipsecstat_family, net, group);
}

/**
 * ipsecstat_events_due() - schedule the sending of events
 * @group: the group
 *
 * Context: Any.
 */
void ipsecstat_events_due(enum ipsecstat_group group)
{
	schedule_delayed_work(&ipsecstat_events[group].work,
			      IPSECSTAT_EVENTS_DELAY);
}

/**
 * ipsecstat_events_open() - start sending events
 * @group: the group; its family is registered
 * @send: sends the events of a namespace, may sleep
 *
 * Context: Process context, may sleep.
 */
void ipsecstat_events_open(enum ipsecstat_group group,
			   void (*send)(struct net *net))
{
	struct ipsecstat_events *events = &ipsecstat_events[group];

	mutex_lock(&events->lock);
	WRITE_ONCE(events->send, send);
	mutex_unlock(&events->lock);
}

/**
 * ipsecstat_events_close() - stop sending events
 * @group: the group
 *
 * Context: Process context, may sleep. None is being sent when it returns.
 */
void ipsecstat_events_close(enum ipsecstat_group group)
{
	ipsecstat_events_open(group, NULL);
}

/**
 * ipsecstat_events_drain() - cancel what is scheduled
 * @group: the group, closed
 *
 * Context: Process context, may sleep. The hooks are detached.
 */
void ipsecstat_events_drain(enum ipsecstat_group group)
{
	cancel_delayed_work_sync(&ipsecstat_events[group].work);
}
