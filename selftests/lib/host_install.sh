#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The result of `make install`: names, versions, soname, pkg-config, shared and static
# linking, and a manual page for everything.

cd "$(dirname "$0")" || exit 1
# shellcheck source=helpers.sh
. ./helpers.sh
need gcc make nm readelf pkg-config mandoc

root=$tmp/root
examples=$top/examples
PKG_CONFIG_LIBDIR=$root/opt/lib/pkgconfig:$(pkg-config --variable pc_path pkg-config)
export PKG_CONFIG_LIBDIR
export PKG_CONFIG_SYSROOT_DIR=

# A copy, so that files in lib/ are neither used nor changed.
install_copy()
{
	mkdir "$tmp/copy" &&
	cp -r "$top/lib" "$top/include" "$top/common.mk" "$tmp/copy" &&
	make -C "$tmp/copy/lib" clean &&
	make -C "$tmp/copy/lib" install DESTDIR="$tmp/stage" PREFIX="$root/opt" &&
	mv "$tmp/stage$root" "$root" && rm -r "$tmp/stage"
}

exported()
{
	nm -D --defined-only "$root/opt/lib/libfwpuclnt.so" |
		awk '{ split($3, name, "@+"); print name[1], name[2] ? name[2] : name[1] }' |
		LC_ALL=C sort
}

symbols()
{
	diff -u <(LC_ALL=C sort libfwpuclnt.symbols) <(exported)
}

soname()
{
	readelf -d "$root/opt/lib/libfwpuclnt.so" | grep -F 'soname: [libfwpuclnt.so.1]'
}

links()
{
	[[ $(readlink "$root/opt/lib/libfwpuclnt.so") == libfwpuclnt.so.1 &&
	   $(readlink "$root/opt/lib/libfwpuclnt.so.1") == libfwpuclnt.so.[0-9]*.[0-9]*.[0-9]* &&
	   -f $root/opt/lib/libfwpuclnt.so.1 ]]
}

no_constructors()
{
	! readelf -SW "$root/opt/lib/libfwpuclnt.a" |
		grep -E '\.(ctors|init_array|preinit_array)'
}

# An archive cannot hide symbols from the program.
static_names()
{
	! nm -g --defined-only "$root/opt/lib/libfwpuclnt.a" | awk 'NF == 3 { print $3 }' |
		grep -vE '^(fwp_|Fwpm|Fwpuclnt|IPsecGetStatistics)'
}

no_output_no_exit()
{
	! nm -u "$root/opt/lib/libfwpuclnt.a" |
		grep -wE 'printf|fprintf|puts|fputs|perror|write|syslog|exit|_exit|abort|signal|sigaction|system'
}

pc()
{
	# shellcheck disable=SC2046 # words are wanted
	gcc $(pkg-config "$@" --cflags libfwpuclnt) "$examples/statistics.c" \
		-o "$tmp/statistics" $(pkg-config "$@" --libs libfwpuclnt)
}

runs()
{
	ldd "$tmp/statistics"
	LD_LIBRARY_PATH=$root/opt/lib "$tmp/statistics" 2>&1 |
		grep -E 'Security associations|failed: 0x'
}

# static BEFORE AFTER: with these options around the libraries
static()
{
	# shellcheck disable=SC2046
	gcc $(pkg-config --static --cflags libfwpuclnt) "$examples/statistics.c" \
		-o "$tmp/static" "$1" \
		$(pkg-config --static --libs libfwpuclnt) "$2" &&
	! ldd "$tmp/static" | grep libfwpuclnt
}

no_private_library()
{
	[[ $(pkg-config --libs libfwpuclnt) != *nl-genl* ]]
}

headers()
{
	diff -r "$include" "$root/opt/include/fwpuclnt"
}

each_has_a_page()
{
	local name

	while read -r name _; do
		[[ $name == FWPUCLNT_* || -e $root/opt/share/man/man3/$name.3 ]] ||
			{ echo "no page $name(3)"; return 1; }
	done <libfwpuclnt.symbols
	[[ -e $root/opt/share/man/man7/fwpuclnt.7 ]]
}

pages_are_sound()
{
	local page said

	for page in "$root"/opt/share/man/man*/*; do
		# A page of one line refers to another page.
		if read -r word target <"$page" && [[ $word == .so ]]; then
			[[ -e $root/opt/share/man/$target ]] && continue
			echo "$page: $target"
			return 1
		fi
		said=$(mandoc -T lint -W warning "$page" 2>&1)
		[[ -z $said ]] || { echo "$said"; return 1; }
	done
}

# Each field of the statistics is documented.
fields_have_text()
{
	local field

	sed -n -E '/^typedef struct/,/^}/ s/^\tUINT.* ([A-Za-z0-9]+);$/\1/p' \
		"$include/ipsectypes.h" | sort -u | while read -r field; do
		grep -qE "^\.It .*Fa $field" "$root/opt/share/man/man7/fwpuclnt.7" ||
			{ echo "fwpuclnt(7) lacks $field"; exit 1; }
		grep -qE "^ \* @$field: " "$include/ipsectypes.h" ||
			{ echo "ipsectypes.h lacks $field"; exit 1; }
	done
}

# Each code in the page of a function exists.
codes_exist()
{
	grep -ohE '\b(FWP_E|ERROR|RPC_S|EPT_S)_[A-Z_]+\b' "$root"/opt/share/man/man3/*.3 |
		sort -u | while read -r code; do
		grep -qE "^#define $code	" "$include/winerror.h" ||
			{ echo "$code"; exit 1; }
	done
}

try "install below DESTDIR" install_copy
try "exported names and versions are those of libfwpuclnt.symbols" symbols
try "soname" soname
try "symbolic links" links
try "no constructors" no_constructors
try "the archive exports only names of the library" static_names
try "no output, no exit, no signals" no_output_no_exit
try "all headers are installed" headers
try "pkg-config names no private library" no_private_library
try "a program links by pkg-config" pc
try "it runs" runs
try "a program links by pkg-config --static, with our archive" \
	static -Wl,-Bstatic -Wl,-Bdynamic
try "wholly static" static -static -static
try "each function has a page" each_has_a_page
try "mandoc accepts the pages" pages_are_sound
try "each field is explained" fields_have_text
try "each code named in a page exists" codes_exist
finish
