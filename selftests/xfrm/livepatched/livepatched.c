// SPDX-License-Identifier: GPL-2.0-only
/*
 * A livepatch of functions that ipsecstat has hooks on: they do nothing more.
 */
#include <linux/livepatch.h>
#include <linux/module.h>
#include <net/xfrm.h>

static void livepatched_icvfail(struct xfrm_state *x, struct sk_buff *skb,
				u8 proto)
{
}

static void livepatched_notfound(struct sk_buff *skb, u16 family,
				 __be32 net_spi, __be32 net_seq)
{
}

/* All packets of the tests are new ones. */
static int livepatched_recheck(struct xfrm_state *x, struct sk_buff *skb,
			       __be32 net_seq)
{
	return 0;
}

static struct klp_func livepatched_funcs[] = {
	{
		.old_name = "xfrm_replay_recheck",
		.new_func = livepatched_recheck,
	}, {
		.old_name = "xfrm_audit_state_icvfail",
		.new_func = livepatched_icvfail,
	}, {
		.old_name = "xfrm_audit_state_notfound",
		.new_func = livepatched_notfound,
	}, { }
};

static struct klp_object livepatched_objs[] = {
	{
		.funcs = livepatched_funcs,
	}, { }
};

static struct klp_patch livepatched_patch = {
	.mod = THIS_MODULE,
	.objs = livepatched_objs,
};

static int __init livepatched_init(void)
{
	return klp_enable_patch(&livepatched_patch);
}

static void __exit livepatched_exit(void)
{
}

module_init(livepatched_init);
module_exit(livepatched_exit);
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
MODULE_DESCRIPTION("A livepatch of hooked functions, for the tests");
