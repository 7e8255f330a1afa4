// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bytes and packets: the hooks on the path of every good IPsec packet.
 *
 * They sit where the kernel itself adds a packet to the lifetime of its SA,
 * with x->lock held and softirqs off:
 *
 *	out	xfrm_output_one()	xfrm_replay_overflow(x, skb)
 *					curlft += skb->len
 *	in	xfrm_input()		xfrm_replay_recheck(x, skb, seq)
 *					xfrm_replay_advance(x, seq)
 *					curlft += skb->len
 *
 * The recheck knows the length and may still refuse the packet; the advance is
 * reached only by accepted packets. So the recheck records the length that the
 * advance counts.
 *
 * The mark of the SA points to its counters (mark.h): no look-up, no lock, two
 * adds to a cache line of this CPU. States that are not tracked, such as those
 * of IPComp, have no mark.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/percpu.h>
#include <net/xfrm.h>

#include "compat.h"
#include "hook.h"
#include "mark.h"
#include "traffic.h"

/* Length of the inbound packet, between recheck and advance. */
static DEFINE_PER_CPU(unsigned int, ipsecstat_in_len);

/*
 * xfrm_replay_overflow() refuses the packet when the sequence numbers of the SA
 * are used up. Predict its result here, because a counter must never go down.
 */
static noinline notrace ipsecstat_keeps_all bool
ipsecstat_oseq_spent(const struct xfrm_state *x, const struct sk_buff *skb)
{
	const struct xfrm_replay_state_esn *esn = x->replay_esn;
	const struct xfrm_offload *xo = xfrm_offload((struct sk_buff *)skb);
	u32 need = xo && skb_is_gso(skb) ? skb_shinfo(skb)->gso_segs : 1;
	u32 oseq = esn ? esn->oseq : x->replay.oseq;

	if (!(x->type->flags & XFRM_TYPE_REPLAY_PROT) || need <= U32_MAX - oseq)
		return false;
	if (x->repl_mode == XFRM_REPLAY_MODE_ESN)
		return esn->oseq_hi == U32_MAX;
	return !(x->props.extra_flags & XFRM_SA_XFLAG_OSEQ_MAY_WRAP);
}

static __always_inline bool
ipsecstat_oseq_near_end(const struct xfrm_state *x)
{
	const struct xfrm_replay_state_esn *esn = x->replay_esn;

	return (esn ? esn->oseq : x->replay.oseq) > U32_MAX - GSO_MAX_SEGS;
}

static __always_inline void ipsecstat_on_overflow(struct xfrm_state *x,
						  struct sk_buff *skb)
{
	struct ipsecstat_class __percpu *counters = ipsecstat_sa_counters(x);

	if (!counters)
		return;
	if (unlikely(ipsecstat_oseq_near_end(x)) && ipsecstat_oseq_spent(x, skb))
		return;
	ipsecstat_count(counters, IPSECSTAT_OUT, skb->len, 1);
}

static __always_inline void ipsecstat_on_check(struct xfrm_state *x,
					       struct sk_buff *skb)
{
	__this_cpu_write(ipsecstat_in_len, skb->len);
}

static __always_inline void ipsecstat_on_advance(struct xfrm_state *x)
{
	struct ipsecstat_class __percpu *counters = ipsecstat_sa_counters(x);

	if (counters)
		ipsecstat_count(counters, IPSECSTAT_IN,
				__this_cpu_read(ipsecstat_in_len), 1);
}

IPSECSTAT_BOTH_FORMS(ipsecstat_on_overflow, x, skb)
IPSECSTAT_BOTH_FORMS(ipsecstat_on_check, x, skb)
IPSECSTAT_BOTH_FORMS(ipsecstat_on_advance, x)

static struct ipsecstat_hook ipsecstat_traffic_hooks[] = {
	IPSECSTAT_HOOK_BOTH("xfrm_replay_overflow", ipsecstat_on_overflow),
#if IPSECSTAT_ONE_CHECK
	IPSECSTAT_HOOK_BOTH("xfrm_replay_check", ipsecstat_on_check),
#endif
	IPSECSTAT_HOOK_BOTH("xfrm_replay_recheck", ipsecstat_on_check),
	IPSECSTAT_HOOK_BOTH("xfrm_replay_advance", ipsecstat_on_advance),
};

/* Log which form of the hooks is in use. */
static void ipsecstat_traffic_report(void)
{
	size_t i, direct = 0, all = ARRAY_SIZE(ipsecstat_traffic_hooks);

	for (i = 0; i < all; i++)
		direct += ipsecstat_traffic_hooks[i].is_direct;
	pr_info("packets are counted by %zu direct calls and %zu callbacks of ftrace\n",
		direct, all - direct);
}

/**
 * ipsecstat_traffic_attach() - start counting packets
 *
 * Context: Process context, may sleep. The namespaces have their blocks.
 * Return: 0 or a negative errno, with the reason in the log
 */
int ipsecstat_traffic_attach(void)
{
	int err = ipsecstat_hook_attach(ipsecstat_traffic_hooks,
					ARRAY_SIZE(ipsecstat_traffic_hooks));

	if (!err)
		ipsecstat_traffic_report();
	return err;
}

/**
 * ipsecstat_traffic_detach() - stop counting packets
 *
 * Context: Process context, sleeps for grace periods.
 */
void ipsecstat_traffic_detach(void)
{
	ipsecstat_hook_detach(ipsecstat_traffic_hooks,
			      ARRAY_SIZE(ipsecstat_traffic_hooks));
}
