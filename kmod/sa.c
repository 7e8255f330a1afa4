// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of SAs.
 *
 * Every VALID SA enters the state list through __xfrm_state_insert() and every
 * state leaves it through __xfrm_state_delete(), whoever asked: netlink,
 * PF_KEY, migration, a timer, a flush. A larval SA is born by an acquire, which
 * key managers are told of, or by the allocation of an SPI; an acquire that no
 * daemon took ends in __xfrm_state_destroy() without ever having been listed.
 *
 * Locking: ipsecstat_sa_lock covers the counters of all namespaces, the marks
 * (sa.h) and the members (member.c). It nests inside x->lock and xfrm_state_lock.
 */
#include <linux/inetdevice.h>
#include <linux/pfkeyv2.h>
#include <linux/spinlock.h>
#include <net/addrconf.h>
#include <net/route.h>
#include <net/xfrm.h>

#include "compat.h"
#include "hook.h"
#include "member.h"
#include "netns.h"
#include "sa.h"
#include "traffic.h"

static DEFINE_SPINLOCK(ipsecstat_sa_lock);

static bool ipsecstat_is_sa(const struct xfrm_state *x)
{
	return x->id.proto == IPPROTO_ESP || x->id.proto == IPPROTO_AH;
}

static bool ipsecstat_is_outbound(struct net *net, const struct xfrm_state *x)
{
	bool local;

	if (x->props.family == AF_INET)
		local = inet_addr_type(net, x->props.saddr.a4) == RTN_LOCAL;
	else
		local = ipv6_chk_addr(net, &x->props.saddr.in6, NULL, 0);
	return ipsecstat_sa_outbound(x, local);
}

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

static int ipsecstat_class(const struct xfrm_state *x)
{
	if (x->id.proto == IPPROTO_AH)
		return IPSECSTAT_CLASS_AH + ipsecstat_in_tunnel(x);
	return ipsecstat_esp_flags(x);
}

/**
 * ipsecstat_class_proto() - protocol of a kind of SA
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
 * ipsecstat_class_flags() - properties of a kind of SA
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

static unsigned long ipsecstat_larval_mark(const struct ipsecstat_net *block)
{
	return (unsigned long)block | IPSECSTAT_MARK_LARVAL;
}

static void ipsecstat_set_mark(struct xfrm_state *x, unsigned long mark)
{
	WRITE_ONCE(x->km.filter, (struct xfrm_address_filter *)mark);
}

/* Count what a device did since. A user may have set the lifetime back. */
static void ipsecstat_device_update(unsigned long mark, struct xfrm_state *x,
				    struct ipsecstat_member *member)
{
	struct ipsecstat_class __percpu *counters =
		(void __force __percpu *)(mark & ~IPSECSTAT_MARK_DEVICE);
	enum ipsecstat_dir dir = x->xso.dir == XFRM_DEV_OFFLOAD_IN ?
				 IPSECSTAT_IN : IPSECSTAT_OUT;
	u64 bytes = READ_ONCE(x->curlft.bytes);
	u64 packets = READ_ONCE(x->curlft.packets);

	if (bytes >= member->bytes && packets >= member->packets)
		ipsecstat_count(counters, dir, bytes - member->bytes,
				packets - member->packets);
	member->bytes = bytes;
	member->packets = packets;
}

/* x became VALID, or was so when the module came. */
static void ipsecstat_sa_enter(struct ipsecstat_net *block,
			       struct xfrm_state *x, bool is_new)
{
	bool replaces = false;
	unsigned long mark;

	if (!ipsecstat_member_add(block, x, &replaces))
		block->sa_lost = true;
	if (is_new && replaces && ipsecstat_is_outbound(xs_net(x), x))
		block->sa.rekeyed++;
	block->sa.offloaded += !!x->xso.dev;
	block->sa.added++;

	mark = (unsigned long __force)&block->cpu->class[ipsecstat_class(x)];
	if (ipsecstat_device_counts(x)) {
		mark |= IPSECSTAT_MARK_DEVICE;
		block->device_counted++;
	}
	ipsecstat_set_mark(x, mark);
}

/* x was VALID and leaves. The device may be gone, so the mark must tell. */
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
		ipsecstat_member_del(block, member);
	if (ipsecstat_class_flags(class) & IPSECSTAT_TRANSFORM_FLAGS_OFFLOAD)
		block->sa.offloaded--;
	block->sa.deleted++;
}

static void ipsecstat_sa_add(struct xfrm_state *x, bool is_new)
{
	struct ipsecstat_net *block = ipsecstat_net(xs_net(x));

	spin_lock_bh(&ipsecstat_sa_lock);
	if (ipsecstat_is_sa(x) && !block->dying && !ipsecstat_sa_mark(x))
		ipsecstat_sa_enter(block, x, is_new);
	spin_unlock_bh(&ipsecstat_sa_lock);
}

static void ipsecstat_sa_add_larval(struct xfrm_state *x)
{
	struct ipsecstat_net *block = ipsecstat_net(xs_net(x));

	spin_lock_bh(&ipsecstat_sa_lock);
	if (ipsecstat_is_sa(x) && !block->dying && !ipsecstat_sa_mark(x)) {
		block->sa.larval++;
		ipsecstat_set_mark(x, ipsecstat_larval_mark(block));
	}
	spin_unlock_bh(&ipsecstat_sa_lock);
}

/* Called for all that may be the end of x; the first one counts. */
static void ipsecstat_sa_del(struct xfrm_state *x)
{
	struct ipsecstat_net *block;
	unsigned long mark;

	/* Untracked, or its namespace is already gone: leave it alone. */
	mark = ipsecstat_sa_mark(x);
	if (!mark)
		return;
	if (mark & IPSECSTAT_MARK_DEVICE)
		ipsecstat_ask_device(x);

	spin_lock_bh(&ipsecstat_sa_lock);
	mark = ipsecstat_sa_mark(x);
	if (mark) {
		block = ipsecstat_net(xs_net(x));
		ipsecstat_set_mark(x, 0);
		if (mark == ipsecstat_larval_mark(block))
			block->sa.larval--;
		else
			ipsecstat_sa_leave(block, x, mark);
	}
	spin_unlock_bh(&ipsecstat_sa_lock);
}

/* x may have got another if_id. */
static void ipsecstat_sa_change(struct xfrm_state *x)
{
	struct ipsecstat_member *member;
	struct ipsecstat_net *block;

	if (!ipsecstat_sa_mark(x))
		return;

	spin_lock_bh(&ipsecstat_sa_lock);
	member = ipsecstat_member_find(x);
	if (member) {
		block = ipsecstat_net(xs_net(x));
		if (ipsecstat_member_move(block, member))
			block->sa_lost = true;
	}
	spin_unlock_bh(&ipsecstat_sa_lock);
}

/* xfrm_state_lock is held; x is VALID and not yet in the list. */
static void notrace ipsecstat_on_insert(unsigned long ip,
					unsigned long parent_ip,
					struct ftrace_ops *ops,
					struct ftrace_regs *fregs)
{
	ipsecstat_sa_add((void *)ftrace_regs_get_argument(fregs, 0), true);
}

/* xfrm_state_lock is held; if x is VALID, it was updated. */
static void notrace ipsecstat_on_bump(unsigned long ip, unsigned long parent_ip,
				      struct ftrace_ops *ops,
				      struct ftrace_regs *fregs)
{
	ipsecstat_sa_change((void *)ftrace_regs_get_argument(fregs, 0));
}

/*
 * x leaves the list, with x->lock held, unless someone was quicker; or its last
 * reference is gone, and it was tracked only if it was a fruitless acquire.
 */
static void notrace ipsecstat_on_end(unsigned long ip, unsigned long parent_ip,
				     struct ftrace_ops *ops,
				     struct ftrace_regs *fregs)
{
	ipsecstat_sa_del((void *)ftrace_regs_get_argument(fregs, 0));
}

/* The SPI of a larval SA is asked for by a key manager. */
static void notrace ipsecstat_on_alloc_spi(unsigned long ip,
					   unsigned long parent_ip,
					   struct ftrace_ops *ops,
					   struct ftrace_regs *fregs)
{
	struct xfrm_state *x = (void *)ftrace_regs_get_argument(fregs, 0);

	if (READ_ONCE(x->km.state) == XFRM_STATE_ACQ)
		ipsecstat_sa_add_larval(x);
}

static struct ipsecstat_hook ipsecstat_begin_hooks[] = {
	IPSECSTAT_HOOK("__xfrm_state_insert", ipsecstat_on_insert),
	IPSECSTAT_HOOK("__xfrm_state_bump_genids", ipsecstat_on_bump),
	IPSECSTAT_HOOK("xfrm_alloc_spi", ipsecstat_on_alloc_spi),
};

static struct ipsecstat_hook ipsecstat_end_hooks[] = {
	IPSECSTAT_HOOK("__xfrm_state_delete", ipsecstat_on_end),
	IPSECSTAT_HOOK("__xfrm_state_destroy", ipsecstat_on_end),
};

/* We listen, but negotiate nothing: leave the acquire to the others. */
static int ipsecstat_km_acquire(struct xfrm_state *x, struct xfrm_tmpl *tmpl,
				struct xfrm_policy *policy)
{
	ipsecstat_sa_add_larval(x);
	return -EOPNOTSUPP;
}

static struct xfrm_policy *
ipsecstat_km_compile_policy(struct sock *sk, int opt, u8 *data, int len,
			    int *dir)
{
	*dir = -EOPNOTSUPP;
	return NULL;
}

static struct xfrm_mgr ipsecstat_km = {
	.acquire	= ipsecstat_km_acquire,
	.compile_policy	= ipsecstat_km_compile_policy,
};

/*
 * Visit the ESP and AH states of a namespace, some at a time, so that the lock
 * of the state list is not held for long. @visit runs with that lock held.
 */
struct ipsecstat_visit {
	void (*visit)(struct xfrm_state *x);
	int budget;
};

#define IPSECSTAT_VISIT_BUDGET	256

static int ipsecstat_visit_one(struct xfrm_state *x, int count, void *data)
{
	struct ipsecstat_visit *v = data;

	if (!v->budget--)
		return -EAGAIN;
	v->visit(x);
	return 0;
}

static void ipsecstat_visit_all(struct net *net,
				void (*visit)(struct xfrm_state *x))
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

static void ipsecstat_visit_take_over(struct xfrm_state *x)
{
	if (x->km.state == XFRM_STATE_ACQ)
		ipsecstat_sa_add_larval(x);
	else
		ipsecstat_sa_add(x, false);
}

/**
 * ipsecstat_sa_take_over() - count the SAs that are there already
 * @net: the namespace
 *
 * Context: Process context, may sleep. The SA hooks are attached.
 */
void ipsecstat_sa_take_over(struct net *net)
{
	ipsecstat_visit_all(net, ipsecstat_visit_take_over);
}

/* Forget all SAs: the namespace is going, or the module is. */
static void __net_exit ipsecstat_sa_release(struct net *net)
{
	struct ipsecstat_net *block = ipsecstat_net(net);

	spin_lock_bh(&ipsecstat_sa_lock);
	block->dying = true;
	spin_unlock_bh(&ipsecstat_sa_lock);

	ipsecstat_visit_all(net, ipsecstat_sa_del);
}

static void ipsecstat_visit_settle(struct xfrm_state *x)
{
	struct ipsecstat_member *member;
	unsigned long mark;

	if (!(ipsecstat_sa_mark(x) & IPSECSTAT_MARK_DEVICE))
		return;
	ipsecstat_ask_device(x);

	spin_lock_bh(&ipsecstat_sa_lock);
	mark = ipsecstat_sa_mark(x);
	member = ipsecstat_member_find(x);
	if (mark && member)
		ipsecstat_device_update(mark, x, member);
	spin_unlock_bh(&ipsecstat_sa_lock);
}

/**
 * ipsecstat_sa_settle() - ask the devices that count in our stead
 * @net: the namespace; the caller holds a reference
 *
 * The only thing whose cost rises with the SAs, and only if there is an SA under
 * packet offload.
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
 * Return: 0, or -ENOMEM if an SA event was lost for want of memory, since
 *	when the figures would not be true
 */
int ipsecstat_sa_read(struct net *net, struct ipsecstat_sa *sa)
{
	struct ipsecstat_net *block = ipsecstat_net(net);
	bool lost;

	spin_lock_bh(&ipsecstat_sa_lock);
	*sa = block->sa;
	lost = block->sa_lost;
	spin_unlock_bh(&ipsecstat_sa_lock);
	return lost ? -ENOMEM : 0;
}

/* Registered after the blocks: those are freed a grace period later. */
static struct pernet_operations ipsecstat_sa_net_ops = {
	.pre_exit	= ipsecstat_sa_release,
};

/**
 * ipsecstat_sa_attach() - start following SAs
 *
 * While SAs may begin, their end is seen: one that was missed would be counted,
 * and its memory looked at, for ever.
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
 * ipsecstat_sa_detach() - stop following SAs, and forget them
 *
 * No SA begins any more when all are released, in namespaces that are just going,
 * too; whichever ended before that was seen to.
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
