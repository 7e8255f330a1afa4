# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # for those who source this
#
# The kernels that the guest can run. All are Debian's.
#
# A name begins with the version of the kernel, except for newest. The suites are those
# that can have the kernel, with their security updates and backports; the newest version
# in them is used. For a kernel of another suite, the module is built in a root of that
# suite, with its compiler. For another architecture, the module is cross-compiled, and
# the guest boots with a root of its suite. A kernel from a source package is a debug
# kernel, built with guest/debug/config*.
known_kernels='
# name       suites                    flavour, or sources
6.1          bookworm                  amd64
6.1-rt       bookworm                  rt-amd64
6.1-cloud    bookworm                  cloud-amd64
6.12         bookworm                  amd64
6.12-deb13   trixie                    amd64
6.12-rt      trixie                    rt-amd64
6.12-cloud   trixie                    cloud-amd64
6.12-arm64   trixie-arm64              arm64
7.2          sid,trixie                amd64
7.2-rt       sid,trixie                rt-amd64
7.2-arm64    trixie-arm64              arm64
7.3          trixie                    amd64
7.3-rt       trixie                    rt-amd64
7.3-cloud    trixie                    cloud-amd64
7.3-arm64    trixie-arm64              arm64
newest       trixie,sid,experimental   amd64
own          -                         amd64
debug        bookworm                  linux-source-6.1
kcsan        bookworm                  linux-source-6.1
rt           bookworm                  linux-source-6.12
'

# kernel NAME: sets suites, a list of words, flavour, arch, and built if it is built here.
kernel()
{
	local row

	built=
	while read -r row suites flavour; do
		[[ $row == "$1" ]] || continue
		[[ $flavour != linux-source-* ]] || built=yes
		[[ $suites != - ]] || suites=$(host_suite)
		suites=${suites//,/ }
		arch=$(architecture "$suites")
		return 0
	done <<<"$known_kernels"
	echo "no kernel $1 in selftests/guest/kernels.sh" >&2
	return 1
}

# link_tree FROM TO: symbolic links in the tree TO to the files of FROM named on
# standard input. All links are replaced, so that none points to a deleted source.
link_tree()
{
	local file

	mkdir -p "$2"
	find "$2" -type l -delete
	while read -r file; do
		mkdir -p "$2/$(dirname "$file")"
		ln -s "$1/$file" "$2/$file"
	done
}

# The architecture of the packages of a suite.
architecture()
{
	case $1 in
	*-arm64)	echo arm64 ;;
	*)		echo amd64 ;;
	esac
}

# The suite of this machine. Only the sources of apt identify sid: its base files are
# those of the next stable release.
host_suite()
{
	local codename suites

	codename=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
	# shellcheck disable=SC2016 # apt's own variables
	suites=$(apt-get indextargets --format '$(CODENAME)' \
		"Origin: Debian" "Label: Debian" 2>/dev/null | sort -u)
	if grep -qx sid <<<"$suites" && ! grep -qx "$codename" <<<"$suites"; then
		codename=sid
	fi
	echo "$codename"
}

# The kernel of this machine's suite.
default_kernel()
{
	local name suites host

	host=$(host_suite)
	while read -r name suites _; do
		[[ ${suites%%,*} != "$host" ]] || { echo "$name"; return; }
	done <<<"$known_kernels"
	echo own
}
