// SPDX-License-Identifier: GPL-2.0-only
/*
 * Find out whether an address belongs to this host.
 */
#include <linux/inetdevice.h>
#include <net/addrconf.h>

#include "address.h"

static bool ipsecstat_is_local_ipv4(struct net *net, __be32 address)
{
	bool local;

	rcu_read_lock();
	local = __ip_dev_find(net, address, false);
	rcu_read_unlock();
	return local;
}

/* The kernel searches one VRF at a time, or outside of all VRFs. */
static bool ipsecstat_is_local_ipv6(struct net *net,
				    const struct in6_addr *address)
{
	bool local = ipv6_chk_addr(net, address, NULL, 0);
	struct net_device *dev;

	rcu_read_lock();
	for_each_netdev_rcu(net, dev) {
		if (local)
			break;
		if (netif_is_l3_master(dev))
			local = ipv6_chk_addr_and_flags(net, address, dev, true,
							0, IFA_F_TENTATIVE);
	}
	rcu_read_unlock();
	return local;
}

/**
 * ipsecstat_is_local() - check whether an address belongs to this host
 * @net: the namespace
 * @address: the address
 * @family: AF_INET or AF_INET6
 *
 * Context: Any.
 * Return: whether a device has it, including those in a VRF
 */
bool ipsecstat_is_local(struct net *net, const xfrm_address_t *address,
			u16 family)
{
	return family == AF_INET ?
	       ipsecstat_is_local_ipv4(net, address->a4) :
	       ipsecstat_is_local_ipv6(net, &address->in6);
}
