// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attributes and checks that several commands share.
 */
#include <linux/ipsecstat.h>
#include <net/genetlink.h>
#include <net/netlink.h>

#include "compat.h"
#include "message.h"

/**
 * ipsecstat_put_address() - put an address of either IP version
 * @msg: the message
 * @attr: the attribute
 * @family: AF_INET or AF_INET6
 * @address: 4 or 16 bytes
 *
 * Context: Any.
 * Return: 0 or -EMSGSIZE
 */
int ipsecstat_put_address(struct sk_buff *msg, int attr, u16 family,
			  const void *address)
{
	return nla_put(msg, attr, family == AF_INET ? sizeof(struct in_addr) :
						      sizeof(struct in6_addr),
		       address);
}

/**
 * ipsecstat_put_dropped() - add an entry of packets dropped
 * @msg: the message
 * @nest_attr: attribute of the entry
 * @reason: enum ipsecstat_drop_reason
 * @proto: IP protocol, 0 if there is none
 * @packets: how many; for 0 no entry is added
 *
 * Context: Any.
 * Return: 0, or -EMSGSIZE with part of the entry in the message
 */
int ipsecstat_put_dropped(struct sk_buff *msg, int nest_attr, u8 reason,
			  u8 proto, u64 packets)
{
	struct nlattr *nest;

	if (!packets)
		return 0;
	nest = nla_nest_start(msg, nest_attr);
	if (!nest || nla_put_u32(msg, IPSECSTAT_A_DROPPED_REASON, reason) ||
	    (proto && nla_put_u8(msg, IPSECSTAT_A_DROPPED_PROTO, proto)) ||
	    nla_put_uint(msg, IPSECSTAT_A_DROPPED_PACKETS, packets))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

/**
 * ipsecstat_check_version() - check the protocol version of a request
 * @header: of the request
 * @extack: gets the reason if not
 *
 * Context: Any.
 * Return: 0 or -EPROTONOSUPPORT
 */
int ipsecstat_check_version(const struct genlmsghdr *header,
			    struct netlink_ext_ack *extack)
{
	if (header->version == IPSECSTAT_FAMILY_VERSION)
		return 0;
	NL_SET_ERR_MSG(extack, "this kernel speaks version 1 of ipsecstat");
	return -EPROTONOSUPPORT;
}
