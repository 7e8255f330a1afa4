#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The installed units, judged by systemd.

. ../static/lib.sh

units=$tmp/usr/lib/systemd/system
unit=ipsecstat-prometheus

# What make install puts there, among the targets of the system.
install_units()
{
	env -u MAKEFLAGS -u MAKELEVEL make -s -C "$top" install-lib install-tools \
		DESTDIR="$tmp" PREFIX=/usr &&
	cp /usr/lib/systemd/system/*.target "$units"
}

verified() { silent systemd-analyze verify --man=no --root="$tmp" "$unit.service" "$unit.timer"; }

# 0 is a program that can do nothing at all, 100 one that may do all.
confined() { systemd-analyze security --offline=true --no-pager --threshold=20 "$units/$unit.service"; }

# The words of the timer's description.
every() { grep -qx "OnUnitActiveSec=$(sed -n 's/^Description=.*every \([0-9]*\) seconds$/\1s/p' "$units/$unit.timer")" "$units/$unit.timer"; }

elsewhere()
{
	make -s -C "$top/tools" install DESTDIR="$tmp/other" PREFIX=/opt/ipsec \
		BINDIR=/opt/bin >/dev/null &&
	grep -q '^ExecStart=/opt/bin/ipsecstat ' \
		"$tmp/other/opt/ipsec/lib/systemd/system/$unit.service"
}

ktap_print_header
ktap_set_plan 5
check "make installs them" install_units
check "PREFIX and BINDIR are followed" elsewhere
check "the timer is as it says" every
check_with systemd-analyze "systemd-analyze verify: nothing to say" verified
check_with systemd-analyze "systemd-analyze security: 2.0 or less" confined
ktap_finished
