#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The examples, unmodified, as programs for Windows and for Linux.

cd "$(dirname "$0")" || exit 1
# shellcheck source=helpers.sh
. ./helpers.sh
need gcc clang x86_64-w64-mingw32-gcc i686-w64-mingw32-gcc

examples=$top/examples

for source in "$examples"/*.c; do
	name=$(basename "$source" .c)
	for cross in x86_64-w64-mingw32 i686-w64-mingw32; do
		try "$name: $cross-gcc" "$cross-gcc" -Wall -Wextra -Werror \
			-Wno-unknown-pragmas "$source" -o "$tmp/$name.exe" -lfwpuclnt
	done
	for compiler in gcc clang; do
		try "$name: $compiler" "$compiler" -Wall -Wextra -Werror \
			-I"$include" "$source" -o "$tmp/$name" \
			-L"$top/lib" -lfwpuclnt
	done
done

fake()
{
	LD_LIBRARY_PATH=$top/lib LD_PRELOAD=$PWD/fake_kernel.so "$@"
}

says()
{
	local pattern=$1

	shift
	fake "$@" >"$tmp/said"
	cat "$tmp/said"
	grep -qE "$pattern" "$tmp/said"
}

usage()
{
	fake "$@"
	[[ $? -eq 2 ]]
}

try "statistics prints what the kernel says" \
	says '^ +active +11$' "$tmp/statistics"
try "transaction finds everything as expected" fake "$tmp/transaction"
try "rates prints an interval" says '^ +0 +0 +0 +0 +0$' "$tmp/rates" 1 1
for arguments in "0" "3601" "1 0" "1 1000001" "-1" "x" "1 1 1" "1x" \
		 "99999999999999999999"; do
	# shellcheck disable=SC2086 # several arguments
	try "rates refuses '$arguments'" usage "$tmp/rates" $arguments
done
finish
