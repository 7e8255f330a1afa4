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

valid() { /usr/bin/python3 ./schema.py "$@" <"$tmp/out"; }

# Times differ with the clock; that they are times is seen all the same.
drops_text()
{
	sed -E 's/[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}/YYYY-MM-DD hh:mm:ss/g' \
		"$tmp/out" | diff -u drops.expected -
}

drops()
{
	run "$FAKE" drops
	check "drops: ends with 0" ended 0
	check "drops: as in drops.expected" drops_text
	run "$FAKE" drops --json
	check "drops --json: ends with 0" ended 0
	check "drops --json: fits the schema" valid ipsecstat-drops
	run "$FAKE" monitor
	check "monitor: ends with 0 when interrupted" ended 0
	check "monitor: a line" out_has \
		"  Incorrect SPI: esp from 192.0.2.1 to 198.51.100.2 spi 0xc0ffee11, 18400000000000000000 packets"
	run "$FAKE" monitor --json
	check "monitor --json: ends with 0 when interrupted" ended 0
	check "monitor --json: fits the schema" valid ipsecstat-drops/drop
}

ktap_print_header
ktap_set_plan 33

format table
check "table: as in table.expected" diff -u table.expected "$tmp/out"
format json -j
format json --json
format prometheus -p
format prometheus --prometheus
check "prometheus: promtool takes it" \
	../../build/prometheus/usr/bin/promtool check metrics <"$tmp/out"

colored() { grep -q $'\033' "$tmp/out"; }
plain() { ! colored; }
bare() { sed 's/\x1b\[[0-9]*m//g' "$tmp/out" | diff -u table.expected -; }
red() { grep -qF $'\033[31m'"$(printf %10s "$1")" "$tmp/out"; }
not_red() { ! red "$1"; }
# The first section, and of the last one the last column.
two_groups()
{
	sed '/^Inbound/,/^$/d; /^Traffic/,$ s/^\(.\{27\}\).\{22\}/\1/' table.expected |
		diff -u - "$tmp/out"
}

run "$FAKE"
check "no terminal: no colors" plain
run "$FAKE" --color=never
check "--color=never: no colors" plain
run env NO_COLOR=1 "$FAKE" --color=always
check "--color=always: colors" colored
check "--color=always: but for them, the same table" bare
check "--color=always: drops are red" red 4000000028
check "--color=always: SAs are not" not_red 4000000000
run env FAKE_BASE=4294967264 "$FAKE" --color=always
check "--color=always: nor are drops of 0" not_red 0
run "$FAKE" -g outbound,sas
check "two groups: as in the table, without the others" two_groups
drops

ktap_finished
