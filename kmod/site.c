// SPDX-License-Identifier: GPL-2.0-only
/*
 * Find the function that frees a packet, by the address that kfree_skb() was
 * called from.
 *
 * Some functions free without a drop reason what IPsec refused. Only there
 * skb->dev is known to be valid: elsewhere queues use the field for other
 * things.
 *
 * The name of a call site is looked up once and cached in a small table of
 * addresses, so that other packets freed without a reason cost one comparison.
 * Modules have call sites, too, so the table is cleared when one goes.
 */
#include <linux/hash.h>
#include <linux/kallsyms.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/string.h>

#include "compat.h"
#include "site.h"

/*
 * Every caller of the policy check that frees the packet without a reason,
 * under each name that a compiler may leave of it; the functions that forward;
 * those that free what an outbound SA refused.
 */
static const struct {
	const char *function;
	enum ipsecstat_site site;
} ipsecstat_sites[] = {
	{ "xfrm_input", IPSECSTAT_SITE_INPUT },
	/* xfrm_output() itself frees packets that it has segmented, too. */
	{ "xfrm_output_resume", IPSECSTAT_SITE_OUTPUT },
	{ "xfrm_output_one", IPSECSTAT_SITE_OUTPUT },
	{ "xfrm_state_flush", IPSECSTAT_SITE_FLUSH },
	{ "ip_forward", IPSECSTAT_SITE_FORWARD },
	{ "ip6_forward", IPSECSTAT_SITE_FORWARD },
	{ "rawv6_rcv", IPSECSTAT_SITE_POLICY },
	{ "udp_rcv", IPSECSTAT_SITE_POLICY },
	{ "__udp4_lib_rcv", IPSECSTAT_SITE_POLICY },
	/* ip_tunnel drivers */
	{ "ipip_rcv", IPSECSTAT_SITE_POLICY },
	{ "ipip_tunnel_rcv", IPSECSTAT_SITE_POLICY },
	{ "mplsip_rcv", IPSECSTAT_SITE_POLICY },
	{ "sit_tunnel_rcv", IPSECSTAT_SITE_POLICY },
	{ "ipxip6_rcv", IPSECSTAT_SITE_POLICY },
	{ "ip4ip6_rcv", IPSECSTAT_SITE_POLICY },
	{ "ip6ip6_rcv", IPSECSTAT_SITE_POLICY },
	{ "mplsip6_rcv", IPSECSTAT_SITE_POLICY },
	/* VTI and xfrm interfaces, before xfrm_input() */
	{ "vti_input", IPSECSTAT_SITE_POLICY },
	{ "vti_input_proto", IPSECSTAT_SITE_POLICY },
	{ "vti_rcv", IPSECSTAT_SITE_POLICY },
	{ "vti_rcv_proto", IPSECSTAT_SITE_POLICY },
	{ "vti_rcv_tunnel", IPSECSTAT_SITE_POLICY },
	{ "vti6_input_proto", IPSECSTAT_SITE_POLICY },
	{ "vti6_rcv", IPSECSTAT_SITE_POLICY },
	{ "vti6_rcv_tunnel", IPSECSTAT_SITE_POLICY },
	{ "xfrmi_input", IPSECSTAT_SITE_POLICY },
	{ "xfrmi4_input", IPSECSTAT_SITE_POLICY },
	{ "xfrmi6_input", IPSECSTAT_SITE_POLICY },
	{ "xfrmi4_rcv", IPSECSTAT_SITE_POLICY },
	{ "xfrmi6_rcv", IPSECSTAT_SITE_POLICY },
	{ "xfrmi6_rcv_tunnel", IPSECSTAT_SITE_POLICY },
	/* transport protocols */
	{ "sctp_rcv", IPSECSTAT_SITE_POLICY },
	{ "dccp_v4_rcv", IPSECSTAT_SITE_POLICY },
	{ "dccp_v6_rcv", IPSECSTAT_SITE_POLICY },
	{ "l2tp_ip_recv", IPSECSTAT_SITE_POLICY },
	{ "l2tp_ip6_recv", IPSECSTAT_SITE_POLICY },
};

/*
 * Cache of call sites, by a hash of the address. An entry is the address
 * shifted left by three, with the site in the low bits: one word, read and
 * written whole. Kernel addresses differ in the bits that remain.
 */
#define IPSECSTAT_SITE_BITS	8
#define IPSECSTAT_SITE_SHIFT	3

static unsigned long ipsecstat_seen_sites[1 << IPSECSTAT_SITE_BITS];

/* "function.part.0+0x12/0x34 [module]": the function ends where its name does. */
static noinline_for_stack enum ipsecstat_site
ipsecstat_site_look_up(const void *location)
{
	char text[KSYM_SYMBOL_LEN];
	size_t length;
	int i;

	/*
	 * A call can be the last instruction; its return address is then behind
	 * the function.
	 */
	sprint_symbol(text, (unsigned long)location - 1);
	length = strcspn(text, ".+");
	for (i = 0; i < ARRAY_SIZE(ipsecstat_sites); i++)
		if (!strncmp(text, ipsecstat_sites[i].function, length) &&
		    !ipsecstat_sites[i].function[length])
			return ipsecstat_sites[i].site;
	return IPSECSTAT_SITE_UNKNOWN;
}

/**
 * ipsecstat_site() - the function that freed a packet
 * @location: the address that kfree_skb() was called from
 *
 * Context: Any.
 * Return: the site, IPSECSTAT_SITE_UNKNOWN for all other functions
 */
enum ipsecstat_site ipsecstat_site(const void *location)
{
	unsigned long key = (unsigned long)location << IPSECSTAT_SITE_SHIFT;
	unsigned long *seen, entry;

	seen = &ipsecstat_seen_sites[hash_ptr(location, IPSECSTAT_SITE_BITS)];
	entry = READ_ONCE(*seen);
	if (unlikely((entry ^ key) >> IPSECSTAT_SITE_SHIFT)) {
		entry = key | ipsecstat_site_look_up(location);
		WRITE_ONCE(*seen, entry);
	}
	return entry & ((1 << IPSECSTAT_SITE_SHIFT) - 1);
}

/* Addresses of a module that goes may be reused by another. */
static int ipsecstat_site_on_module(struct notifier_block *nb,
				    unsigned long state, void *module)
{
	int i;

	if (state == MODULE_STATE_COMING || state == MODULE_STATE_GOING)
		for (i = 0; i < ARRAY_SIZE(ipsecstat_seen_sites); i++)
			WRITE_ONCE(ipsecstat_seen_sites[i], 0);
	return NOTIFY_DONE;
}

static struct notifier_block ipsecstat_site_modules = {
	.notifier_call = ipsecstat_site_on_module,
};

/**
 * ipsecstat_site_init() - prepare to recognise call sites
 *
 * Context: Process context, may sleep.
 * Return: 0 or a negative errno
 */
int ipsecstat_site_init(void)
{
	return register_module_notifier(&ipsecstat_site_modules);
}

/**
 * ipsecstat_site_exit() - undo ipsecstat_site_init()
 *
 * Context: Process context, may sleep.
 */
void ipsecstat_site_exit(void)
{
	unregister_module_notifier(&ipsecstat_site_modules);
}
