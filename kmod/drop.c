// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dropped packets: the reason, the protocol, and the packet's owner.
 *
 * The reason is the MIB line that the kernel increments (mib.c). The protocol
 * is that of the SA at fault, the last one in the secpath of the packet that is
 * freed. So the tracepoint kfree_skb, which good packets never reach,
 * attributes each increment to a packet:
 *
 *	xfrm_input(), __xfrm_policy_check()	MIB line + 1
 *	kfree_skb(skb)				site.c: a function that frees
 *						what IPsec refused?
 *						line moved: count its reason,
 *						record whose it was (recent.c),
 *						count it at its peer (peer.c)
 *
 * Outbound, the lines themselves are the figures. The packet only shows whose
 * it was: an SA refused it in xfrm_output_one(), or it was forwarded and no
 * policy or SA was found.
 *
 * Some reasons need a hook that runs before the packet is freed: an SPI without
 * an SA or with one of the other direction, as the secpath is already reset
 * when the packet is freed; a wrong ICV and a repeated sequence number, as
 * other failures increment the same line.
 */
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rwsem.h>
#include <linux/tracepoint.h>
#include <linux/workqueue.h>
#include <net/xfrm.h>
#include <trace/events/skb.h>

#include "compat.h"
#include "drop.h"
#include "hook.h"
#include "mark.h"
#include "mib.h"
#include "net.h"
#include "packet.h"
#include "peer.h"
#include "recent.h"
#include "site.h"

/* What a hook learned of a packet that is about to be freed. */
struct ipsecstat_hint {
	const struct sk_buff *skb;
	__be32 seq;
	u8 reason;
	bool has_seq;
};

static DEFINE_PER_CPU(struct ipsecstat_hint, ipsecstat_hint);

static void ipsecstat_count_drop(struct net *net, u8 reason, u8 owner,
				 unsigned long count)
{
	struct ipsecstat_cpu *c = this_cpu_ptr(ipsecstat_net(net)->cpu);

	u64_stats_update_begin(&c->syncp);
	u64_stats_add(&c->drop[reason][owner], count);
	u64_stats_update_end(&c->syncp);
}

static u8 ipsecstat_owner(u8 proto)
{
	return proto == IPPROTO_ESP ? IPSECSTAT_OWNER_ESP :
	       proto == IPPROTO_AH ? IPSECSTAT_OWNER_AH :
	       IPSECSTAT_OWNER_OTHER;
}

/*
 * The input path fails at the last SA. The policy check judges all SAs of the
 * packet; states of IPComp are skipped.
 */
static const struct xfrm_state *
ipsecstat_sa_at_fault(const struct sec_path *sp, bool policy)
{
	int i;

	for (i = sp->len - 1; policy && i >= 0; i--)
		if (sp->xvec[i]->id.proto == IPPROTO_ESP ||
		    sp->xvec[i]->id.proto == IPPROTO_AH)
			return sp->xvec[i];
	return sp->len ? sp->xvec[sp->len - 1] : NULL;
}

/*
 * XfrmInStateMismatch has two causes. If xfrm_input() refused the
 * encapsulation, the packet still has its outer headers.
 */
static bool ipsecstat_is_encap(const struct ipsecstat_mib_line *line,
			       enum ipsecstat_site site,
			       const struct sk_buff *skb,
			       const struct xfrm_state *x)
{
	return line->line == LINUX_MIB_XFRMINSTATEMISMATCH &&
	       site == IPSECSTAT_SITE_INPUT && skb_network_header_len(skb) &&
	       ipsecstat_packet_at_header(skb, x);
}

static u8 ipsecstat_reason(const struct ipsecstat_mib_line *line,
			   enum ipsecstat_site site, const struct sk_buff *skb,
			   const struct xfrm_state *x)
{
	const struct ipsecstat_hint *hint = this_cpu_ptr(&ipsecstat_hint);

	if (!x)
		return line->plain;
	if (hint->skb == skb && hint->reason == line->hinted)
		return line->hinted;
	if (ipsecstat_is_encap(line, site, skb, x))
		return IPSECSTAT_DROP_REASON_ENCAP;
	return line->sa;
}

/*
 * With VTI, xfrm_input() checks policies. These reasons come from nothing else
 * in it.
 */
static bool ipsecstat_policies_asked(enum ipsecstat_site site, u8 reason)
{
	if (site != IPSECSTAT_SITE_INPUT)
		return true;
	switch (reason) {
	case IPSECSTAT_DROP_REASON_SELECTOR:
	case IPSECSTAT_DROP_REASON_TEMPLATE:
	case IPSECSTAT_DROP_REASON_NO_POLICY:
	case IPSECSTAT_DROP_REASON_BLOCKED:
	case IPSECSTAT_DROP_REASON_POLICY_ERROR:
		return true;
	default:
		return false;
	}
}

/*
 * What the call site shows. Policies are checked for the decapsulated packet.
 */
static void ipsecstat_add_circumstances(enum ipsecstat_site site,
					const struct sk_buff *skb,
					const struct xfrm_state *last,
					struct ipsecstat_packet *packet)
{
	const struct ipsecstat_hint *hint = this_cpu_ptr(&ipsecstat_hint);

	if (hint->skb == skb && hint->has_seq)
		ipsecstat_packet_set_seq(packet, hint->seq);
	if (!ipsecstat_policies_asked(site, packet->who.reason))
		return;
	packet->has_policy = true;
	packet->policy = site == IPSECSTAT_SITE_FORWARD ? XFRM_POLICY_FWD :
							  XFRM_POLICY_IN;
	if (last)
		ipsecstat_packet_read_inner(skb, last, packet);
}

/* Count a packet that is being freed, and record it. */
static void ipsecstat_attribute(struct net *net,
				const struct ipsecstat_mib_line *line,
				enum ipsecstat_site site,
				const struct sk_buff *skb,
				const struct sec_path *sp, unsigned long steps)
{
	const struct xfrm_state *x = NULL, *last = NULL;
	struct ipsecstat_packet packet;
	u8 reason;

	if (sp && sp->len) {
		x = ipsecstat_sa_at_fault(sp, site != IPSECSTAT_SITE_INPUT);
		last = sp->xvec[sp->len - 1];
	}
	reason = ipsecstat_reason(line, site, skb, x);
	ipsecstat_count_drop(net, reason, x ? ipsecstat_owner(x->id.proto) :
			     IPSECSTAT_OWNER_NONE, steps);

	/* The ends of an SA are not shown to another namespace. */
	if (x && !net_eq(read_pnet(&x->xs_net), net))
		x = NULL;
	ipsecstat_packet_read(net, skb, x, last, &packet);
	packet.who.reason = reason;
	ipsecstat_add_circumstances(site, skb, x ? last : NULL, &packet);
	ipsecstat_recent_add(net, &packet);
	ipsecstat_peer_drop(net, x, &packet.who, reason, steps);
}

static bool ipsecstat_moves(enum ipsecstat_site site,
			    const struct ipsecstat_mib_line *line)
{
	return line->by == IPSECSTAT_MIB_BY_POLICY ||
	       (line->by == IPSECSTAT_MIB_BY_INPUT &&
		site == IPSECSTAT_SITE_INPUT);
}

/*
 * For an ICMP error, the policy check judges the packet and then, if an SA
 * allows that, the packet inside it, and can refuse both.
 */
static unsigned long ipsecstat_steps_of(const struct sk_buff *skb,
					const struct sec_path *sp,
					unsigned long moved)
{
	if (sp && sp->len &&
	    sp->xvec[sp->len - 1]->props.flags & XFRM_STATE_ICMP)
		return min(moved, 2UL);
	return 1;
}

/*
 * @skb is being freed and incremented one line at most. Other increments belong
 * to packets that were not seen. Returns whether @skb incremented a line.
 */
static bool ipsecstat_take_steps(struct net *net, enum ipsecstat_site site,
				 const struct sk_buff *skb,
				 const struct sec_path *sp)
{
	const struct ipsecstat_mib_line *line;
	unsigned long moved, own;
	bool attributed = false;
	int i;

	if (!ipsecstat_mib_ready(net))
		return false;
	for (i = 0; i < IPSECSTAT_MIB_IN; i++) {
		moved = ipsecstat_mib_moved(net, i);
		if (likely(!moved))
			continue;
		line = &ipsecstat_mib_in[i];
		if (!attributed && ipsecstat_moves(site, line)) {
			own = ipsecstat_steps_of(skb, sp, moved);
			ipsecstat_attribute(net, line, site, skb, sp, own);
			attributed = true;
			moved -= own;
		}
		if (!moved)
			continue;
		ipsecstat_count_drop(net, line->left, line->left_owner, moved);
		ipsecstat_peer_drop(net, NULL, NULL, line->left, moved);
	}
	return attributed;
}

/*
 * No policy or SA was found for it. Its line is one that all look-ups
 * increment.
 */
static void ipsecstat_record_forwarded(struct net *net,
				       const struct sk_buff *skb)
{
	int reason = ipsecstat_mib_out_moved(net, IPSECSTAT_MIB_BY_ROUTE);
	struct ipsecstat_packet packet;

	if (reason < 0)
		return;
	ipsecstat_packet_read(net, skb, NULL, NULL, &packet);
	packet.who.reason = reason;
	packet.who.out = true;
	ipsecstat_recent_add(net, &packet);
}

/*
 * The route of @skb, which is being freed, ends at the SA that refused it. The
 * SA may be gone by now, but the device of the route keeps its namespace.
 */
static void ipsecstat_record_outbound(const struct sk_buff *skb)
{
	const struct dst_entry *dst = skb_dst(skb);
	struct ipsecstat_packet packet;
	struct net *net;
	int reason;

	if (!dst || !dst->xfrm)
		return;
	net = dev_net(dst->dev);
	if (read_pnet(&dst->xfrm->xs_net) != net)
		return;
	reason = ipsecstat_mib_out_moved(net, IPSECSTAT_MIB_BY_OUTPUT);
	if (reason < 0)
		return;
	ipsecstat_packet_read_out(skb, dst->xfrm, reason, &packet);
	ipsecstat_recent_add(net, &packet);
}

/* The call site that frees a packet, by the drop reason or the function. */
static enum ipsecstat_site ipsecstat_freed_by(const void *location,
					      enum skb_drop_reason reason)
{
	switch (reason) {
	case SKB_DROP_REASON_XFRM_POLICY:
		return ipsecstat_site(location) == IPSECSTAT_SITE_FORWARD ?
		       IPSECSTAT_SITE_FORWARD : IPSECSTAT_SITE_POLICY;
	case SKB_DROP_REASON_NO_SOCKET:
	case SKB_DROP_REASON_IP_NOPROTO:
		return IPSECSTAT_SITE_POLICY;
	case SKB_DROP_REASON_NOT_SPECIFIED:
		return ipsecstat_site(location);
	default:
		return IPSECSTAT_SITE_UNKNOWN;
	}
}

/* The namespace of the first SA in the path that is tracked, so still there. */
static struct net *ipsecstat_tracked_net(const struct sec_path *sp)
{
	int i;

	for (i = 0; sp && i < sp->len; i++)
		if (ipsecstat_sa_mark(sp->xvec[i]))
			return xs_net(sp->xvec[i]);
	return NULL;
}

/*
 * The MIB is that of the namespace of the SAs. It is that of the device if the
 * packet passed no SA, if a tunnel device in another namespace than its SAs
 * rejected the packet, or if a forwarded packet finds no policy or SA.
 */
static noinline void ipsecstat_on_refused(struct sk_buff *skb,
					  enum ipsecstat_site site,
					  enum skb_drop_reason reason)
{
	const struct sec_path *sp;
	bool attributed = false;
	struct net *net;

	if (site == IPSECSTAT_SITE_OUTPUT) {
		ipsecstat_record_outbound(skb);
		return;
	}
	sp = skb_sec_path(skb);
	net = ipsecstat_tracked_net(sp);
	if (net)
		attributed = ipsecstat_take_steps(net, site, skb, sp);
	if (skb->dev && dev_net(skb->dev) != net)
		attributed |= ipsecstat_take_steps(dev_net(skb->dev), site, skb,
						   sp);
	if (site == IPSECSTAT_SITE_FORWARD && !attributed &&
	    reason == SKB_DROP_REASON_XFRM_POLICY)
		ipsecstat_record_forwarded(dev_net(skb->dev), skb);
	__this_cpu_write(ipsecstat_hint.skb, NULL);
}

/*
 * Called for each packet that the host drops, mostly not by IPsec. From 7.0 on
 * tracepoints leave preemption on, but the lines are per CPU.
 */
static void ipsecstat_on_kfree_skb(IPSECSTAT_KFREE_SKB_ARGS)
{
	enum ipsecstat_site site = ipsecstat_freed_by(location, reason);

	if (likely(site == IPSECSTAT_SITE_UNKNOWN))
		return;
	preempt_disable_notrace();
	ipsecstat_on_refused(skb, site, reason);
	preempt_enable_notrace();
}

/* The secpath of a packet without an SA is empty. */
static void ipsecstat_count_unfound(struct net *net, u8 reason,
				    struct ipsecstat_packet *packet)
{
	struct ipsecstat_who *who = &packet->who;

	ipsecstat_count_drop(net, reason, ipsecstat_owner(who->proto), 1);
	who->reason = reason;
	ipsecstat_recent_add(net, packet);
	ipsecstat_peer_drop(net, NULL, who, reason, 1);
}

/*
 * xfrm_audit_state_notfound(skb, family, spi, seq), called right after the line
 * was incremented: there is no such SA, or it has the other direction.
 */
static void notrace ipsecstat_on_notfound(unsigned long ip,
					  unsigned long parent_ip,
					  struct ftrace_ops *ops,
					  struct ftrace_regs *fregs)
{
	struct sk_buff *skb = (void *)ftrace_regs_get_argument(fregs, 0);
	u16 family = ftrace_regs_get_argument(fregs, 1);
	__be32 spi = (__force __be32)ftrace_regs_get_argument(fregs, 2);
	__be32 seq = (__force __be32)ftrace_regs_get_argument(fregs, 3);
	struct net *net = dev_net(skb->dev);
	struct ipsecstat_packet packet;
	u8 reason;

	if (!ipsecstat_mib_ready(net))
		return;
	if (ipsecstat_mib_moved(net, IPSECSTAT_MIB_NO_STATES))
		reason = IPSECSTAT_DROP_REASON_NO_STATE;
	else if (ipsecstat_mib_moved(net, IPSECSTAT_MIB_DIRECTION))
		reason = IPSECSTAT_DROP_REASON_DIRECTION;
	else
		return;
	ipsecstat_packet_read(net, skb, NULL, NULL, &packet);
	packet.who.proto = ipsecstat_packet_spi_proto(skb, family, spi, seq);
	packet.who.spi = spi;
	ipsecstat_packet_set_seq(&packet, seq);
	ipsecstat_count_unfound(net, reason, &packet);
}

/* xfrm_audit_state_notfound_simple(skb, family), of Mobile IPv6 */
static void notrace ipsecstat_on_notfound_simple(unsigned long ip,
						 unsigned long parent_ip,
						 struct ftrace_ops *ops,
						 struct ftrace_regs *fregs)
{
	struct sk_buff *skb = (void *)ftrace_regs_get_argument(fregs, 0);
	struct net *net = dev_net(skb->dev);
	struct ipsecstat_packet packet;

	if (!ipsecstat_mib_ready(net) ||
	    !ipsecstat_mib_moved(net, IPSECSTAT_MIB_NO_STATES))
		return;
	ipsecstat_packet_read(net, skb, NULL, NULL, &packet);
	ipsecstat_count_unfound(net, IPSECSTAT_DROP_REASON_NO_STATE, &packet);
}

static void notrace ipsecstat_hint_set(const struct ipsecstat_hint *hint)
{
	*this_cpu_ptr(&ipsecstat_hint) = *hint;
}

/* xfrm_audit_state_icvfail(x, skb, proto) */
static void notrace ipsecstat_on_icvfail(unsigned long ip,
					 unsigned long parent_ip,
					 struct ftrace_ops *ops,
					 struct ftrace_regs *fregs)
{
	const struct ipsecstat_hint hint = {
		.skb = (void *)ftrace_regs_get_argument(fregs, 1),
		.reason = IPSECSTAT_DROP_REASON_AUTH,
	};

	ipsecstat_hint_set(&hint);
}

/* xfrm_audit_state_replay(x, skb, net_seq), whether late or repeated */
static void notrace ipsecstat_on_replay(unsigned long ip,
					unsigned long parent_ip,
					struct ftrace_ops *ops,
					struct ftrace_regs *fregs)
{
	const struct xfrm_state *x = (void *)ftrace_regs_get_argument(fregs, 0);
	__be32 seq = (__force __be32)ftrace_regs_get_argument(fregs, 2);
	const struct ipsecstat_hint hint = {
		.skb = (void *)ftrace_regs_get_argument(fregs, 1),
		.seq = seq,
		.has_seq = true,
		.reason = ipsecstat_packet_in_window(x, ntohl(seq)) ?
			  IPSECSTAT_DROP_REASON_REPEATED :
			  IPSECSTAT_DROP_REASON_LATE,
	};

	ipsecstat_hint_set(&hint);
}

static struct ipsecstat_hook ipsecstat_drop_hooks[] = {
	IPSECSTAT_HOOK("xfrm_audit_state_notfound", ipsecstat_on_notfound),
	IPSECSTAT_HOOK("xfrm_audit_state_notfound_simple",
		       ipsecstat_on_notfound_simple),
	IPSECSTAT_HOOK("xfrm_audit_state_icvfail", ipsecstat_on_icvfail),
	IPSECSTAT_HOOK("xfrm_audit_state_replay", ipsecstat_on_replay),
};

/*
 * The tracepoint adds to the cost of each packet that the host drops, also
 * without IPsec. So it is attached with the first SA or policy of the host.
 * Before that, no packet has an SA, and the MIB line alone is the whole figure.
 */
static DEFINE_MUTEX(ipsecstat_arm_lock);
static bool ipsecstat_armed;

/*
 * An increment after the first SA and before the tracepoint was attached may be
 * the fault of that SA, and was not seen.
 */
static void ipsecstat_drop_missed(void)
{
	struct net *net;

	down_read(&net_rwsem);
	for_each_net(net)
		if (READ_ONCE(ipsecstat_net(net)->sa.added) &&
		    !ipsecstat_mib_settled(net))
			WRITE_ONCE(ipsecstat_net(net)->lost, true);
	up_read(&net_rwsem);
}

/**
 * ipsecstat_drop_is_armed() - check whether the tracepoint is attached
 *
 * Context: Any.
 * Return: whether packets that are freed are seen
 */
bool ipsecstat_drop_is_armed(void)
{
	return READ_ONCE(ipsecstat_armed);
}

/**
 * ipsecstat_drop_arm() - attach the tracepoint
 *
 * Context: Process context, may sleep.
 * Return: 0 or a negative errno
 */
int ipsecstat_drop_arm(void)
{
	int err = 0;

	mutex_lock(&ipsecstat_arm_lock);
	if (!ipsecstat_armed) {
		err = register_trace_kfree_skb(ipsecstat_on_kfree_skb, NULL);
		if (!err) {
			ipsecstat_drop_missed();
			WRITE_ONCE(ipsecstat_armed, true);
		}
	}
	mutex_unlock(&ipsecstat_arm_lock);
	return err;
}

static void ipsecstat_drop_arm_work(struct work_struct *work)
{
	ipsecstat_drop_arm();
}

static DECLARE_WORK(ipsecstat_arm_later, ipsecstat_drop_arm_work);

/**
 * ipsecstat_drop_arm_soon() - attach the tracepoint soon, as there is an SA or
 * a policy
 *
 * Context: Any.
 */
void ipsecstat_drop_arm_soon(void)
{
	if (unlikely(!ipsecstat_drop_is_armed()))
		schedule_work(&ipsecstat_arm_later);
}

/**
 * ipsecstat_drop_attach() - start attributing dropped packets
 *
 * Context: Process context, may sleep.
 * Return: 0 or a negative errno, with the reason in the log
 */
int ipsecstat_drop_attach(void)
{
	return ipsecstat_hook_attach(ipsecstat_drop_hooks,
				     ARRAY_SIZE(ipsecstat_drop_hooks));
}

/**
 * ipsecstat_drop_detach() - stop attributing dropped packets
 *
 * Context: Process context, sleeps for grace periods. SAs and policies are not
 *	followed any more.
 */
void ipsecstat_drop_detach(void)
{
	cancel_work_sync(&ipsecstat_arm_later);
	if (ipsecstat_armed) {
		unregister_trace_kfree_skb(ipsecstat_on_kfree_skb, NULL);
		tracepoint_synchronize_unregister();
		ipsecstat_armed = false;
	}
	ipsecstat_hook_detach(ipsecstat_drop_hooks,
			      ARRAY_SIZE(ipsecstat_drop_hooks));
}
