// SPDX-License-Identifier: GPL-2.0-only
/*
 * fake0 and fake1, two connected network devices that claim IPsec offload, to test the
 * kernel without such hardware.
 *
 * With crypto offload the sending device does not encrypt, and the receiving device passes
 * the packet on with the result in the parameter verdict (enum of struct xfrm_offload; 1
 * is success). With packet offload a device reports the parameters bytes and packets for
 * each SA, and adds its drops to the MIB when it is queried, as mlx5 does.
 *
 * In addition, a transport protocol over IPv4, number 254, whose policy drops are freed
 * where the module cannot see them.
 */
#include <linux/etherdevice.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/version.h>
#include <net/esp.h>
#include <net/gro_cells.h>
#include <net/protocol.h>
#include <net/xfrm.h>

static unsigned long bytes;
module_param(bytes, ulong, 0644);
MODULE_PARM_DESC(bytes, "bytes that each SA under packet offload carried");

static unsigned long packets;
module_param(packets, ulong, 0644);
MODULE_PARM_DESC(packets, "packets that each SA under packet offload carried");

static uint wrong_icvs;
module_param(wrong_icvs, uint, 0644);
MODULE_PARM_DESC(wrong_icvs, "packets to drop for their ICV under packet offload");

static uint replays;
module_param(replays, uint, 0644);
MODULE_PARM_DESC(replays, "packets to drop as replayed under packet offload");

static uint verdict = CRYPTO_SUCCESS;
module_param(verdict, uint, 0644);
MODULE_PARM_DESC(verdict, "how decryption went");

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
static int fake_state_add(struct xfrm_state *x)
{
	return 0;
}
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
static int fake_state_add(struct xfrm_state *x, struct netlink_ext_ack *extack)
{
	return 0;
}
#else
static int fake_state_add(struct net_device *dev, struct xfrm_state *x,
			  struct netlink_ext_ack *extack)
{
	return 0;
}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
static void fake_state_delete(struct xfrm_state *x)
{
}
#else
static void fake_state_delete(struct net_device *dev, struct xfrm_state *x)
{
}
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
/* Some kernels before 6.12 can only add one. */
#ifndef XFRM_ADD_STATS
#define XFRM_ADD_STATS(net, line, count)	((void)(count))
#endif

static void fake_drop(struct net *net)
{
	XFRM_ADD_STATS(net, LINUX_MIB_XFRMINSTATEPROTOERROR, xchg(&wrong_icvs, 0));
	XFRM_ADD_STATS(net, LINUX_MIB_XFRMINSTATESEQERROR, xchg(&replays, 0));
}

static void fake_state_update_stats(struct xfrm_state *x)
{
	if (x->xso.type != XFRM_DEV_OFFLOAD_PACKET)
		return;
	x->curlft.bytes = bytes;
	x->curlft.packets = packets;
	if (x->xso.dir == XFRM_DEV_OFFLOAD_IN)
		fake_drop(dev_net(x->xso.dev));
}
#endif

static const struct xfrmdev_ops fake_xfrmdev_ops = {
	.xdo_dev_state_add		= fake_state_add,
	.xdo_dev_state_delete		= fake_state_delete,
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
	.xdo_dev_state_update_stats	= fake_state_update_stats,
#endif
};

/* The SA of @dev that an ESP packet, not encapsulated, belongs to. */
static struct xfrm_state *fake_find_sa(struct net_device *dev,
				       struct sk_buff *skb)
{
	const xfrm_address_t *daddr;
	struct xfrm_state *x;
	u16 family;
	int offset;
	u8 proto;

	if (!pskb_may_pull(skb, sizeof(struct ipv6hdr) + sizeof(struct ip_esp_hdr)))
		return NULL;
	if (skb->protocol == htons(ETH_P_IP)) {
		family = AF_INET;
		offset = ip_hdrlen(skb);
		proto = ip_hdr(skb)->protocol;
		daddr = (xfrm_address_t *)&ip_hdr(skb)->daddr;
	} else {
		family = AF_INET6;
		offset = sizeof(struct ipv6hdr);
		proto = ipv6_hdr(skb)->nexthdr;
		daddr = (xfrm_address_t *)&ipv6_hdr(skb)->daddr;
	}
	if (proto != IPPROTO_ESP)
		return NULL;
	x = xfrm_state_lookup(dev_net(dev), 0, daddr,
			      ((struct ip_esp_hdr *)(skb->data + offset))->spi,
			      IPPROTO_ESP, family);
	if (x && x->xso.dev != dev) {
		xfrm_state_put(x);
		return NULL;
	}
	return x;
}

static void fake_decrypt(struct net_device *dev, struct sk_buff *skb)
{
	struct xfrm_state *x = fake_find_sa(dev, skb);
	struct sec_path *sp;

	if (!x)
		return;
	sp = secpath_set(skb);
	if (!sp) {
		xfrm_state_put(x);
		return;
	}
	sp->xvec[sp->len++] = x;
	sp->olen++;
	xfrm_offload(skb)->flags = CRYPTO_DONE;
	xfrm_offload(skb)->status = verdict;
}

static struct net_device *fake_devs[2];

static netdev_tx_t fake_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct net_device *peer = fake_devs[dev == fake_devs[0]];

	secpath_reset(skb);
	if (!(peer->flags & IFF_UP) || __dev_forward_skb(peer, skb)) {
		kfree_skb(skb);
		return NETDEV_TX_OK;
	}
	skb_reset_network_header(skb);
	fake_decrypt(peer, skb);
	/* By NAPI, as a device with crypto offload: some kernels see the result only then. */
	gro_cells_receive(netdev_priv(peer), skb);
	return NETDEV_TX_OK;
}

static int fake_dev_init(struct net_device *dev)
{
	return gro_cells_init(netdev_priv(dev), dev);
}

static void fake_dev_uninit(struct net_device *dev)
{
	gro_cells_destroy(netdev_priv(dev));
}

static const struct net_device_ops fake_netdev_ops = {
	.ndo_init		= fake_dev_init,
	.ndo_uninit		= fake_dev_uninit,
	.ndo_start_xmit		= fake_xmit,
	.ndo_set_mac_address	= eth_mac_addr,
};

static void fake_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->netdev_ops = &fake_netdev_ops;
	dev->xfrmdev_ops = &fake_xfrmdev_ops;
	dev->features |= NETIF_F_HW_ESP;
	dev->hw_enc_features |= NETIF_F_HW_ESP;
	eth_hw_addr_random(dev);
}

static int __init fake_add(int i)
{
	int err;

	fake_devs[i] = alloc_netdev(sizeof(struct gro_cells), "fake%d", NET_NAME_ENUM, fake_setup);
	if (!fake_devs[i])
		return -ENOMEM;
	err = register_netdev(fake_devs[i]);
	if (err)
		free_netdev(fake_devs[i]);
	return err;
}

static void fake_remove(int i)
{
	unregister_netdev(fake_devs[i]);
	free_netdev(fake_devs[i]);
}

static int fake_receive(struct sk_buff *skb)
{
	/* Counted in the MIB, if it says no. */
	xfrm4_policy_check(NULL, XFRM_POLICY_IN, skb);
	consume_skb(skb);
	return 0;
}

static const struct net_protocol fake_protocol = {
	.handler	= fake_receive,
	.no_policy	= 1,
};

#define FAKE_PROTOCOL	254

static int __init fake_init(void)
{
	int err = fake_add(0);

	if (err)
		return err;
	err = fake_add(1);
	if (err)
		goto remove_first;
	err = inet_add_protocol(&fake_protocol, FAKE_PROTOCOL);
	if (err)
		goto remove_second;
	return 0;

remove_second:
	fake_remove(1);
remove_first:
	fake_remove(0);
	return err;
}

static void __exit fake_exit(void)
{
	inet_del_protocol(&fake_protocol, FAKE_PROTOCOL);
	fake_remove(1);
	fake_remove(0);
}

module_init(fake_init);
module_exit(fake_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Devices that claim to do IPsec, and a silent protocol, for tests");
