#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# --watch on a terminal, in tmux: its keys, its size, and the state of the terminal
# afterwards.

. ./helpers.sh

terminal() { tmux -S "$tmp/socket" -f /dev/null "$@"; }
screen() { terminal capture-pane -p; }
colors() { terminal capture-pane -p -e; }
keys() { terminal send-keys "$@"; }
enter() { keys -l "$1"; keys Enter; }
is() { [[ $(terminal display-message -p "#{$1}") == "$2" ]]; }

# meanwhile COMMAND...: succeeds five times, while figures change.
meanwhile()
{
	local was

	for _ in {1..5}; do
		"$@" || { screen; return 1; }
		was=$(screen)
		soon changed "$was" || return
	done
}

# The screen, if the expected text does not appear.
too_late() { screen; }

changed() { [[ $(screen) != "$1" ]]; }
shows() { screen | grep -qE -e "$1"; }
colored() { colors | grep -qF "$1"; }
first_line() { screen | sed -n '1p' | grep -qE "$1"; }
last_line() { screen | sed -n "$1p" | grep -qE "$2"; }
within() { [[ $(screen | wc -L) -le $1 ]]; }

# The constant part: figures and rates keep their place, and nearly their length.
frame() { screen | sed -E 's/[0-9.-]+( [a-zA-Z]*(bit\/s|pps|\/s|B))?/#/g; s/ +/ /g'; }
# shellcheck disable=SC2005 # the empty lines at the end go
same_frame() { diff <(echo "$framed") <(echo "$(frame)"); }

# rates ROW UNIT LEAST MOST: at least one rate on the line, and all within the bounds.
rates()
{
	screen | awk -v row="  $1" -v unit="$2" -v least="$3" -v most="$4" '
		index($0, row) == 1 {
			for (i = 2; i <= NF; i++)
				if ($i ~ unit "$" && length($i) <= length(unit) + 1) {
					factor = index("kMG", substr($i, 1, 1))
					rate = $(i - 1) * (length($i) > length(unit) ? 1000 ^ factor : 1)
					if (rate < least || rate > most)
						exit 1
					seen++
				}
		}
		END { exit !seen }'
}

# start VARIABLES OPTIONS: wait for the first rates.
start()
{
	enter "clear; env $1 $FAKE -w 0.2 $2; echo ended with \$?"
	soon is alternate_on 1 && soon shows '[0-9] [kM]?(bit/s|pps|/s)|^ipsecstat: '
}

back() { soon is alternate_on 0 && soon shows "^ended with $1\$"; }
cursor_is() { is cursor_flag "$1"; }

# The terminal accepts and shows input, with its former settings.
sane()
{
	cursor_is 1 || { echo "no cursor"; return 1; }
	rm -f "$tmp/after"
	enter "stty -g >$tmp/after; echo as \$((40 + 2)) as before"
	soon shows '^as 42 as before$' && soon test -s "$tmp/after" &&
		shows 'echo as \$\(\(40' && cmp "$tmp/settings" "$tmp/after"
}

nothing_typed() { ! shows 'ready> jk|jk: '; }
resize() { terminal resize-window -x "$1" -y "$2"; }
no_more_lines() { ! shows 'more lines'; }
never_cleared() { ! grep -qF -e $'\033[2J' -e $'\033c' "$tmp/bytes"; }
nothing_scrolled() { is history_size 0; }

ktap_print_header
if ! command -v tmux >/dev/null; then
	ktap_skip_all "no tmux"
	exit "$KSFT_SKIP"
fi
ktap_set_plan 44

export TZ=UTC FAKE_REASONS=0
trap 'terminal kill-server 2>/dev/null; rm -rf "$tmp"' EXIT
terminal new-session -d -x 80 -y 40 "PS1='ready> ' bash --norc --noprofile"
soon shows '^ready>' >/dev/null
enter "stty -g >$tmp/settings"
soon test -s "$tmp/settings"
rates="FAKE_BASE=1000 FAKE_RATE=125000"

terminal pipe-pane "cat >$tmp/bytes"
check "begins, on a screen of its own" start "$rates"
check "the cursor is hidden" cursor_is 0
check "when, and how often" first_line '^20[0-9-]{8} [0-9:]{8}, every 0.2 s$'
# 125,000 a second, within 5 % for a busy machine.
check "rates: SAs" soon rates Added /s 118750 131250
check "rates: drops" soon rates Total pps 118750 131250
check "rates: bits of 125,000 bytes" soon rates "In Tunnel Mode" bit/s 950000 1050000
check "rates: packets" soon rates "Successfully Processed" pps 118750 131250
check "gauges have none" shows '^  Active +[0-9]+ +-$'
check "bytes in units" soon shows '^  Offloaded +[0-9.]+ [KM]iB '
soon shows '^  Offloaded +[0-9.]+ MiB '
framed=$(frame)
check "steady: what does not change stays where it is" meanwhile same_frame
check "steady: nothing scrolls" nothing_scrolled
terminal pipe-pane
check "steady: the screen is never cleared" never_cleared
check "within 80 columns" within 80
check "drops that go on are red" soon colored $'\033[31m'

resize 60 12
check "smaller: cut at the right" soon within 60
check "smaller: a figure that is cut cannot be taken for another one" \
	soon shows '^  Incorrect SPI +[0-9].*>$'
check "smaller: cut at the bottom, and says so" soon last_line 12 '^[0-9]+ more lines below *$'
check "smaller: begins as before" first_line '^20.*every 0.2 s$'
check "smaller: steady" meanwhile nothing_scrolled
keys Down
check "Down: a line further" soon last_line 12 '^[0-9]+ more lines below, 1 above'
keys PageDown
check "Page Down: a page less a line further" soon last_line 12 'below, 11 above'
keys k b
check "k and b: as far back" soon first_line '^20.*every 0.2 s$'
keys End
check "End: the last line is there" soon last_line 12 '^[0-9]+ more lines above *$'
keys Escape x
check "unknown keys: go on" meanwhile last_line 12 '^[0-9]+ more lines above *$'
resize 100 40
check "larger again: all of it" soon same_frame
resize 80 40

keys jk
keys q
check "q: ends with 0" back 0
check "q: the terminal is what it was" sane
check "q: keys pressed before are not the shell's" nothing_typed
start "$rates"
keys C-c
check "Ctrl-C: ends with 0" back 0
check "Ctrl-C: the terminal is what it was" sane

start "$rates"
keys C-z
check "Ctrl-Z: back at the shell" soon is alternate_on 0
check "Ctrl-Z: the terminal is what it was" sane
enter fg
check "fg: continues" soon rates Added /s 100000 150000
check "fg: the cursor is hidden again" cursor_is 0
kill "$(pgrep -P "$(terminal display-message -p '#{pane_pid}')")"
check "SIGTERM: ends" soon is alternate_on 0
check "SIGTERM: the terminal is what it was" sane

# Everything is 0, except gauges: 24 lines suffice.
FAKE_BASE=5 "$FAKE" --save "$tmp/old" >/dev/null
resize 80 24
enter "clear; FAKE_BASE=5 $FAKE -w 0.2 --since $tmp/old; echo ended with \$?"
check "24 lines: those of 0 are left out" soon shows '^Traffic'
check "24 lines: so there is room" no_more_lines
keys q
soon back 0

resize 80 40
start "$rates NO_COLOR=1"
check "NO_COLOR: nothing is red" meanwhile eval '! colored $'"'\\033[31m'"
keys q
soon back 0
start "FAKE_READ=1753 FAKE_FROM=4"
check "no statistics later: says so in its place" soon shows '^ipsecstat: load it: modprobe ipsecstat$'
check "no statistics later: continues" meanwhile nothing_scrolled
keys q
check "no statistics later: q ends it" back 0
enter "clear; FAKE_READ=1753 $FAKE -w 0.2; echo ended with \$?"
check "no statistics at first: ends with 1" soon shows '^ended with 1$'
enter "clear; TERM=dumb $FAKE -w 0.2"
check "a dumb terminal: one after the other" soon eval '! nothing_scrolled'
keys C-c

ktap_finished
