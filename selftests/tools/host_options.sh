#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Options good and bad; what tells of them agrees with what there is.

. ./helpers.sh

completion=../../tools/completion/ipsecstat
page=../../tools/man/ipsecstat.8

bad()
{
	local what=${*@Q}

	run "$FAKE" "$@"
	check "$what: ends with 2" ended 2
	check "$what: nothing on standard output" silent_out
	check "$what: says where help is" err_has "ipsecstat --help"
}

good()
{
	local said=$1

	shift
	run "$FAKE" "$@"
	check "$*: ends with 0" ended 0
	check "$*: says it" out_has "$said"
	check "$*: silent on standard error" silent_err
}

# All options that the help names, one a line.
options() { "$FAKE" --help | grep -oE -e '(^|[ ,])--?[a-zA-Z]+' | tr -d ' ,' | sort; }

completed()
{
	# shellcheck disable=SC1090 # in the repository
	. "$completion"
	COMP_WORDS=(ipsecstat "$1") COMP_CWORD=1
	_ipsecstat
	printf '%s\n' "${COMPREPLY[@]}" | sort
}

all_completed() { diff <(options) <(completed -); }
one_completed() { diff <(echo --prometheus) <(completed --p); }

in_page()
{
	local option status=0

	for option in $(options); do
		option=${option#-}
		grep -qE "^\.It.* Fl ${option}( |$)" "$page" || { echo "-$option"; status=1; }
	done
	return $status
}

ktap_print_header
ktap_set_plan 39

good "Usage: ipsecstat" -h
good "Usage: ipsecstat" --help
good "ipsecstat $(sed -n 's/^VERSION.*= *//p' ../../common.mk)" -V
good "ipsecstat $(sed -n 's/^VERSION.*= *//p' ../../common.mk)" --version
bad -x
bad --unknown
bad --json=yes
bad -j -p
bad --json --prometheus
bad eth0
bad -j eth0
bad ""

check "completion: the options of --help" all_completed
check "completion: of one that has begun" one_completed
check "manual page: the options of --help" in_page

ktap_finished
