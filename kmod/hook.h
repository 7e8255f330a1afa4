/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPSECSTAT_HOOK_H
#define _IPSECSTAT_HOOK_H

#include <linux/ftrace.h>

struct sk_buff;
struct xfrm_state;

/**
 * struct ipsecstat_hook - a kernel function and what runs on its entry
 * @name: the function
 * @func: the callback
 * @direct: the same, as a function to be called directly, or NULL
 * @is_direct: @direct is in use
 * @ops: of ftrace, while attached
 */
struct ipsecstat_hook {
	const char *name;
	ftrace_func_t func;
	const void *direct;
	bool is_direct;
	struct ftrace_ops ops;
};

#define IPSECSTAT_HOOK(_name, _func)	{ .name = (_name), .func = (_func) }

/*
 * A hook on the packet path has both forms: a direct call costs a third of a
 * callback, but a function can have only one.
 */
#define IPSECSTAT_HOOK_BOTH(_name, _func) \
	{ .name = (_name), .func = _func##_callback, .direct = _func##_direct }

/* What _func takes is named after it: x, or x and skb. */
#define IPSECSTAT_BOTH_FORMS(_func, ...)				\
static void notrace _func##_callback(unsigned long ip,			\
				     unsigned long parent_ip,		\
				     struct ftrace_ops *ops,		\
				     struct ftrace_regs *fregs)		\
{									\
	struct xfrm_state *x =						\
		(void *)ftrace_regs_get_argument(fregs, 0);		\
	struct sk_buff __maybe_unused *skb =				\
		(void *)ftrace_regs_get_argument(fregs, 1);		\
									\
	_func(__VA_ARGS__);						\
}									\
									\
static void notrace ipsecstat_keeps_all					\
_func##_direct(struct xfrm_state *x, struct sk_buff *skb)		\
{									\
	_func(__VA_ARGS__);						\
}

int ipsecstat_hook_attach(struct ipsecstat_hook *hooks, size_t count);
void ipsecstat_hook_detach(struct ipsecstat_hook *hooks, size_t count);

#endif /* _IPSECSTAT_HOOK_H */
