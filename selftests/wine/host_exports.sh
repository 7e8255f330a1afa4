#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The exports of fwpuclnt.dll: it implements each function of libfwpuclnt that Windows has,
# and forwards every other name of Windows' DLL to Wine's own.

cd "$(dirname "$0")" || exit 1
# shellcheck source=../lib/helpers.sh
. ../lib/helpers.sh
need mandoc x86_64-w64-mingw32-gcc x86_64-w64-mingw32-objdump readelf

dll=$top/wine/fwpuclnt.dll
unix=$top/wine/fwpuclnt.so
page=$top/wine/man/ipsecstat-wine.7
[[ -e $dll ]] || skip_all "no fwpuclnt.dll: make wine"

# The functions with Windows' names.
ours()
{
	sed -n 's/^\t\([A-Za-z0-9]*\);$/\1/p' "$top/lib/libfwpuclnt.map" |
		grep -v '^Fwpuclnt' | LC_ALL=C sort
}

windows()
{
	x86_64-w64-mingw32-nm --defined-only \
		"$(x86_64-w64-mingw32-gcc -print-file-name=libfwpuclnt.a)" 2>/dev/null |
		awk '$2 == "T" { print $3 }' | LC_ALL=C sort -u
}

exported()
{
	x86_64-w64-mingw32-objdump -p "$dll" |
		sed -n '/^\[Ordinal/,/^$/s/^\t\[.* //p' | LC_ALL=C sort
}

forwarded()
{
	x86_64-w64-mingw32-objdump -p "$dll" |
		sed -n 's/.*Forwarder RVA -- fwpuclnt-wine\.//p' | LC_ALL=C sort
}

all_exported() { diff <(windows) <(exported); }
implemented() { diff <(ours) <(comm -23 <(exported) <(forwarded)); }
builtin() { strings -a -n 16 "$dll" | grep -x 'Wine builtin DLL'; }
one_name()
{
	[[ $(nm -D --defined-only "$unix" | awk '{ print $3 }') == __wine_unix_call_funcs ]]
}
named_in_the_page()
{
	diff <(ours) <(sed -n 's/^\.Fn \([A-Za-z0-9]*\).*/\1/p' "$page" | LC_ALL=C sort -u)
}
sound_page()
{
	! mandoc -T lint -W warning "$page" 2>&1 | grep .
}
needs_library() { readelf -d "$unix" | grep -F '[libfwpuclnt.so.1]'; }

try "all names of Windows' DLL" all_exported
try "functions of libfwpuclnt are implemented, the others forwarded" implemented
try "Wine accepts the DLL as a builtin" builtin
try "the Unix library has the table of calls, and no other name" one_name
try "it uses the installed libfwpuclnt" needs_library
try "the manual page names what is implemented" named_in_the_page
try "mandoc accepts the manual page" sound_page
finish
