#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The tests with forged replies, under valgrind.

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
# Memory of other threads at a fork is lost to the child.
try host_threads check ./host_threads -T fork_with_threads
finish
