/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPSECSTAT_HOOK_H
#define _IPSECSTAT_HOOK_H

#include <linux/ftrace.h>

/**
 * struct ipsecstat_hook - a kernel function and what runs when it is entered
 * @name: the function
 * @ops: the callback
 */
struct ipsecstat_hook {
	const char *name;
	struct ftrace_ops ops;
};

/*
 * The callbacks call nothing that is hooked, so they cannot recurse, and
 * without a RECURSION or RCU flag ftrace calls them straight from a trampoline
 * of their own. PERMANENT refuses sysctl kernel.ftrace_enabled=0, which would
 * silence them, while they are attached.
 */
#define IPSECSTAT_HOOK(_name, _func) {				\
	.name = (_name),					\
	.ops = {						\
		.func = (_func),				\
		.flags = FTRACE_OPS_FL_PERMANENT,		\
	} }

int ipsecstat_hook_attach(struct ipsecstat_hook *hooks, size_t count);
void ipsecstat_hook_detach(struct ipsecstat_hook *hooks, size_t count);

#endif /* _IPSECSTAT_HOOK_H */
