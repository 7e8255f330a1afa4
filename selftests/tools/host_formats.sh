#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Each member of the statistics is shown once, with its value, in each format.

. ./helpers.sh

judged() { /usr/bin/python3 ./judge.py "$1" <"$tmp/out"; }

# The arguments are the options, the last one also the judge.
format()
{
	local judge=$1

	shift
	run "$FAKE" "$@"
	check "$judge ($*): ends with 0" ended 0
	check "$judge ($*): silent on standard error" silent_err
	check "$judge ($*): every member, every value" judged "$judge"
}

ktap_print_header
ktap_set_plan 17

format table
check "table: as in table.expected" diff -u table.expected "$tmp/out"
format json -j
format json --json
format prometheus -p
format prometheus --prometheus
if command -v promtool >/dev/null; then
	check "prometheus: promtool takes it" promtool check metrics <"$tmp/out"
else
	ktap_test_skip "prometheus: promtool takes it"
fi

ktap_finished
