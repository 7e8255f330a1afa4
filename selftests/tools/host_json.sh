#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# All JSON output is valid by docs/ipsecstat.schema.json.

. ./helpers.sh

valid() { /usr/bin/python3 ./schema.py ipsecstat "$@" <"$tmp/out"; }

# of_kind KEYS OPTIONS...: the output contains the keys, separated by commas.
of_kind()
{
	local keys

	IFS=, read -ra keys <<<"$1"
	shift
	run "$FAKE" -j "$@"
	check "$*: valid, with ${keys[*]}" valid "${keys[@]}"
}

# watched LINES OPTIONS...: the last lines of three reads; all but the first have rates.
watched()
{
	local lines=$1

	shift
	timeout 10 env FAKE_BASE=1000 FAKE_RATE=5 "$FAKE" -j -w 0.1 "$@" |
		head -n 3 >"$tmp/lines"
	tail -n "$lines" "$tmp/lines" >"$tmp/out"
}

ktap_print_header
if ! /usr/bin/python3 -c 'import jsonschema' 2>/dev/null; then
	ktap_skip_all "no python3-jsonschema"
	exit "$KSFT_SKIP"
fi
ktap_set_plan 16

of_kind version,boot,time,since,totalSasAdded
for group in sas esp-drops ah-drops drops inbound outbound; do
	of_kind since -g $group
done
of_kind cpus,0 -c
of_kind netns -a
of_kind netns,cpus,0 -a -c
"$FAKE" --save "$tmp/baseline" >/dev/null
of_kind from --since "$tmp/baseline"
of_kind from,cpus -c --since <("$FAKE" -j -c)
watched 3
check "-w: valid in all lines" valid
watched 2
check "-w: rates, after the first line" valid rates seconds
watched 2 -a -c -g inbound
check "-w -a -c -g: the same" valid rates seconds netns cpus
run cat "$tmp/baseline"
check "--save: valid" valid aggregateSaStatistics outboundTrafficStatistics

ktap_finished
