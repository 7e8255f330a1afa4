#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# In the system that has the packages, started: nothing but them and Debian is
# there. For selftests/packages/install.

cd "$(dirname "$0")" || exit 1
# shellcheck source=../lib/helpers.sh
. ../lib/helpers.sh

loaded()
{
	[[ -e /sys/module/ipsecstat ]]
}

not_loaded()
{
	! loaded
}

by_first_use()
{
	not_loaded && ipsecstat && loaded
}

# That of dkms, and no other one.
of_dkms()
{
	[[ $(modinfo -n ipsecstat) == "/lib/modules/$(uname -r)/updates/dkms/ipsecstat.ko" &&
	   $(</sys/module/ipsecstat/srcversion) == "$(modinfo -F srcversion ipsecstat)" ]]
}

at_start()
{
	rmmod ipsecstat && not_loaded && /lib/systemd/systemd-modules-load && loaded
}

# Hosts a and b, with a tunnel between them.
tunnel()
{
	local host

	ip -batch - <<-END || return
		netns add a
		netns add b
		link add eth0 netns a type veth peer name eth0 netns b
	END
	for host in "a 10.0.0.1 10.0.0.2" "b 10.0.0.2 10.0.0.1"; do
		# shellcheck disable=SC2086 # several words
		host_batch $host || return
	done
}

# host_batch NAME OWN OTHER
host_batch()
{
	local sa="proto esp mode tunnel"
	local keys="enc cbc(aes) 0x00112233445566778899aabbccddeeff auth hmac(sha256) 0x00112233445566778899aabbccddeeff"

	ip -n "$1" -batch - <<-END
		address add $2/24 dev eth0
		link set eth0 up
		xfrm state add src $2 dst $3 spi 0x1000 $sa $keys
		xfrm state add src $3 dst $2 spi 0x1000 $sa $keys
		xfrm policy add src $2 dst $3 dir out tmpl src $2 dst $3 $sa
		xfrm policy add src $3 dst $2 dir in tmpl src $3 dst $2 $sa
	END
}

# 3 packets of 20 + 8 + 100 bytes each way.
figures()
{
	local first

	tunnel && ip netns exec a ping -q -c 3 -i 0.2 -s 100 10.0.0.2 &&
	first=$(ip netns exec a /srv/program/first) && echo "$first" &&
	[[ $first == "2 SAs, 384 bytes in tunnels" ]] &&
	[[ $(ip netns exec a /srv/program/static) == "$first" ]] &&
	ip netns exec a ipsecstat --json | tee /dev/stderr | grep -E '"activeSas": ?2\b'
}

unloaded()
{
	rmmod ipsecstat && not_loaded
}

echo "selftest: packages" >/dev/kmsg
try "the first use loads the module" by_first_use
try "which is that of dkms" of_dkms
try "systemd loads it when the machine starts" at_start
try "programs read the figures of 3 packets in a tunnel" figures
try "the module is unloaded" unloaded
try "nothing in the kernel log to complain of" \
	bash -o pipefail -c 'dmesg | ../guest/judge-log'
finish
