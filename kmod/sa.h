/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mark that a tracked SA carries.
 *
 * struct xfrm_state embeds a struct xfrm_state_walk as its place in the list
 * of all states. Of that, the member filter serves only walkers of the list;
 * in a state it is zeroed at birth and never used again. It holds our mark:
 *
 *	NULL			not tracked: no ESP or AH SA, or gone
 *	block | 1		a larval SA of this namespace
 *	class (per-CPU)		a VALID SA, and where its packets are counted
 *	class | 2		a VALID SA whose packets its device counts
 *
 * A mark is set and taken under the lock of sa.c. Packets read it without: it
 * is set before the SA can be found, and the code that unmarks SAs waits a grace
 * period before the counters go.
 */
#ifndef _IPSECSTAT_SA_H
#define _IPSECSTAT_SA_H

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

/**
 * ipsecstat_in_tunnel() - does an SA make packets of its own around others?
 * @x: the SA
 *
 * Context: Any.
 * Return: true in tunnel, BEET and IPTFS mode
 */
static inline bool ipsecstat_in_tunnel(const struct xfrm_state *x)
{
	return x->outer_mode.flags & XFRM_MODE_FLAG_TUNNEL;
}

struct ipsecstat_net;

/* Guards the SAs, members and peers of all namespaces. */
extern raw_spinlock_t ipsecstat_sa_lock;

bool ipsecstat_is_local(struct net *net, const xfrm_address_t *address,
			u16 family);
int ipsecstat_sa_attach(void);
void ipsecstat_sa_detach(void);
void ipsecstat_sa_take_over(struct net *net);
void ipsecstat_sa_release(struct net *net);
void ipsecstat_sa_reopen(struct ipsecstat_net *block);
void ipsecstat_sa_settle(struct net *net);
int ipsecstat_sa_read(struct net *net, struct ipsecstat_sa *sa);
u8 ipsecstat_class_proto(int class);
u32 ipsecstat_class_flags(int class);

#endif /* _IPSECSTAT_SA_H */
