#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# --watch without a terminal: output at each interval, with rates.
# host_screen.sh has the rest.

. ./helpers.sh

# watch LINES OPTIONS...: exactly so many lines of output, in $tmp/out.
watch()
{
	local lines=$1

	shift
	timeout 20 "$FAKE" "$@" 2>"$tmp/err" | head -n "$lines" >"$tmp/out"
}

# judge PYTHON: an expression that is true for the list of reads, r.
judge()
{
	/usr/bin/python3 -c 'import json, sys
r = [json.loads(line) for line in open(sys.argv[1])]
sas = [reading.get("aggregateSaStatistics", {}) for reading in r]
rates = [reading.get("rates") for reading in r]
ok = eval(sys.argv[2])
if not ok:
    print(*r, sep="\n")
sys.exit(not ok)' "$tmp/out" "$1"
}

# ends_by SIGNAL: with status 0, after complete output.
ends_by()
{
	: >"$tmp/out"
	"$FAKE" -j -w 0.1 >>"$tmp/out" &
	local pid=$!

	soon begun
	kill -s "$1" $pid
	status=0
	wait $pid || status=$?
	ended 0 && judge 'len(r) >= 2'
}

# At least two reads.
told() { [[ $(grep -c 'modprobe ipsecstat' "$tmp/err") -ge 2 ]]; }
begun() { [[ $(wc -l <"$tmp/out") -ge 2 ]]; }

ktap_print_header
ktap_set_plan 20

export FAKE_BASE=1000 FAKE_RATE=1000

watch 5 -j -w 0.2
check "JSON: a line for each reading" judge 'len(r) == 5'
check "JSON: the first has no rates" judge 'rates[0] is None and "seconds" not in r[0]'
check "JSON: the others have rates" judge 'all(rates[1:])'
# Quotients are rounded to a thousandth.
check "JSON: rates are the increase by the time between" judge 'all(
	abs(rates[i]["aggregateSaStatistics"]["totalSasAdded"] * r[i]["seconds"] -
	    (sas[i]["totalSasAdded"] - sas[i-1]["totalSasAdded"])) < 2 for i in range(1, 5))'
check "JSON: 64-bit rates, too" judge 'all(
	rates[i]["inboundTrafficStatistics"] == rates[i]["outboundTrafficStatistics"] and
	rates[i]["inboundTrafficStatistics"]["tunnelByteCount"] ==
	rates[i]["aggregateSaStatistics"]["totalSasAdded"] for i in range(1, 5))'
check "JSON: gauges have none" judge '"activeSas" not in rates[1]["aggregateSaStatistics"]'

# A read takes half an interval; the next read is not delayed.
FAKE_DELAY=200 watch 6 -j -w 0.4
check "in time: 5 intervals take 5 intervals" judge '1.9 < r[5]["time"] - r[0]["time"] < 2.6'

FAKE_AGAIN=3 watch 5 -j -w 0.1
check "counting begins again: there are no rates then" judge '[bool(x) for x in rates] == [False, True, False, True, True]'
check "counting begins again: no rate is below 0 or huge" judge 'all(
	0 <= value < 1000000 for x in rates if x for g in x.values() for value in g.values())'

FAKE_BASE=4294967200 watch 4 -j -w 0.1
check "past the end of 32 bits: rates go on" judge 'all(
	rates[i]["aggregateSaStatistics"] and
	abs(rates[i]["aggregateSaStatistics"]["totalSasAdded"] * r[i]["seconds"] -
	    (sas[i]["totalSasAdded"] - sas[i-1]["totalSasAdded"]) % 2**32) < 2 for i in range(1, 4))'

FAKE_READ=1753 run "$FAKE" -w 0.1
check "no statistics at first: ends with 1" ended 1
check "no statistics at first: nothing on standard output" silent_out
: >"$tmp/err"
FAKE_READ=1753 FAKE_FROM=3 "$FAKE" -j -w 0.1 >"$tmp/out" 2>>"$tmp/err" &
check "no statistics later: reported, and continues" soon told
kill $! && wait $!
check "no statistics later: what was there is shown, and no more" judge 'len(r) == 2'

# The heading of each table, and the lines of the second table.
watch 90 -w 0.1
check "table: says when, and how often" grep -qE '^20[0-9-]{8} [0-9:]{8}, every 0.1 s$' "$tmp/out"
check "table: rates with their units" grep -qE '^  Added +[0-9]+ +1\.00 k/s$|^  Added +[0-9]+ +9[0-9]{2} /s$' "$tmp/out"
check "table: no control sequences" not_has $'\033'

for signal in INT TERM HUP; do
	check "ends by SIG$signal, with 0" ends_by $signal
done

ktap_finished
