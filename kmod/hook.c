// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attach hooks to functions of the kernel, by ftrace.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ftrace.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "compat.h"
#include "hook.h"

static bool ipsecstat_use_direct = true;
module_param_named(direct, ipsecstat_use_direct, bool, 0444);
MODULE_PARM_DESC(direct, "have packets counted by direct calls where the kernel can; N leaves these to BPF (default Y)");

/* What an error of ftrace means. */
static const char *ipsecstat_hook_why(int err)
{
	switch (err) {
	case -EBUSY:
		return "ftrace is off; set the sysctl kernel.ftrace_enabled to 1";
	case -ENODEV:
		return "ftrace was disabled after an error of the kernel";
	case -ENOMEM:
		return "out of memory";
	default:
		return "this kernel lacks the function, or cannot trace it";
	}
}

/*
 * Modules cannot look up symbols. A kprobe that is registered but never enabled
 * learns the address.
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
 * A direct call returns to the rest of the function, or to the one that a
 * livepatch put in its place.
 */
static int ipsecstat_hook_shares(IPSECSTAT_OPS_FUNC_ARGS)
{
	return 0;
}

static int ipsecstat_hook_attach_direct(struct ipsecstat_hook *hook,
					unsigned long address)
{
	int err;

	if (!IPSECSTAT_CAN_DIRECT || IPSECSTAT_COUNTS_CALLS ||
	    !ipsecstat_use_direct || !hook->direct)
		return -EOPNOTSUPP;
	hook->ops = (struct ftrace_ops){ .ops_func = ipsecstat_hook_shares };
	err = ftrace_set_filter_ip(&hook->ops, address, 0, 1);
	if (!err)
		err = register_ftrace_direct(&hook->ops,
					     (unsigned long)hook->direct);
	if (err)
		ftrace_free_filter(&hook->ops);
	hook->is_direct = !err;
	return err;
}

/*
 * The callbacks call nothing that is hooked, so they cannot recurse, and
 * without a RECURSION or RCU flag ftrace calls them straight from a trampoline
 * of their own. PERMANENT refuses sysctl kernel.ftrace_enabled=0, which would
 * silence them, while they are attached.
 *
 * By address, not by name: when ftrace_set_filter() is out of memory, it can
 * report success without a function in the filter. An empty filter matches all,
 * and the hook would be called for every function of the kernel.
 */
static int ipsecstat_hook_attach_callback(struct ipsecstat_hook *hook,
					  unsigned long address)
{
	int err;

	/* ops still has pointers that ftrace freed at the last detach. */
	hook->ops = (struct ftrace_ops) {
		.func = hook->func,
		.flags = FTRACE_OPS_FL_PERMANENT,
	};
	err = ftrace_set_filter_ip(&hook->ops, address, 0, 1);
	if (!err)
		err = register_ftrace_function(&hook->ops);
	if (err)
		ftrace_free_filter(&hook->ops);
	return err;
}

static int ipsecstat_hook_attach_one(struct ipsecstat_hook *hook)
{
	unsigned long address;
	int err;

	err = ipsecstat_hook_address(hook->name, &address);
	if (!err && ipsecstat_hook_attach_direct(hook, address))
		err = ipsecstat_hook_attach_callback(hook, address);
	if (err)
		pr_err("cannot hook %s: %s (%pe)\n", hook->name,
		       ipsecstat_hook_why(err), ERR_PTR(err));
	return err;
}

/**
 * ipsecstat_hook_attach() - attach hooks, all or none
 * @hooks: the hooks
 * @count: how many
 *
 * Logs what the kernel lacks.
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

static int ipsecstat_hook_detach_one(struct ipsecstat_hook *hook)
{
	if (!hook->is_direct)
		return unregister_ftrace_function(&hook->ops);
	hook->is_direct = false;
	return ipsecstat_unregister_direct(&hook->ops,
					   (unsigned long)hook->direct);
}

/*
 * After an internal error ftrace refuses to patch the kernel again, and the
 * patched functions go on calling the hook. Then its code must stay.
 */
static void ipsecstat_hook_stay(const struct ipsecstat_hook *hook)
{
	pr_emerg("cannot unhook %s: %s; unloading never completes\n",
		 hook->name, ipsecstat_hook_why(-ENODEV));
	for (;;)
		schedule_timeout_idle(MAX_SCHEDULE_TIMEOUT);
}

/**
 * ipsecstat_hook_detach() - detach hooks
 * @hooks: the hooks, all attached
 * @count: how many
 *
 * No callback runs any more when this returns. It does not return if an error
 * of the kernel has disabled ftrace.
 *
 * Context: Process context, sleeps for grace periods.
 */
void ipsecstat_hook_detach(struct ipsecstat_hook *hooks, size_t count)
{
	bool direct = false;

	while (count--) {
		direct |= hooks[count].is_direct;
		if (ipsecstat_hook_detach_one(&hooks[count]))
			ipsecstat_hook_stay(&hooks[count]);
		ftrace_free_filter(&hooks[count].ops);
	}
	/*
	 * ftrace does not wait for tasks that were preempted in a direct call.
	 */
	if (direct)
		synchronize_rcu_tasks();
}
