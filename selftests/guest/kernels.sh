# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2317 # for those who source this
#
# What differs between the kernels that the guest can run. All are Debian's.

# kernel NAME: sets
#	image		extended regular expression of the image package's name
#	kbuild		package of the build tools, from the release
kernel()
{
	case $1 in
	6.1)
		image='linux-image-6\.1\.[0-9]+-[0-9]+-amd64'
		kbuild() { echo linux-kbuild-6.1; }
		;;
	6.12)
		image='linux-image-6\.12\.[0-9]+\+deb12-amd64'
		kbuild() { echo "linux-kbuild-${1%-amd64}"; }
		;;
	*)
		echo "no kernel $1 in selftests/guest/kernels.sh" >&2
		return 1
		;;
	esac
}
