// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of SAs.
 *
 * Every VALID SA enters the state list through __xfrm_state_insert(), and every
 * state leaves it through __xfrm_state_delete(), for all callers: netlink,
 * PF_KEY, migration, a timer, a flush. A larval SA is created by an acquire, of
 * which key managers are notified, or by the allocation of an SPI. An acquire
 * that no daemon took ends in __xfrm_state_destroy() and was never listed.
 *
 * Locking: ipsecstat_sa_lock covers the counters of all namespaces, the marks
 * (mark.h), the members (member.c) and the peers (peer.c). It nests inside
 * x->lock and xfrm_state_lock. It is a raw lock, because hooks run with
 * preemption off if another tracer is on the same function. So memory is
 * allocated before it is taken.
 */
#include <linux/spinlock.h>
#include <net/xfrm.h>

#include "class.h"
#include "compat.h"
#include "drop.h"
#include "hook.h"
#include "mark.h"
#include "member.h"
#include "net.h"
#include "peer.h"
#include "sa.h"
#include "site.h"
#include "traffic.h"

static bool ipsecstat_is_sa(const struct xfrm_state *x)
{
	return x->id.proto == IPPROTO_ESP || x->id.proto == IPPROTO_AH;
}

static unsigned long ipsecstat_larval_mark(const struct ipsecstat_net *block)
{
	return (unsigned long)block | IPSECSTAT_MARK_LARVAL;
}

static void ipsecstat_set_mark(struct xfrm_state *x, unsigned long mark)
{
	WRITE_ONCE(x->km.filter, (struct xfrm_address_filter *)mark);
}

/* Add what the device counted since. */
static void ipsecstat_device_update(unsigned long mark, struct xfrm_state *x,
				    struct ipsecstat_member *member)
{
	struct ipsecstat_class __percpu *counters =
		(void __force __percpu *)(mark & ~IPSECSTAT_MARK_DEVICE);
	enum ipsecstat_dir dir = x->xso.dir == XFRM_DEV_OFFLOAD_IN ?
				 IPSECSTAT_IN : IPSECSTAT_OUT;
	struct ipsecstat_lifetime since;

	if (!member->peer)
		return;
	since = ipsecstat_peer_settle_sa(member);
	ipsecstat_count(counters, dir, since.bytes, since.packets);
}

/* x became VALID, or was so when the module came. */
static void ipsecstat_sa_enter(struct ipsecstat_net *block,
			       struct xfrm_state *x, bool is_new)
{
	struct ipsecstat_member *member;
	bool replaces = false;
	unsigned long mark;

	if (!block->cpu) {
		WRITE_ONCE(block->lost, true);
		return;
	}
	member = ipsecstat_member_add(block, x, &replaces);
	if (!member)
		WRITE_ONCE(block->lost, true);
	if (is_new && replaces && ipsecstat_peer_sends(member->peer, x)) {
		block->sa.rekeyed++;
		ipsecstat_peer_rekeyed(block, member->peer);
	}
	block->sa.offloaded += !!x->xso.dev;
	block->sa.added++;

	mark = (unsigned long __force)&block->cpu->class[ipsecstat_class(x)];
	if (ipsecstat_device_counts(x)) {
		mark |= IPSECSTAT_MARK_DEVICE;
		block->device_counted++;
	}
	ipsecstat_set_mark(x, mark);
}

/*
 * The reason known while x ends. MIGRATED remains if a process ended x and
 * xfrm_audit_state_delete() is not called afterwards.
 */
static u8 ipsecstat_end_reason(const struct xfrm_state *x)
{
	if (x->curlft.bytes >= x->lft.hard_byte_limit)
		return IPSECSTAT_END_REASON_BYTES;
	if (x->curlft.packets >= x->lft.hard_packet_limit)
		return IPSECSTAT_END_REASON_PACKETS;
	if (in_serving_softirq())
		return IPSECSTAT_END_REASON_TIME;
	if (x->xso.dev && !(x->xso.dev->flags & IFF_UP))
		return IPSECSTAT_END_REASON_DEVICE;
	return IPSECSTAT_END_REASON_MIGRATED;
}

/*
 * x was VALID and leaves. The mark, not the device, decides: the device may be
 * gone.
 */
static void ipsecstat_sa_leave(struct ipsecstat_net *block,
			       struct xfrm_state *x, unsigned long mark)
{
	struct ipsecstat_member *member = ipsecstat_member_find(x);
	int class = (mark - (unsigned long __force)block->cpu) /
		    sizeof(struct ipsecstat_class);

	if (mark & IPSECSTAT_MARK_DEVICE) {
		block->device_counted--;
		if (member)
			ipsecstat_device_update(mark, x, member);
	}
	if (member)
		ipsecstat_member_del(block, member, ipsecstat_end_reason(x));
	if (ipsecstat_class_flags(class) & IPSECSTAT_TRANSFORM_FLAGS_OFFLOAD)
		block->sa.offloaded--;
	block->sa.deleted++;
}

static bool ipsecstat_is_new(const struct ipsecstat_net *block,
			     const struct xfrm_state *x)
{
	return ipsecstat_is_sa(x) && block->phase != IPSECSTAT_RELEASING &&
	       !ipsecstat_sa_mark(x);
}

static void ipsecstat_sa_add(struct xfrm_state *x, bool is_new)
{
	struct ipsecstat_net *block = ipsecstat_net(xs_net(x));
	unsigned long flags;

	ipsecstat_member_level();
	if (unlikely(!READ_ONCE(block->cpu)) && ipsecstat_is_sa(x))
		ipsecstat_counters_take(block);
	raw_spin_lock_irqsave(&ipsecstat_sa_lock, flags);
	if (ipsecstat_is_new(block, x))
		ipsecstat_sa_enter(block, x, is_new);
	raw_spin_unlock_irqrestore(&ipsecstat_sa_lock, flags);
}

static void ipsecstat_sa_add_larval(struct xfrm_state *x)
{
	struct ipsecstat_net *block = ipsecstat_net(xs_net(x));
	unsigned long flags;

	ipsecstat_member_level();
	raw_spin_lock_irqsave(&ipsecstat_sa_lock, flags);
	if (ipsecstat_is_new(block, x)) {
		block->sa.larval++;
		ipsecstat_set_mark(x, ipsecstat_larval_mark(block));
		if (ipsecstat_peer_larval_add(block, x))
			WRITE_ONCE(block->lost, true);
	}
	raw_spin_unlock_irqrestore(&ipsecstat_sa_lock, flags);
}

/* Called for everything that may end x; the first call counts. */
static void ipsecstat_sa_del(struct xfrm_state *x)
{
	unsigned long mark, flags;
	struct ipsecstat_net *block;

	/* Not tracked, or its namespace is gone. */
	mark = ipsecstat_sa_mark(x);
	if (!mark)
		return;
	if (mark & IPSECSTAT_MARK_DEVICE)
		ipsecstat_ask_device(x);

	raw_spin_lock_irqsave(&ipsecstat_sa_lock, flags);
	mark = ipsecstat_sa_mark(x);
	if (mark) {
		block = ipsecstat_net(xs_net(x));
		ipsecstat_set_mark(x, 0);
		if (mark == ipsecstat_larval_mark(block)) {
			block->sa.larval--;
			ipsecstat_peer_larval_del(block, x);
		} else {
			ipsecstat_sa_leave(block, x, mark);
		}
	}
	raw_spin_unlock_irqrestore(&ipsecstat_sa_lock, flags);
	ipsecstat_member_level();
}

/*
 * Call a function for a VALID SA that is tracked. Most notifications need
 * neither this nor ipsecstat_sa_update() and should not pay for them.
 */
static noinline void
ipsecstat_sa_act(struct xfrm_state *x,
		 void (*act)(struct ipsecstat_net *block,
			     struct ipsecstat_member *member))
{
	struct ipsecstat_member *member;
	unsigned long flags;

	if (!ipsecstat_sa_mark(x))
		return;
	raw_spin_lock_irqsave(&ipsecstat_sa_lock, flags);
	member = ipsecstat_member_find(x);
	if (member)
		act(ipsecstat_net(xs_net(x)), member);
	raw_spin_unlock_irqrestore(&ipsecstat_sa_lock, flags);
}

/* The if_id may have changed. */
static void ipsecstat_sa_change(struct ipsecstat_net *block,
				struct ipsecstat_member *member)
{
	if (ipsecstat_member_move(block, member))
		WRITE_ONCE(block->lost, true);
}

static void ipsecstat_sa_mapped(struct ipsecstat_net *block,
				struct ipsecstat_member *member)
{
	if (member->peer)
		ipsecstat_peer_mapped(block, member->peer);
}

/* A process has set the lifetime. */
static void ipsecstat_sa_reset(struct ipsecstat_net *block,
			       struct ipsecstat_member *member)
{
	ipsecstat_member_reset(member);
}

/*
 * A process ended x, by a flush or by name; xfrm_audit_state_delete() reports
 * which.
 */
static void ipsecstat_sa_end_known(struct xfrm_state *x,
				   const void *caller)
{
	struct ipsecstat_peers *peers = &ipsecstat_net(xs_net(x))->peers;
	unsigned long ending = (unsigned long)x;

	if (READ_ONCE(peers->ending) != ending)
		return;
	cmpxchg(&peers->ending, ending,
		ending | (ipsecstat_site(caller) == IPSECSTAT_SITE_FLUSH ?
			  IPSECSTAT_ENDING_FLUSHED : IPSECSTAT_ENDING_DELETED));
}

/* xfrm_state_lock is held; x is VALID and not yet in the list. */
static void notrace ipsecstat_on_insert(struct xfrm_state *x)
{
	ipsecstat_drop_arm_soon();
	ipsecstat_sa_add(x, true);
}

/*
 * x leaves the list, with x->lock held, unless another caller was first; or its
 * last reference is gone, and it is tracked only if it was an acquire that no
 * daemon took.
 */
static void notrace ipsecstat_on_end(struct xfrm_state *x)
{
	ipsecstat_sa_del(x);
}

/* xfrm_audit_state_delete(x, result, task_valid), after the end of x */
static void notrace ipsecstat_on_audit(unsigned long ip,
				       unsigned long parent_ip,
				       struct ftrace_ops *ops,
				       struct ftrace_regs *fregs)
{
	ipsecstat_sa_end_known((void *)ftrace_regs_get_argument(fregs, 0),
			       (void *)parent_ip);
}

/* A key manager allocates the SPI of a larval SA. */
static void notrace ipsecstat_on_alloc_spi(unsigned long ip,
					   unsigned long parent_ip,
					   struct ftrace_ops *ops,
					   struct ftrace_regs *fregs)
{
	struct xfrm_state *x = (void *)ftrace_regs_get_argument(fregs, 0);

	if (READ_ONCE(x->km.state) == XFRM_STATE_ACQ)
		ipsecstat_sa_add_larval(x);
}

/*
 * km_new_mapping(x, address, port): a good packet of x, in UDP, came from elsewhere.
 * Key managers after the first one that takes it do not hear of it.
 */
static void notrace ipsecstat_on_mapping(unsigned long ip,
					 unsigned long parent_ip,
					 struct ftrace_ops *ops,
					 struct ftrace_regs *fregs)
{
	ipsecstat_sa_act((void *)ftrace_regs_get_argument(fregs, 0),
			 ipsecstat_sa_mapped);
}

IPSECSTAT_BOTH_FORMS(ipsecstat_on_insert, x)
IPSECSTAT_BOTH_FORMS(ipsecstat_on_end, x)

static struct ipsecstat_hook ipsecstat_begin_hooks[] = {
	IPSECSTAT_HOOK_BOTH("__xfrm_state_insert", ipsecstat_on_insert),
	IPSECSTAT_HOOK("xfrm_alloc_spi", ipsecstat_on_alloc_spi),
	IPSECSTAT_HOOK("km_new_mapping", ipsecstat_on_mapping),
};

static struct ipsecstat_hook ipsecstat_end_hooks[] = {
	IPSECSTAT_HOOK_BOTH("__xfrm_state_delete", ipsecstat_on_end),
	IPSECSTAT_HOOK_BOTH("__xfrm_state_destroy", ipsecstat_on_end),
	IPSECSTAT_HOOK("xfrm_audit_state_delete", ipsecstat_on_audit),
};

/* Not a daemon: leave the acquire to the others. */
static int ipsecstat_km_acquire(struct xfrm_state *x, struct xfrm_tmpl *tmpl,
				struct xfrm_policy *policy)
{
	ipsecstat_sa_add_larval(x);
	return -EOPNOTSUPP;
}

/* A process updates an SA by a state that is not the SA itself. */
static noinline void ipsecstat_sa_update(const struct xfrm_state *update)
{
	struct xfrm_state *x;

	x = xfrm_state_lookup(read_pnet(&update->xs_net),
			      update->mark.v & update->mark.m,
			      &update->id.daddr, update->id.spi,
			      update->id.proto, update->props.family);
	if (!x)
		return;
	ipsecstat_member_level();
	ipsecstat_sa_act(x, ipsecstat_sa_change);
	xfrm_state_put(x);
}

static int ipsecstat_km_notify(struct xfrm_state *x, const struct km_event *c)
{
	if (c->event == XFRM_MSG_NEWAE)
		ipsecstat_sa_act(x, ipsecstat_sa_reset);
	else if (c->event == XFRM_MSG_UPDSA)
		ipsecstat_sa_update(x);
	return 0;
}

static int ipsecstat_km_notify_policy(struct xfrm_policy *policy, int dir,
				      const struct km_event *c)
{
	ipsecstat_drop_arm_soon();
	return 0;
}

/* Does not change @dir, the error of the manager before. */
static struct xfrm_policy *
ipsecstat_km_compile_policy(struct sock *sk, int opt, u8 *data, int len,
			    int *dir)
{
	return NULL;
}

static struct xfrm_mgr ipsecstat_km = {
	.acquire	= ipsecstat_km_acquire,
	.notify		= ipsecstat_km_notify,
	.notify_policy	= ipsecstat_km_notify_policy,
	.compile_policy	= ipsecstat_km_compile_policy,
};

/*
 * Visit the ESP and AH states of a namespace, some at a time, so that the lock
 * of the state list is not held for long. @visit runs with that lock held; for a
 * state it returns -EAGAIN for, it is called again after a pause.
 */
struct ipsecstat_visit {
	int (*visit)(struct xfrm_state *x);
	int budget;
};

#define IPSECSTAT_VISIT_BUDGET	256

static int ipsecstat_visit_one(struct xfrm_state *x, int count, void *data)
{
	struct ipsecstat_visit *v = data;

	if (!v->budget--)
		return -EAGAIN;
	return v->visit(x);
}

static void ipsecstat_visit_all(struct net *net,
				int (*visit)(struct xfrm_state *x))
{
	struct ipsecstat_visit v = { .visit = visit };
	struct xfrm_state_walk walk;
	int err;

	xfrm_state_walk_init(&walk, IPSEC_PROTO_ANY, NULL);
	do {
		v.budget = IPSECSTAT_VISIT_BUDGET;
		err = xfrm_state_walk(net, &walk, ipsecstat_visit_one, &v);
		cond_resched();
	} while (err == -EAGAIN);
	xfrm_state_walk_done(&walk, net);
}

/*
 * Other states are about to leave. x->lock is held so that no packet passes
 * between the look at the lifetime and the first packet counted; it nests
 * outside of the lock of this file.
 */
static int ipsecstat_visit_take_over(struct xfrm_state *x)
{
	if (!spin_trylock_bh(&x->lock))
		return -EAGAIN;
	if (x->km.state == XFRM_STATE_ACQ)
		ipsecstat_sa_add_larval(x);
	else if (x->km.state == XFRM_STATE_VALID)
		ipsecstat_sa_add(x, false);
	spin_unlock_bh(&x->lock);
	return 0;
}

static void ipsecstat_set_phase(struct ipsecstat_net *block,
				enum ipsecstat_phase phase)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&ipsecstat_sa_lock, flags);
	block->phase = phase;
	raw_spin_unlock_irqrestore(&ipsecstat_sa_lock, flags);
}

/**
 * ipsecstat_sa_take_over() - count the SAs that exist already
 * @net: the namespace
 *
 * Context: Process context, may sleep. The SA hooks are attached.
 */
void ipsecstat_sa_take_over(struct net *net)
{
	struct ipsecstat_net *block = ipsecstat_net(net);

	ipsecstat_set_phase(block, IPSECSTAT_TAKING_OVER);
	ipsecstat_visit_all(net, ipsecstat_visit_take_over);
	ipsecstat_set_phase(block, IPSECSTAT_COUNTING);
}

static int ipsecstat_visit_release(struct xfrm_state *x)
{
	ipsecstat_sa_del(x);
	return 0;
}

/**
 * ipsecstat_sa_release() - stop tracking all SAs of a namespace
 * @net: the namespace
 *
 * Context: Process context, may sleep. Packets are still counted for a grace
 *	period.
 */
void ipsecstat_sa_release(struct net *net)
{
	struct ipsecstat_net *block = ipsecstat_net(net);
	unsigned long flags;

	ipsecstat_set_phase(block, IPSECSTAT_RELEASING);
	ipsecstat_visit_all(net, ipsecstat_visit_release);

	raw_spin_lock_irqsave(&ipsecstat_sa_lock, flags);
	ipsecstat_peer_clear(block);
	raw_spin_unlock_irqrestore(&ipsecstat_sa_lock, flags);
}

/**
 * ipsecstat_sa_reopen() - follow new SAs again, after ipsecstat_sa_release()
 * @block: of the namespace
 *
 * An acquire that is not in the list yet stays counted until it ends.
 *
 * Context: Process context. ipsecstat_sa_take_over() is to follow.
 */
void ipsecstat_sa_reopen(struct ipsecstat_net *block)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&ipsecstat_sa_lock, flags);
	block->sa.added = 0;
	block->sa.deleted = 0;
	block->sa.rekeyed = 0;
	block->lost = false;
	block->phase = IPSECSTAT_TAKING_OVER;
	raw_spin_unlock_irqrestore(&ipsecstat_sa_lock, flags);
}

static int ipsecstat_visit_settle(struct xfrm_state *x)
{
	struct ipsecstat_member *member;
	unsigned long mark, flags;

	if (!(ipsecstat_sa_mark(x) & IPSECSTAT_MARK_DEVICE))
		return 0;
	ipsecstat_ask_device(x);

	raw_spin_lock_irqsave(&ipsecstat_sa_lock, flags);
	mark = ipsecstat_sa_mark(x);
	member = ipsecstat_member_find(x);
	if (mark && member)
		ipsecstat_device_update(mark, x, member);
	raw_spin_unlock_irqrestore(&ipsecstat_sa_lock, flags);
	return 0;
}

/**
 * ipsecstat_sa_settle() - read the counters of devices with packet offload
 * @net: the namespace; the caller holds a reference
 *
 * Its cost grows with the number of SAs, if one of them has packet offload.
 *
 * Context: Process context, may sleep.
 */
void ipsecstat_sa_settle(struct net *net)
{
	if (READ_ONCE(ipsecstat_net(net)->device_counted))
		ipsecstat_visit_all(net, ipsecstat_visit_settle);
}

/**
 * ipsecstat_sa_read() - the figures of all SAs at one moment
 * @net: the namespace; the caller holds a reference
 * @sa: filled in
 *
 * Context: Any but hard interrupts.
 * Return: 0, or -ENOMEM if an event was lost, out of memory, since when the
 *	figures would not be true
 */
int ipsecstat_sa_read(struct net *net, struct ipsecstat_sa *sa)
{
	struct ipsecstat_net *block = ipsecstat_net(net);
	bool lost;
	unsigned long flags;

	raw_spin_lock_irqsave(&ipsecstat_sa_lock, flags);
	*sa = block->sa;
	lost = block->lost;
	raw_spin_unlock_irqrestore(&ipsecstat_sa_lock, flags);
	return lost ? -ENOMEM : 0;
}

/*
 * Registered after the namespaces' data, which is freed a grace period later.
 */
static struct pernet_operations ipsecstat_sa_net_ops = {
	.pre_exit	= ipsecstat_sa_release,
};

/**
 * ipsecstat_sa_attach() - start following SAs
 *
 * The hooks for the end of an SA are attached whenever those for its begin are:
 * an SA whose end is missed would be counted, and its memory used, for ever.
 *
 * Context: Process context, may sleep. The namespaces have their blocks.
 * Return: 0 or a negative errno, with the reason in the log
 */
int ipsecstat_sa_attach(void)
{
	int err;

	err = register_pernet_subsys(&ipsecstat_sa_net_ops);
	if (err)
		return err;
	err = ipsecstat_hook_attach(ipsecstat_end_hooks,
				    ARRAY_SIZE(ipsecstat_end_hooks));
	if (err)
		goto err_net;
	err = ipsecstat_hook_attach(ipsecstat_begin_hooks,
				    ARRAY_SIZE(ipsecstat_begin_hooks));
	if (err)
		goto err_end;
	xfrm_register_km(&ipsecstat_km);
	/* Acquires that began before are in the list after this. */
	synchronize_rcu();
	return 0;

err_end:
	ipsecstat_hook_detach(ipsecstat_end_hooks,
			      ARRAY_SIZE(ipsecstat_end_hooks));
err_net:
	unregister_pernet_subsys(&ipsecstat_sa_net_ops);
	return err;
}

/**
 * ipsecstat_sa_detach() - stop following SAs, and release them
 *
 * Begin hooks are removed first, so no SA can be added after the release, also
 * in namespaces that are being removed.
 *
 * Context: Process context, sleeps for grace periods.
 */
void ipsecstat_sa_detach(void)
{
	xfrm_unregister_km(&ipsecstat_km);
	ipsecstat_hook_detach(ipsecstat_begin_hooks,
			      ARRAY_SIZE(ipsecstat_begin_hooks));
	unregister_pernet_subsys(&ipsecstat_sa_net_ops);
	ipsecstat_hook_detach(ipsecstat_end_hooks,
			      ARRAY_SIZE(ipsecstat_end_hooks));
}
