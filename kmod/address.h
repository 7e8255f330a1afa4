/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPSECSTAT_ADDRESS_H
#define _IPSECSTAT_ADDRESS_H

#include <net/xfrm.h>

bool ipsecstat_is_local(struct net *net, const xfrm_address_t *address,
			u16 family);

#endif /* _IPSECSTAT_ADDRESS_H */
