#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The findings of ipsecstat doctor for simulated figures and peers; docs/operators.md has
# its rules.

. ./helpers.sh

page=../../docs/operators.md

valid() { /usr/bin/python3 ./schema.py ipsecstat-doctor "$@" <"$tmp/out"; }

as_expected() { diff -u doctor.expected "$tmp/out"; }

# From the comment in the page to the next heading of the same level.
rules_of_page()
{
	sed -e '1,/ipsecstat doctor --rules/d' -e '/^## /,$d' "$page" |
		sed -e 1d -e '$d' | diff -u - "$tmp/out"
}

# Each reason is in one rule of its direction.
add_up()
{
	FAKE_BASE=0 "$FAKE" --json >"$tmp/show" &&
	/usr/bin/python3 - "$tmp/out" "$tmp/show" <<-'END'
		import json, sys
		told, shown = (json.load(open(path, encoding="utf-8"))
		               for path in sys.argv[1:])
		for prefix, groups in (("in-", ("esp", "ah", "other")),
		                       ("out-", ("outbound",))):
		    parts = sum(finding["packets"] for finding in
		                told["netns"][""]["findings"]
		                if finding["rule"].startswith(prefix))
		    total = sum(sum(shown[group + "DropReasons"].values())
		                for group in groups)
		    if not total or parts != total:
		        sys.exit(f"{prefix}: the rules have {parts}, the reasons {total}")
	END
}

ktap_print_header
ktap_set_plan 20

run env FAKE_BASE=0 "$FAKE" doctor --seconds 0
check "all rules: ends with 3" ended 3
check "all rules: as in doctor.expected" as_expected
check "all rules: 80 columns" test "$(wc -L <"$tmp/out")" -le 80
check "all rules: silent on standard error" silent_err
run env FAKE_BASE=0 "$FAKE" doctor --seconds 0 --json
check "JSON: ends with 3" ended 3
check "JSON: fits the schema" valid when command who
check "JSON: every reason is in a rule" add_up
run "$FAKE" doctor --seconds 0.1
check "nothing rises: peers are found" out_has "! peer-half"
check "nothing rises: no drops" not_has in-
run env FAKE_AGAIN=2 "$FAKE" doctor --seconds 0.1
check "loaded again meanwhile: drops since then" out_has "! in-auth, "
run "$FAKE" doctor --rules
check "rules: ends with 0" ended 0
check "rules: as $page has them" rules_of_page
run env FAKE_READ=5 "$FAKE" doctor
check "no permission: ends with 1" ended 1
check "no permission: says so" err_has "run as root"
check "no permission: nothing on standard output" silent_out
run "$FAKE" doctor --seconds often
check "not a number of seconds: ends with 2" ended 2
check "not a number of seconds: says so" err_has "'often' is not an interval"
run "$FAKE" doctor --rules --json
check "rules as JSON: ends with 2" ended 2
run timeout --signal INT 1 "$FAKE" doctor --seconds 1000
check "interrupted: says what it saw" out_has "! peer-half"
check "interrupted: for how long" grep -q "^In 1 s:" "$tmp/out"

ktap_finished
