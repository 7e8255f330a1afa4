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

# sources: the files of the project. New ones not yet added belong to it, ignored
# ones do not. Outside a git checkout, all files but build/. The inputs of the
# fuzzers are bytes without a language.
sources()
{
	if git -C "$top" rev-parse --git-dir >/dev/null 2>&1; then
		git -C "$top" ls-files --cached --others --exclude-standard
	else
		(cd "$top" && find . -name build -prune -o -type f -print | sed 's,^\./,,')
	fi | grep -v '^selftests/fuzz/corpus/.*/' | while read -r file; do
		[[ ! -f $top/$file ]] || echo "$file"
	done | sort -u
}
