#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Outbound and inbound drops are in the table, in JSON and for Prometheus by reason, with
# the numbers of /proc/net/xfrm_stat.

[[ ${UNSHARED-} ]] || UNSHARED=1 exec unshare --net "$0"

. ./helpers.sh

other=drops-$$

# hosts: this namespace and another one, connected.
hosts()
{
	ip netns add "$other" &&
	ip link add here type veth peer name there netns "$other" &&
	ip -b - <<-END && ip -n "$other" -b - <<-END2
		addr add 192.0.2.1/24 dev here
		addr add 2001:db8::1/64 dev here nodad
		link set here up
	END
		addr add 192.0.2.2/24 dev there
		addr add 2001:db8::2/64 dev there nodad
		link set there up
	END2
}

pings() { ping -n -q -c 3 -i 0.2 -W 1 "$1"; }
cannot_ping() { ! pings "$1"; }

# policy VERB VERSION DIRECTION ...: for all packets to or from the other host
policy()
{
	local -A host=([4]=192.0.2.2 [6]=2001:db8::2) end=([in]=src [out]=dst)

	ip xfrm policy "$1" "${end[$3]}" "${host[$2]}" dir "$3" "${@:4}"
}

esp=(tmpl proto esp mode transport)

# is LINE GROUP REASON: the figure is that of the kernel, and more than 0.
is()
{
	local kernel

	kernel=$(awk -v line="$1" '$1 == line { print $2 }' /proc/net/xfrm_stat)
	"$IPSECSTAT" --json >"$tmp/out" &&
	/usr/bin/python3 - "$tmp/out" "$2" "$3" "$kernel" <<-'END'
		import json, sys
		path, group, reason, kernel = sys.argv[1:]
		seen = json.load(open(path, encoding="utf-8"))[group][reason]
		if not seen or seen != int(kernel):
		    sys.exit(f"{group} {reason}: {seen}, the kernel has {kernel}")
	END
}

add_up()
{
	/usr/bin/python3 - "$tmp/out" <<-'END'
		import json, sys
		told = json.load(open(sys.argv[1], encoding="utf-8"))
		parts = sum(sum(told[f"{proto}DropReasons"].values())
		            for proto in ("esp", "ah", "other"))
		total = told["aggregateDropPacketStatistics"]["totalDropPacketsInbound"]
		if not total or parts != total:
		    sys.exit(f"the reasons are {parts}, the total is {total}")
	END
}

row() { grep -E "^  $1 +0 +0 +$2\$" "$tmp/out" || { cat "$tmp/out"; return 1; }; }

ktap_print_header
if [[ ! -e /sys/module/ipsecstat || $EUID -ne 0 ]]; then
	ktap_skip_all "needs the module loaded, and root"
	exit "$KSFT_SKIP"
fi
ktap_set_plan 24

check "two hosts" hosts
run "$IPSECSTAT"
check "nothing dropped: no section of reasons" not_has "by Reason"
for version in 4 6; do
	[[ $version -eq 4 ]] && there=192.0.2.2 || there=2001:db8::2
	check "IPv$version: the other host answers" soon pings "$there"
	policy add $version out "${esp[@]}"
	check "IPv$version: no SA: no answer" cannot_ping "$there"
	check "IPv$version: no SA: no-state" is XfrmOutNoStates outboundDropReasons no-state
	policy delete $version out
	policy add $version out action block
	check "IPv$version: blocked: no answer" cannot_ping "$there"
	check "IPv$version: blocked: blocked" is XfrmOutPolBlock outboundDropReasons blocked
	policy delete $version out
	policy add $version in "${esp[@]}"
	check "IPv$version: its answer in clear: no answer" cannot_ping "$there"
	check "IPv$version: its answer in clear: clear-text" \
		is XfrmInTmplMismatch otherDropReasons clear-text
	check "IPv$version: the reasons add up to the total" add_up
	policy delete $version in
done
run "$IPSECSTAT"
check "the screen: no-state" row no-state "[0-9]+ +[1-9][0-9]*"
check "the screen: blocked" row blocked "[0-9]+ +[1-9][0-9]*"
check "the screen: clear-text" row clear-text "[1-9][0-9]* +-"
check "the screen: 80 columns" test "$(wc -L <"$tmp/out")" -le 80
cp "$tmp/out" "$tmp/screen"
run "$IPSECSTAT" --prometheus
check "Prometheus: no-state, outbound" grep -E \
	'^ipsec_drops_total\{direction="out",proto="any",reason="no-state"\} [1-9]' "$tmp/out"
check "Prometheus: clear-text, inbound" grep -E \
	'^ipsec_drops_total\{direction="in",proto="other",reason="clear-text"\} [1-9]' "$tmp/out"
ip netns del "$other"
sed -n '/by Reason/,/^$/s/^/# /p' "$tmp/screen"

ktap_finished
