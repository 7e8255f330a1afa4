#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Rights to read: root, members of the permitted groups, and root of a user namespace. In
# a new network namespace, so that the sysctl of others is not changed.

[[ ${UNSHARED-} ]] || UNSHARED=1 exec unshare --net "$0"

. ./helpers.sh

range=/proc/sys/net/ipsecstat/read_group_range
group=4711

as_user() { run setpriv --reuid=65534 --regid=65534 "$@"; }
read_it() { check "$1: ends with 0" ended 0; check "$1: reads" out_has '"activeSas"'; }

denied()
{
	check "$1: ends with 1" ended 1
	check "$1: nothing on standard output" silent_out
	check "$1: names the remedy" err_has "net.ipsecstat.read_group_range="
}

ktap_print_header
if [[ ! -e /sys/module/ipsecstat || $EUID -ne 0 ]]; then
	ktap_skip_all "needs the module loaded, and root"
	exit "$KSFT_SKIP"
fi
ktap_set_plan 20

run "$IPSECSTAT" --json
read_it "root"
as_user --clear-groups "$IPSECSTAT" --json
denied "user"
as_user --groups=$group "$IPSECSTAT" --json
denied "member of a group, none is opened"

echo "$group $group" >$range
as_user --groups=$group "$IPSECSTAT" --json
read_it "member of the opened group"
as_user --groups=$((group - 1)),$((group + 1)) "$IPSECSTAT" --json
denied "member of the groups beside it"
as_user --clear-groups "$IPSECSTAT" --json
denied "member of no group"
as_user --clear-groups unshare --user --map-root-user --net "$IPSECSTAT" --json
read_it "root of an own user and network namespace"
# Root of a user namespace has no rights in a network namespace of another one.
as_user --clear-groups unshare --user --map-root-user "$IPSECSTAT" --json
check "root of an own user namespace alone: ends with 1" ended 1
check "root of an own user namespace alone: prints no figures" silent_out

ktap_finished
