#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# --output: at any time the file is complete, old or new.

. ./helpers.sh

folder=$tmp/folder
file=$folder/ipsecstat.prom
old="the old file"

# over WORDS: the folder has only the file, with WORDS; without WORDS, it is empty.
over()
{
	rm -rf "$folder"
	mkdir "$folder"
	[[ -z ${1-} ]] || echo "$1" >"$file"
}

write() { run "$FAKE" --prometheus --output "$file"; }
written() { silent_out && silent_err && diff <("$FAKE" -p) "$file"; }
old_stays() { diff <(echo "$old") "$file"; }
alone() { [[ $(ls -A "$folder") == "${1-ipsecstat.prom}" ]] || { ls -lA "$folder"; return 1; }; }
# mode UMASK MODE: the mode of a file written with that umask.
mode()
{
	over
	(umask "$1" && "$FAKE" -o "$file")
	[[ $(stat -c %a "$file") == "$2" ]] || { stat -c %a "$file"; return 1; }
}

# With a file size limit of 0; messages go through a pipe.
full()
{
	status=0
	{ (
		trap '' XFSZ
		ulimit -f 0
		exec "$FAKE" -p -o "$file"
	) 2>&1; echo $? >&3; } 3>"$tmp/status" | cat >"$tmp/err"
	status=$(<"$tmp/status")
}

# The signal of the same limit, during a write.
killed() { run bash -c "ulimit -c 0 -f 0; exec '$FAKE' -p -o '$file' >/dev/null 2>&1"; }
for_no_reader() { [[ $(find "$folder" -type f | wc -l) == 2 && $(echo "$folder"/*.prom) == "$file" ]]; }

# refused WHAT WORDS: WHAT, below $tmp, is not replaced.
refused()
{
	run "$FAKE" -o "$tmp/$1"
	check "$1: ends with 1" ended 1
	check "$1: says $2" err_has "$2"
}

# A reader that reads continuously.
always_whole()
{
	local writer text reads=0 whole

	over
	whole=$("$FAKE" -p)
	"$FAKE" -p -o "$file"
	(for _ in {1..100}; do "$FAKE" -p -o "$file"; done) &
	writer=$!
	while kill -0 $writer 2>/dev/null; do
		text=$(<"$file")
		reads=$((reads + 1))
		[[ $text == "$whole" ]] || { echo "read $reads: ${#text} bytes"; return 1; }
	done
	wait $writer && [[ $reads -gt 1 ]]
}

ktap_print_header
ktap_set_plan 29

over
write
check "a new file: ends with 0" ended 0
check "a new file: as it would be on standard output" written
check "a new file: nothing beside it" alone
over "$old"
write
check "over an old file: ends with 0" ended 0
check "over an old file: as it would be on standard output" written
check "over an old file: nothing beside it" alone
check "readable by all" mode 022 644
check "except as umask says" mode 077 600

over "$old"
FAKE_READ=1753 write
check "no statistics: ends with 1" ended 1
check "no statistics: says so" err_has "modprobe ipsecstat"
check "no statistics: the old file stays" old_stays
check "no statistics: nothing beside it" alone
over
FAKE_OPEN=1753 write
check "no statistics, no old file: ends with 1" ended 1
check "no statistics, no old file: none is made" alone ""

over "$old"
full
check "device full: ends with 1" ended 1
check "device full: says so" err_has "File too large"
check "device full: the old file stays" old_stays
check "device full: nothing beside it" alone
killed
check "killed: the old file stays" old_stays
check "killed: what is left has no name that a collector would read" for_no_reader

refused none/file "No such file or directory"
refused folder "not a regular file"
mkfifo "$tmp/pipe"
refused pipe "not a regular file"
ln -s "$tmp/elsewhere" "$tmp/link"
refused link "not a regular file"
check "whole whenever it is read, while it is written 100 times" always_whole

ktap_finished
