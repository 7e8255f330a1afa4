// SPDX-License-Identifier: GPL-2.0-only
/*
 * A kprobe on one function of the kernel, for what ordinary packets cannot cause:
 *
 *	modprobe inject function=NAME result=N [skip=COUNT]
 *		Each call after the first COUNT returns N, and the function is not entered.
 *	modprobe inject function=NAME hold=1 [skip=COUNT]
 *		The call after the first COUNT waits until the parameter hold is 0; the
 *		parameter held is 1 meanwhile.
 */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/kprobes.h>
#include <linux/module.h>

static char *function;
module_param(function, charp, 0444);
MODULE_PARM_DESC(function, "name of the function");

static long result;
module_param(result, long, 0444);
MODULE_PARM_DESC(result, "what the calls return");

static uint skip;
module_param(skip, uint, 0444);
MODULE_PARM_DESC(skip, "calls to leave alone first");

static bool hold;
module_param(hold, bool, 0644);
MODULE_PARM_DESC(hold, "a call waits while this is set");

static bool held;
module_param(held, bool, 0444);
MODULE_PARM_DESC(held, "a call is waiting");

/* Less than the detectors of stalls need. */
#define INJECT_HOLD_MS	10000

static atomic_t inject_calls = ATOMIC_INIT(0);

/* Busy, because packets cannot sleep; another CPU has to clear hold. */
static int inject_wait(struct kprobe *p, struct pt_regs *regs)
{
	int i;

	if (atomic_inc_return(&inject_calls) != skip + 1)
		return 0;
	WRITE_ONCE(held, true);
	for (i = 0; READ_ONCE(hold) && i < INJECT_HOLD_MS; i++)
		mdelay(1);
	WRITE_ONCE(held, false);
	return 0;
}

/* In place of the function, with its return address. */
static long inject_returned(void)
{
	return result;
}

static int inject_return(struct kprobe *p, struct pt_regs *regs)
{
	if (atomic_inc_return(&inject_calls) <= skip)
		return 0;
	instruction_pointer_set(regs, (unsigned long)inject_returned);
	return 1;
}

/* A kprobe without this could become a jump, which cannot leave the function. */
static void inject_after(struct kprobe *p, struct pt_regs *regs, unsigned long flags)
{
}

static struct kprobe inject_probe;

static int __init inject_init(void)
{
	if (!function)
		return -EINVAL;
	inject_probe.symbol_name = function;
	if (hold) {
		inject_probe.pre_handler = inject_wait;
	} else {
		inject_probe.pre_handler = inject_return;
		inject_probe.post_handler = inject_after;
	}
	return register_kprobe(&inject_probe);
}

static void __exit inject_exit(void)
{
	unregister_kprobe(&inject_probe);
}

module_init(inject_init);
module_exit(inject_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Errors and delays in a function of the kernel, for tests");
