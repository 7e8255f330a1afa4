/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPSECSTAT_CLASS_H
#define _IPSECSTAT_CLASS_H

#include <net/xfrm.h>

/**
 * ipsecstat_in_tunnel() - check whether an SA encapsulates whole packets
 * @x: the SA
 *
 * Context: Any.
 * Return: true in tunnel, BEET and IPTFS mode
 */
static inline bool ipsecstat_in_tunnel(const struct xfrm_state *x)
{
	return x->outer_mode.flags & XFRM_MODE_FLAG_TUNNEL;
}

int ipsecstat_class(const struct xfrm_state *x);
u8 ipsecstat_class_proto(int class);
u32 ipsecstat_class_flags(int class);

#endif /* _IPSECSTAT_CLASS_H */
