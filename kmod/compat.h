/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything that differs between kernels. The code above this header is
 * written for the newest one.
 */
#ifndef _IPSECSTAT_COMPAT_H
#define _IPSECSTAT_COMPAT_H

#include <linux/ftrace.h>
#include <linux/skbuff.h>
#include <linux/snmp.h>
#include <linux/sysctl.h>
#include <linux/u64_stats_sync.h>
#include <linux/version.h>
#include <net/genetlink.h>
#include <net/netlink.h>
#include <net/xfrm.h>

/*
 * Linux 6.1, 6.12, 7.2 and 7.3 are tested, and the code below holds for the
 * kernels between them. The sources of later kernels have not been read.
 * Figures could be wrong there without notice, so the build is refused unless
 * IPSECSTAT_UNREAD_KERNEL is set.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "ipsecstat needs Linux 6.1 or later"
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(7, 4, 0) && \
	!defined(IPSECSTAT_UNREAD_KERNEL)
#error "written for Linux 6.1 to 7.3; to try it: make IPSECSTAT_UNREAD_KERNEL=1"
#endif

#ifdef IPSECSTAT_UNREAD_KERNEL
#define IPSECSTAT_UNREAD	true
#else
#define IPSECSTAT_UNREAD	false
#endif

#ifndef CONFIG_XFRM_STATISTICS
#error "ipsecstat needs a kernel with CONFIG_XFRM_STATISTICS"
#endif

#ifndef CONFIG_AUDITSYSCALL
#error "ipsecstat needs a kernel with CONFIG_AUDITSYSCALL"
#endif

#ifndef CONFIG_DYNAMIC_FTRACE_WITH_ARGS
#error "ipsecstat needs a kernel with CONFIG_DYNAMIC_FTRACE_WITH_ARGS"
#endif

#ifndef CONFIG_KPROBES
#error "ipsecstat needs a kernel with CONFIG_KPROBES"
#endif

/*
 * On PREEMPT_RT, from 6.18 on, softirqs of one CPU can preempt each other
 * unless the kernel is configured otherwise. Then the steps for one packet
 * could mix with those for another one.
 */
#if defined(CONFIG_PREEMPT_RT) && !defined(CONFIG_PREEMPT_RT_NEEDS_BH_LOCK)
#define IPSECSTAT_SOFTIRQS_MIX \
	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0))
#else
#define IPSECSTAT_SOFTIRQS_MIX	false
#endif

/* Arguments of a traced function; ftrace has a macro for them from 6.2 on. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#ifndef CONFIG_X86_64
#error "ipsecstat on Linux 6.1 is written for x86-64"
#endif
static __always_inline unsigned long
ftrace_regs_get_argument(const struct ftrace_regs *fregs, unsigned int n)
{
	return n == 0 ? fregs->regs.di :
	       n == 1 ? fregs->regs.si :
	       n == 2 ? fregs->regs.dx : fregs->regs.cx;
}
#endif

/*
 * A function that a traced function calls directly on entry, by a call that
 * ftrace patches in. It must preserve all registers but the flags: they hold
 * the arguments of the traced function.
 */
#if defined(CONFIG_X86_64) && defined(CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS) && \
	__has_attribute(no_caller_saved_registers)
#define IPSECSTAT_CAN_DIRECT	true
#define ipsecstat_keeps_all	__attribute__((no_caller_saved_registers))
#else
#define IPSECSTAT_CAN_DIRECT	false
#define ipsecstat_keeps_all
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#define register_ftrace_direct	register_ftrace_direct_multi

static inline int ipsecstat_unregister_direct(struct ftrace_ops *ops,
					      unsigned long address)
{
	return unregister_ftrace_direct_multi(ops, address);
}
#else
static inline int ipsecstat_unregister_direct(struct ftrace_ops *ops,
					      unsigned long address)
{
	return unregister_ftrace_direct(ops, address, false);
}
#endif

/* Call depth tracking does not see a direct call. */
#ifdef X86_FEATURE_CALL_DEPTH
#define IPSECSTAT_COUNTS_CALLS	boot_cpu_has(X86_FEATURE_CALL_DEPTH)
#else
#define IPSECSTAT_COUNTS_CALLS	false
#endif

/*
 * Operations that ftrace asks of a user of direct calls when another user
 * changes the function.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 0, 0)
#define IPSECSTAT_OPS_FUNC_ARGS	struct ftrace_ops *ops, enum ftrace_ops_cmd cmd
#else
#define IPSECSTAT_OPS_FUNC_ARGS \
	struct ftrace_ops *ops, unsigned long ip, enum ftrace_ops_cmd cmd
#endif

/* Netlink integers of 4 or 8 bytes; the kernel has them from 6.7 on. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
static inline int nla_put_uint(struct sk_buff *skb, int type, u64 value)
{
	u32 small = value;

	if (small == value)
		return nla_put_u32(skb, type, small);
	return nla_put(skb, type, sizeof(value), &value);
}
#endif

/* Sysctl tables with a length instead of an end marker. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
static inline struct ctl_table_header *
register_net_sysctl_sz(struct net *net, const char *path,
		       struct ctl_table *table, size_t size)
{
	return register_net_sysctl(net, path, table);
}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
#define ipsecstat_ctl_table	struct ctl_table
#else
#define ipsecstat_ctl_table	const struct ctl_table
#endif

/* From 6.11 on kfree_skb also passes the socket that the packet was for. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
#define IPSECSTAT_KFREE_SKB_ARGS \
	void *data, struct sk_buff *skb, void *location, \
	enum skb_drop_reason reason
#elif LINUX_VERSION_CODE < KERNEL_VERSION(7, 0, 0)
#define IPSECSTAT_KFREE_SKB_ARGS \
	void *data, struct sk_buff *skb, void *location, \
	enum skb_drop_reason reason, struct sock *rx_sk
#else
#define IPSECSTAT_KFREE_SKB_ARGS \
	void *data, struct sk_buff *skb, void *location, \
	enum skb_drop_reason reason, const struct sock *rx_sk
#endif

/* MIB lines that only later kernels have stand for one that never moves. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
#define LINUX_MIB_XFRMINSTATEDIRERROR	LINUX_MIB_XFRMNUM
#define LINUX_MIB_XFRMOUTSTATEDIRERROR	LINUX_MIB_XFRMNUM
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 14, 0)
#define LINUX_MIB_XFRMINIPTFSERROR	LINUX_MIB_XFRMNUM
#define LINUX_MIB_XFRMOUTNOQSPACE	LINUX_MIB_XFRMNUM
#endif

/* SAs that know their direction. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
static inline bool ipsecstat_sa_outbound(const struct xfrm_state *x,
					 bool source_is_local)
{
	return source_is_local;
}
#else
static inline bool ipsecstat_sa_outbound(const struct xfrm_state *x,
					 bool source_is_local)
{
	return x->dir ? x->dir == XFRM_SA_DIR_OUT : source_is_local;
}
#endif

/* Per-CPU SAs of the same flow (RFC 9611). */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
static inline u32 ipsecstat_sa_cpu(const struct xfrm_state *x)
{
	return 0;
}
#else
static inline u32 ipsecstat_sa_cpu(const struct xfrm_state *x)
{
	return x->pcpu_num;
}
#endif

/*
 * Packet offload: the device does all, and the packets pass none of our hooks.
 * The lifetime of the SA is read from the device, with x->lock or
 * xfrm_state_lock held.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
static inline bool ipsecstat_device_counts(const struct xfrm_state *x)
{
	return false;
}

static inline void ipsecstat_ask_device(struct xfrm_state *x)
{
}
#else
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#define xfrm_dev_state_update_stats	xfrm_dev_state_update_curlft
#endif
static inline bool ipsecstat_device_counts(const struct xfrm_state *x)
{
	return x->xso.type == XFRM_DEV_OFFLOAD_PACKET;
}

static inline void ipsecstat_ask_device(struct xfrm_state *x)
{
	xfrm_dev_state_update_stats(x);
}
#endif

/*
 * Later kernels skip the second replay check of a packet that its device has
 * decrypted. The first check is then the last one.
 */
#define IPSECSTAT_ONE_CHECK \
	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0))

#endif /* _IPSECSTAT_COMPAT_H */
