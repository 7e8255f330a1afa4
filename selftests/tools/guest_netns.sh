#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Network namespaces by name, and CPUs: each figure belongs to its namespace, and the CPUs
# add up.

. ./helpers.sh

key=0x00112233445566778899aabbccddeeff

# found PYTHON: an expression that is true for the JSON, j.
found()
{
	/usr/bin/python3 -c 'import json, sys
j = json.load(open(sys.argv[1]))
n = j.get("netns", {})
ok = eval(sys.argv[2])
if not ok:
    print(json.dumps(j))
sys.exit(not ok)' "$tmp/out" "$1"
}

schema() { /usr/bin/python3 ./schema.py "$@" <"$tmp/out"; }
valid() { schema ipsecstat "$@"; }

# Two namespaces with an SA in each direction, over a link between them.
connect()
{
	local a=192.0.2.1 b=192.0.2.2 side from to

	ip netns add "$one" && ip netns add "$two" &&
	ip link add left netns "$one" type veth peer name right netns "$two" || return
	{ echo "addr add $a/24 dev left"; echo "link set left up"; } | ip -n "$one" -b - || return
	{ echo "addr add $b/24 dev right"; echo "link set right up"; } | ip -n "$two" -b - || return
	for side in "$one out in" "$two in out"; do
		read -r name from to <<<"$side"
		ip -n "$name" -b - <<-END || return
			xfrm state add src $a dst $b proto esp spi 0x100 mode transport auth-trunc hmac(sha256) $key 128 enc ecb(cipher_null) ""
			xfrm state add src $b dst $a proto esp spi 0x200 mode transport auth-trunc hmac(sha256) $key 128 enc ecb(cipher_null) ""
			xfrm policy add src $a dst $b dir $from tmpl proto esp mode transport
			xfrm policy add src $b dst $a dir $to tmpl proto esp mode transport
		END
	done
}

# Some on each CPU, so that no figure is from one CPU only.
traffic()
{
	local cpu

	for ((cpu = 0; cpu < $(nproc); cpu++)); do
		taskset -c $cpu ip netns exec "$one" ping -q -c 3 -i 0.01 192.0.2.2 || return
	done
}

blocked()
{
	ip -n "$two" xfrm policy add dst 192.0.2.9 dir out action block || return
	! ip netns exec "$two" ping -q -c 1 192.0.2.9
}

unknown()
{
	ip -n "$two" xfrm state delete src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x100 || return
	! ip netns exec "$one" ping -q -c 1 -W 0.1 192.0.2.2
}

first_line() { head -n 1 "$tmp/out" | grep -F "$1"; }

not() { ! "$@"; }

inode() { stat -Lc %i "$1"; }
same() { [[ $(inode "$1") == $(inode "$2") ]]; }

# The sum over the CPUs of the figures of group $1, in the namespace $2.
adds_up()
{
	found "all(sum(cpu['$1'][key] for cpu in n['$2']['cpus'].values()) % 2**64 == value
		for key, value in n['$2']['$1'].items())"
}

clean_up()
{
	[[ ! $sleeper ]] || kill "$sleeper"
	ip netns delete "$one"
	ip netns delete "$two"
	rm -f "/run/netns/$broken"
} 2>/dev/null

ktap_print_header
if [[ ! -e /sys/module/ipsecstat || $EUID -ne 0 ]]; then
	ktap_skip_all "needs the module loaded, and root"
	exit "$KSFT_SKIP"
fi
ktap_set_plan 55

one=stat-one-$$ two=stat-two-$$ broken=stat-broken-$$
pings=$((3 * $(nproc)))
sleeper=
trap 'clean_up; rm -rf "$tmp"' EXIT

check "two network namespaces with SAs" connect
check "$pings packets there and back" traffic

run "$IPSECSTAT" -n "$one" -j
check "-n: ends with 0" ended 0
check "-n: its SAs" found "n['$one']['aggregateSaStatistics']['activeSas'] == 2"
check "-n: its packets" found "n['$one']['inboundTrafficStatistics']['totalSuccessfulPackets'] == $pings"
check "-n: only this namespace" found "list(n) == ['$one']"
run "$IPSECSTAT" -j
check "its own namespace has none of them" found "j['aggregateSaStatistics']['activeSas'] == 0"
run ip netns exec "$two" "$IPSECSTAT" -n "$one" -j
check "-n from another one: its packets" found "n['$one']['outboundTrafficStatistics']['totalSuccessfulPackets'] == $pings"
run ip netns exec "$two" "$IPSECSTAT" -j
cp "$tmp/out" "$tmp/two"
run "$IPSECSTAT" -n "$two" -j
check "-n: what is seen from inside" found "all(n['$two'][key] == value
	for key, value in json.load(open('$tmp/two')).items()
	if key == 'since' or key.endswith('Statistics'))"

run "$IPSECSTAT" -n "/run/netns/$one" -j
check "-n path: its SAs" found "n['/run/netns/$one']['aggregateSaStatistics']['activeSas'] == 2"
run "$IPSECSTAT" -a
check "-a: none without a name is left out" not_has "Not shown"
unshare -n sleep 1000 &
sleeper=$!
check "a process in a namespace without a name" \
	soon not same "/proc/$sleeper/ns/net" /proc/self/ns/net
run "$IPSECSTAT" -n "$sleeper" -j
check "-n PID: ends with 0" ended 0
check "-n PID: no SAs of another one" found "n['$sleeper']['aggregateSaStatistics']['activeSas'] == 0"
run "$IPSECSTAT" -a
check "-a: says that one is left out" out_has "Not shown: 1 network namespace without a name (--netns PID)."
ip netns exec "$one" sleep 1000 &
named=$!
check "a process in one with a name" \
	soon same "/proc/$named/ns/net" "/run/netns/$one"
run "$IPSECSTAT" -n "$named" -j
check "-n PID of a named one: its SAs" found "n['$named']['aggregateSaStatistics']['activeSas'] == 2"
kill "$named"
wait "$named" 2>/dev/null
run "$IPSECSTAT" -n 4194305
check "-n PID, no such process: ends with 1" ended 1
run "$IPSECSTAT" -n /etc/hostname
check "-n path of no namespace: says so" err_has "not a network namespace"
run "$IPSECSTAT" -n "/$(printf '%0300d' 0)"
check "-n, a path that is too long: wrong usage" ended 2

run "$IPSECSTAT" drops -a
check "drops -a: ends with 0" ended 0
check "drops -a: headings" out_has "Network namespace $two"
check "drops -a: the namespace without a name" out_has "Network namespace without a name"
run "$IPSECSTAT" drops -a -j
check "drops -a -j: all names" found "list(n) == ['', '$one', '$two']"
check "drops -a -j: valid" schema ipsecstat-drops

run "$IPSECSTAT" -a -j
check "-a: ends with 0" ended 0
check "-a: all names, and its own namespace without one" found "list(n) == ['', '$one', '$two']"
check "-a: each its own figures" found "[x['aggregateSaStatistics']['activeSas'] for x in n.values()] == [0, 2, 2]"
check "-a: each its own beginning" found "len({x['since'] for x in n.values()}) == 3"
run ip netns exec "$two" "$IPSECSTAT" -a -j
check "-a from inside: its own name, first" found "list(n) == ['$two', '$one']"
run "$IPSECSTAT" -a
check "-a: headings" out_has "Network namespace $two, since $(date +%Y)-"
check "a packet that a policy of the last one blocks" blocked
run "$IPSECSTAT" -a
check "-a: the one with most drops first" first_line "Network namespace $two, "
run "$IPSECSTAT" -a -p
check "-a -p: with its label" out_has "ipsec_sas_active{netns=\"$one\"} 2"
check "-a -p: the namespace without a name" out_has 'ipsec_sas_active{netns=""} 0'

touch "/run/netns/$broken"
run "$IPSECSTAT" -a -j
check "-a, one cannot be entered: ends with 1" ended 1
check "-a, one cannot be entered: says which" err_has "cannot enter the network namespace $broken"
check "-a, one cannot be entered: the others are shown" found "list(n) == ['', '$one', '$two']"
run "$IPSECSTAT" -n "$broken"
check "-n, cannot be entered: ends with 1" ended 1
check "-n, cannot be entered: nothing on standard output" silent_out
rm "/run/netns/$broken"
run "$IPSECSTAT" -n "$broken"
check "-n, not there: says what is" err_has "ip netns list"
run setpriv --reuid=65534 --regid=65534 --clear-groups "$IPSECSTAT" -n "$one"
check "-n, no permission: ends with 1" ended 1
check "-n, no permission: names the remedy" err_has "run it as root"

run "$IPSECSTAT" -c -n "$two" -j
check "-c: valid" valid cpus 0
check "-c: all CPUs" found "len(n['$two']['cpus']) == $(getconf _NPROCESSORS_CONF)"
check "-c: inbound, the CPUs add up" adds_up inboundTrafficStatistics "$two"
check "-c: outbound, the CPUs add up" adds_up outboundTrafficStatistics "$two"
check "-c: drops, the CPUs add up" adds_up aggregateDropPacketStatistics "$two"
check "-c: there is something to add" found "n['$two']['inboundTrafficStatistics']['totalSuccessfulPackets'] == $pings"
check "-c: more than one CPU has some" found "sum(cpu['inboundTrafficStatistics']['totalSuccessfulPackets'] > 0 for cpu in n['$two']['cpus'].values()) == $(nproc)"

run "$IPSECSTAT" -a --save "$tmp/saved"
ip netns exec "$one" ping -q -c 1 192.0.2.2 >"$tmp/ping"
run "$IPSECSTAT" -a -j --since "$tmp/saved"
check "--since: the increase in each" found "[x['inboundTrafficStatistics']['totalSuccessfulPackets'] for x in n.values()] == [0, 1, 1]"
check "a packet for which the last one has no SA" unknown
run "$IPSECSTAT" drops -a
check "drops -a: the one with most drops first" first_line "Network namespace $two"
ip netns delete "$two"
ip netns add "$two"
run "$IPSECSTAT" -a -j --since "$tmp/saved"
check "--since: a namespace made again under the name is no other's" err_has "$two: cannot compare with the baseline: counting restarted"
check "--since: the others are shown" found "list(n) == ['', '$one']"

ktap_finished
