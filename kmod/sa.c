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
 * (sa.h) and the groups. It nests inside x->lock and xfrm_state_lock.
 */
#include <linux/inetdevice.h>
#include <linux/jhash.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/pfkeyv2.h>
#include <linux/spinlock.h>
#include <net/addrconf.h>
#include <net/route.h>
#include <net/xfrm.h>

#include "compat.h"
#include "hook.h"
#include "netns.h"
#include "sa.h"

static DEFINE_SPINLOCK(ipsecstat_sa_lock);

/*
 * Groups: how many VALID SAs share a key. There are two kinds of key. Those of
 * a flow tell whether a new SA has a predecessor, which makes it a rekey. Those
 * of a tunnel, with proto 0 and the lesser address first, are distinct tunnels.
 */
struct ipsecstat_group_key {
	const struct ipsecstat_net *block;
	xfrm_address_t a;
	xfrm_address_t b;
	u32 if_id;
	u32 reqid;
	u32 mark_v;
	u32 mark_m;
	u32 cpu;
	u16 family;
	u8 proto;
	u8 mode;
};

struct ipsecstat_group {
	struct hlist_node node;
	struct ipsecstat_group_key key;
	u32 members;
};

#define IPSECSTAT_GROUP_BITS	14
/* Groups kept in reserve for when memory is short in a softirq. */
#define IPSECSTAT_GROUP_RESERVE	64

static struct hlist_head *ipsecstat_groups;
static mempool_t *ipsecstat_group_pool;

static struct hlist_head *
ipsecstat_group_bucket(const struct ipsecstat_group_key *key)
{
	BUILD_BUG_ON(sizeof(*key) % sizeof(u32));
	return &ipsecstat_groups[jhash2((const u32 *)key, sizeof(*key) / 4, 0) >>
				 (32 - IPSECSTAT_GROUP_BITS)];
}

static struct ipsecstat_group *
ipsecstat_group_find(const struct ipsecstat_group_key *key)
{
	struct ipsecstat_group *group;

	hlist_for_each_entry(group, ipsecstat_group_bucket(key), node)
		if (!memcmp(&group->key, key, sizeof(*key)))
			return group;
	return NULL;
}

/* Returns how many members the group had before, or -ENOMEM. */
static int ipsecstat_group_join(struct ipsecstat_net *block,
				const struct ipsecstat_group_key *key)
{
	struct ipsecstat_group *group = ipsecstat_group_find(key);

	if (group)
		return group->members++;

	group = mempool_alloc(ipsecstat_group_pool, GFP_ATOMIC | __GFP_NOWARN);
	if (!group)
		return -ENOMEM;
	group->key = *key;
	group->members = 1;
	hlist_add_head(&group->node, ipsecstat_group_bucket(key));
	block->groups++;
	return 0;
}

static void ipsecstat_group_free(struct ipsecstat_net *block,
				 struct ipsecstat_group *group)
{
	hlist_del(&group->node);
	mempool_free(group, ipsecstat_group_pool);
	block->groups--;
}

/* Returns true if that was the last member. */
static bool ipsecstat_group_leave(struct ipsecstat_net *block,
				  const struct ipsecstat_group_key *key)
{
	struct ipsecstat_group *group = ipsecstat_group_find(key);

	if (!group || --group->members)
		return false;
	ipsecstat_group_free(block, group);
	return true;
}

/* A live SA whose if_id was changed leaves its old groups behind. */
static void ipsecstat_group_purge(struct ipsecstat_net *block)
{
	struct ipsecstat_group *group;
	struct hlist_node *next;
	int i;

	for (i = 0; block->groups && i < 1 << IPSECSTAT_GROUP_BITS; i++)
		hlist_for_each_entry_safe(group, next, &ipsecstat_groups[i], node)
			if (group->key.block == block)
				ipsecstat_group_free(block, group);
}

/* What user space left behind an IPv4 address is no part of it. */
static xfrm_address_t ipsecstat_address(const xfrm_address_t *address,
					u16 family)
{
	xfrm_address_t only = {};

	if (family == AF_INET)
		only.a4 = address->a4;
	else
		only = *address;
	return only;
}

/* What both kinds of key begin with. */
static void ipsecstat_key_init(struct ipsecstat_group_key *key,
			       const struct ipsecstat_net *block,
			       const struct xfrm_state *x)
{
	memset(key, 0, sizeof(*key));
	key->block = block;
	key->a = ipsecstat_address(&x->props.saddr, x->props.family);
	key->b = ipsecstat_address(&x->id.daddr, x->props.family);
	key->if_id = x->if_id;
	key->family = x->props.family;
}

static void ipsecstat_flow_key(struct ipsecstat_group_key *key,
			       const struct ipsecstat_net *block,
			       const struct xfrm_state *x)
{
	ipsecstat_key_init(key, block, x);
	key->reqid = x->props.reqid;
	key->mark_v = x->mark.v & x->mark.m;
	key->mark_m = x->mark.m;
	key->cpu = ipsecstat_sa_cpu(x);
	key->proto = x->id.proto;
	key->mode = x->props.mode;
}

static void ipsecstat_tunnel_key(struct ipsecstat_group_key *key,
				 const struct ipsecstat_net *block,
				 const struct xfrm_state *x)
{
	ipsecstat_key_init(key, block, x);
	if (memcmp(&key->a, &key->b, sizeof(key->a)) > 0)
		swap(key->a, key->b);
}

static bool ipsecstat_is_sa(const struct xfrm_state *x)
{
	return x->id.proto == IPPROTO_ESP || x->id.proto == IPPROTO_AH;
}

static bool ipsecstat_in_tunnel(const struct xfrm_state *x)
{
	return x->outer_mode.flags & XFRM_MODE_FLAG_TUNNEL;
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
	return (unsigned long)block | 1;
}

static void ipsecstat_set_mark(struct xfrm_state *x, unsigned long mark)
{
	WRITE_ONCE(x->km.filter, (struct xfrm_address_filter *)mark);
}

/* x became VALID, or was so when the module came. */
static void ipsecstat_sa_enter(struct ipsecstat_net *block,
			       struct xfrm_state *x, bool is_new)
{
	struct ipsecstat_group_key key;
	int class = ipsecstat_class(x);
	int members;

	if (x->props.reqid) {
		ipsecstat_flow_key(&key, block, x);
		members = ipsecstat_group_join(block, &key);
		if (members < 0)
			block->sa_lost = true;
		else if (members && is_new &&
			 ipsecstat_is_outbound(xs_net(x), x))
			block->sa.rekeyed++;
	}
	if (ipsecstat_in_tunnel(x)) {
		ipsecstat_tunnel_key(&key, block, x);
		members = ipsecstat_group_join(block, &key);
		if (members < 0)
			block->sa_lost = true;
		else if (!members)
			block->sa.tunnels++;
	}
	if (x->xso.dev)
		block->sa.offloaded++;
	block->sa.added++;
	ipsecstat_set_mark(x, (unsigned long __force)&block->cpu->class[class]);
}

/* x was VALID and leaves. The device may be gone, so the mark must tell. */
static void ipsecstat_sa_leave(struct ipsecstat_net *block,
			       struct xfrm_state *x, unsigned long mark)
{
	struct ipsecstat_group_key key;
	int class = (mark - (unsigned long __force)block->cpu) /
		    sizeof(struct ipsecstat_class);

	if (x->props.reqid) {
		ipsecstat_flow_key(&key, block, x);
		ipsecstat_group_leave(block, &key);
	}
	if (ipsecstat_in_tunnel(x)) {
		ipsecstat_tunnel_key(&key, block, x);
		if (ipsecstat_group_leave(block, &key))
			block->sa.tunnels--;
	}
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
	if (!ipsecstat_sa_mark(x))
		return;

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

/* xfrm_state_lock is held; x is VALID and not yet in the list. */
static void notrace ipsecstat_on_insert(unsigned long ip,
					unsigned long parent_ip,
					struct ftrace_ops *ops,
					struct ftrace_regs *fregs)
{
	ipsecstat_sa_add((void *)ftrace_regs_get_argument(fregs, 0), true);
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

static struct ipsecstat_hook ipsecstat_sa_hooks[] = {
	IPSECSTAT_HOOK("__xfrm_state_insert", ipsecstat_on_insert),
	IPSECSTAT_HOOK("__xfrm_state_delete", ipsecstat_on_end),
	IPSECSTAT_HOOK("__xfrm_state_destroy", ipsecstat_on_end),
	IPSECSTAT_HOOK("xfrm_alloc_spi", ipsecstat_on_alloc_spi),
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

/**
 * ipsecstat_sa_release() - unmark all SAs and forget their groups
 * @net: the namespace, which is going, or which the module leaves
 *
 * Context: Process context, may sleep. The caller waits a grace period before
 *	it frees the counters.
 */
void ipsecstat_sa_release(struct net *net)
{
	struct ipsecstat_net *block = ipsecstat_net(net);

	spin_lock_bh(&ipsecstat_sa_lock);
	block->dying = true;
	spin_unlock_bh(&ipsecstat_sa_lock);

	ipsecstat_visit_all(net, ipsecstat_sa_del);

	spin_lock_bh(&ipsecstat_sa_lock);
	ipsecstat_group_purge(block);
	spin_unlock_bh(&ipsecstat_sa_lock);
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

/**
 * ipsecstat_sa_attach() - start following SAs
 *
 * Context: Process context, may sleep. The namespaces have their blocks.
 * Return: 0 or a negative errno, with the reason in the log
 */
int ipsecstat_sa_attach(void)
{
	int err;

	err = ipsecstat_hook_attach(ipsecstat_sa_hooks,
				    ARRAY_SIZE(ipsecstat_sa_hooks));
	if (err)
		return err;
	xfrm_register_km(&ipsecstat_km);
	/* Acquires that began before are in the list after this. */
	synchronize_rcu();
	return 0;
}

/**
 * ipsecstat_sa_detach() - stop following SAs
 *
 * Context: Process context, sleeps for grace periods.
 */
void ipsecstat_sa_detach(void)
{
	xfrm_unregister_km(&ipsecstat_km);
	ipsecstat_hook_detach(ipsecstat_sa_hooks,
			      ARRAY_SIZE(ipsecstat_sa_hooks));
}

/**
 * ipsecstat_sa_init() - prepare the groups
 *
 * Context: Process context, may sleep.
 * Return: 0 or -ENOMEM
 */
int ipsecstat_sa_init(void)
{
	ipsecstat_groups = kvcalloc(1 << IPSECSTAT_GROUP_BITS,
				    sizeof(*ipsecstat_groups), GFP_KERNEL);
	if (!ipsecstat_groups)
		return -ENOMEM;

	ipsecstat_group_pool =
		mempool_create_kmalloc_pool(IPSECSTAT_GROUP_RESERVE,
					    sizeof(struct ipsecstat_group));
	if (!ipsecstat_group_pool) {
		kvfree(ipsecstat_groups);
		return -ENOMEM;
	}
	return 0;
}

/**
 * ipsecstat_sa_exit() - free the groups, all of them empty
 *
 * Context: Process context, may sleep. All namespaces are released.
 */
void ipsecstat_sa_exit(void)
{
	mempool_destroy(ipsecstat_group_pool);
	kvfree(ipsecstat_groups);
}
