#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Good and bad options; help, completion and manual pages agree with them.

. ./helpers.sh

completion=../../tools/completion/ipsecstat
page=../../tools/man/ipsecstat.8

bad()
{
	local what=${*@Q}

	run "$FAKE" "$@"
	check "$what: ends with 2" ended 2
	check "$what: nothing on standard output" silent_out
	check "$what: says where help is" err_has "ipsecstat ${command:+$command }--help"
}

# bad_of COMMAND OPTIONS...: the same for another command.
bad_of() { local command=$1; bad "$@"; }

# An option letter has an argument in all commands or in none.
letters_agree()
{
	local command

	for command in $(commands); do
		"$FAKE" help "$command" |
			sed -nE 's/^ +-(.), --[a-z-]+( [A-Z].*  |  ).*/\1 \2/p'
	done | sed -E 's/(.) +([A-Z]?).*/\1 \2/; s/[A-Z]$/ARGUMENT/' | sort -u | cut -c1 |
		uniq -d | diff - /dev/null
}

same_as() { run "$FAKE" "$@"; diff -u "$tmp/same" "$tmp/out"; }

# contrary WORDS OPTIONS...: refused with these words.
contrary()
{
	bad "${@:2}"
	check "${*:2}: says $1" err_has "$1"
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

# All commands, and all options in the help of one, one a line.
commands() { echo show; "$FAKE" --help | sed -n '/^Other commands/,/^$/s/^  \([a-z]*\) .*/\1/p'; }
options()
{
	"$FAKE" "$@" --help | grep -oE -e '^ *(-[a-zA-Z], )?--[a-z-]+' | tr -d ' ' |
		tr ',' '\n' | sort
}

# The completion runs the program of this name.
ipsecstat() { "$FAKE" "$@"; }

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
one_completed() { diff <(echo --prometheus) <(completed --pr); }
all_groups_completed()
{
	diff <("$FAKE" --help | sed -n '/^Groups/,/^$/s/^  \([a-z-]*\) .*/\1/p' | sort) \
		<(completed -g '')
}
group_completed() { diff <(printf 'drops,%s\n' inbound) <(completed -g drops,i); }

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
ktap_set_plan 220

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
bad_of drops --unknown
bad_of drops eth0
bad_of doctor --seconds
bad help no-command
good "Usage: ipsecstat drops" help drops
good "Usage: ipsecstat [show]" help
good "Usage: ipsecstat peers" --help peers
check "which letters have an argument is the same for all commands" letters_agree
"$FAKE" peers --json --address 171.171.171.171 >"$tmp/same"
check "options before the command" same_as --json --address 171.171.171.171 peers
check "options around the command" same_as -j peers -A171.171.171.171
check "a short option's argument is not a command" out_has '"peers"'
"$FAKE" -g drops >"$tmp/same"
check "a long option's argument is not a command" same_as --group drops
check "an abbreviated option's argument is not a command" same_as --gro drops
"$FAKE" --per-cpu --group=drops >"$tmp/same"
check "the argument of the last of several letters is not a command" same_as -cg drops
contrary "there is one output" -j -p
contrary "Prometheus makes rates itself" -p -w 1
contrary "Prometheus wants the counters as they are" -p --since file
contrary "a file holds one reading" -w 1 --save file
contrary "a file holds one reading" -w 1 -o file
contrary "all of them or one" -a -n blue
for interval in "" 0 0.09 -1 86401 1x x nan inf 1e9 "1 "; do
	contrary "'$interval' is not an interval" -w "$interval"
done
others="other-reasons, outbound-reasons, inbound, outbound"
for group in "" "," "sas," "sas,,drops" SAS traffic sa; do
	contrary "sas, esp-drops, ah-drops, drops, esp-reasons, ah-reasons, $others" -g "$group"
done
# A path is valid, so only length is refused; guest_netns.sh has the others.
for name in "" . .. "$(printf '%0256d' 0)" "/$(printf '%0255d' 0)"; do
	contrary "'$name' cannot be the name" -n "$name"
done
contrary "not auto, always or never" --color=perhaps
good Active -g sas
good Active -g drops,sas
good Active -g drops -g sas
good Active --color auto

check "completion: the options of --help" all_completed
check "completion: the commands of --help" commands_completed
check "completion: of one that has begun" one_completed
check "completion: the groups of --help" all_groups_completed
check "completion: of a list of groups" group_completed
check "manual page: the options of --help" in_page

ktap_finished
