#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Failures print an error with its remedy, and end with 1.

. ./helpers.sh

# fails CODE WORDS...: at opening and at reading.
fails()
{
	local code=$1 step words

	shift
	for step in FAKE_OPEN FAKE_READ; do
		run env "$step=$code" "$FAKE" --json
		check "$step=$code: ends with 1" ended 1
		check "$step=$code: nothing on standard output" silent_out
		for words in "$@"; do
			check "$step=$code: says $words" err_has "$words"
		done
	done
}

# A file, the error of writing to it, and the words of the message.
unwritable()
{
	check "$1: ends with 1" ended 1
	check "$1: says $2" err_has "$2"
}

# Standard output is a pipe without a reader.
into_closed_pipe()
{
	local pipe=$tmp/pipe

	mkfifo "$pipe"
	# A reader is needed to open it, and must be gone before the write.
	# shellcheck disable=SC2094
	exec 9<>"$pipe" 8>"$pipe" 9<&-
	status=0
	"$FAKE" "$@" >&8 2>"$tmp/err" || status=$?
	exec 8>&-
}

ktap_print_header
ktap_set_plan 60

# EPT_S_NOT_REGISTERED, ERROR_ACCESS_DENIED, FWP_E_SESSION_ABORTED, an unknown code
fails 1753 "not loaded" EPT_S_NOT_REGISTERED "modprobe ipsecstat"
fails 5 "not permitted" ERROR_ACCESS_DENIED "net.ipsecstat.read_group_range="
fails 0x80320010 FWP_E_SESSION_ABORTED 0x80320010
fails 0x12345678 0x12345678

for command in drops monitor; do
	run env FAKE_FAMILY=1 "$FAKE" $command
	check "$command refused: ends with 1" ended 1
	check "$command refused: nothing on standard output" silent_out
	check "$command refused: says why" err_has "Operation not permitted"
done

for option in "" --json --prometheus --help drops "drops --json"; do
	status=0
	# shellcheck disable=SC2086 # the empty one is no argument
	"$FAKE" $option >/dev/full 2>"$tmp/err" || status=$?
	unwritable "${option:-table} to a full device" "No space left on device"
done
for option in monitor "monitor --json"; do
	status=0
	# shellcheck disable=SC2086 # several arguments
	"$FAKE" $option >/dev/full 2>"$tmp/err" || status=$?
	unwritable "$option to a full device" "cannot write the output"
done
status=0
"$FAKE" >&- 2>"$tmp/err" || status=$?
unwritable "closed standard output" "Bad file descriptor"
into_closed_pipe --json
unwritable "closed pipe" "Broken pipe"

ktap_finished
