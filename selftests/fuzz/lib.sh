# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # for those who source this
#
# What running the fuzzers takes.

fuzz=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
fuzzers=(reply arguments)
# In the guest: selftests/stress/NAME_fuzz
guest_fuzzers=(netlink packet)

# run_fuzzer NAME ARGUMENT...: with the bounds that hold for every run.
run_fuzzer()
{
	local name=$1 longest

	shift
	case $name in
	reply)		longest=2048 ;;
	arguments)	longest=64 ;;
	esac
	"$fuzz/$name" -max_len=$longest -timeout=10 -rss_limit_mb=1024 \
		-print_final_stats=0 -verbosity=1 "$@"
}

# corpus NAME FOLDER: the inputs that are kept: those of the archive, and each one that
# once broke something.
corpus()
{
	mkdir -p "$2" &&
	tar -C "$2" --strip-components 1 -xf "$fuzz/corpus.tar.xz" "$1" &&
	find "$fuzz/regressions" -path "*/$1/*" -exec cp -t "$2" {} +
}

# seed NAME FOLDER: what the protocol of today looks like, whatever has changed
# in it since the corpus was kept.
seed()
{
	[[ $1 != reply ]] || "$fuzz/seeds" "$2"
}
