// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attaching to functions of the kernel, and finding them.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ftrace.h>
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>

#include "hook.h"

/*
 * Modules may not look up symbols, but a probe that is registered and never
 * enabled learns the address.
 */
static int ipsecstat_hook_address(const char *name, unsigned long *address)
{
	struct kprobe kp = {
		.symbol_name = name,
		.flags = KPROBE_FLAG_DISABLED,
	};
	int err;

	err = register_kprobe(&kp);
	if (err)
		return err;
	*address = (unsigned long)kp.addr;
	unregister_kprobe(&kp);
	return 0;
}

/*
 * By address, not by name: short of memory, ftrace_set_filter() takes a failure
 * to note the function it found for success. A filter that names none lets all
 * pass, and the hook would be called for every function of the kernel.
 */
static int ipsecstat_hook_attach_one(struct ipsecstat_hook *hook)
{
	unsigned long address;
	int err;

	err = ipsecstat_hook_address(hook->name, &address);
	if (!err)
		err = ftrace_set_filter_ip(&hook->ops, address, 0, 1);
	if (!err)
		err = register_ftrace_function(&hook->ops);
	if (err) {
		pr_err("this kernel lacks %s, or does not let it be traced (%pe)\n",
		       hook->name, ERR_PTR(err));
		ftrace_free_filter(&hook->ops);
	}
	return err;
}

/**
 * ipsecstat_hook_attach() - attach hooks, all or none
 * @hooks: the hooks
 * @count: how many
 *
 * Names in the log what the kernel lacks.
 *
 * Context: Process context, may sleep.
 * Return: 0 or a negative errno
 */
int ipsecstat_hook_attach(struct ipsecstat_hook *hooks, size_t count)
{
	size_t i;
	int err;

	for (i = 0; i < count; i++) {
		err = ipsecstat_hook_attach_one(&hooks[i]);
		if (err) {
			ipsecstat_hook_detach(hooks, i);
			return err;
		}
	}
	return 0;
}

/**
 * ipsecstat_hook_detach() - detach hooks
 * @hooks: the hooks, all attached
 * @count: how many
 *
 * No callback runs any more when this returns.
 *
 * Context: Process context, sleeps for grace periods.
 */
void ipsecstat_hook_detach(struct ipsecstat_hook *hooks, size_t count)
{
	while (count--) {
		unregister_ftrace_function(&hooks[count].ops);
		ftrace_free_filter(&hooks[count].ops);
	}
}

/**
 * ipsecstat_hook_text() - where the text of a kernel function lies
 * @name: the function
 * @start: its first byte
 * @size: its length
 *
 * A symbol's printed form ends in its size.
 *
 * Context: Process context, may sleep.
 * Return: 0 or a negative errno, with the reason in the log
 */
int ipsecstat_hook_text(const char *name, unsigned long *start,
			unsigned long *size)
{
	char text[KSYM_SYMBOL_LEN];
	const char *slash;
	int err;

	err = ipsecstat_hook_address(name, start);
	if (err) {
		pr_err("this kernel lacks %s (%pe)\n", name, ERR_PTR(err));
		return err;
	}
	sprint_symbol(text, *start);
	slash = strrchr(text, '/');
	if (!slash || kstrtoul(slash + 1, 16, size)) {
		pr_err("cannot tell the size of %s from \"%s\"\n", name, text);
		return -ENOENT;
	}
	return 0;
}
