#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The output equals the kernel's figures, only for the requested network namespace.

[[ ${UNSHARED-} ]] || UNSHARED=1 exec unshare --net "$0"

. ./helpers.sh

add_sa()
{
	ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto "$1" spi "$2" \
		mode "$3" "${@:4}"
}

json() { run "$IPSECSTAT" --json; check "$1 $2" json_has "$1" "$2"; }

ktap_print_header
if [[ ! -e /sys/module/ipsecstat || $EUID -ne 0 ]]; then
	ktap_skip_all "needs the module loaded, and root"
	exit "$KSFT_SKIP"
fi
ktap_set_plan 12

json activeSas 0
json totalSasAdded 0

aead=(aead 'rfc4106(gcm(aes))' 0x000102030405060708090a0b0c0d0e0f10111213 128)
check "ESP SA" add_sa esp 0x1001 tunnel "${aead[@]}"
check "AH SA" add_sa ah 0x1002 transport \
	auth-trunc 'hmac(sha256)' 0x00112233445566778899aabbccddeeff 128
json activeSas 2
ip xfrm state flush
json activeSas 0
json totalSasAdded 2
json totalSasDeleted 2
run "$IPSECSTAT" --prometheus
check "the same for Prometheus" out_has "ipsec_sas_deleted_total 2"
run unshare --net "$IPSECSTAT" --json
check "another namespace has its own" json_has totalSasAdded 0

# The socket must not get the number of standard output.
status=0
"$IPSECSTAT" >&- 2>"$tmp/err" || status=$?
check "closed standard output: ends with 1" ended 1
check "closed standard output: says so" err_has "cannot write"

ktap_finished
