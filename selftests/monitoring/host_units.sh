#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The installed units, checked by systemd.

. ../static/lib.sh

units=$tmp/usr/lib/systemd/system
unit=ipsecstat-prometheus

# The files of make install, with the targets of the system.
install_units()
{
	env -u MAKEFLAGS -u MAKELEVEL make -s -C "$top" install-lib install-tools \
		DESTDIR="$tmp" PREFIX=/usr &&
	cp /usr/lib/systemd/system/*.target "$units"
}

verified()
{
	silent systemd-analyze verify --man=no --root="$tmp" "$unit.service" "$unit.timer" \
		ipsecstat-scrape@.service ipsecstat-scrape.socket
}

# From 0, a program without any rights, to 100, one with all.
confined()
{
	systemd-analyze security --offline=true --no-pager --threshold=20 "$units/$1.service"
}

# Both services have the same restrictions, except for the folder of one.
alike()
{
	diff <(sed '1,/^# All it may do/d; /^# /d; /^ReadWritePaths=/d' "$units/$unit.service") \
		<(sed '1,/^# All it may do/d; /^# /d' "$units/ipsecstat-scrape@.service")
}

# shellcheck disable=SC2059 # the request is the format
scrape() { printf "$@" | ../tools/ipsecstat_fake --prometheus --http; }

# The rest of the answer equals the output without HTTP.
answers()
{
	local blank=$'\r'

	diff <(scrape 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n' | sed "1,/^$blank\$/d") \
		<(../tools/ipsecstat_fake --prometheus)
}

refuses()
{
	local status=$1

	shift
	scrape "$@" | grep -q "^HTTP/1.1 $status "
}

# The interval in the description of the timer.
every() { grep -qx "OnUnitActiveSec=$(sed -n 's/^Description=.*every \([0-9]*\) seconds$/\1s/p' "$units/$unit.timer")" "$units/$unit.timer"; }

elsewhere()
{
	make -s -C "$top/tools" install DESTDIR="$tmp/other" PREFIX=/opt/ipsec \
		BINDIR=/opt/bin >/dev/null &&
	grep -q '^ExecStart=/opt/bin/ipsecstat ' \
		"$tmp/other/opt/ipsec/lib/systemd/system/$unit.service"
}

ktap_print_header
ktap_set_plan 15
check "make installs them" install_units
check "PREFIX and BINDIR are followed" elsewhere
check "the timer is as it says" every
check_with systemd-analyze "systemd-analyze verify: nothing to say" verified
check_with systemd-analyze "systemd-analyze security: 2.0 or less" confined "$unit"
check_with systemd-analyze "systemd-analyze security of the scrape: 2.0 or less" \
	confined ipsecstat-scrape@
check "both services may do the same" alike
check "a scrape is answered with the figures" answers
check "another path: 404" refuses 404 'GET / HTTP/1.1\r\n\r\n'
check "another method: 405" refuses 405 'POST /metrics HTTP/1.1\r\n\r\n'
check "no HTTP: 400" refuses 400 'GET /metrics\r\n\r\n'
check "half a request: 400" refuses 400 'GET /metrics HTTP/1.1\r\nHost: '
check "nothing: 400" refuses 400 ''
check "a line that is too long: 400" refuses 400 'GET /metrics HTTP/1.1\r\nA: %04096d\r\n\r\n' 0
FAKE_READ=5 check "no figures: 503" refuses 503 'GET /metrics HTTP/1.1\r\n\r\n'
ktap_finished
