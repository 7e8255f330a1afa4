/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPSECSTAT_HOOK_H
#define _IPSECSTAT_HOOK_H

#include <linux/ftrace.h>

/**
 * struct ipsecstat_hook - a kernel function and what runs when it is entered
 * @name: the function
 * @func: the callback
 * @ops: ftrace's, while attached
 */
struct ipsecstat_hook {
	const char *name;
	ftrace_func_t func;
	struct ftrace_ops ops;
};

#define IPSECSTAT_HOOK(_name, _func)	{ .name = (_name), .func = (_func) }

int ipsecstat_hook_attach(struct ipsecstat_hook *hooks, size_t count);
void ipsecstat_hook_detach(struct ipsecstat_hook *hooks, size_t count);

#endif /* _IPSECSTAT_HOOK_H */
