# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # the variables are for those who source this
#
# What the tests of this folder share.

. "${KSFT:?must name the folder tools/testing/selftests of a kernel source}/kselftest/ktap_helpers.sh" || exit 1

# modprobe and ip may be where only root looks.
PATH=$PATH:/usr/sbin:/sbin
IPSECSTAT=${IPSECSTAT:-../../tools/ipsecstat}
FAKE=./ipsecstat_fake
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

# run COMMAND...: leaves its exit status in $status, what it says in $tmp/out and
# $tmp/err.
run()
{
	"$@" >"$tmp/out" 2>"$tmp/err"
	status=$?
}

# check DESCRIPTION COMMAND...: one line of the result.
check()
{
	local description=$1 message

	shift
	if message=$("$@" 2>&1); then
		ktap_test_pass "$description"
		return
	fi
	[[ -z $message ]] || printf '# %s\n' "${message//$'\n'/$'\n'# }"
	ktap_test_fail "$description"
}

# ended STATUS: the command before ended so; says what it said if not.
ended()
{
	[[ $status == "$1" ]] && return
	echo "exit status $status, not $1"
	cat "$tmp/err"
	return 1
}

# soon COMMAND...: comes true within 20 seconds; if not, too_late has a word.
soon()
{
	for _ in {1..200}; do
		"$@" >/dev/null && return
		sleep 0.1
	done
	too_late
	return 1
}

too_late() { cat "$tmp/out" "$tmp/err"; }

not_has() { ! grep -qF -e "$1" "$tmp/out" || { cat "$tmp/out"; return 1; }; }
silent_out() { [[ ! -s $tmp/out ]]; }
silent_err() { [[ ! -s $tmp/err ]]; }
out_has() { grep -qF -e "$1" "$tmp/out" || { cat "$tmp/out"; return 1; }; }
err_has() { grep -qF -e "$1" "$tmp/err" || { cat "$tmp/err"; return 1; }; }

# json_has KEY VALUE: compares the first KEY in JSON output, without a parser.
json_has() { grep -qx " *\"$1\": *$2,\?" "$tmp/out" || { cat "$tmp/out"; return 1; }; }
