# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # for those who source this
#
# What the demonstration is made of: two ends, their SAs, and traffic.
#
#	+------------------ $left ----+        +---- $right -----------------+
#	|  10.0.0.1  fd00::1   veth0  |--------|  veth0   10.0.0.2  fd00::2  |
#	+-----------------------------+        +-----------------------------+
#
# Each call of a program takes 0.1 s in an emulated guest, so requests to `ip`
# are gathered and sent in one batch.

: "${KSFT:=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/build/linux/tools/testing/selftests}"
# shellcheck disable=SC1091
. "$KSFT/kselftest/ktap_helpers.sh"
# shellcheck disable=SC1091
. "$KSFT/net/lib.sh"

tmp=$(mktemp -d)
# setup_ns sets these to the names of the namespaces.
left='' right=''

# The ends of the link and the addresses by family.
declare -A addr=([left4]=10.0.0.1 [right4]=10.0.0.2
		 [left6]=fd00::1 [right6]=fd00::2)
declare -A mac=([left]=02:00:00:00:00:01 [right]=02:00:00:00:00:02)
declare -A peer=([left]=right [right]=left)

# Keys are as long as the algorithms demand and otherwise of no interest.
key_gcm=0x$(printf '%040d' 1)
key_cbc=0x$(printf '%032d' 2)
key_hmac=0x$(printf '%064d' 3)
readonly key_gcm key_cbc key_hmac

cleanup()
{
	cleanup_all_ns
	rm -rf "$tmp"
}
trap cleanup EXIT

# ------------------------------------------------------------ the two ends

# in_ns END COMMAND...: cheaper than ip netns exec, which also mounts /sys again.
in_ns()
{
	nsenter --net="/run/netns/${!1}" "${@:2}"
}

# batch END: standard input is for ip(8), one request a line.
batch()
{
	ip -n "${!1}" -batch - || { echo "ip -batch failed in $1"; return 1; }
}

# addresses END: the addresses of an end and of its neighbour, as lines for batch.
# Neighbours are permanent: neighbour discovery would be traffic that the tests did
# not count on.
addresses()
{
	local there=${peer[$1]}

	cat <<-BATCH
		addr add ${addr[${1}4]}/24 dev veth0
		addr add ${addr[${1}6]}/64 dev veth0 nodad
		neigh add ${addr[${there}4]} lladdr ${mac[$there]} dev veth0 nud permanent
		neigh add ${addr[${there}6]} lladdr ${mac[$there]} dev veth0 nud permanent
	BATCH
}

# Two fresh namespaces, linked.
topology()
{
	local end

	setup_ns left right || return
	ip -n "$left" link add veth0 address "${mac[left]}" type veth \
		peer name veth0 address "${mac[right]}" netns "$right" || return
	for end in left right; do
		{ echo "link set veth0 up" && addresses $end; } | batch $end || return
	done
	slowwait 10 carrier left >/dev/null
}

carrier()
{
	ip -n "${!1}" link show dev veth0 | grep LOWER_UP
}

# ------------------------------------------------------------- associations

# algorithms KIND: in the words of `ip xfrm state`. The protocol is what the name of
# the kind begins with.
algorithms()
{
	case $1 in
	esp-gcm)	echo "aead rfc4106(gcm(aes)) $key_gcm 128" ;;
	esp-gmac)	echo "aead rfc4543(gcm(aes)) $key_gcm 128" ;;
	esp-cbc)	echo "enc cbc(aes) $key_cbc auth-trunc hmac(sha256) $key_hmac 128" ;;
	esp-cbc-noauth)	echo "enc cbc(aes) $key_cbc auth digest_null \"\"" ;;
	esp-null)	echo "enc ecb(cipher_null) \"\" auth-trunc hmac(sha256) $key_hmac 128" ;;
	ah)		echo "auth-trunc hmac(sha256) $key_hmac 128" ;;
	*)		echo "no such kind of SA: $1" >&2; return 1 ;;
	esac
}

# spi FROM: each direction has its own, the same at both ends. Where a case needs
# several SAs, it sets spi_base.
spi()
{
	case $1 in
	left)	echo $((${spi_base:-0x100} + 1)) ;;
	right)	echo $((${spi_base:-0x100} + 2)) ;;
	esac
}

# state KIND MODE FAMILY FROM [MORE...]: the SA that carries packets of FROM, as a
# line for batch. MORE is in the words of ip(8), for example `replay-window 32`.
state()
{
	local from=${addr[$4$3]} to=${addr[${peer[$4]}$3]} with

	with=$(algorithms "$1") || return
	echo "xfrm state add src $from dst $to proto ${1%%-*} spi $(spi "$4")" \
		"reqid ${reqid:-1} mode $2" "${@:5}" "$with"
}

# policies KIND MODE FAMILY END: the policies of one end, as lines for batch.
policies()
{
	local proto=${1%%-*} mode=$2 family=$3 here=${addr[$4$3]}
	local there=${addr[${peer[$4]}$3]} template

	template="proto $proto reqid ${reqid:-1} mode $mode"
	echo "xfrm policy add src $here dst $there dir out" \
		"tmpl src $here dst $there $template"
	echo "xfrm policy add src $there dst $here dir in" \
		"tmpl src $there dst $here $template"
}

# sas KIND MODE FAMILY [MORE...]: SAs both ways and policies at both ends.
sas()
{
	local end

	for end in left right; do
		{
			state "$1" "$2" "$3" left "${@:4}" &&
			state "$1" "$2" "$3" right "${@:4}" &&
			policies "$1" "$2" "$3" $end
		} | batch $end || return
	done
}

# ------------------------------------------------------------------ traffic

# echo_packets FAMILY COUNT [SIZE]: so many echo requests of left, each answered
# by right. Returns when all are answered. Each has SIZE + 8 octets above IP.
echo_packets()
{
	in_ns left ping -q -n "-$1" -c "$2" -i 0.01 -W 5 -s "${3:-56}" \
		"${addr[right$1]}" >"$tmp/ping" || { cat "$tmp/ping"; return 1; }
}
