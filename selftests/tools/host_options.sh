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

# All commands, and all options that the help of one names, one a line.
commands() { echo show; "$FAKE" --help | sed -n '/^Other commands/,/^$/s/^  \([a-z]*\) .*/\1/p'; }
options()
{
	"$FAKE" "$@" --help | grep -oE -e '^ *(-[a-zA-Z], )?--[a-z-]+' | tr -d ' ' |
		tr ',' '\n' | sort
}

completed()
{
	# shellcheck disable=SC1090 # in the repository
	. "$completion"
	COMP_WORDS=(ipsecstat "$@") COMP_CWORD=$#
	_ipsecstat
	printf '%s\n' "${COMPREPLY[@]}" | sort
}

all_completed()
{
	local command

	diff <(options) <(completed -) || return
	for command in $(commands); do
		diff <(options "$command") <(completed "$command" -) || return
	done
}

commands_completed() { diff <(commands | sort) <(completed '' | grep -v ^-); }
one_completed() { diff <(echo --prometheus) <(completed --p); }

in_page()
{
	local command option status=0

	for command in $(commands); do
		for option in $(options "$command"); do
			option=${option#-}
			grep -qE "^\.It.* Fl ${option}( |$)" "$page" ||
				{ echo "$command -$option"; status=1; }
		done
	done
	return $status
}

ktap_print_header
ktap_set_plan 58

good "Usage: ipsecstat" -h
good "Usage: ipsecstat" --help
good "Usage: ipsecstat" show --help
good '"version"' show --json
good '"version"' show -j -j
good "ipsecstat $(sed -n 's/^VERSION.*= *//p' ../../common.mk)" -V
good "ipsecstat $(sed -n 's/^VERSION.*= *//p' ../../common.mk)" --version
bad -x
bad --unknown
bad --json=yes
bad -j -p
bad --json --prometheus
bad eth0
bad -j eth0
bad show eth0
bad show show
bad show -j -p
bad ""

check "completion: the options of --help" all_completed
check "completion: the commands of --help" commands_completed
check "completion: of one that has begun" one_completed
check "manual page: the options of --help" in_page

ktap_finished
