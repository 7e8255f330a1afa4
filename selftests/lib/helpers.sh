# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # the variables are for those who source this
#
# KTAP for the scripts of this folder, which source this file. The plan comes last, as TAP
# permits, because the number of tests is not known before.

set -u

top=$(cd ../.. && pwd)
include=$top/include/fwpuclnt
count=0
failed=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' INT TERM

echo "TAP version 13"

result()
{
	count=$((count + 1))
	echo "$1 $count $2"
	[[ $1 == ok ]] || failed=$((failed + 1))
}

# The command must succeed; otherwise its output is printed.
try()
{
	local name=$1

	shift
	if "$@" >"$tmp/output" 2>&1; then
		result ok "$name"
	else
		head -n 40 "$tmp/output" | sed 's/^/# /'
		result "not ok" "$name"
	fi
}

# The command must fail.
try_not()
{
	local name=$1

	shift
	if "$@" >"$tmp/output" 2>&1; then
		result "not ok" "$name"
	else
		result ok "$name"
	fi
}

skip()
{
	count=$((count + 1))
	echo "ok $count $1 # SKIP $2"
}

skip_all()
{
	echo "1..0 # SKIP $1"
	exit 4
}

need()
{
	local program

	for program; do
		command -v "$program" >/dev/null || skip_all "no $program"
	done
}

finish()
{
	echo "1..$count"
	[[ $failed -eq 0 ]]
	exit
}
