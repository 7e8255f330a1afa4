#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A short run of each fuzzer for make check: the corpus, and then some thousand inputs
# with a fixed seed.

cd "$(dirname "$0")" || exit 1
. "${KSFT:?must name the folder tools/testing/selftests of a kernel source}/kselftest/ktap_helpers.sh" || exit 1
# shellcheck source=lib.sh
. ./lib.sh

tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

# check DESCRIPTION COMMAND...: one line of the result.
check()
{
	if "${@:2}" >"$tmp/log" 2>&1; then
		ktap_test_pass "$1"
	else
		tail -n 40 "$tmp/log" | sed 's/^/# /'
		ktap_test_fail "$1"
	fi
}

# Nothing breaks, and the corpus reaches every possible result.
replay()
{
	local name=$1

	corpus "$name" "$tmp/$name" && seed "$name" "$tmp/$name" || return
	run_fuzzer "$name" -runs=0 -artifact_prefix="$tmp/" "$tmp/$name" || return
	grep -q '^outcome' "$tmp/log" && ! grep '^outcome.*: 0$' "$tmp/log"
}

explore()
{
	run_fuzzer "$1" -runs="$2" -seed=1 -artifact_prefix="$tmp/" "$tmp/$1"
}

ktap_print_header
if [[ ! -x reply ]]; then
	ktap_skip_all "not built: no clang, or none of its libraries"
	exit "$KSFT_SKIP"
fi
ktap_set_plan $((2 * ${#fuzzers[@]}))
for name in "${fuzzers[@]}"; do
	check "$name: the corpus again" replay "$name"
	check "$name: 10000 inputs more" explore "$name" 10000
done
ktap_finished
