#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Compares the headers with those of mingw-w64: each size, offset, code and prototype, for
# 64 and 32 bits. A program, compiled with this project's headers, prints assertions, and
# the cross compiler checks them with mingw's headers.

cd "$(dirname "$0")" || exit 1
# shellcheck source=helpers.sh
. ./helpers.sh
need gcc x86_64-w64-mingw32-gcc i686-w64-mingw32-gcc

# "STRUCTURE FIELD" for every field of the headers.
fields()
{
	sed -n -E '
		/^typedef struct/,/^}/ {
			s/^\t+[A-Za-z].*[ *]([A-Za-z0-9]+)(\[.*\])?;$/\1/p
			s/^\} ([A-Za-z0-9_]+).*/} \1/p
		}' "$include"/{ipsectypes,fwpmtypes,fwptypes,rpcdce,guiddef}.h |
	awk '/^}/ { for (i = 0; i < n; i++) print $2, f[i]; n = 0; next }
	     { f[n++] = $1 }'
}

# The codes and constants of the headers.
constants()
{
	sed -n -E 's/^#define ((ERROR|RPC|EPT|FWP|FWPM)_[A-Z0-9_]+)\t.*/\1/p' \
		"$include"/{winerror,rpcdce,fwpmtypes}.h
	echo INFINITE
	echo TRUE
	echo FALSE
}

printer()
{
	local type structure field name

	cat <<-END
		#include <windows.h>
		#include <fwpmu.h>
		#include <stddef.h>
		#include <stdio.h>
		#define SIZE(t) printf("_Static_assert(sizeof(" #t ") == %zu, " \\
			"\"size of " #t "\");\n", sizeof(t))
		#define SIGN(t) printf("_Static_assert(((" #t ")-1 < 0) == %d, " \\
			"\"sign of " #t "\");\n", (t)-1 < 0)
		#define FIELD(t, f) printf("_Static_assert(offsetof(" #t ", " #f \\
			") == %zu && sizeof(((" #t " *)0)->" #f ") == %zu, \"" #t \\
			"." #f "\");\n", offsetof(t, f), sizeof(((t *)0)->f))
		#define CONSTANT(c) printf("#ifdef " #c "\n_Static_assert((" #c \\
			") == (%s)%ldL, \"" #c "\");\nCOMPARED(" #c ")\n#endif\n", \\
			(c) > 0x7fffffffL ? "unsigned long" : "long", (long)(int)(c))
		int main(void)
		{
	END
	for type in BYTE WORD DWORD LONG ULONG BOOL INT UINT HRESULT SHORT USHORT \
		    UINT8 UINT16 UINT32 UINT64 INT64 DWORD64 ULONGLONG \
		    UINT_PTR INT_PTR SIZE_T; do
		echo "SIZE($type); SIGN($type);"
	done
	for type in HANDLE PVOID LPVOID LPCWSTR BOOLEAN UCHAR; do
		echo "SIZE($type);"
	done
	fields | cut -d' ' -f1 | uniq | while read -r structure; do
		echo "SIZE($structure);"
	done
	fields | while read -r structure field; do
		echo "FIELD($structure, $field);"
	done
	constants | while read -r name; do
		echo "CONSTANT($name);"
	done
	echo "return 0; }"
}

prototypes()
{
	cat <<-'END'
		#include <windows.h>
		#include <fwpmu.h>
		#define SAME(f, ...) _Static_assert(__builtin_types_compatible_p( \
			__typeof__(&f), __VA_ARGS__), "prototype of " #f)
		SAME(FwpmEngineOpen0, DWORD (WINAPI *)(const wchar_t *, UINT32,
			SEC_WINNT_AUTH_IDENTITY_W *, const FWPM_SESSION0 *, HANDLE *));
		SAME(FwpmEngineClose0, DWORD (WINAPI *)(HANDLE));
		SAME(FwpmEngineGetOption0, DWORD (WINAPI *)(HANDLE, FWPM_ENGINE_OPTION,
			FWP_VALUE0 **));
		SAME(FwpmTransactionBegin0, DWORD (WINAPI *)(HANDLE, UINT32));
		SAME(FwpmTransactionCommit0, DWORD (WINAPI *)(HANDLE));
		SAME(FwpmTransactionAbort0, DWORD (WINAPI *)(HANDLE));
		SAME(FwpmFreeMemory0, void (WINAPI *)(void **));
		SAME(IPsecGetStatistics0, DWORD (WINAPI *)(HANDLE, IPSEC_STATISTICS0 *));
		SAME(IPsecGetStatistics1, DWORD (WINAPI *)(HANDLE, IPSEC_STATISTICS1 *));
		_Static_assert(FWP_UINT32 == 3 && FWP_BYTE_ARRAY6_TYPE == 18 &&
			FWP_DATA_TYPE_MAX == 0x103, "types of values");
		_Static_assert(FWPM_ENGINE_COLLECT_NET_EVENTS == 0 &&
			FWPM_ENGINE_NAME_CACHE == 2, "options");
	END
}

# Some kernels do not run 32-bit programs.
runs()
{
	echo 'int main(void) { return 0; }' >"$tmp/runs.c"
	gcc "$1" "$tmp/runs.c" -o "$tmp/runs" && "$tmp/runs" 2>/dev/null
}

print_assertions()
{
	gcc "$1" -std=c11 -I"$include" "$tmp/printer.c" -o "$tmp/printer$1" &&
		"$tmp/printer$1" >"$tmp/body$1"
}

check_assertions()
{
	{
		printf '#include <windows.h>\n#include <fwpmu.h>\n'
		echo '#include <stddef.h>'
		echo '#define COMPARED(c) char compared_##c;'
		cat "$tmp/body$2"
	} >"$tmp/check.c"
	"$1" -std=c11 -c "$tmp/check.c" -o "$tmp/check$2.o"
}

enough()
{
	local n

	n=$("$1" "$tmp/check$2.o" | grep -c compared_)
	echo "$n codes compared, of $(constants | wc -l)"
	[[ $n -ge 200 ]]
}

printer >"$tmp/printer.c"
prototypes >"$tmp/prototypes.c"
n=$(fields | wc -l)
# 60 of statistics, 10 of sessions, 11 of GUID and credentials, 23 of values.
try "$n fields in our headers" test "$n" -eq 104

for abi in "-m64 x86_64" "-m32 i686"; do
	read -r mode arch <<<"$abi"
	cross=$arch-w64-mingw32
	if runs "$mode"; then
		try "$mode: our layout can be printed" print_assertions "$mode"
		try "$mode: sizes, offsets and codes equal those of $cross" \
			check_assertions "$cross-gcc" "$mode"
		try "$mode: most codes could be compared" enough "$cross-nm" "$mode"
	else
		skip "$mode: sizes, offsets and codes equal those of $cross" \
			"this kernel runs no such programs"
	fi
	try "$mode: our prototypes" \
		gcc "$mode" -std=c11 -I"$include" -fsyntax-only "$tmp/prototypes.c"
	try "$mode: the same with $cross" \
		"$cross-gcc" -std=c11 -fsyntax-only "$tmp/prototypes.c"
done
finish
