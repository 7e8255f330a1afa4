/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPSECSTAT_NETLINK_H
#define _IPSECSTAT_NETLINK_H

int ipsecstat_netlink_register(void);
void ipsecstat_netlink_unregister(void);

#endif /* _IPSECSTAT_NETLINK_H */
