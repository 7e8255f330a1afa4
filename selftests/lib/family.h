/* SPDX-License-Identifier: GPL-2.0-only */
/* The module by libnl, without the tested library. */
#ifndef FAMILY_H
#define FAMILY_H

#include <stdbool.h>

#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>

#include <linux/ipsecstat.h>

static inline bool module_is_there(void)
{
	struct nl_sock *sock = nl_socket_alloc();
	bool there = sock && !genl_connect(sock) &&
		     genl_ctrl_resolve(sock, IPSECSTAT_FAMILY_NAME) >= 0;

	nl_socket_free(sock);
	return there;
}

#endif /* FAMILY_H */
