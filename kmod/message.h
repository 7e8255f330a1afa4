/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attributes and checks that several commands share.
 */
#ifndef _IPSECSTAT_MESSAGE_H
#define _IPSECSTAT_MESSAGE_H

#include <linux/types.h>

struct genlmsghdr;
struct netlink_ext_ack;
struct sk_buff;

/* Set up in netlink.c. */
extern struct genl_family ipsecstat_family;

/* Indexes of its multicast groups. */
enum ipsecstat_group {
	IPSECSTAT_GROUP_DROPS,
	IPSECSTAT_GROUP_PEERS,
};

int ipsecstat_put_address(struct sk_buff *msg, int attr, u16 family,
			  const void *address);
int ipsecstat_put_dropped(struct sk_buff *msg, int nest_attr, u8 reason,
			  u8 proto, u64 packets);
int ipsecstat_check_version(const struct genlmsghdr *header,
			    struct netlink_ext_ack *extack);

#endif /* _IPSECSTAT_MESSAGE_H */
