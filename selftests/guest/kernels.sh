# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # for those who source this
#
# What differs between the kernels that the guest can run. All are Debian's.
#
# A version is an extended regular expression, and @ stands for what it found in
# the first of the packages; the newest is taken, of those that begin with the
# name if there are any. Packages of another suite than bookworm come with a
# root of that suite, with its compiler, to build the module in. A kernel
# out of a source package is built with guest/debug/config*: it watches itself.
known_kernels='
# name  suite     version                      packages
6.1     bookworm  6\.1\.[0-9]+-[0-9]+          linux-image-@-amd64 linux-headers-@-amd64 linux-headers-@-common linux-kbuild-6.1
6.12    bookworm  6\.12\.[0-9]+\+deb12         linux-image-@-amd64 linux-headers-@-amd64 linux-headers-@-common linux-kbuild-@
7.2     sid       [0-9]+\.[0-9.]+\+deb[0-9]+   linux-binary-@-amd64 linux-modules-@-amd64 linux-base-@-amd64 linux-headers-@-amd64 linux-headers-@-common linux-kbuild-@
debug   bookworm  -                            linux-source-6.1
kcsan   bookworm  -                            linux-source-6.1
'

# kernel NAME: sets suite, version, packages, and built if we build it ourselves.
kernel()
{
	local row

	built=
	while read -r row suite version packages; do
		[[ $row == "$1" ]] || continue
		[[ $packages != linux-source-* ]] || built=yes
		return 0
	done <<<"$known_kernels"
	echo "no kernel $1 in selftests/guest/kernels.sh" >&2
	return 1
}
