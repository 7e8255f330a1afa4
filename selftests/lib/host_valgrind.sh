#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The tests on forged replies under valgrind.

cd "$(dirname "$0")" || exit 1
# shellcheck source=helpers.sh
. ./helpers.sh
need valgrind

check()
{
	ROUNDS=20 valgrind -q --error-exitcode=1 --leak-check=full \
		--errors-for-leak-kinds=definite,indirect,possible \
		--num-callers=20 "$@"
}

try host_reply check ./host_reply
try host_api check ./host_api
try host_faults check ./host_faults
# What other threads had in progress at the fork is lost to the child.
try host_threads check ./host_threads -T fork_amid_threads
finish
