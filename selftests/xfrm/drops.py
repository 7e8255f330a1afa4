#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The table of recent drops: rights, order, limit, events.

    drops.py [PART...]      cases whose name has one of the parts

drop.py proves that every cause makes the one right line.
"""
import collections
import contextlib
import datetime
import fcntl
import itertools
import json
import os
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import time

from scapy.layers.inet import UDP
from scapy.layers.inet6 import ICMPv6PacketTooBig, IPv6

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../tools"))
# pylint: disable=wrong-import-position
import injected
import ipsec
import matrix
import netlink
import nl
import raw
import schema
from netlink import EINVAL, EPERM, EPROTONOSUPPORT, become, in_child, refused
from wire import Wire, esp, ipv4, who

LIMIT = 256
FLOOD = 20000
BATCH = 250
TURNS = 20
EVENT_DELAY = 0.25                      # as in kmod/recent_nl.c
TICK = 10**7                            # ns, of the slowest kernel
SLAB = "/sys/kernel/slab/ipsecstat_line/objects"
SPI = 0x1000                            # the first that the test chooses
INVALID = "esp.invalidSpisOnInbound"
NEED_INJECTION = ("forwarded_while_its_route_is_replaced",
                  "forwarded_while_its_route_is_deleted")


def boottime():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def counts(lines):
    return {line.who: line.count for line in lines}


def until(true, what):
    """Problems unless the condition becomes true."""
    deadline = time.monotonic() + ipsec.PATIENCE
    while not true():
        if time.monotonic() > deadline:
            return [f"never: {what}"]
        time.sleep(0.01)
    return []


class Listener:
    """Listens to the events of a namespace."""

    def __init__(self, host):
        with ipsec.inside(host.name):
            self.family = nl.Family()
        self.family.socket.setsockopt(socket.SOL_SOCKET, nl.SO_RCVBUFFORCE,
                                      1 << 25)
        self.family.join()
        self.told = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.family.close()

    def hear(self, seconds=0.0):
        """The events so far."""
        self.family.socket.settimeout(seconds or None)
        self.family.socket.setblocking(bool(seconds))
        with contextlib.suppress(BlockingIOError, TimeoutError):
            while True:
                self.told += self.family.events()
        return self.told

    def until_told(self, wanted):
        """Problems unless the last event of each line is this."""
        problems = until(lambda: counts(self.hear()).items() >=
                         wanted.items(), f"events of {len(wanted)} lines")
        return problems + ipsec.differ("event", counts(self.told), wanted)


class Cases:
    """Each method is a case, with a table of its own."""

    def __init__(self):
        self.link = self.wire = self.family = None

    def _begin(self):
        self.wire = Wire(self.link.a, self.link.b)
        with ipsec.inside(self.link.b.name):
            self.family = nl.Family()

    def _dropped(self, *spis, **how):
        """Cause these drops in host b, and nothing else."""
        return ipsec.expect(self.link.b, lambda: self.wire.send(*spis, **how),
                            {INVALID: len(spis), ipsec.TOTAL: len(spis)})

    def _same_lines(self, wanted):
        """Problems unless the table has these lines, in this order."""
        seen = [(line.who, line.count) for line in self.family.lines()]
        return [f"line {number}: {one}, not {other}" for number, (one, other)
                in enumerate(itertools.zip_longest(seen, wanted))
                if one != other][:1]

    def _whole(self, **wanted):
        wanted = {"limit": LIMIT, "lines": 0, "evicted": 0, "missed": 0,
                  "unseen": 0, **wanted}
        return ipsec.differ("table", self.family.table(), wanted)

    # -- lines ---

    def table_without_drops_is_empty(self):
        return self._same_lines([]) + self._whole()

    def equal_drops_share_a_line(self):
        problems = self._dropped(SPI, SPI, SPI) + \
            self._dropped(SPI + 1, SPI, SPI, version=6)
        return problems + self._whole(lines=3) + self._same_lines(
            [(self.wire.who(SPI, 6), 2), (self.wire.who(SPI + 1, 6), 1),
             (self.wire.who(SPI), 3)])

    def _numbered(self, *numbers):
        """Packets of one line with these sequence numbers."""
        def provoke():
            for seq in numbers:
                self.wire.socket.send(self.wire.packet(SPI, seq=seq))
        return ipsec.expect(self.link.b, provoke, {
            INVALID: len(numbers), ipsec.TOTAL: len(numbers)})

    def first_and_last_sequence_number(self):
        """The numbers of the first and the last packet, not the lowest and highest."""
        problems = self._numbered(7, 9, 0, 0xffffffff, 8)
        line, = self.family.lines()
        with ipsec.inside(self.link.b.name):
            device = socket.if_nametoindex("eth0")
        return problems + ipsec.differ(
            "line", line.more,
            {"seq_first": 7, "seq_last": 8, "ifindex": device})

    def times_of_first_and_last_drop(self):
        times = [boottime()]
        for spis in ((SPI, SPI + 1), (SPI,)):
            self._dropped(*spis)
            times.append(boottime())
        later, once = self.family.lines()
        wanted = [("first", times[0], once.first), ("order", once.first,
                                                    once.last),
                  ("first of two", times[0], later.first),
                  ("before the second", later.first, times[1]),
                  ("second", times[1], later.last),
                  ("end", later.last, times[2])]
        problems = [] if once.first == once.last else ["one packet, two times"]
        return problems + [f"{what}: {a} is after {b}"
                           for what, a, b in wanted if a > b]

    def namespaces_are_apart(self):
        with ipsec.inside(self.link.a.name):
            other = nl.Family()
        problems = self._dropped(SPI)
        if other.lines():
            problems.append(f"host a sees {other.lines()}")
        Wire(self.link.b, self.link.a).send(SPI + 7)
        ends = [end.address[4] for end in (self.link.b, self.link.a)]
        problems += until(lambda: counts(other.lines()) ==
                          {who(ends, SPI + 7): 1}, "a line of host a")
        return problems + self._same_lines([(self.wire.who(SPI), 1)])

    def source_of_a_wildcard_sa(self):
        """The source comes from the packet as long as the packet has its header."""
        key = matrix.TRANSFORMS["null_sha1"][1]
        self.link.b.ip(f"xfrm state add src 0.0.0.0 dst {self.wire.ends[4][1]} "
                       f"proto esp spi {SPI:#x} mode tunnel {key}")
        problems = ipsec.expect(
            self.link.b, lambda: self.wire.send(SPI),
            {"esp.authenticationFailuresOnInbound": 1, ipsec.TOTAL: 1})
        return problems + self._same_lines(
            [(nl.Who("auth", nl.ESP, *self.wire.ends[4], SPI), 1)])

    def oldest_is_evicted(self):
        """Ordered by the last packet, not by the first."""
        spis = list(range(SPI, SPI + LIMIT))
        with ipsec.on_one_cpu():                # or packets are reordered
            problems = self._dropped(*spis) + self._whole(lines=LIMIT)
            problems += self._dropped(SPI, SPI)     # the oldest, but not idle
            problems += self._dropped(SPI + LIMIT)  # its neighbour is evicted
        order = [SPI + LIMIT, SPI, *spis[:1:-1]]
        return problems + self._whole(lines=LIMIT, evicted=1) + \
            self._same_lines([(self.wire.who(spi), 3 if spi == SPI else 1)
                              for spi in order])

    # -- packets after the end of their SA ---

    def _sas(self, *spis, version=4, out=False):
        """Add and delete SAs of host b with these SPIs."""
        ends = self.wire.ends[version][::-1 if out else 1]
        key = matrix.TRANSFORMS["null_sha1"][1]
        sas = [f"src {ends[0]} dst {ends[1]} proto esp spi {spi:#x}"
               for spi in spis]
        self.link.b.ip(*(f"xfrm state add {sa} mode tunnel {key}" for sa in sas))
        self.link.b.ip(*(f"xfrm state delete {sa}" for sa in sas))

    def _ended(self, **wanted):
        """Problems unless exactly the lines with these SPIs say that an SA ended."""
        return ipsec.differ("SA that ended", {
            f"{line.who.spi:#x}": "sa_until" in line.more
            for line in self.family.lines()}, wanted)

    def deleted_sa(self):
        problems = []
        for version in (4, 6):
            times = [boottime()]
            self._sas(SPI, version=version)
            times.append(boottime())
            problems += self._dropped(SPI, version=version)
            line = self.family.lines()[0]
            # The coarse clock of the kernel is up to one tick late.
            if not times[0] - TICK <= line.more.get("sa_until", 0) <= times[1]:
                problems.append(f"IPv{version}: {line} is not of {times}")
        return problems

    def sa_deleted_after_the_packet_arrived(self):
        problems = self._dropped(SPI) + self._ended(**{hex(SPI): False})
        self._sas(SPI)
        return problems + self._ended(**{hex(SPI): True})

    def expired_sa(self):
        ends = self.wire.ends[4]
        self.link.b.ip(f"xfrm state add src {ends[0]} dst {ends[1]} proto esp "
                       f"spi {SPI:#x} mode tunnel limit time-hard 1 "
                       f"{matrix.TRANSFORMS['null_sha1'][1]}")
        problems = until(lambda: not self.link.b.states(), "the SA expires")
        return problems + self._dropped(SPI) + self._ended(**{hex(SPI): True})

    def sa_that_never_existed(self):
        """There was another inbound SA, and an outbound SA with this SPI."""
        self._sas(SPI)
        self._sas(SPI + 1, out=True)
        return self._dropped(SPI + 1) + self._ended(**{hex(SPI + 1): False})

    def last_four_deleted_sas(self):
        spis = list(range(SPI, SPI + 5))
        self._sas(*spis)
        return self._dropped(*spis) + self._ended(**{
            hex(spi): spi > SPI for spi in spis})

    def event_of_a_deleted_sa(self):
        with Listener(self.link.b) as listener:
            self._sas(SPI)
            problems = self._dropped(SPI)
            problems += listener.until_told({self.wire.who(SPI): 1})
            told = listener.told[-1].more
        return problems + ([] if "sa_until" in told else [f"told {told}"])

    # -- outbound ---

    def _refused(self, reason, words, version, count, refused):
        """The SA refuses so many of so many packets of b, in this line."""
        ends = self.wire.ends[version][::-1]
        path = "src {} dst {}".format(*ends)
        self.link.b.ip(f"xfrm state add {path} proto esp spi {SPI:#x} reqid 1 "
                       f"mode tunnel {words} {matrix.TRANSFORMS['null_sha1'][1]}",
                       f"xfrm policy add {path} proto udp dir out tmpl {path} "
                       "proto esp reqid 1 mode tunnel")
        raw.datagrams(self.link.b, ends[1], count)
        if reason == "expired":
            ipsec.until(lambda: not self.link.b.states(), "a timer deletes the SA")
        line, = self.family.lines() or [nl.Line(None, 0, 0, 0, {})]
        return ipsec.differ(
            "line", {line.who: line.count, **line.more},
            {nl.Who(reason, nl.ESP, *ends, SPI): refused, "outbound": True,
             "inner_src": ends[0], "inner_dst": ends[1]}) + \
            self._whole(lines=1) + ipsec.disagreements(self.link.b)

    def sequence_numbers_used_up(self):
        return self._refused("sequence", "replay-oseq 0xfffffffd", 4, 5, 3)

    def sequence_numbers_used_up_ipv6(self):
        return self._refused("sequence", "replay-oseq 0xfffffffd", 6, 5, 3)

    def hard_limit_reached(self):
        return self._refused("expired", "limit packet-hard 1", 4, 2, 1)

    def hard_limit_reached_ipv6(self):
        return self._refused("expired", "limit packet-hard 1", 6, 2, 1)

    def outbound_lines_are_not_inbound_drops(self):
        """And an evicted outbound line is not counted in `evicted`."""
        problems = self._refused("sequence", "replay-oseq 0xffffffff", 4, 3, 3)
        spis = range(SPI, SPI + LIMIT)
        with ipsec.on_one_cpu():
            problems += self._dropped(*spis)
        return problems + self._whole(lines=LIMIT) + self._same_lines(
            [(self.wire.who(spi), 1) for spi in spis[::-1]])

    def _forwarding(self, policy="action block"):
        """Networks behind b that its policies block."""
        networks = {4: "10.9.0", 6: "fd09:"}
        b = self.link.b
        b.sysctl("ipv4/ip_forward", 1)
        b.sysctl("ipv6/conf/all/forwarding", 1)
        b.ip("link add behind type dummy", "link set behind up",
             "addr add 10.9.0.1/24 dev behind",
             "addr add fd09::1/64 dev behind nodad",
             f"xfrm policy add dst 10.9.0.0/24 dir out {policy}",
             f"xfrm policy add dst fd09::/64 dir out {policy}")
        self.link.a.ip(f"route add 10.9.0.0/24 via {b.address[4]}",
                       f"route add fd09::/64 via {b.address[6]}")
        return {4: f"{networks[4]}.2", 6: f"{networks[6]}:2"}

    def _forwarded(self, target, version, reason="blocked", count=2):
        return {(nl.Who(reason, socket.IPPROTO_UDP,
                        self.link.a.address[version], target, 0), True): count}

    def _seen(self):
        return {(line.who, line.more.get("outbound")): line.count
                for line in self.family.lines()}

    def _forwards(self, reason, line, policy):
        """Two packets of each IP version are dropped and move this line."""
        targets, wanted = self._forwarding(policy), {}
        before = self.link.b.mib()
        for version, target in targets.items():
            raw.datagrams(self.link.a, target, 2)
            wanted |= self._forwarded(target, version, reason)
        return until(lambda: self._seen() == wanted, f"{wanted}") + \
            self._whole(lines=2) + ipsec.disagreements(self.link.b) + \
            ipsec.differ("line of the MIB", ipsec.changes(
                before, self.link.b.mib()), {line: 4})

    def forwarded(self):
        return self._forwards("blocked", "XfrmOutPolBlock", "action block")

    def forwarded_without_an_sa(self):
        self.link.b.sysctl("core/xfrm_larval_drop", 1)
        return self._forwards("no-state", "XfrmOutNoStates",
                              "tmpl proto esp mode transport")

    def forwarded_while_others_look_up(self):
        """Two lines moved: the reason of the first packet is not known."""
        target = self._forwarding()[4]
        path = "src {} dst {}".format(*self.wire.ends[4][::-1])
        self.link.b.ip(f"xfrm policy add {path} proto udp dir out "
                       f"tmpl {path} proto esp mode tunnel")
        self.link.b.sysctl("core/xfrm_larval_drop", 1)
        with ipsec.on_one_cpu():
            raw.datagrams(self.link.b, self.link.a.address[4], 1)
            raw.datagrams(self.link.a, target, 3)
        wanted = self._forwarded(target, 4)
        return until(lambda: self._seen() == wanted, f"{wanted}") + \
            ipsec.disagreements(self.link.b)

    def forwarded_badly_while_others_look_up(self):
        """A broadcast is dropped, too; the line of the others does not include it."""
        target = self._forwarding()[4]
        udp = struct.pack("!HHHH", 9, 9, 8, 0)
        with ipsec.on_one_cpu():
            raw.datagrams(self.link.b, target, 1)
            self.wire.socket.send(
                b"\xff" * 6 + self.wire.ether[4][6:] +
                ipv4((self.wire.ends[4][0], target), socket.IPPROTO_UDP, udp))
            self._dropped(SPI)              # still there when the other one is gone
        return ipsec.differ("line", counts(self.family.lines()),
                            {self.wire.who(SPI): 1}) + (
            [] if self.link.b.mib()["XfrmOutPolBlock"] == 1 else ["no look-up"])

    def _loses_its_route(self, version, target, lose):
        """A packet whose route disappears before its policy is looked up."""
        before = self.link.b.mib()
        with ipsec.on_one_cpu():
            raw.datagrams(self.link.a, target, 2)   # the route is in the cache
            with injected.held("__xfrm_route_forward", lose):
                raw.datagrams(self.link.a, target, 1)
        return ipsec.differ("line", self._seen(),
                            self._forwarded(target, version, "header", 1)) + \
            ipsec.disagreements(self.link.b) + ipsec.differ(
                "line of the MIB", ipsec.changes(before, self.link.b.mib()),
                {"XfrmFwdHdrError": 1})

    def forwarded_while_its_route_is_replaced(self):
        def send():
            raw.datagrams(self.link.a, target, 1)

        target = self._forwarding("priority 1")[4]
        return self._loses_its_route(4, target, lambda: raw.replace_route(
            self.link.b, send, "ForwDatagrams"))

    def forwarded_while_its_route_is_deleted(self):
        """IPv6 frees only routes of path MTU discovery without a grace period."""
        def lose():
            raw.delete_route(self.link.b, "fd09::", 64)

        target = self._forwarding("priority 1")[6]
        self._too_big("fd09::1", target)
        return self._loses_its_route(6, target, lose)

    def _too_big(self, source, target):
        """Host b learns the path MTU of a packet that it sent."""
        with ipsec.inside(self.link.b.name):
            sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        with sock:
            sock.bind((source, 9))
            sock.connect((target, 9))
            ends = self.wire.ends[6]
            self.wire.socket.send(self.wire.ether[6] + bytes(
                IPv6(src=ends[0], dst=ends[1]) / ICMPv6PacketTooBig(mtu=1400) /
                IPv6(src=source, dst=target) / UDP(sport=9, dport=9)))

    def tool_shows_what_went_out(self):
        problems = self._refused("sequence", "replay-oseq 0xffffffff", 4, 1, 1)
        a, b = self.wire.ends[4]
        shown = ipsec.run(*self._tool("drops", "--full")).splitlines()[1:3]
        wanted = [f"out sequence esp {SPI:#010x} 1 0s 0s {b} > {a}",
                  f"inside {b} > {a}"]
        seen = [" ".join(re.sub(r" [0-9]s ", " 0s ", line).split())
                for line in shown]
        told, = json.loads(ipsec.run(*self._tool("drops", "-j")))["drops"]
        if told.get("outbound") is not True:
            problems.append(f"told {told}")
        return problems + ([] if seen == wanted else [f"shows {shown}"])

    # -- rights ---

    # Each on a socket of its own.
    QUESTIONS = (lambda: nl.Family().table(), lambda: nl.Family().lines(),
                 lambda: nl.Family().join())

    def unprivileged_user_is_refused(self):
        return netlink.refused_to(65534, 65534, self.QUESTIONS)

    def readers_of_statistics_are_refused(self):
        """The group may read the figures, but not addresses of peers."""
        with netlink.allowed("2000 2000"):
            return netlink.reads_figures(65534, 2000) + \
                netlink.refused_to(65534, 2000, self.QUESTIONS)

    def root_of_a_user_namespace(self):
        """Reads its own drops, and no others."""
        def attempt():
            become(65534, 65534)
            outer = nl.Family()
            if ipsec.libc.unshare(0x10000000 | ipsec.CLONE_NEWNET):
                return ["no user namespace to be had"]
            problems = [] if refused(outer.lines, EPERM, "") == [] else \
                ["reads the table it came from"]
            loopback_up()
            heard = nl.Family()
            heard.join()
            sock = socket.socket(socket.AF_INET, socket.SOCK_RAW,
                                 socket.IPPROTO_RAW)
            ends = ("127.0.0.1", "127.0.0.1")
            sock.sendto(esp(ends, SPI), (ends[1], 0))
            for seen in (nl.Family().lines(), heard.events()):
                problems += ipsec.differ("line", counts(seen),
                                         {who(ends, SPI): 1})
            return problems
        self._dropped(SPI + 5)
        return in_child(attempt)

    def bad_requests(self):
        dump = nl.NLM_F_REQUEST | nl.NLM_F_DUMP
        unknown = nl.attribute(1, bytes(4))
        problems = []
        for flags in (nl.NLM_F_REQUEST, dump):
            for how, errno, text in (
                    ({"version": 7}, EPROTONOSUPPORT, "version 1"),
                    ({"body": unknown}, EINVAL, "")):
                problems += refused(lambda f=flags, h=how: self.family.ask(
                    nl.DROP_GET, flags=f, **h), errno, text)
        return problems + refused(lambda: self.family.ask(nl.DROP_NTF), 95, "")

    # -- changes during a read ---

    def dump_is_of_one_moment(self):
        """A dump is complete, however the table changes meanwhile."""
        spis = range(SPI, SPI + LIMIT)
        problems = self._dropped(*spis)
        self.family.socket.send(nl.message(
            self.family.id, nl.NLM_F_REQUEST | nl.NLM_F_DUMP,
            struct.pack("=BBH", nl.DROP_GET, 1, 0)))
        problems += self._dropped(*range(SPI + LIMIT // 2, SPI + 2 * LIMIT))
        seen, done = [], False
        while not done:
            for kind, data in self.family._received():
                done = kind == nl.NLMSG_DONE
                if not done:
                    seen.append(self.family.line(data[20:]))
        return problems + ipsec.differ("line", counts(seen), {
            self.wire.who(spi): 1 for spi in spis}) + \
            ([] if len(seen) == LIMIT else [f"{len(seen)} lines"])

    # -- a flood ---

    def flood(self):
        """A flood of random SPIs: bounded memory and events, exact counts."""
        spis = random_spis(FLOOD)
        objects, began = slab_objects(), time.monotonic()

        def provoke():
            for i in range(0, FLOOD, BATCH):
                self.wire.send(*spis[i:i + BATCH])
                heard.hear()
        with Listener(self.link.b) as heard:
            problems = ipsec.expect(self.link.b, provoke, {
                INVALID: FLOOD, ipsec.TOTAL: FLOOD})
            lines = self.family.lines()
            last = list(dict.fromkeys(spis[::-1]))[:LIMIT]
            if [line.who.spi for line in lines] != last:
                problems.append("not the lines of the last packets")
            table = self.family.table()
            told = sum(line.count for line in lines)
            if table["lines"] != LIMIT or table["missed"] or \
                    table["evicted"] != FLOOD - told:
                problems.append(f"{table} beside {told} packets in lines")
            problems += until(
                lambda: counts(heard.hear()).items() >= counts(lines).items(),
                "the last lines told")
            most = LIMIT * ((time.monotonic() - began) / EVENT_DELAY + 2)
        grown = slab_objects() - objects
        print(f"# {FLOOD} drops: {grown} slab objects more, "
              f"{len(heard.told)} events, at most {most:.0f}")
        # The slab cache has other users, but few.
        if grown > LIMIT + FLOOD // 20:
            problems.append(f"{grown} slab objects more")
        if len(heard.told) > most:
            problems.append(f"{len(heard.told)} events, more than {most:.0f}")
        return problems

    # -- events ---

    def events_report_new_counts(self):
        with Listener(self.link.b) as heard:
            problems = self._dropped(SPI, SPI, SPI + 1)
            problems += heard.until_told({self.wire.who(SPI): 2,
                                          self.wire.who(SPI + 1): 1})
            problems += self._dropped(SPI + 1, version=6)
            problems += self._dropped(SPI)
            problems += heard.until_told({self.wire.who(SPI): 3,
                                          self.wire.who(SPI + 1): 1,
                                          self.wire.who(SPI + 1, 6): 1})
            if len(heard.told) > 6:
                problems.append(f"told {heard.told}")
            lines = {line.who: line for line in self.family.lines()}
            final = {line.who: line for line in heard.told}
            if lines != final:
                problems.append(f"told {final}, but it is {lines}")
        return problems

    def no_events_of_earlier_drops(self):
        """A listener that joins late gets only later events."""
        problems = self._dropped(SPI, SPI + 1)
        with Listener(self.link.b) as heard:
            problems += self._dropped(SPI + 2)
            problems += heard.until_told({self.wire.who(SPI + 2): 1})
        return problems

    def events_stay_in_their_namespace(self):
        with Listener(self.link.a) as apart, Listener(self.link.b) as heard:
            problems = self._dropped(SPI)
            problems += heard.until_told({self.wire.who(SPI): 1})
            if apart.hear():
                problems.append(f"host a hears {apart.told}")
        return problems

    def full_socket_loses_only_events(self):
        with Listener(self.link.b) as deaf:
            deaf.family.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                          1)
            problems = self._dropped(*range(SPI, SPI + LIMIT))
            try:
                problems += until(lambda: len(deaf.hear()) >= LIMIT, "loss")
            except OSError as error:
                if error.errno != 105:      # ENOBUFS
                    problems.append(str(error))
        return problems + self._whole(lines=LIMIT)

    # -- ipsecstat drops, ipsecstat monitor ---

    def _tool(self, *words):
        return ["ip", "netns", "exec", self.link.b.name, ipsec.TOOL, *words]

    def tool_shows_the_lines(self):
        problems = self._dropped(SPI, SPI, SPI) + \
            self._dropped(SPI + 1, version=6)
        head, *lines, _, lines_foot, packets_foot = ipsec.run(
            *self._tool("drops")).splitlines()
        foot = f"{lines_foot} {packets_foot}"
        seen = [[*words[:4], *words[6:]] for words in map(str.split, lines)]
        wanted = [["no-state", "esp", f"{spi:#010x}", str(count),
                   self.wire.ends[version][0], ">", self.wire.ends[version][1]]
                  for version, spi, count in
                  ((6, SPI + 1, 1), (4, SPI, 3))]
        if seen != wanted:
            problems.append(f"shows {seen}, not {wanted}")
        if head.split()[0] != "Reason" or not foot.startswith(
                f"2 of {LIMIT} lines; packets without a line: 0 "):
            problems.append(f"around them: {head!r}, {foot!r}")
        return problems

    def tool_shows_every_attribute(self):
        problems = self._numbered(7, 4294967295)
        _, line, more, *_ = ipsec.run(*self._tool("drops", "--full")).splitlines()
        wanted = "    sequence numbers 7 to 4294967295, device eth0"
        if more != wanted:
            problems.append(f"{more!r} below {line!r} is not {wanted!r}")
        return problems

    def tool_shows_a_deleted_sa(self):
        self._sas(SPI)
        problems = self._dropped(SPI)
        shown = ipsec.run(*self._tool("drops", "--full")).splitlines()[2]
        timed = ipsec.run(*self._tool("drops", "--full", "--times"))
        told = json.loads(ipsec.run(*self._tool("drops", "--json")))["drops"]
        until_ns = self.family.lines()[0].more["sa_until"]
        ended = (until_ns + time.time_ns() - boottime()) / 1e9
        if not re.fullmatch(r"    SA ended \d+s ago, sequence number 1, "
                            r"device eth0", shown):
            problems.append(f"shows {shown!r}")
        day = time.strftime("%Y-%m-%d", time.localtime(ended))
        if f"SA ended {day} " not in timed:
            problems.append(f"shows {timed!r}")
        if abs(seconds(told[0]["saUntil"]) - ended) > 0.5:
            problems.append(f"{told} does not say {ended}")
        return problems

    def tool_shows_a_deleted_device(self):
        problems = self._numbered(1)
        line, = self.family.lines()
        self.link.b.ip("link delete eth0")
        told = json.loads(ipsec.run(*self._tool("drops", "--json")))["drops"]
        name = f"if{line.more['ifindex']}"
        return problems + ([] if told[0]["device"] == name else
                           [f"{told} does not name {name}"])

    def tool_shows_json(self):
        problems = self._dropped(SPI, SPI, SPI) + \
            self._dropped(SPI + 1, version=6)
        told = json.loads(ipsec.run(*self._tool("drops", "--json")))
        problems += schema.complaints("ipsecstat-drops", [told])
        if [told[key] for key in ("limit", "lines", "evicted", "missed")] != \
                [LIMIT, 2, 0, 0]:
            problems.append(f"of the whole: {told}")
        offset = time.time_ns() - boottime()
        lines = self.family.lines()
        problems += ipsec.differ("line", counts(map(from_json, told["drops"])),
                                 counts(lines))
        for line, seen in zip(lines, told["drops"]):
            if seen["sequence"] != {"first": line.more["seq_first"],
                                    "last": line.more["seq_last"]}:
                problems.append(f"{seen} is not {line}")
            for key in ("first", "last"):
                wanted = (getattr(line, key) + offset) / 1e9
                if abs(seconds(seen[key]) - wanted) > 0.5:
                    problems.append(f"{key} is {seen[key]}, not {wanted}")
        return problems

    def _monitor(self, command):
        """Start it, and return when it listens."""
        group = 1 << (self.family.groups["drops"] - 1)
        monitor = subprocess.Popen(command, text=True, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)

        def listens():
            with ipsec.inside(self.link.b.name), \
                 open("/proc/thread-self/net/netlink", encoding="ascii") as file:
                return any(int(line.split()[3], 16) & group and
                           line.split()[1] == str(nl.NETLINK_GENERIC)
                           for line in file.readlines()[1:])
        return monitor, until(listens, "the monitor listens")

    def _monitored(self, command, last):
        """The lines that it prints for two packets, up to the one that contains @last."""
        monitor, problems = self._monitor(command)
        problems += self._dropped(SPI, SPI)
        told = []
        while not any(last in line for line in told):
            if not select.select([monitor.stdout], [], [], ipsec.PATIENCE)[0]:
                problems.append(f"no line with {last}: {told}")
                break
            told.append(monitor.stdout.readline())
        monitor.send_signal(signal.SIGINT)
        rest, said = monitor.communicate(timeout=ipsec.PATIENCE)
        if monitor.returncode or rest or said or len(told) > 2:
            problems.append(f"{told}, then {rest!r}; said {said!r}, "
                            f"ended with {monitor.returncode}")
        return told, problems

    def _tells_lines(self, command):
        told, problems = self._monitored(command, "2 packets")
        if problems:
            return problems
        source, target = self.wire.ends[4]
        wanted = f"  no-state: esp from {source} to {target} " \
            f"spi {SPI:#010x}, 2 packets\n"
        return [] if told[-1].endswith(wanted) else \
            [f"{told[-1]!r} is not {wanted!r}"]

    def monitor_tells_lines(self):
        return self._tells_lines(self._tool("monitor"))

    def monitor_of_another_namespace(self):
        return self._tells_lines([ipsec.TOOL, "monitor", "-n", self.link.b.name])

    def monitor_of_all_namespaces(self):
        told, problems = self._monitored([ipsec.TOOL, "monitor", "-a"], "2 packets")
        if not problems and not told[-1].startswith(f"{self.link.b.name}  2"):
            problems.append(f"{told[-1]!r} does not begin with the name")
        return problems

    def monitor_of_all_namespaces_tells_json(self):
        told, problems = self._monitored([ipsec.TOOL, "monitor", "-a", "-j"],
                                         '"packets":2')
        if problems:
            return problems
        line = json.loads(told[-1])
        problems = schema.complaints("ipsecstat-drops/drop", [line])
        if line["netns"] != self.link.b.name:
            problems.append(f"{line} does not name {self.link.b.name}")
        return problems

    def monitor_tells_json(self):
        told, problems = self._monitored(self._tool("monitor", "-j"),
                                         '"packets":2')
        if problems:
            return problems
        line = json.loads(told[-1])
        return schema.complaints("ipsecstat-drops/drop", [line]) + \
            ipsec.differ("line", counts([from_json(line)]),
                         {self.wire.who(SPI): 2})

    # -- the end ---

    def namespace_deleted_with_readers(self):
        """Unloading works during a dump, with a listener and events in progress."""
        name = f"gone-{os.getpid()}"
        ipsec.run("ip", "netns", "add", name)
        ipsec.run("ip", "-n", name, "link", "set", "lo", "up")
        # Its other end is deleted with the namespace.
        self.link.a.ip(f"link add tell type veth peer name gone netns {name}")
        host = collections.namedtuple("Named", "name")(name)
        with Listener(host), ipsec.inside(name):
            sock = socket.socket(socket.AF_INET, socket.SOCK_RAW,
                                 socket.IPPROTO_RAW)
            reader = nl.Family()
            ends = ("127.0.0.1", "127.0.0.1")
            for spi in range(SPI, SPI + LIMIT):
                sock.sendto(esp(ends, spi), (ends[1], 0))
            reader.socket.send(nl.message(
                reader.id, nl.NLM_F_REQUEST | nl.NLM_F_DUMP,
                struct.pack("=BBH", nl.DROP_GET, 1, 0)))
            ipsec.run("ip", "netns", "del", name)
            sock.close()
            reader.close()
        return until(lambda: "tell" not in self.link.a.ip("link show"),
                     "the namespace is gone")

    def named_since_the_first_policy(self):
        """The host has neither SA nor policy when the module is loaded."""
        self.family.close()
        ipsec.reload_module()
        self._begin()
        ends = [end.address[4] for end in (self.link.a, self.link.b)]
        self.link.b.ip("xfrm policy add src {} dst {} dir in "
                       "action block".format(*ends))
        with ipsec.inside(self.link.a.name), \
             socket.socket(type=socket.SOCK_DGRAM) as sock:
            sock.sendto(b"data", (ends[1], 9))
        return until(lambda: {(line.who.reason, line.who.proto): line.count
                              for line in self.family.lines()} ==
                     {("blocked", socket.IPPROTO_UDP): 1}, "its line")

    def unload_with_a_listener_and_during_a_dump(self):
        problems = self._dropped(*range(SPI, SPI + LIMIT))
        self.family.socket.send(nl.message(
            self.family.id, nl.NLM_F_REQUEST | nl.NLM_F_DUMP,
            struct.pack("=BBH", nl.DROP_GET, 1, 0)))
        if not subprocess.run(["rmmod", "ipsecstat"], capture_output=True,
                              check=False).returncode:
            problems.append("unloaded in the midst of a dump")
        self.family.close()
        with Listener(self.link.b):
            self.wire.send(SPI + LIMIT)         # an event is in progress
            ipsec.reload_module()
        self._begin()
        return problems + self._same_lines([]) + self._whole()


def loopback_up():
    """As ip does it, which is not root in a namespace without user IDs."""
    siocsifflags, up = 0x8914, 1
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, siocsifflags, struct.pack("=16sH22x", b"lo", up))


def random_spis(count):
    return [int.from_bytes(os.urandom(4), "big") | 0x1000000
            for _ in range(count)]


def slab_objects():
    with open(SLAB, encoding="ascii") as file:
        return int(file.read().split()[0])


def seconds(text):
    """A time of the tool, since 1970."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")
                                           ).timestamp()


def from_json(line):
    """As the family reports it; no packet here has an SA."""
    return nl.Line(nl.Who(line["reason"], line["protocol"], line["source"],
                          line["destination"], int(line["spi"], 16)),
                   line["packets"], line["first"], line["last"], {})


def on_a_link(cases, function):
    """Namespaces of its own for each case, so that the table is empty."""
    def case():
        with ipsec.Link() as cases.link:
            cases._begin()
            return function()
    return case


def main():
    cases = Cases()
    # Otherwise attached with the first SA, and here is none.
    ipsec.run("modprobe", "-a", "esp4", "esp6")
    left_out = () if injected.possible() else NEED_INJECTION
    ipsec.run_cases([(name, on_a_link(cases, function))
                     for name, function in ipsec.cases_of(cases)
                     if name not in left_out])


if __name__ == "__main__":
    main()
