// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dropped packets: why, of which protocol, and whose.
 *
 * The kernel says why: right before it frees a packet that IPsec refused, it
 * adds one to a line of the XFRM MIB of the namespace, on the CPU that frees.
 * The freed packet says of which protocol: its secpath ends in the SA at fault.
 * So the tracepoint of kfree_skb, which good packets never reach, compares the
 * watched lines of this CPU with what it saw last, and books the difference:
 *
 *	xfrm_input(), __xfrm_policy_check()	MIB line + 1
 *	kfree_skb(skb)				line moved: look up rules[],
 *						note who it was (recent.c)
 *
 * Some causes need a word more, and have functions of their own that run before
 * the packet is freed: an SPI without SA or one of the other direction, where
 * the secpath is already reset, and a wrong ICV, which shares its line with other
 * failures.
 */
#include <linux/cpu.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/smp.h>
#include <linux/tracepoint.h>
#include <net/xfrm.h>
#include <trace/events/skb.h>

#include "compat.h"
#include "drop.h"
#include "hook.h"
#include "netns.h"
#include "packet.h"
#include "recent.h"
#include "sa.h"

/**
 * struct ipsecstat_drop_rule - what one more on a MIB line means
 * @mib: the line
 * @esp: cause if the last SA of the packet is ESP
 * @ah: cause if it is AH
 * @other: cause if it is neither
 * @plain: cause if the packet passed no SA
 */
struct ipsecstat_drop_rule {
	u8 mib;
	u8 esp;
	u8 ah;
	u8 other;
	u8 plain;
};

#define RULE(_mib, _esp, _ah, _other, _plain) {			\
	.mib = LINUX_MIB_XFRM##_mib, .esp = IPSECSTAT_##_esp,	\
	.ah = IPSECSTAT_##_ah, .other = IPSECSTAT_##_other,	\
	.plain = IPSECSTAT_##_plain }

/* The lines that ipsecstat_on_notfound() reads. */
enum {
	IPSECSTAT_RULE_NO_STATES,
	IPSECSTAT_RULE_DIR
};

/*
 * All lines of packets dropped on their way in.
 *
 * Those of the input path come first: each step of theirs is followed at once
 * by its packet, so if one moved, the packet is the one just freed. A line of
 * the policy check can also have moved before, for a packet in clear text that
 * was freed unseen; and so can those that come last, whose packets are in the
 * total alone.
 */
static const struct ipsecstat_drop_rule rules[IPSECSTAT_MIB_LINES] = {
	[IPSECSTAT_RULE_NO_STATES] =
	RULE(INNOSTATES, TOTAL_ONLY, TOTAL_ONLY, TOTAL_ONLY, TOTAL_ONLY),
	[IPSECSTAT_RULE_DIR] =
	RULE(INSTATEDIRERROR, WRONG_SA, WRONG_SA, WRONG_SA, WRONG_SA),
	RULE(INSTATEPROTOERROR,
	     ESP_DECRYPT, TOTAL_ONLY, TOTAL_ONLY, TOTAL_ONLY),
	RULE(INSTATESEQERROR,
	     ESP_REPLAY, AH_REPLAY, TOTAL_ONLY, TOTAL_ONLY),
	RULE(ACQUIREERROR,
	     ESP_LARVAL, AH_LARVAL, TOTAL_ONLY, TOTAL_ONLY),
	RULE(INSTATEEXPIRED, TOTAL_ONLY, TOTAL_ONLY, TOTAL_ONLY, TOTAL_ONLY),
	RULE(INSTATEINVALID, TOTAL_ONLY, TOTAL_ONLY, TOTAL_ONLY, TOTAL_ONLY),
	RULE(INSTATEMODEERROR, WRONG_SA, WRONG_SA, WRONG_SA, TOTAL_ONLY),
	RULE(INSTATEMISMATCH, WRONG_SA, WRONG_SA, WRONG_SA, TOTAL_ONLY),
	RULE(INTMPLMISMATCH, WRONG_SA, WRONG_SA, WRONG_SA, CLEAR_TEXT),
	RULE(INNOPOLS, NO_POLICY, NO_POLICY, NO_POLICY, TOTAL_ONLY),
	RULE(INPOLBLOCK, NO_POLICY, NO_POLICY, NO_POLICY, TOTAL_ONLY),
	RULE(INPOLERROR, TOTAL_ONLY, TOTAL_ONLY, TOTAL_ONLY, TOTAL_ONLY),
	RULE(INHDRERROR, TOTAL_ONLY, TOTAL_ONLY, TOTAL_ONLY, TOTAL_ONLY),
	RULE(INBUFFERERROR, TOTAL_ONLY, TOTAL_ONLY, TOTAL_ONLY, TOTAL_ONLY),
	RULE(INERROR, TOTAL_ONLY, TOTAL_ONLY, TOTAL_ONLY, TOTAL_ONLY),
	RULE(INIPTFSERROR, TOTAL_ONLY, TOTAL_ONLY, TOTAL_ONLY, TOTAL_ONLY),
};

/* The packet whose ICV was found wrong, until it is freed. */
static DEFINE_PER_CPU(struct sk_buff *, ipsecstat_bad_icv);

/* The lines are in step with the MIB, see ipsecstat_drop_start(). */
static DEFINE_PER_CPU(bool, ipsecstat_in_step);

/* Functions that free what IPsec rejected, and do not say why. */
static const char *const silent_names[] = {
	"xfrm_input",
	"ip6_forward",
	IPSECSTAT_SILENT_RAW
	IPSECSTAT_SILENT_UDP
};

static struct {
	unsigned long start;
	unsigned long size;
} silent_sites[ARRAY_SIZE(silent_names)];

static const unsigned long *ipsecstat_mib(struct net *net, int cpu)
{
	return per_cpu_ptr(net->mib.xfrm_statistics, cpu)->mibs;
}

static void ipsecstat_book(struct ipsecstat_cpu *c, u8 drop,
			   unsigned long count)
{
	if (drop >= IPSECSTAT_DROPS || !count)
		return;
	u64_stats_update_begin(&c->syncp);
	u64_stats_add(&c->drop[drop], count);
	u64_stats_update_end(&c->syncp);
}

/* The cause of a packet whose last SA is @x, or that passed none. */
static u8 ipsecstat_cause(const struct ipsecstat_drop_rule *rule,
			  const struct sk_buff *skb, const struct xfrm_state *x)
{
	bool bad_icv = __this_cpu_read(ipsecstat_bad_icv) == skb;

	if (!x)
		return rule->plain;
	if (rule->mib == LINUX_MIB_XFRMINSTATEMISMATCH &&
	    ipsecstat_packet_at_header(skb, x))
		return IPSECSTAT_ENCAP;

	switch (x->id.proto) {
	case IPPROTO_ESP:
		if (rule->mib == LINUX_MIB_XFRMINSTATEPROTOERROR && bad_icv)
			return IPSECSTAT_ESP_AUTH;
		return rule->esp;
	case IPPROTO_AH:
		if (rule->mib == LINUX_MIB_XFRMINSTATEPROTOERROR && bad_icv)
			return IPSECSTAT_AH_AUTH;
		return rule->ah;
	default:
		return rule->other;
	}
}

/* What the table of recent drops calls a cause. */
static const u8 reasons[IPSECSTAT_DROPS + 1] = {
	[IPSECSTAT_ESP_NO_STATE] = IPSECSTAT_DROP_REASON_NO_STATE,
	[IPSECSTAT_ESP_AUTH] = IPSECSTAT_DROP_REASON_AUTH,
	[IPSECSTAT_ESP_DECRYPT] = IPSECSTAT_DROP_REASON_DECRYPT,
	[IPSECSTAT_ESP_REPLAY] = IPSECSTAT_DROP_REASON_REPLAY,
	[IPSECSTAT_ESP_LARVAL] = IPSECSTAT_DROP_REASON_LARVAL,
	[IPSECSTAT_AH_NO_STATE] = IPSECSTAT_DROP_REASON_NO_STATE,
	[IPSECSTAT_AH_AUTH] = IPSECSTAT_DROP_REASON_AUTH,
	[IPSECSTAT_AH_REPLAY] = IPSECSTAT_DROP_REASON_REPLAY,
	[IPSECSTAT_AH_LARVAL] = IPSECSTAT_DROP_REASON_LARVAL,
	[IPSECSTAT_ENCAP] = IPSECSTAT_DROP_REASON_ENCAP,
	[IPSECSTAT_CLEAR_TEXT] = IPSECSTAT_DROP_REASON_CLEAR_TEXT,
	[IPSECSTAT_WRONG_SA] = IPSECSTAT_DROP_REASON_WRONG_SA,
	[IPSECSTAT_NO_POLICY] = IPSECSTAT_DROP_REASON_NO_POLICY,
	[IPSECSTAT_TOTAL_ONLY] = IPSECSTAT_DROP_REASON_OTHER,
};

/* How far a line of this CPU moved since it was last booked. */
static unsigned long ipsecstat_moved(struct ipsecstat_cpu *c,
				     const unsigned long *mib, int rule)
{
	unsigned long now = READ_ONCE(mib[rules[rule].mib]);
	unsigned long seen = READ_ONCE(c->mib_seen[rule]);

	/* A reader may settle an older part of it, but not beyond now. */
	while (seen != now &&
	       !try_cmpxchg(&c->mib_seen[rule], &seen, now))
		;
	return now - seen;
}

/*
 * Note whose packet was dropped, in the table of the namespace that counts it.
 * The ends of an SA of another one are not for its eyes.
 */
static void ipsecstat_note(struct net *net, u8 cause, const struct sk_buff *skb,
			   const struct xfrm_state *x)
{
	struct ipsecstat_who who;

	if (x && read_pnet(&x->xs_net) != net)
		x = NULL;
	ipsecstat_packet_who(skb, x, &who);
	who.reason = reasons[cause];
	ipsecstat_recent_add(net, &who);
}

/* @skb is being freed; book it if it is what moved a line. */
static void ipsecstat_book_packet(struct net *net, const struct sk_buff *skb,
				  const struct xfrm_state *x)
{
	struct ipsecstat_cpu *c = this_cpu_ptr(ipsecstat_net(net)->cpu);
	const unsigned long *mib = ipsecstat_mib(net, smp_processor_id());
	unsigned long moved;
	bool booked = false;
	u8 cause;
	int i;

	for (i = 0; i < ARRAY_SIZE(rules); i++) {
		moved = ipsecstat_moved(c, mib, i);
		if (!moved)
			continue;
		if (!booked) {
			cause = ipsecstat_cause(&rules[i], skb, x);
			ipsecstat_book(c, cause, 1);
			ipsecstat_note(net, cause, skb, x);
			booked = true;
			moved--;
		}
		ipsecstat_book(c, rules[i].plain, moved);
	}
}

/* What those who drop a packet for IPsec say, if they say anything. */
static bool ipsecstat_is_reason(enum skb_drop_reason reason)
{
	switch (reason) {
	case SKB_DROP_REASON_XFRM_POLICY:
	case SKB_DROP_REASON_NO_SOCKET:
	case SKB_DROP_REASON_IP_NOPROTO:
	case SKB_DROP_REASON_NOT_SPECIFIED:
		return true;
	default:
		return false;
	}
}

/*
 * skb->dev of just any packet is not to be trusted: queues use it for other
 * things. These packets are known to be on their way in.
 */
static bool ipsecstat_on_way_in(void *location, enum skb_drop_reason reason)
{
	unsigned long ip = (unsigned long)location;
	int i;

	if (reason != SKB_DROP_REASON_NOT_SPECIFIED)
		return true;
	for (i = 0; i < ARRAY_SIZE(silent_sites); i++)
		if (ip - silent_sites[i].start < silent_sites[i].size)
			return true;
	return false;
}

/* The namespace of the first SA in the path that is tracked, so still there. */
static struct net *ipsecstat_tracked_net(const struct sec_path *sp)
{
	int i;

	for (i = 0; i < sp->len; i++)
		if (ipsecstat_sa_mark(sp->xvec[i]))
			return xs_net(sp->xvec[i]);
	return NULL;
}

/*
 * The MIB is that of the SAs. If the packet passed none it is that of its
 * device, and so it is where a tunnel device in another namespace than its SAs
 * rejected the packet.
 */
static void ipsecstat_on_free(struct sk_buff *skb, void *location,
			      enum skb_drop_reason reason)
{
	const struct sec_path *sp = skb_sec_path(skb);
	const struct xfrm_state *x = NULL;
	struct net *net = NULL;

	if (!ipsecstat_is_reason(reason) || !__this_cpu_read(ipsecstat_in_step))
		return;
	if (sp && sp->len) {
		x = sp->xvec[sp->len - 1];
		net = ipsecstat_tracked_net(sp);
		if (net)
			ipsecstat_book_packet(net, skb, x);
	}
	if (ipsecstat_on_way_in(location, reason) && skb->dev &&
	    dev_net(skb->dev) != net)
		ipsecstat_book_packet(dev_net(skb->dev), skb, x);
	__this_cpu_write(ipsecstat_bad_icv, NULL);
}

/* From 7.0 on tracepoints leave preemption on, and the lines are a CPU's own. */
static void ipsecstat_on_kfree_skb(IPSECSTAT_KFREE_SKB_ARGS)
{
	preempt_disable_notrace();
	ipsecstat_on_free(skb, location, reason);
	preempt_enable_notrace();
}

/* What an SPI without an SA is counted as. */
static u8 ipsecstat_no_state_cause(u8 proto)
{
	return proto == IPPROTO_ESP ? IPSECSTAT_ESP_NO_STATE :
	       proto == IPPROTO_AH ? IPSECSTAT_AH_NO_STATE :
	       IPSECSTAT_TOTAL_ONLY;
}

/*
 * xfrm_audit_state_notfound(skb, family, spi, seq), with its line just moved:
 * there is no such SA, or it is one for the other direction.
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
	struct ipsecstat_cpu *c = this_cpu_ptr(ipsecstat_net(net)->cpu);
	const unsigned long *mib = ipsecstat_mib(net, smp_processor_id());
	struct ipsecstat_who who;
	u8 proto, cause;

	if (!__this_cpu_read(ipsecstat_in_step))
		return;
	proto = ipsecstat_packet_spi_proto(skb, family, spi, seq);
	if (ipsecstat_moved(c, mib, IPSECSTAT_RULE_NO_STATES))
		cause = ipsecstat_no_state_cause(proto);
	else if (ipsecstat_moved(c, mib, IPSECSTAT_RULE_DIR))
		cause = rules[IPSECSTAT_RULE_DIR].plain;
	else
		return;
	ipsecstat_book(c, cause, 1);

	ipsecstat_packet_who(skb, NULL, &who);
	who.proto = proto;
	who.spi = spi;
	who.reason = reasons[cause];
	ipsecstat_recent_add(net, &who);
}

/* xfrm_audit_state_icvfail(x, skb, proto) */
static void notrace ipsecstat_on_icvfail(unsigned long ip,
					 unsigned long parent_ip,
					 struct ftrace_ops *ops,
					 struct ftrace_regs *fregs)
{
	__this_cpu_write(ipsecstat_bad_icv,
			 (void *)ftrace_regs_get_argument(fregs, 1));
}

static struct ipsecstat_hook ipsecstat_drop_hooks[] = {
	IPSECSTAT_HOOK("xfrm_audit_state_notfound", ipsecstat_on_notfound),
	IPSECSTAT_HOOK("xfrm_audit_state_icvfail", ipsecstat_on_icvfail),
};

/**
 * ipsecstat_drop_total() - inbound packets dropped for whatever reason
 * @net: the namespace; the caller holds a reference
 * @cpu: the CPU that dropped them
 *
 * The kernel's own count, less what it was when ours began.
 *
 * Context: Any.
 * Return: packets; on 32-bit hosts modulo 2^32, like the kernel's own
 */
u64 ipsecstat_drop_total(struct net *net, int cpu)
{
	unsigned long sum = -per_cpu_ptr(ipsecstat_net(net)->cpu, cpu)->mib_base;
	const unsigned long *mib = ipsecstat_mib(net, cpu);
	int i;

	for (i = 0; i < ARRAY_SIZE(rules); i++)
		sum += READ_ONCE(mib[rules[i].mib]);
	return sum;
}

static bool ipsecstat_is_settled(struct net *net, int cpu)
{
	struct ipsecstat_cpu *c = per_cpu_ptr(ipsecstat_net(net)->cpu, cpu);
	const unsigned long *mib = ipsecstat_mib(net, cpu);
	int i;

	for (i = 0; i < ARRAY_SIZE(rules); i++)
		if (READ_ONCE(mib[rules[i].mib]) != READ_ONCE(c->mib_seen[i]))
			return false;
	return true;
}

static void ipsecstat_settle_begin(struct net *net, int cpu)
{
	struct ipsecstat_cpu *c = per_cpu_ptr(ipsecstat_net(net)->cpu, cpu);
	const unsigned long *mib = ipsecstat_mib(net, cpu);
	int i;

	for (i = 0; i < ARRAY_SIZE(rules); i++)
		c->mib_due[i] = READ_ONCE(mib[rules[i].mib]);
}

static void ipsecstat_settle_end(struct net *net, int cpu)
{
	struct ipsecstat_cpu *c = per_cpu_ptr(ipsecstat_net(net)->cpu, cpu);
	unsigned long seen, due;
	int i;

	for (i = 0; i < ARRAY_SIZE(rules); i++) {
		due = c->mib_due[i];
		seen = READ_ONCE(c->mib_seen[i]);
		if ((long)(due - seen) > 0 &&
		    try_cmpxchg(&c->mib_seen[i], &seen, due) &&
		    rules[i].plain == IPSECSTAT_CLEAR_TEXT)
			WRITE_ONCE(c->clear_text_settled,
				   c->clear_text_settled + due - seen);
	}
}

/**
 * ipsecstat_drop_settle() - book what was freed unseen
 * @net: the namespace; the caller holds a reference
 *
 * Some protocols free clear text that a policy rejected in a way which does not
 * tell it from any other packet. A step of a line that is still not booked when
 * all packets then under way are done belongs to one of those.
 *
 * Context: Process context; sleeps for a grace period if there are any.
 */
void ipsecstat_drop_settle(struct net *net)
{
	static DEFINE_MUTEX(lock);
	bool settled = true;
	int cpu;

	for_each_possible_cpu(cpu)
		settled = settled && ipsecstat_is_settled(net, cpu);
	if (settled)
		return;

	mutex_lock(&lock);
	for_each_possible_cpu(cpu)
		ipsecstat_settle_begin(net, cpu);
	synchronize_rcu();
	for_each_possible_cpu(cpu)
		ipsecstat_settle_end(net, cpu);
	mutex_unlock(&lock);
}

static void ipsecstat_drop_start_net(struct net *net, int cpu)
{
	struct ipsecstat_cpu *c = per_cpu_ptr(ipsecstat_net(net)->cpu, cpu);
	const unsigned long *mib = ipsecstat_mib(net, cpu);
	int i;

	for (i = 0; i < ARRAY_SIZE(rules); i++)
		c->mib_seen[i] = READ_ONCE(mib[rules[i].mib]);
	c->mib_base += ipsecstat_drop_total(net, cpu);
}

static void ipsecstat_drop_start_cpu(int cpu)
{
	struct net *net;

	rcu_read_lock();
	for_each_net_rcu(net)
		ipsecstat_drop_start_net(net, cpu);
	rcu_read_unlock();
	per_cpu(ipsecstat_in_step, cpu) = true;
}

static void ipsecstat_drop_start_here(void *unused)
{
	ipsecstat_drop_start_cpu(smp_processor_id());
}

/**
 * ipsecstat_drop_start() - what was dropped before is not ours
 *
 * Each CPU does this for itself in an interrupt: a packet caught between its
 * MIB line and its end belongs to the time before.
 *
 * Context: Process context, may sleep. Called once, with the hooks attached.
 */
void ipsecstat_drop_start(void)
{
	int cpu;

	cpus_read_lock();
	on_each_cpu(ipsecstat_drop_start_here, NULL, 1);
	for_each_possible_cpu(cpu)
		if (!cpu_online(cpu))
			ipsecstat_drop_start_cpu(cpu);
	cpus_read_unlock();
}

/**
 * ipsecstat_drop_attach() - watch packets being dropped
 *
 * Context: Process context, may sleep. The namespaces have their blocks.
 * Return: 0 or a negative errno, with the reason in the log
 */
int ipsecstat_drop_attach(void)
{
	int err, i;

	for (i = 0; i < ARRAY_SIZE(silent_sites); i++) {
		err = ipsecstat_hook_text(silent_names[i],
					  &silent_sites[i].start,
					  &silent_sites[i].size);
		if (err)
			return err;
	}

	err = ipsecstat_hook_attach(ipsecstat_drop_hooks,
				    ARRAY_SIZE(ipsecstat_drop_hooks));
	if (err)
		return err;

	err = register_trace_kfree_skb(ipsecstat_on_kfree_skb, NULL);
	if (err)
		ipsecstat_hook_detach(ipsecstat_drop_hooks,
				      ARRAY_SIZE(ipsecstat_drop_hooks));
	return err;
}

/**
 * ipsecstat_drop_detach() - stop watching
 *
 * Context: Process context, sleeps for grace periods.
 */
void ipsecstat_drop_detach(void)
{
	unregister_trace_kfree_skb(ipsecstat_on_kfree_skb, NULL);
	tracepoint_synchronize_unregister();
	ipsecstat_hook_detach(ipsecstat_drop_hooks,
			      ARRAY_SIZE(ipsecstat_drop_hooks));
}
