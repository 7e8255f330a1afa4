#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The real library, on a machine without the module.

. ./helpers.sh

ktap_print_header
if [[ -e /sys/module/ipsecstat ]] || modprobe --dry-run ipsecstat 2>/dev/null; then
	ktap_skip_all "the module is loaded, or would be"
	exit "$KSFT_SKIP"
fi
ktap_set_plan 3

run "$IPSECSTAT"
check "no module: ends with 1" ended 1
check "no module: nothing on standard output" silent_out
check "no module: says what to do" err_has "modprobe ipsecstat"

ktap_finished
