// SPDX-License-Identifier: GPL-2.0-only
/*
 * SAs are counted by class; this file says which class an SA belongs to, and
 * what the SAs of a class have in common.
 */
#include <linux/ipsecstat.h>
#include <linux/pfkeyv2.h>

#include "class.h"
#include "counters.h"

static u32 ipsecstat_esp_flags(const struct xfrm_state *x)
{
	u32 flags = 0;

	if (x->props.ealgo != SADB_EALG_NULL &&
	    x->props.ealgo != SADB_X_EALG_NULL_AES_GMAC)
		flags |= IPSECSTAT_TRANSFORM_FLAGS_ENCRYPTED;
	if (x->aead || (x->aalg && x->props.aalgo != SADB_X_AALG_NULL))
		flags |= IPSECSTAT_TRANSFORM_FLAGS_AUTHENTICATED;
	if (ipsecstat_in_tunnel(x))
		flags |= IPSECSTAT_TRANSFORM_FLAGS_TUNNEL;
	if (x->xso.dev)
		flags |= IPSECSTAT_TRANSFORM_FLAGS_OFFLOAD;
	return flags;
}

/**
 * ipsecstat_class() - the class of an SA
 * @x: an ESP or AH SA in state VALID
 *
 * Context: Any.
 * Return: an index below IPSECSTAT_CLASSES
 */
int ipsecstat_class(const struct xfrm_state *x)
{
	if (x->id.proto == IPPROTO_AH)
		return IPSECSTAT_CLASS_AH + ipsecstat_in_tunnel(x);
	return ipsecstat_esp_flags(x);
}

/**
 * ipsecstat_class_proto() - protocol of a class
 * @class: the kind
 *
 * Context: Any.
 * Return: IPPROTO_ESP or IPPROTO_AH
 */
u8 ipsecstat_class_proto(int class)
{
	return class < IPSECSTAT_CLASS_AH ? IPPROTO_ESP : IPPROTO_AH;
}

/**
 * ipsecstat_class_flags() - properties of a class
 * @class: the kind
 *
 * Context: Any.
 * Return: a set of enum ipsecstat_transform_flags
 */
u32 ipsecstat_class_flags(int class)
{
	if (class < IPSECSTAT_CLASS_AH)
		return class;
	return IPSECSTAT_TRANSFORM_FLAGS_AUTHENTICATED |
	       (class > IPSECSTAT_CLASS_AH ? IPSECSTAT_TRANSFORM_FLAGS_TUNNEL : 0);
}
