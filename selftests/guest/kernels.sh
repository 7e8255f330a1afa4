# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # for those who source this
#
# What differs between the kernels that the guest can run. All are Debian's.
#
# A version is an extended regular expression, and @ stands for what it found in
# the first of the packages; the newest is taken, of those that begin with the
# name if there are any. Packages of another suite than bookworm come with a
# root of that suite, with its compiler, to build the module in.
kernels='
# name  suite     version                      packages
6.1     bookworm  6\.1\.[0-9]+-[0-9]+          linux-image-@-amd64 linux-headers-@-amd64 linux-headers-@-common linux-kbuild-6.1
6.12    bookworm  6\.12\.[0-9]+\+deb12         linux-image-@-amd64 linux-headers-@-amd64 linux-headers-@-common linux-kbuild-@
7.2     sid       [0-9]+\.[0-9.]+\+deb[0-9]+   linux-binary-@-amd64 linux-modules-@-amd64 linux-base-@-amd64 linux-headers-@-amd64 linux-headers-@-common linux-kbuild-@
'

# kernel NAME: sets suite, version, packages.
kernel()
{
	local row

	while read -r row suite version packages; do
		[[ $row != "$1" ]] || return 0
	done <<<"$kernels"
	echo "no kernel $1 in selftests/guest/kernels.sh" >&2
	return 1
}
