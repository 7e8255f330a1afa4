#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# In the booted system with the packages, which has only these and Debian. For
# selftests/packages/install.

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

# A read does not load the module.
by_administrator()
{
	not_loaded && ! ipsecstat && not_loaded && modprobe ipsecstat && ipsecstat
}

# Only the module of dkms.
of_dkms()
{
	[[ $(modinfo -n ipsecstat) == "/lib/modules/$(uname -r)/updates/dkms/ipsecstat.ko" &&
	   $(</sys/module/ipsecstat/srcversion) == "$(modinfo -F srcversion ipsecstat)" ]]
}

at_start()
{
	rmmod ipsecstat && not_loaded && /lib/systemd/systemd-modules-load && loaded
}

# That test sends 3 packets of 20 + 8 + 100 bytes in each direction.
figures()
{
	local first

	"$top/debian/tests/figures" &&
	first=$(ip netns exec a /srv/program/first) && echo "$first" &&
	[[ $first == "2 SAs, 384 bytes in tunnels" ]] &&
	[[ $(ip netns exec a /srv/program/static) == "$first" ]]
}

unloaded()
{
	rmmod ipsecstat && not_loaded
}

echo "selftest: packages" >/dev/kmsg
try "an administrator loads the module" by_administrator
try "which is that of dkms" of_dkms
try "systemd loads it when the machine starts" at_start
try "programs read the figures of 3 packets in a tunnel" figures
try "the module is unloaded" unloaded
try "no problem in the kernel log" \
	bash -o pipefail -c 'dmesg | ../guest/judge-log'
finish
