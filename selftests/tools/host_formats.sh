#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Each member of the statistics is printed once, with its value, in each format.

. ./helpers.sh

judged() { /usr/bin/python3 ./judge.py "$1" <"$tmp/out"; }

# The arguments are the options; the last one also selects the judge.
format()
{
	local judge=$1

	shift
	run "$FAKE" "$@"
	check "$judge ($*): ends with 0" ended 0
	check "$judge ($*): silent on standard error" silent_err
	check "$judge ($*): every member, every value" judged "$judge"
}

valid() { /usr/bin/python3 ./schema.py "$@" <"$tmp/out"; }

# Times depend on the clock; only their format is checked.
timeless()
{
	sed -E 's/[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}/YYYY-MM-DD hh:mm:ss/g' \
		"$tmp/out"
}

as_expected() { timeless | diff -u "$1.expected" -; }

drops()
{
	run "$FAKE" drops
	check "drops: ends with 0" ended 0
	check "drops: as in drops.expected" as_expected drops
	check "drops: 80 columns" test "$(wc -L <"$tmp/out")" -le 80
	run "$FAKE" drops --times
	check "drops --times: times" grep -qE \
		'^auth .* 2( +[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}){2}$' "$tmp/out"
	run env FAKE_FLOOD=9 "$FAKE" drops
	check "drops: many SPIs of one sender are one line" grep -qE \
		'^no-state +esp +9 SPIs +18 +6h +5h' "$tmp/out"
	check "drops: and not more than one" not_has 0x00000009
	run env FAKE_FLOOD=9 "$FAKE" drops --each
	check "drops --each: each SPI" out_has 0x00000009
	check "drops --each: no line of many" not_has SPIs
	run env FAKE_FLOOD=3 "$FAKE" drops
	check "drops: three SPIs are a line each" out_has 0x00000003
	run "$FAKE" drops --json
	check "drops --json: ends with 0" ended 0
	check "drops --json: fits the schema" valid ipsecstat-drops
	run "$FAKE" monitor
	check "monitor: ends with 0 when interrupted" ended 0
	check "monitor: a line" out_has \
		"  no-state: esp from 192.0.2.1 to 198.51.100.2 spi 0xc0ffee11, 18400000000000000000 packets"
	run "$FAKE" monitor --json
	check "monitor --json: ends with 0 when interrupted" ended 0
	check "monitor --json: fits the schema" valid ipsecstat-drops/drop
}

named()
{
	grep -q '^! branch  *1h00m' "$tmp/out" &&
		grep -q '^! 205.205.205.2 %7 ' "$tmp/out"
}

# There is more than one heading, and a line with the name for each.
named_each_time()
{
	local times

	times=$(grep -c '^  Peer ' "$tmp/out")
	[[ $times -gt 1 && $(grep -c '^! branch ' "$tmp/out") -eq $times ]]
}

# Within 80 columns on a terminal, however long the addresses are.
narrow() { ! tr -d '\r' <"$tmp/screen" | grep '.\{81\}'; }

peers()
{
	run "$FAKE" peers
	check "peers: ends with 0" ended 0
	check "peers: as in peers.expected" \
		diff -u peers.expected "$tmp/out"
	run "$FAKE" peers --full
	check "peers --full: ends with 0" ended 0
	check "peers --full: how it ended" out_has \
		"  last SA ended  1h00m ago: deleted (charon-systemd), outbound 0xc0ffee11"
	check "peers --full: what was dropped" out_has \
		"  dropped        12 packets: 10 auth, 2 late"
	check "peers --full: what names no peer" out_has \
		"dropped, of no peer known: 1 packet: 1 no-state"
	run "$FAKE" peers --json
	check "peers --json: ends with 0" ended 0
	check "peers --json: fits the schema" valid ipsecstat-peers
	run "$FAKE" peers --state down --order bytes
	check "peers --state: only these" out_has \
		"1 peer: 0 up, 0 half, 0 negotiating, 1 down"
	run "$FAKE" peers --address 205.205.205.0
	check "peers --address: only these" out_has \
		"1 peer: 0 up, 0 half, 0 negotiating, 1 down"
	run "$FAKE" peers --address 205.205.205.9
	check "peers --address: none" out_has \
		"0 peers: 0 up, 0 half, 0 negotiating, 0 down"
	printf '# ours\n205.205.205.0 branch # IPv4\n205.205.205.2%%8 other\n' >"$tmp/names"
	run "$FAKE" peers --names "$tmp/names"
	check "peers --names: a name in place of the address" named
	run "$FAKE" peers --names "$tmp/names" --full
	check "peers --names --full: both" out_has "  name           branch"
	run "$FAKE" peers --names "$tmp/names" --json
	check "peers --names --json: fits the schema" valid ipsecstat-peers name
	run "$FAKE" peers --names - <"$tmp/names"
	check "peers --names -: from standard input" named
	run timeout -s INT 1 "$FAKE" peers --names - --watch 0.2 <"$tmp/names"
	check "peers --names - --watch: each time" named_each_time
	for line in "10.0.0.1" "10.0.0.1 a b" "10.0.0 a" "10.0.0.1% a" "10.0.0.1%x a"; do
		echo "$line" >"$tmp/names"
		run "$FAKE" peers --names "$tmp/names"
		check "peers --names: refuses '$line'" ended 1
	done
	run timeout -s INT 1 "$FAKE" peers --watch 0.2
	check "peers --watch: rates" out_has " 0 bit/s "
	run timeout -s INT 1 "$FAKE" peers --watch 0.2 --json
	check "peers --watch --json: fits the schema" valid ipsecstat-peers
	for option in "--state asleep" "--address 10.0.0" "--order size" "-f -j" \
		"--watch 0"; do
		# shellcheck disable=SC2086 # two words
		run "$FAKE" peers $option
		check "peers $option: refused" ended 2
	done
	script -qec "stty cols 80 rows 24; $FAKE peers" /dev/null \
		>"$tmp/screen" </dev/null
	check "peers: 80 columns" narrow
}

ktap_print_header
ktap_set_plan 77

format table
check "table: as in table.expected" as_expected table
format json -j
format json --json
format prometheus -p
format prometheus --prometheus
check "prometheus: promtool takes it" \
	../../build/prometheus/usr/bin/promtool check metrics <"$tmp/out"

run "$FAKE" --prometheus --peers 3
check "--peers: those of so many" test \
	"$(grep -c '^ipsec_peer_up{' "$tmp/out")" = 3
check "--peers: and how many not" out_has "ipsec_peers_left_out 1"
check "--peers: those with SAs first" test \
	"$(grep '^ipsec_peer_up{' "$tmp/out" | grep -c 205.205.205.0)" = 0
check "--peers: promtool takes it" \
	../../build/prometheus/usr/bin/promtool check metrics <"$tmp/out"
for option in "-p --peers 0" "-p --peers x" "--peers 3" "-j --peers 3"; do
	# shellcheck disable=SC2086 # several words
	run "$FAKE" $option
	check "$option: refused" ended 2
done

colored() { grep -q $'\033' "$tmp/out"; }
plain() { ! colored; }
bare() { timeless | sed 's/\x1b\[[0-9]*m//g' | diff -u table.expected -; }
red() { grep -qF $'\033[31m'"$(printf %10s "$1")" "$tmp/out"; }
not_red() { ! red "$1"; }
# The first section, and the last column of the last section.
two_groups()
{
	sed '/^Inbound/,/^$/d; /^Packets/,/^$/d; /^Traffic/,$ s/^\(.\{27\}\).\{22\}/\1/' table.expected |
		diff -u - <(timeless)
}

run "$FAKE"
check "no terminal: no colors" plain
run "$FAKE" --color=never
check "--color=never: no colors" plain
run env NO_COLOR=1 "$FAKE" --color=always
check "--color=always: colors" colored
check "--color=always: without colors, the same table" bare
check "--color=always: drops are red" red 4000000028
check "--color=always: SAs are not" not_red 4000000000
run env FAKE_BASE=4294967264 "$FAKE" --color=always
check "--color=always: drops of 0 are not red" not_red 0
run "$FAKE" -g outbound,sas
check "two groups: as in the table, without the others" two_groups
drops
peers

ktap_finished
