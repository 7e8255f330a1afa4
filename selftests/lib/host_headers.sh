#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The headers: each separately, several in any order, the idioms of Windows programs, and
# code that must not compile; with each compiler, standard and word size.

cd "$(dirname "$0")" || exit 1
# shellcheck source=helpers.sh
. ./helpers.sh
need gcc g++ clang clang++

strict=(-Wall -Wextra -Wundef -pedantic-errors -Werror)

# The standards that a compiler supports.
standards()
{
	local std

	case $1 in
	*++)	set -- "$1" c++11 c++14 c++17 c++20 c++23 gnu++11 gnu++2b ;;
	*)	set -- "$1" c99 c11 c17 c23 gnu99 gnu11 gnu17 gnu23 c2x gnu2x ;;
	esac
	for std in "${@:2}"; do
		"$1" -std="$std" -fsyntax-only -x "$(language "$1")" /dev/null \
			2>/dev/null && echo "$std"
	done
}

# Other word sizes, with the oldest and the newest standard.
of_mode()
{
	case $1 in
	-m32)	sed -n '1p;$p' ;;
	*)	cat ;;
	esac
}

language()
{
	case $1 in
	*++)	echo c++ ;;
	*)	echo c ;;
	esac
}

has_library()
{
	[[ $1 != *++ ]] || echo '#include <string>' |
		"$1" "$2" -x c++ -fsyntax-only - 2>/dev/null
}

# compile COMPILER WORD...: options and files, which are compiled side by side
compile()
{
	local compiler=$1 options=() files=() word

	for word in "${@:2}"; do
		case $word in
		*.c)	files+=("$word") ;;
		*)	options+=("$word") ;;
		esac
	done
	printf '%s\n' "${files[@]}" | xargs -n 3 -P "$(nproc)" "$compiler" \
		-x "$(language "$compiler")" -I"$include" -fsyntax-only "${options[@]}"
}

# Files that include only one header, twice.
write_alone()
{
	local header

	for header in "$include"/*.h; do
		printf '#include <%s>\n' "${header##*/}" "${header##*/}"
		echo 'int not_empty;'
	done | split -l 3 --additional-suffix=.c - "$tmp/alone-"
}

# Files that include one header before all others, for each of them.
write_orders()
{
	local first second

	for first in "$include"/*.h; do
		printf '#include <%s>\n' "${first##*/}"
		for second in "$include"/*.h; do
			printf '#include <%s>\n' "${second##*/}"
		done | tac
		echo 'DWORD f(HANDLE engine, IPSEC_STATISTICS0 *stats);'
		echo 'DWORD f(HANDLE engine, IPSEC_STATISTICS0 *stats)'
		echo '{ return IPsecGetStatistics0(engine, stats); }'
	done | split -l $((4 + $(printf '%s\n' "$include"/*.h | wc -l))) \
		--additional-suffix=.c - "$tmp/order-"
}

snippet()
{
	printf '%s\n' '#include <windows.h>' '#include <fwpmu.h>' "$1" \
		>"$tmp/snippet.c"
	compile "${@:2}" "$tmp/snippet.c"
}

write_alone
write_orders
for compiler in gcc clang g++ clang++; do
	for mode in -m64 -m32; do
		for std in $(standards $compiler | of_mode $mode); do
			try "$compiler $mode -std=$std: each header alone" \
				compile $compiler $mode "-std=$std" \
				"${strict[@]}" "$tmp"/alone-*.c
			if ! has_library $compiler $mode; then
				skip "$compiler $mode -std=$std: habits" \
					"no C++ library for $mode"
				continue
			fi
			# g++ before 13 cannot ignore a #pragma.
			try "$compiler $mode -std=$std: habits" \
				compile $compiler $mode "-std=$std" -Wall -Werror \
				-Wno-unknown-pragmas -Wno-missing-braces \
				idioms.c
			try "$compiler $mode -std=$std: shapes of programs" \
				compile $compiler $mode "-std=$std" -Wall -Werror \
				idioms_programs.c
		done
		try "$compiler $mode: in any order" compile $compiler $mode \
			"${strict[@]}" "$tmp"/order-*.c
	done
done

try "Vista: names mean version 0" snippet '
	_Static_assert(sizeof(IPSEC_STATISTICS) == 200, "");
	DWORD (*f)(HANDLE, IPSEC_STATISTICS0 *) = IPsecGetStatistics;' \
	gcc -Werror -D_WIN32_WINNT=0x0600
try "Vista by NTDDI_VERSION: the same" snippet '
	_Static_assert(sizeof(IPSEC_STATISTICS) == 200, "");' \
	gcc -DNTDDI_VERSION=0x06000100
try "Windows 7: names mean version 1" snippet '
	_Static_assert(sizeof(IPSEC_STATISTICS) == 216, "");
	DWORD (*f)(HANDLE, IPSEC_STATISTICS1 *) = IPsecGetStatistics;' \
	gcc -Werror -D_WIN32_WINNT=0x0601
try "nothing said: the same" snippet '
	_Static_assert(sizeof(IPSEC_STATISTICS) == 216, "");' gcc
try_not "Vista: no version 1" snippet 'IPSEC_STATISTICS1 s;' \
	gcc -D_WIN32_WINNT=0x0600
try_not "another pointer than NULL is no flags" snippet '
	int x; DWORD f(HANDLE h) { return FwpmTransactionBegin0(h, &x); }' \
	gcc -Werror
try_not "what is not implemented is not declared: IkeextGetStatistics0" \
	snippet 'void *p = IkeextGetStatistics0;' gcc
try_not "what is not implemented is not declared: FwpmFilterAdd0" \
	snippet 'void *p = FwpmFilterAdd0;' gcc
try_not "what is not implemented is not declared: WSAStartup" \
	snippet '#include <winsock2.h>
	void *p = WSAStartup;' gcc
try "#pragma comment is read over in C" snippet \
	'#pragma comment(lib, "Fwpuclnt.lib")' gcc -Wall -Werror
try "the same with clang" snippet \
	'#pragma comment(lib, "Fwpuclnt.lib")' clang -Wall -Werror
try "a program keeps its own Sleep" snippet '
	void f(void) { Sleep(1); }' gcc -Wall -Werror \
	"-DSleep(ms)=((void)(ms))"
finish
