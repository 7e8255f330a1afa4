/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mark that a tracked SA carries.
 *
 * struct xfrm_state embeds a struct xfrm_state_walk for the list of all states.
 * Its member filter is used only by walkers of the list; in a state it is
 * zeroed at allocation and never used again. It holds the mark:
 *
 *	NULL			not tracked: no ESP or AH SA, or gone
 *	block | 1		a larval SA of this namespace
 *	class (per-CPU)		a VALID SA, and where its packets are counted
 *	class | 2		a VALID SA whose packets its device counts
 *
 * A mark is set and cleared under the lock of sa.c. Packets read it without the
 * lock: it is set before the SA can be found, and the counters are freed a
 * grace period after it is cleared.
 */
#ifndef _IPSECSTAT_MARK_H
#define _IPSECSTAT_MARK_H

#include <net/xfrm.h>

#include "counters.h"

#define IPSECSTAT_MARK_LARVAL	1UL
#define IPSECSTAT_MARK_DEVICE	2UL

static __always_inline unsigned long
ipsecstat_sa_mark(const struct xfrm_state *x)
{
	return (unsigned long)READ_ONCE(x->km.filter);
}

/**
 * ipsecstat_sa_counters() - where packets of an SA are counted
 * @x: an SA in state VALID
 *
 * Context: Preemption off.
 * Return: the counters, or NULL if the SA is not tracked or not counted here
 */
static __always_inline struct ipsecstat_class __percpu *
ipsecstat_sa_counters(const struct xfrm_state *x)
{
	unsigned long mark = ipsecstat_sa_mark(x);

	if (unlikely(mark & IPSECSTAT_MARK_DEVICE))
		return NULL;
	return (struct ipsecstat_class __force __percpu *)mark;
}

#endif /* _IPSECSTAT_MARK_H */
