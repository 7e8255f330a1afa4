#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# --save and --since: increases, and never a wrong figure.

. ./helpers.sh

old=$tmp/old.json

save() { env "$@" "$FAKE" --save "$old" -g sas >"$tmp/out"; }
# since [VARIABLE=VALUE...]: the options are in $options.
since()
{
	# shellcheck disable=SC2086 # options are words
	run env "$@" "$FAKE" --json --since "$old" ${options-}
}

# figure FILTER VALUE: in the JSON output.
figure()
{
	/usr/bin/python3 -c 'import json, sys
found = json.load(open(sys.argv[1]))
for key in sys.argv[2].split("."):
    found = found[key]
if found != int(sys.argv[3]):
    sys.exit("%s is %s" % (sys.argv[2], found))' "$tmp/out" "$@"
}

# Every counter is in it, and no gauge.
all_rose_by()
{
	/usr/bin/python3 -c 'import json, sys
found = json.load(open(sys.argv[1]))
gauges = {"activeSas", "pendingSaNegotiations", "activeTunnels", "offloadedSas"}
wrong = ["%s.%s: %s" % (name, key, value)
         for name, group in found.items() if name.endswith("Statistics")
         for key, value in group.items()
         if key not in gauges and value != int(sys.argv[2])]
sys.exit("\n".join(wrong) or 0)' "$tmp/out" "$1"
}

# refused WHAT WORDS: the previous run was refused.
refused()
{
	check "$1: ends with 1" ended 1
	check "$1: prints no figures" silent_out
	check "$1: says why: $2" err_has "$2"
}

# edited WHAT WORDS SCRIPT: with a changed file.
edited()
{
	save FAKE_BASE=100
	sed -i "$3" "$old"
	since FAKE_BASE=100
	refused "$1" "$2"
}

ktap_print_header
ktap_set_plan 69

save FAKE_BASE=100
check "--save: shows as well" out_has "Active"
since FAKE_BASE=100 FAKE_ADD=7
check "7 more: ends with 0" ended 0
check "7 more: silent on standard error" silent_err
check "7 more: each counter" all_rose_by 7
check "7 more: gauges as they are" figure aggregateSaStatistics.activeSas 107
since FAKE_BASE=100
check "nothing rose: each counter" all_rose_by 0
options="-g drops" since FAKE_BASE=100 FAKE_ADD=7
check "7 more, one group: each counter" all_rose_by 7

# Beyond the 32 bits of SAs and drops, and the 64 bits of the traffic.
save
since FAKE_ADD=294967296
check "past the end of 32 bits: each counter" all_rose_by 294967296
save FAKE_BASE=18446744073709551000
since FAKE_BASE=18446744073709551000 FAKE_ADD=1000
check "past the end of 64 bits: each counter" all_rose_by 1000
save FAKE_BASE=0
since FAKE_BASE=2147483647
check "the largest increase: each counter" all_rose_by 2147483647

save FAKE_BASE=1000
since FAKE_BASE=999
refused "a counter fell" "is lower than in the baseline"
save FAKE_BASE=0
since FAKE_BASE=2147483648
refused "an increase over 31 bits" "is lower than in the baseline"
save FAKE_BASE=100
since FAKE_BASE=100 FAKE_SINCE=6000000000
refused "counting restarted" "counting restarted"
options=-c since FAKE_BASE=100
check "CPUs that it does not have: ends with 1" ended 1
check "CPUs that it does not have: reported" err_has "CPU 0: cannot compare with the baseline: not in the baseline"
check "CPUs that it does not have: the rest is shown" figure aggregateSaStatistics.totalSasAdded 0
run "$FAKE" -c --save "$old"
options=-c since FAKE_ADD=0
check "CPUs that it has: each" figure cpus.1.inboundTrafficStatistics.tunnelByteCount 0
check "CPUs that it has: ends with 0" ended 0

edited "another boot" "before the last boot" 's/"boot": "........-/"boot": "00000000-/'
edited "another version" "another version of the format" 's/"version": 1/"version": 2/'
edited "no version" "no usable version" '/"version"/d'
edited "no time" "no usable time" '/"time"/d'
edited "no beginning" "no usable since" '/"since"/d'
edited "no figure" "no usable totalSasAdded" '/"totalSasAdded"/d'
edited "a figure below 0" "no usable totalSasDeleted" 's/\("totalSasDeleted": \).*,/\1-5,/'
edited "a figure of too many bits" "no usable successfulRekeys" 's/\("successfulRekeys": \).*,/\14294967296,/'
edited "no JSON" "cannot read" '1s/.*/[/'
edited "no object" "no usable version" 's/.*//; 1s/^/5/'
run "$FAKE" -j --since "$tmp/none"
refused "no file" "No such file or directory"
save FAKE_BASE=100
since FAKE_BASE=100
cp "$tmp/out" "$old"
since FAKE_BASE=100
refused "differences in place of figures" "it has the increases, not the figures"
"$FAKE" -j -g sas >"$old"
since
refused "a group alone" "no usable espDropPacketStatistics"

# One file for consecutive reads.
save FAKE_BASE=100
options="--save $old" since FAKE_BASE=100 FAKE_ADD=3
check "--since and --save: the increase" all_rose_by 3
since FAKE_BASE=100 FAKE_ADD=4
check "--since and --save: the increase after it" all_rose_by 1
cp "$old" "$tmp/before"
options="--save $old" since FAKE_READ=5
check "no statistics: nothing is saved" cmp "$old" "$tmp/before"
run "$FAKE" --save "$tmp/no/folder"
check "a file that cannot be written: ends with 1" ended 1
check "a file that cannot be written: says so" err_has "cannot write $tmp/no/folder"
run env FAKE_BASE=100 FAKE_ADD=4 "$FAKE" --since "$old"
check "table: says since when" out_has "increase since $(date -d "@$(sed -n 's/.*"time": \([0-9]*\).*/\1/p' "$old")" '+%F %T')"

ktap_finished
