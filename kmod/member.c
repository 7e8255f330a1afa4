// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is remembered of each VALID SA, to know what company it has: SAs of the
 * same flow, which a new one replaces, and SAs of the same tunnel.
 *
 * An update can give an SA another if_id. What it was counted under is therefore
 * kept, not computed again when it leaves.
 *
 * Locking: the callers hold the lock of sa.c.
 */
#include <linux/hash.h>
#include <linux/jhash.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <net/xfrm.h>

#include "compat.h"
#include "member.h"
#include "netns.h"
#include "reserve.h"
#include "sa.h"

/**
 * struct ipsecstat_tunnel - SAs between two end points, both ways
 * @node: in the hash of all tunnels
 * @net: the namespace
 * @a: one end
 * @b: the other end
 * @if_id: of the SAs
 * @family: of the ends
 * @members: how many SAs
 */
struct ipsecstat_tunnel {
	struct hlist_node node;
	const struct net *net;
	xfrm_address_t a;
	xfrm_address_t b;
	u32 if_id;
	u16 family;
	unsigned int members;
};

#define IPSECSTAT_HASH_BITS	14

enum {
	IPSECSTAT_BY_SA,
	IPSECSTAT_BY_FLOW,
	IPSECSTAT_BY_TUNNEL,
	IPSECSTAT_HASHES
};

static struct hlist_head *ipsecstat_hash[IPSECSTAT_HASHES];
static u32 ipsecstat_seed __read_mostly;
static struct ipsecstat_reserve ipsecstat_members;
static struct ipsecstat_reserve ipsecstat_tunnels;

/* An address in one word. */
static u32 ipsecstat_word(const xfrm_address_t *address, u16 family)
{
	if (family == AF_INET)
		return (__force u32)address->a4;
	return jhash2((__force const u32 *)address->a6, 4, ipsecstat_seed);
}

static struct hlist_head *ipsecstat_bucket(int by, const u32 *words, int count)
{
	return &ipsecstat_hash[by][jhash2(words, count, ipsecstat_seed) >>
				   (32 - IPSECSTAT_HASH_BITS)];
}

static struct hlist_head *ipsecstat_sa_bucket(const struct xfrm_state *x)
{
	return &ipsecstat_hash[IPSECSTAT_BY_SA]
			      [hash_ptr(x, IPSECSTAT_HASH_BITS)];
}

static struct hlist_head *ipsecstat_flow_bucket(const struct xfrm_state *x)
{
	const u32 words[] = {
		ipsecstat_word(&x->props.saddr, x->props.family),
		ipsecstat_word(&x->id.daddr, x->props.family),
		x->props.reqid, x->if_id, x->mark.v & x->mark.m,
		ipsecstat_sa_cpu(x),
	};

	return ipsecstat_bucket(IPSECSTAT_BY_FLOW, words, ARRAY_SIZE(words));
}

/* The same for both directions. */
static struct hlist_head *ipsecstat_tunnel_bucket(const struct xfrm_state *x)
{
	u32 source = ipsecstat_word(&x->props.saddr, x->props.family);
	u32 target = ipsecstat_word(&x->id.daddr, x->props.family);
	const u32 words[] = { min(source, target), max(source, target),
			      x->if_id };

	return ipsecstat_bucket(IPSECSTAT_BY_TUNNEL, words, ARRAY_SIZE(words));
}

static bool ipsecstat_same_flow(const struct xfrm_state *x,
				const struct xfrm_state *y)
{
	u16 family = x->props.family;

	return x->props.reqid == y->props.reqid && x->if_id == y->if_id &&
	       x->id.proto == y->id.proto && x->props.mode == y->props.mode &&
	       x->mark.m == y->mark.m && !((x->mark.v ^ y->mark.v) & x->mark.m) &&
	       ipsecstat_sa_cpu(x) == ipsecstat_sa_cpu(y) &&
	       family == y->props.family &&
	       net_eq(read_pnet(&x->xs_net), read_pnet(&y->xs_net)) &&
	       xfrm_addr_equal(&x->id.daddr, &y->id.daddr, family) &&
	       xfrm_addr_equal(&x->props.saddr, &y->props.saddr, family);
}

static bool ipsecstat_is_tunnel_of(const struct ipsecstat_tunnel *tunnel,
				   const struct xfrm_state *x)
{
	const xfrm_address_t *saddr = &x->props.saddr, *daddr = &x->id.daddr;
	u16 family = tunnel->family;

	if (family != x->props.family || tunnel->if_id != x->if_id ||
	    !net_eq(tunnel->net, read_pnet(&x->xs_net)))
		return false;
	return (xfrm_addr_equal(&tunnel->a, saddr, family) &&
		xfrm_addr_equal(&tunnel->b, daddr, family)) ||
	       (xfrm_addr_equal(&tunnel->a, daddr, family) &&
		xfrm_addr_equal(&tunnel->b, saddr, family));
}

static struct ipsecstat_tunnel *
ipsecstat_tunnel_new(struct ipsecstat_net *block, const struct xfrm_state *x,
		     struct hlist_head *bucket)
{
	struct ipsecstat_tunnel *tunnel;

	tunnel = ipsecstat_reserve_take(&ipsecstat_tunnels);
	if (!tunnel)
		return NULL;
	tunnel->net = read_pnet(&x->xs_net);
	tunnel->a = x->props.saddr;
	tunnel->b = x->id.daddr;
	tunnel->if_id = x->if_id;
	tunnel->family = x->props.family;
	tunnel->members = 0;
	hlist_add_head(&tunnel->node, bucket);
	block->sa.tunnels++;
	return tunnel;
}

static struct ipsecstat_tunnel *
ipsecstat_tunnel_join(struct ipsecstat_net *block, const struct xfrm_state *x)
{
	struct hlist_head *bucket = ipsecstat_tunnel_bucket(x);
	struct ipsecstat_tunnel *tunnel;

	hlist_for_each_entry(tunnel, bucket, node)
		if (ipsecstat_is_tunnel_of(tunnel, x))
			break;
	if (!tunnel)
		tunnel = ipsecstat_tunnel_new(block, x, bucket);
	if (tunnel)
		tunnel->members++;
	return tunnel;
}

static void ipsecstat_tunnel_leave(struct ipsecstat_net *block,
				   struct ipsecstat_tunnel *tunnel)
{
	if (--tunnel->members)
		return;
	block->sa.tunnels--;
	hlist_del(&tunnel->node);
	ipsecstat_reserve_give(&ipsecstat_tunnels, tunnel);
}

/*
 * An SA of the same flow under another SPI. Of the same SPI is the original of an
 * SA that is migrated to the addresses it has already.
 */
static bool ipsecstat_flow_join(struct ipsecstat_member *member)
{
	struct hlist_head *bucket = ipsecstat_flow_bucket(member->x);
	const struct ipsecstat_member *other;
	const struct xfrm_state *x = member->x;

	hlist_for_each_entry(other, bucket, flow)
		if (other->x->id.spi != x->id.spi &&
		    ipsecstat_same_flow(other->x, x))
			break;
	hlist_add_head(&member->flow, bucket);
	return other;
}

static int ipsecstat_member_join(struct ipsecstat_net *block,
				 struct ipsecstat_member *member, bool *replaces)
{
	const struct xfrm_state *x = member->x;

	if (ipsecstat_in_tunnel(x)) {
		member->tunnel = ipsecstat_tunnel_join(block, x);
		if (!member->tunnel)
			return -ENOMEM;
	}
	if (x->props.reqid)
		*replaces = ipsecstat_flow_join(member);
	return 0;
}

static void ipsecstat_member_leave(struct ipsecstat_net *block,
				   struct ipsecstat_member *member)
{
	hlist_del_init(&member->flow);
	if (member->tunnel)
		ipsecstat_tunnel_leave(block, member->tunnel);
	member->tunnel = NULL;
}

/**
 * ipsecstat_member_add() - an SA became VALID
 * @block: its namespace
 * @x: the SA
 * @replaces: set to true if there is one of the same flow
 *
 * Context: The lock of sa.c is held.
 * Return: the member, or NULL for want of memory
 */
struct ipsecstat_member *ipsecstat_member_add(struct ipsecstat_net *block,
					      struct xfrm_state *x,
					      bool *replaces)
{
	struct ipsecstat_member *member;

	member = ipsecstat_reserve_take(&ipsecstat_members);
	if (!member)
		return NULL;
	*member = (struct ipsecstat_member){
		.x = x,
		.bytes = x->curlft.bytes,
		.packets = x->curlft.packets,
	};
	hlist_add_head(&member->node, ipsecstat_sa_bucket(x));
	if (ipsecstat_member_join(block, member, replaces)) {
		ipsecstat_member_del(block, member);
		return NULL;
	}
	return member;
}

/**
 * ipsecstat_member_find() - the member that an SA is
 * @x: the SA
 *
 * Context: The lock of sa.c is held.
 * Return: the member, or NULL if there was no memory for it
 */
struct ipsecstat_member *ipsecstat_member_find(const struct xfrm_state *x)
{
	struct ipsecstat_member *member;

	hlist_for_each_entry(member, ipsecstat_sa_bucket(x), node)
		if (member->x == x)
			return member;
	return NULL;
}

/**
 * ipsecstat_member_move() - the SA may belong to others now
 * @block: its namespace
 * @member: the SA
 *
 * Context: The lock of sa.c is held.
 * Return: 0, or -ENOMEM with the member among no others
 */
int ipsecstat_member_move(struct ipsecstat_net *block,
			  struct ipsecstat_member *member)
{
	bool replaces;

	ipsecstat_member_leave(block, member);
	return ipsecstat_member_join(block, member, &replaces);
}

/**
 * ipsecstat_member_del() - an SA leaves
 * @block: its namespace
 * @member: the SA
 *
 * Context: The lock of sa.c is held.
 */
void ipsecstat_member_del(struct ipsecstat_net *block,
			  struct ipsecstat_member *member)
{
	ipsecstat_member_leave(block, member);
	hlist_del(&member->node);
	ipsecstat_reserve_give(&ipsecstat_members, member);
}

/**
 * ipsecstat_member_init() - prepare for SAs
 *
 * Context: Process context, may sleep.
 * Return: 0 or -ENOMEM
 */
int ipsecstat_member_init(void)
{
	struct hlist_head *heads;
	int i;

	heads = kvcalloc(IPSECSTAT_HASHES << IPSECSTAT_HASH_BITS, sizeof(*heads),
			 GFP_KERNEL);
	ipsecstat_hash[0] = heads;
	if (!heads ||
	    ipsecstat_reserve_fill(&ipsecstat_members,
				   KMEM_CACHE(ipsecstat_member, 0)) ||
	    ipsecstat_reserve_fill(&ipsecstat_tunnels,
				   KMEM_CACHE(ipsecstat_tunnel, 0))) {
		ipsecstat_member_exit();
		return -ENOMEM;
	}
	for (i = 0; i < IPSECSTAT_HASHES; i++)
		ipsecstat_hash[i] = heads + (i << IPSECSTAT_HASH_BITS);
	ipsecstat_seed = get_random_u32();
	return 0;
}

/**
 * ipsecstat_member_exit() - undo ipsecstat_member_init(), with no member left
 *
 * Context: Process context, may sleep. All namespaces are released.
 */
void ipsecstat_member_exit(void)
{
	ipsecstat_reserve_empty(&ipsecstat_tunnels);
	ipsecstat_reserve_empty(&ipsecstat_members);
	kvfree(ipsecstat_hash[0]);
}
