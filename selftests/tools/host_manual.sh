#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The manual pages are well formed and complete.

. ./helpers.sh

page=../../tools/man/ipsecstat.8

ktap_print_header
if ! command -v mandoc >/dev/null; then
	ktap_skip_all "no mandoc"
	exit "$KSFT_SKIP"
fi
ktap_set_plan 4

mandoc -T utf8 -O width=200 "$page" | sed 's/.\x08//g' >"$tmp/page"

# known WORDS: the words on standard input, one a line, are in the page.
known()
{
	local words status=0

	while read -r words; do
		grep -qF -e "$words" "$tmp/page" || { echo "$words"; status=1; }
	done
	return $status
}

keys() { "$FAKE" -j | sed -n 's/^ *"\([a-zA-Z]*\)".*/\1/p' | known; }
rows() { "$FAKE" | sed -n 's/^ *\([^0-9]*[^0-9 -]\)  *[0-9-].*/\1/p' | known; }
names() { "$FAKE" -p | grep -oE '^[a-z_]+|="[a-z_]+"' | tr -d '="' | known; }

check "lint" mandoc -T lint -W warning "$page"
check "every key of JSON" keys
check "every row of the table" rows
check "every name and label value of Prometheus" names

ktap_finished
