#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The module goes while ipsecstat waits for it, which ends then. Without it:
# ipsecstat has the kernel load it, and says what to do if the kernel cannot.

. ./helpers.sh

modprobe_file=/proc/sys/kernel/modprobe

# A socket is in a group of generic netlink, and not in that of the controller alone.
listens()
{
	awk '$2 == 16 && $4 ~ /[1-9a-f]/ && $4 != "00008000"' /proc/net/netlink |
		grep -q .
}
too_late() { cat /proc/net/netlink; }

loaded() { [[ -e /sys/module/ipsecstat ]]; }

ktap_print_header
if ! loaded || [[ $EUID -ne 0 ]] || ! modprobe --dry-run ipsecstat 2>/dev/null; then
	ktap_skip_all "needs the module installed and loaded, and root"
	exit "$KSFT_SKIP"
fi
ktap_set_plan 9

modprobe_was=$(<$modprobe_file)
trap 'echo "$modprobe_was" >$modprobe_file; modprobe ipsecstat; rm -rf "$tmp"' EXIT

"$IPSECSTAT" monitor >"$tmp/out" 2>"$tmp/err" &
monitor=$!
check "monitor listens" soon listens
check "unload" rmmod ipsecstat
wait "$monitor"
status=$?
check "monitor: ends with 1" ended 1
check "monitor: says why" err_has "was unloaded"
echo /bin/false >$modprobe_file
run "$IPSECSTAT"
check "the kernel cannot load it: ends with 1" ended 1
check "the kernel cannot load it: says what to do" err_has "modprobe ipsecstat"
echo "$modprobe_was" >$modprobe_file
run "$IPSECSTAT"
check "the kernel can load it: ends with 0" ended 0
check "the kernel can load it: shows the table" out_has "Security Associations"
check "the module is loaded" loaded

ktap_finished
