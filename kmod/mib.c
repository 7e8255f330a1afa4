// SPDX-License-Identifier: GPL-2.0-only
/*
 * The XFRM MIB of the kernel, and how far it is attributed.
 *
 * Before the kernel frees a packet that IPsec refused, it increments a line of
 * the MIB of the namespace, on the same CPU. Each CPU keeps how far it has
 * attributed each inbound line to packets, so that each increment is attributed
 * once. Outbound lines are read as they are.
 *
 * An increment whose packet was not seen freed is attributed by the next
 * reader, after all packets in progress at that time.
 */
#include <linux/cpu.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/smp.h>
#include <net/net_namespace.h>
#include <net/xfrm.h>

#include "compat.h"
#include "mib.h"
#include "net.h"

#define IN(_line, _by, _sa, _plain) {					\
	.line = LINUX_MIB_XFRM##_line,					\
	.by = IPSECSTAT_MIB_BY_##_by,					\
	.sa = IPSECSTAT_DROP_REASON_##_sa,				\
	.plain = IPSECSTAT_DROP_REASON_##_plain,			\
	.hinted = U8_MAX,						\
	.left = IPSECSTAT_DROP_REASON_##_plain,				\
	.left_owner = IPSECSTAT_OWNER_NONE }

/*
 * Of a line with two causes, a hook reports one. Without a packet, a device
 * incremented the line, for ESP packets that it refused itself.
 */
#define IN_HINTED(_line, _by, _sa, _hinted) {				\
	.line = LINUX_MIB_XFRM##_line,					\
	.by = IPSECSTAT_MIB_BY_##_by,					\
	.sa = IPSECSTAT_DROP_REASON_##_sa,				\
	.plain = IPSECSTAT_DROP_REASON_##_sa,				\
	.hinted = IPSECSTAT_DROP_REASON_##_hinted,			\
	.left = IPSECSTAT_DROP_REASON_##_hinted,			\
	.left_owner = IPSECSTAT_OWNER_ESP }

/*
 * All inbound lines. Those that only xfrm_input() increments come before those
 * of the policy check: if xfrm_input() frees a packet, they are searched first.
 */
const struct ipsecstat_mib_line ipsecstat_mib_in[] = {
	[IPSECSTAT_MIB_NO_STATES] =
	IN(INNOSTATES,		LOOKUP,	NO_STATE,	NO_STATE),
	[IPSECSTAT_MIB_DIRECTION] =
	IN(INSTATEDIRERROR,	LOOKUP,	DIRECTION,	DIRECTION),
	IN_HINTED(INSTATEPROTOERROR, INPUT, TRANSFORM,	AUTH),
	IN_HINTED(INSTATESEQERROR, INPUT, LATE,		REPEATED),
	IN(ACQUIREERROR,	INPUT,	LARVAL,		LARVAL),
	IN(INSTATEEXPIRED,	INPUT,	EXPIRED,	EXPIRED),
	IN(INSTATEINVALID,	INPUT,	INVALID,	INVALID),
	IN(INSTATEMODEERROR,	INPUT,	MODE,		MODE),
	IN(INERROR,		INPUT,	ERROR,		ERROR),
	IN(INIPTFSERROR,	INPUT,	IPTFS,		IPTFS),
	IN(INSTATEMISMATCH,	POLICY,	SELECTOR,	SELECTOR),
	IN(INTMPLMISMATCH,	POLICY,	TEMPLATE,	CLEAR_TEXT),
	IN(INNOPOLS,		POLICY,	NO_POLICY,	NO_POLICY),
	IN(INPOLBLOCK,		POLICY,	BLOCKED,	BLOCKED),
	IN(INPOLERROR,		POLICY,	POLICY_ERROR,	POLICY_ERROR),
	IN(INHDRERROR,		POLICY,	HEADER,		HEADER),
	IN(INBUFFERERROR,	POLICY,	BUFFER,		BUFFER),
};

static_assert(ARRAY_SIZE(ipsecstat_mib_in) == IPSECSTAT_MIB_IN);

#define OUT(_line, _by, _reason) {					\
	.line = LINUX_MIB_XFRM##_line,					\
	.by = IPSECSTAT_MIB_BY_##_by,					\
	.reason = IPSECSTAT_DROP_REASON_##_reason }

/* All outbound lines, and the one of forwarded packets. */
const struct ipsecstat_mib_out ipsecstat_mib_out[] = {
	OUT(OUTNOSTATES,	ROUTE,	NO_STATE),
	OUT(OUTSTATEPROTOERROR,	OUTPUT,	TRANSFORM),
	OUT(OUTSTATEEXPIRED,	OUTPUT,	EXPIRED),
	OUT(OUTSTATEINVALID,	OUTPUT,	INVALID),
	OUT(OUTSTATEMODEERROR,	OUTPUT,	MODE),
	OUT(OUTSTATEDIRERROR,	ROUTE,	DIRECTION),
	OUT(OUTPOLBLOCK,	ROUTE,	BLOCKED),
	OUT(OUTPOLERROR,	ROUTE,	POLICY_ERROR),
	OUT(OUTPOLDEAD,		ROUTE,	POLICY_ERROR),
	OUT(FWDHDRERROR,	ROUTE,	HEADER),
	OUT(OUTERROR,		OUTPUT,	ERROR),
	OUT(OUTSTATESEQERROR,	OUTPUT,	SEQUENCE),
	OUT(OUTBUNDLEGENERROR,	ROUTE,	BUNDLE),
	OUT(OUTBUNDLECHECKERROR, ROUTE,	BUNDLE),
	OUT(OUTNOQSPACE,	OUTPUT,	QUEUE),
};

static_assert(ARRAY_SIZE(ipsecstat_mib_out) == IPSECSTAT_MIB_OUT);

/* This CPU began to attribute, see ipsecstat_mib_start(). */
static DEFINE_PER_CPU(bool, ipsecstat_in_step);

static const unsigned long *ipsecstat_mib(struct net *net, int cpu)
{
	return per_cpu_ptr(net->mib.xfrm_statistics, cpu)->mibs;
}

static struct ipsecstat_cpu *ipsecstat_mib_view(struct net *net, int cpu)
{
	return ipsecstat_on_cpu(ipsecstat_net(net), cpu);
}

/* Without counters, no line has been attributed yet. */
static bool ipsecstat_mib_is_settled(struct net *net, int cpu)
{
	const struct ipsecstat_cpu *c = ipsecstat_mib_view(net, cpu);
	const unsigned long *mib = ipsecstat_mib(net, cpu);
	int i;

	for (i = 0; i < IPSECSTAT_MIB_IN; i++)
		if (READ_ONCE(mib[ipsecstat_mib_in[i].line]) !=
		    (c ? READ_ONCE(c->mib_seen[i]) : 0))
			return false;
	return true;
}

/**
 * ipsecstat_mib_has_moved() - check whether a namespace ever dropped a packet
 * @net: the namespace
 * @cpu: on this CPU
 *
 * Context: Any.
 * Return: whether any line is not zero
 */
bool ipsecstat_mib_has_moved(struct net *net, int cpu)
{
	const unsigned long *mib = ipsecstat_mib(net, cpu);
	int i;

	for (i = 0; i < IPSECSTAT_MIB_IN; i++)
		if (READ_ONCE(mib[ipsecstat_mib_in[i].line]))
			return true;
	for (i = 0; i < IPSECSTAT_MIB_OUT; i++)
		if (READ_ONCE(mib[ipsecstat_mib_out[i].line]))
			return true;
	return false;
}

/**
 * ipsecstat_mib_ready() - check whether increments can be attributed on this
 * CPU
 * @net: the namespace
 *
 * The first increment in a namespace allocates its counters.
 *
 * Context: Preemption off, without the lock of sa.c.
 * Return: false if counting has not begun, or there is no increment
 */
bool ipsecstat_mib_ready(struct net *net)
{
	struct ipsecstat_net *block = ipsecstat_net(net);
	int cpu = smp_processor_id();

	if (!__this_cpu_read(ipsecstat_in_step))
		return false;
	if (unlikely(!ipsecstat_on_cpu(block, cpu))) {
		if (!ipsecstat_mib_has_moved(net, cpu))
			return false;
		if (!ipsecstat_counters_take(block)) {
			WRITE_ONCE(block->lost, true);
			return false;
		}
	}
	return !READ_ONCE(ipsecstat_on_cpu(block, cpu)->paused);
}

/**
 * ipsecstat_mib_moved() - take the new increments of a line on this CPU
 * @net: the namespace
 * @line: an index of ipsecstat_mib_in[]
 *
 * Context: Preemption off, ipsecstat_mib_ready() before.
 * Return: increments since the last call, which the caller attributes
 */
unsigned long ipsecstat_mib_moved(struct net *net, int line)
{
	const unsigned long *mib = ipsecstat_mib(net, smp_processor_id());
	struct ipsecstat_cpu *c = this_cpu_ptr(ipsecstat_net(net)->cpu);
	unsigned long now = READ_ONCE(mib[ipsecstat_mib_in[line].line]);
	unsigned long seen = READ_ONCE(c->mib_seen[line]);

	/* A reader may settle older increments, but none after this one. */
	while (seen != now && !try_cmpxchg(&c->mib_seen[line], &seen, now))
		;
	return now - seen;
}

/**
 * ipsecstat_mib_out_moved() - the outbound line that was incremented on this
 * CPU
 * @net: the namespace
 * @by: what incremented it
 *
 * Outbound lines are not attributed to packets, as a look-up needs no packet.
 * The line is the reason of a packet that is freed, unless other look-ups
 * incremented lines as well.
 *
 * Context: Preemption off, without the lock of sa.c.
 * Return: the reason of the only line that was incremented since the last call
 *	with @by, or a negative number
 */
int ipsecstat_mib_out_moved(struct net *net, enum ipsecstat_mib_by by)
{
	const unsigned long *mib = ipsecstat_mib(net, smp_processor_id());
	int i, reason = -1, moved = 0;
	struct ipsecstat_cpu *c;
	unsigned long now;

	if (!ipsecstat_mib_ready(net))
		return -1;
	c = this_cpu_ptr(ipsecstat_net(net)->cpu);
	for (i = 0; i < IPSECSTAT_MIB_OUT; i++) {
		now = READ_ONCE(mib[ipsecstat_mib_out[i].line]);
		if (ipsecstat_mib_out[i].by != by || c->mib_out_seen[i] == now)
			continue;
		c->mib_out_seen[i] = now;
		reason = ipsecstat_mib_out[i].reason;
		moved++;
	}
	return moved == 1 ? reason : -1;
}

static void ipsecstat_mib_settle_begin(struct net *net, int cpu)
{
	struct ipsecstat_cpu *c = ipsecstat_mib_view(net, cpu);
	const unsigned long *mib = ipsecstat_mib(net, cpu);
	int i;

	for (i = 0; i < IPSECSTAT_MIB_IN; i++)
		c->mib_due[i] = READ_ONCE(mib[ipsecstat_mib_in[i].line]);
}

static void ipsecstat_mib_settle_end(struct net *net, int cpu)
{
	struct ipsecstat_cpu *c = ipsecstat_mib_view(net, cpu);
	unsigned long seen, due;
	int i;

	for (i = 0; i < IPSECSTAT_MIB_IN; i++) {
		due = c->mib_due[i];
		seen = READ_ONCE(c->mib_seen[i]);
		if ((long)(due - seen) > 0 &&
		    try_cmpxchg(&c->mib_seen[i], &seen, due))
			WRITE_ONCE(c->mib_settled[i],
				   c->mib_settled[i] + due - seen);
	}
}

static void ipsecstat_mib_settle_all(struct net *net)
{
	int cpu;

	for_each_possible_cpu(cpu)
		ipsecstat_mib_settle_begin(net, cpu);
	synchronize_rcu();
	for_each_possible_cpu(cpu)
		ipsecstat_mib_settle_end(net, cpu);
}

/**
 * ipsecstat_mib_settled() - check whether all increments are attributed
 * @net: the namespace
 *
 * Context: Any.
 * Return: false if one is not, maybe that of a packet in progress
 */
bool ipsecstat_mib_settled(struct net *net)
{
	int cpu;

	for_each_possible_cpu(cpu)
		if (!ipsecstat_mib_is_settled(net, cpu))
			return false;
	return true;
}

/**
 * ipsecstat_mib_settle() - attribute increments whose packet was not seen
 * @net: the namespace; the caller holds a reference
 *
 * An increment that is not attributed after all packets in progress has no
 * packet that will be seen. Readers that come while one settles share the next
 * grace period.
 *
 * Context: Process context; sleeps for a grace period or two if there is such
 *	an increment.
 * Return: 0, -ENOMEM, or -EINTR if the caller is killed
 */
int ipsecstat_mib_settle(struct net *net)
{
	struct ipsecstat_net *block = ipsecstat_net(net);
	unsigned int wanted;

	/* Pairs with smp_store_mb() below: it sees what happened up to here. */
	smp_mb();
	wanted = READ_ONCE(block->settle_begun) + 1;
	if (ipsecstat_mib_settled(net))
		return 0;

	if (ipsecstat_counters_get(block))
		return -ENOMEM;
	if (mutex_lock_killable(&block->settle_lock))
		return -EINTR;
	if ((int)(block->settle_begun - wanted) < 0) {
		/* Pairs with smp_mb() above: then look at the lines. */
		smp_store_mb(block->settle_begun, block->settle_begun + 1);
		ipsecstat_mib_settle_all(net);
	}
	mutex_unlock(&block->settle_lock);
	return 0;
}

/**
 * ipsecstat_mib_sum() - add the outbound lines of one CPU
 * @net: the namespace; the caller holds a reference
 * @cpu: the CPU
 * @sum: added to
 *
 * Context: Any.
 */
void ipsecstat_mib_sum(struct net *net, int cpu, struct ipsecstat_sum *sum)
{
	const struct ipsecstat_cpu *c = ipsecstat_mib_view(net, cpu);
	const unsigned long *mib = ipsecstat_mib(net, cpu);
	int i;

	for (i = 0; i < IPSECSTAT_MIB_OUT; i++)
		sum->out[i] += READ_ONCE(mib[ipsecstat_mib_out[i].line]) -
			       (c ? c->mib_out[i] : 0);
	for (i = 0; c && i < IPSECSTAT_MIB_IN; i++)
		sum->drop[ipsecstat_mib_in[i].left]
			 [ipsecstat_mib_in[i].left_owner] +=
			READ_ONCE(c->mib_settled[i]);
}

/**
 * ipsecstat_mib_unseen() - add the inbound packets that were not seen freed
 * @net: the namespace; the caller holds a reference
 * @packets: added to, by enum ipsecstat_drop_reason
 *
 * Context: Any.
 */
void ipsecstat_mib_unseen(struct net *net, u64 *packets)
{
	const struct ipsecstat_cpu *c;
	int cpu, i;

	for_each_possible_cpu(cpu) {
		c = ipsecstat_mib_view(net, cpu);
		for (i = 0; c && i < IPSECSTAT_MIB_IN; i++)
			packets[ipsecstat_mib_in[i].left] +=
				READ_ONCE(c->mib_settled[i]);
	}
}

/* Where the lines of a namespace without counters begin is zero. */
static void ipsecstat_mib_start_net(struct net *net, int cpu)
{
	struct ipsecstat_cpu *c = ipsecstat_mib_view(net, cpu);
	const unsigned long *mib = ipsecstat_mib(net, cpu);
	int i;

	if (!c) {
		if (ipsecstat_mib_has_moved(net, cpu))
			WRITE_ONCE(ipsecstat_net(net)->lost, true);
		return;
	}
	for (i = 0; i < IPSECSTAT_MIB_IN; i++)
		c->mib_seen[i] = READ_ONCE(mib[ipsecstat_mib_in[i].line]);
	for (i = 0; i < IPSECSTAT_MIB_OUT; i++) {
		c->mib_out[i] = READ_ONCE(mib[ipsecstat_mib_out[i].line]);
		c->mib_out_seen[i] = c->mib_out[i];
	}
	WRITE_ONCE(c->paused, false);
}

/* All namespaces, if none is named. */
static void ipsecstat_mib_start_cpu(struct net *only, int cpu)
{
	struct net *net;

	if (only) {
		ipsecstat_mib_start_net(only, cpu);
		return;
	}
	rcu_read_lock();
	for_each_net_rcu(net)
		ipsecstat_mib_start_net(net, cpu);
	rcu_read_unlock();
	per_cpu(ipsecstat_in_step, cpu) = true;
}

static void ipsecstat_mib_start_here(void *only)
{
	ipsecstat_mib_start_cpu(only, smp_processor_id());
}

/**
 * ipsecstat_mib_start() - take the current values of the MIB as the start
 * @only: the namespace, where nothing is attributed yet; NULL for all
 *
 * Each CPU does this in an interrupt of its own. A packet between its increment
 * and its end is not counted.
 *
 * Context: Process context, may sleep. The hooks are attached.
 */
void ipsecstat_mib_start(struct net *only)
{
	int cpu;

	cpus_read_lock();
	on_each_cpu(ipsecstat_mib_start_here, only, 1);
	for_each_possible_cpu(cpu)
		if (!cpu_online(cpu))
			ipsecstat_mib_start_cpu(only, cpu);
	cpus_read_unlock();
}

/**
 * ipsecstat_mib_pause() - attribute nothing until ipsecstat_mib_start()
 * @net: the namespace, which has counters
 *
 * Context: Process context. Attributions in progress end within a grace period.
 */
void ipsecstat_mib_pause(struct net *net)
{
	int cpu;

	for_each_possible_cpu(cpu)
		WRITE_ONCE(ipsecstat_mib_view(net, cpu)->paused, true);
}

/**
 * ipsecstat_mib_stop() - stop attributing increments
 *
 * Context: Any. No hook is attached any more.
 */
void ipsecstat_mib_stop(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		per_cpu(ipsecstat_in_step, cpu) = false;
}
