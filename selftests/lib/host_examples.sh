#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The examples, unmodified, compiled for Windows and for Linux.

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

# A copy, because Python writes its compiled file beside the example.
cp "$examples/fwpuclnt.py" "$tmp"
python=(env PYTHONPATH="$tmp" /usr/bin/python3)

# Each member of Python's structures, compared with C.
same_layout()
{
	LD_LIBRARY_PATH=$top/lib "${python[@]}" >"$tmp/layout.c" <<-'END' &&
	from fwpuclnt import PARTS, Statistics
	print("#include <stddef.h>\n#include <windows.h>\n#include <fwpmu.h>")
	for part in PARTS:
	    outer = getattr(Statistics, part)
	    kind = dict(Statistics._fields_)[part]
	    for member, _ in kind._fields_:
	        inner = getattr(kind, member)
	        print(f"_Static_assert(offsetof(IPSEC_STATISTICS1, {part}.{member})"
	              f" == {outer.offset + inner.offset} && sizeof((("
	              f"IPSEC_STATISTICS1 *)0)->{part}.{member}) == {inner.size},"
	              f' "{part}.{member}");')
	END
	[[ $(grep -c _Static_assert "$tmp/layout.c") -eq 40 ]] &&
	gcc -I"$include" -c "$tmp/layout.c" -o "$tmp/layout.o"
}

# Except for the properties of the read itself.
same_figures()
{
	fake "${python[@]}" "$tmp/fwpuclnt.py" >"$tmp/said" &&
	fake ../../tools/ipsecstat --json \
		-g sas,esp-drops,ah-drops,drops,inbound,outbound | grep -vE '"(version|boot|time|since)"' |
		diff - "$tmp/said"
}

without_module()
{
	LD_LIBRARY_PATH=$top/lib "${python[@]}" "$tmp/fwpuclnt.py" 2>"$tmp/said"
	[[ $? -eq 1 ]] && grep -q "FwpmEngineOpen0: EPT_S_NOT_REGISTERED, 0x000006d9" "$tmp/said"
}

closed_once()
{
	fake "${python[@]}" - <<-'END'
	from fwpuclnt import Engine, Error
	with Engine() as engine:
	    assert engine.statistics().aggregateSaStatistics.activeSas == 11
	for call in (engine.statistics, engine.close):
	    try:
	        call()
	    except Error as error:
	        assert error.name in ("FWP_E_NULL_POINTER", "ERROR_INVALID_HANDLE"), error
	    else:
	        raise AssertionError(call)
	END
}

try "Python: every member is where C has it" same_layout
try "Python: shows what ipsecstat shows" same_figures
try "Python: a failure is told in words" without_module
try "Python: a session is closed once, and unusable then" closed_once
finish
