#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# If the module is unloaded while ipsecstat waits for events, ipsecstat ends. Without the
# module, ipsecstat prints the remedy; only an administrator can load the module.

. ./helpers.sh

# A socket is in a group of generic netlink besides that of the controller.
listens()
{
	awk '$2 == 16 && $4 ~ /[1-9a-f]/ && $4 != "00008000"' /proc/net/netlink |
		grep -q .
}
too_late() { cat /proc/net/netlink; }

loaded() { [[ -e /sys/module/ipsecstat ]]; }
absent() { ! loaded; }
as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }

ktap_print_header
if ! loaded || [[ $EUID -ne 0 ]] || ! modprobe --dry-run ipsecstat 2>/dev/null; then
	ktap_skip_all "needs the module installed and loaded, and root"
	exit "$KSFT_SKIP"
fi
ktap_set_plan 9

trap 'modprobe ipsecstat; rm -rf "$tmp"' EXIT

"$IPSECSTAT" monitor >"$tmp/out" 2>"$tmp/err" &
monitor=$!
check "monitor listens" soon listens
check "unload" rmmod ipsecstat
wait "$monitor"
status=$?
check "monitor: ends with 1" ended 1
check "monitor: says why" err_has "was unloaded"
run "$IPSECSTAT"
check "not loaded: ends with 1" ended 1
check "not loaded: says what to do" err_has "modprobe ipsecstat"
check "not loaded: reading does not load it" absent
run as_nobody "$IPSECSTAT"
check "not loaded: an ordinary user does not load it" absent
modprobe ipsecstat
run "$IPSECSTAT"
check "loaded: shows the table" out_has "Security Associations"

ktap_finished
