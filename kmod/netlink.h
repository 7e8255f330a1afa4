/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPSECSTAT_NETLINK_H
#define _IPSECSTAT_NETLINK_H

struct genl_family;
struct genlmsghdr;
struct netlink_ext_ack;

/* The multicast groups, in the order in which the family has them. */
enum {
	IPSECSTAT_GROUP_DROPS,
	IPSECSTAT_GROUP_PEERS,
};

extern struct genl_family ipsecstat_family;

int ipsecstat_put_address(struct sk_buff *msg, int attr, u16 family,
			  const void *address);
int ipsecstat_put_dropped(struct sk_buff *msg, int nest_attr, u8 reason,
			  u8 proto, u64 packets);
int ipsecstat_check_version(const struct genlmsghdr *header,
			    struct netlink_ext_ack *extack);
int ipsecstat_netlink_register(void);
void ipsecstat_netlink_unregister(void);

#endif /* _IPSECSTAT_NETLINK_H */
