# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # for those who source this
#
# What the static tests share.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
: "${KSFT:=$top/build/linux/tools/testing/selftests}"
. "$KSFT/kselftest/ktap_helpers.sh" || exit 1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# check DESCRIPTION COMMAND...: one line of the result, and what the command said if
# it failed.
check()
{
	local description=$1

	shift
	if "$@" >"$tmp/said" 2>&1; then
		ktap_test_pass "$description"
	else
		sed 's/^/# /' "$tmp/said"
		ktap_test_fail "$description"
	fi
}

# check_with PROGRAM DESCRIPTION COMMAND...: skipped without the program.
check_with()
{
	if command -v "$1" >/dev/null; then
		check "${@:2}"
	else
		ktap_test_skip "$2 (no $1)"
	fi
}

# silent COMMAND...: must succeed and say nothing.
silent()
{
	"$@" >"$tmp/silent" 2>&1
	local status=$?

	cat "$tmp/silent"
	[[ $status -eq 0 && ! -s $tmp/silent ]]
}

# sources: the files of the project, without the inputs of the fuzzers: these are
# bytes without a language.
sources()
{
	"$top/selftests/sources" | grep -v '^selftests/fuzz/\(corpus\.tar\|regressions/\)'
}
