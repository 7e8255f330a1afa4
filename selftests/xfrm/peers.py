#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Peers: the sums over all SAs between two ends, and how the last SA ended.

    peers.py [PART...]      cases whose name has one of the parts

After each case, as in the other tests, the sums over all peers must equal the figures
of the host (ipsec.py).
"""
import contextlib
import ctypes
import itertools
import json
import multiprocessing
import os
import select
import socket
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../tools"))
# pylint: disable=wrong-import-position
import ipsec
import life
import netlink
import nl
import offload
import raw
import schema
from drops import EVENT_DELAY, Listener, boottime, until
from life import ALGO, PEERS, sa, state
from netlink import EINVAL, EPERM, EPROTONOSUPPORT, become, in_child, refused

LIMIT = 1024                            # as in kmod/peer.h
SHOWN = {"state": "state", "if_id": "ifId", "sas_in": "sasInbound",
         "sas_out": "sasOutbound", "larval": "larvalSas",
         "bytes_in": "bytesInbound", "packets_in": "packetsInbound",
         "bytes_out": "bytesOutbound", "packets_out": "packetsOutbound",
         "added": "sasAdded", "deleted": "sasDeleted", "rekeyed": "rekeys",
         "mapped": "packetsRemapped",
         "near_end": "nearEnd"}
ENOENT, EOPNOTSUPP = 2, 95
REKEYS, READS, ROUNDS = 10, 10, 5
SPI = 0x5000
LOCAL, REMOTE = PEERS[4]
KEY = "aead rfc4106(gcm(aes)) 0x" + "01" * 20 + " 128"
FAR = "10.9.{}.{}"                      # peers that no other case uses


def pair(spi, version=4, verb="add", **how):
    """An inbound and an outbound SA of host b."""
    if verb == "add":
        how["rest"] = "reqid 1"
    return [state(verb, spi, version, **how),
            state(verb, spi + 1, version, out=True, **how)]


def far(number):
    return FAR.format(number >> 8, number & 255)


def far_state(verb, number, out=True):
    """An SA between host b and an absent peer."""
    ends = (LOCAL, far(number)) if out else (far(number), LOCAL)
    line = "xfrm state {} src {} dst {} proto esp spi {:#x}".format(
        verb, *ends, 0x10000 + number)
    return line + (f" mode tunnel {ALGO['esp']}" if verb == "add" else "")


class Traffic:
    """Datagrams from a to b and back, during a with statement.

    In another process, because the reader has much to decode.
    """

    def __init__(self, link):
        self.hosts = (link.a, link.b)
        # Without a lock, which the process could hold when it is killed.
        self.counter = multiprocessing.Value("Q", 0, lock=False)
        self.process = multiprocessing.Process(target=self._send, daemon=True)

    def __enter__(self):
        self.process.start()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.join()

    @property
    def sent(self):
        return self.counter.value

    @staticmethod
    def _socket(host, address):
        with ipsec.inside(host.name):
            sock = socket.socket(type=socket.SOCK_DGRAM)
        sock.bind((address, 9))
        sock.settimeout(0)
        return sock

    def _send(self):
        ends = (REMOTE, LOCAL)          # of a and of b
        socks = [self._socket(*one) for one in zip(self.hosts, ends)]
        while True:
            for sock, other in zip(socks, ends[::-1]):
                with contextlib.suppress(OSError):
                    sock.sendto(b"x" * 100, (other, 9))
                with contextlib.suppress(OSError):
                    sock.recv(1 << 11)
            self.counter.value += 1

    def until_more(self, count=5):
        """Problems unless so many round trips more are tried."""
        wanted = self.sent + count
        return until(lambda: self.sent >= wanted, "traffic")


class Base:
    """Each case has a new link and an empty table."""

    def __init__(self):
        self.link = self.host = self.family = None

    def _begin(self):
        self.host = self.link.b
        self.family = self.host.family

    def _see(self, lines, wanted):
        return ipsec.expect(self.host, lambda: self.host.ip(*lines), wanted)

    def _peer(self, one=LOCAL, other=REMOTE, if_id=0):
        return self.family.peer_of(one, other, if_id) or {}

    def _is(self, wanted, *ends):
        """Problems unless the peer has these attributes."""
        peer = self._peer(*ends)
        return [f"{key} is {peer.get(key)}, not {value}"
                for key, value in wanted.items() if peer.get(key) != value]

    def _ended(self, *ends, **wanted):
        ended = self._peer(*ends).get("ended", {})
        return [f"ended: {key} is {ended.get(key)}, not {value}"
                for key, value in wanted.items() if ended.get(key) != value]

    def _flows(self, hosts=None, mode="transport"):
        """Policies that require SAs for all UDP between a and b, in both directions."""
        for host, ends in ((self.link.a, (REMOTE, LOCAL)),
                           (self.link.b, (LOCAL, REMOTE))):
            if host in (hosts or (self.link.a, self.link.b)):
                host.ip(*(f"xfrm policy add src {src} dst {dst} proto udp "
                          f"dir {way} tmpl src {src} dst {dst} proto esp "
                          f"mode {mode} reqid 1"
                          for way, (src, dst) in
                          (("out", ends), ("in", ends[::-1]))))

    def _both(self, verb, spi, **how):
        """The same pair of SAs on both hosts."""
        rest = {"rest": f"reqid 1 {how.pop('more', '')}"} \
            if verb == "add" else {}
        for host in (self.link.a, self.link.b):
            host.ip(state(verb, spi, **rest, **how),
                    state(verb, spi + 1, out=True, **rest, **how))

    def _between(self, before, after):
        """The sums over all peers, read between two reads of the host."""
        problems, low = [], ipsec.all_carried(before)
        high, now = ipsec.all_carried(after), ipsec.sum_of_peers(self.read)
        for key in ("bytes", "packets"):
            if not low[key] <= now[key] <= high[key]:
                problems.append(f"{key}: {now[key]} of all peers is not between "
                                f"{low[key]} and {high[key]}")
        return problems

    def _bounded(self):
        """One read of all peers between two of the host."""
        before = self.host.statistics()
        self.read = self.family.peers()
        return self._between(before, self.host.statistics())


class Cases(Base):
    """Each method is a case."""

    # -- what a peer is ---

    def states(self):
        """Half up with one direction, whichever is first."""
        inbound, outbound = pair(SPI)
        gone_in, gone_out = pair(SPI, verb="delete")
        problems = [] if self.family.peers() == [self._nothing()] else \
            [f"at first: {self.family.peers()}"]
        for line, wanted in (
                (inbound, {"state": "half", "sas_in": 1, "sas_out": 0}),
                (outbound, {"state": "up", "sas_in": 1, "sas_out": 1}),
                (gone_in, {"state": "half", "sas_in": 0, "sas_out": 1}),
                (gone_out, {"state": "down", "sas_in": 0, "sas_out": 0})):
            self.host.ip(line)
            problems += self._is(wanted | {"local": LOCAL, "remote": REMOTE,
                                           "if_id": 0, "larval": 0})
        return problems + self._is({"added": 2, "deleted": 2, "rekeyed": 0})

    @staticmethod
    def _nothing():
        return dict.fromkeys(nl.PEER_SUMS, 0) | {"others": 0}

    def local_is_the_address_of_this_host(self):
        """Also if SAs came before it, in either order, and for both families."""
        problems = []
        for version, more in ((4, "10.0.0.77"), (6, "fd00::77")):
            other = PEERS[version][1]
            length = {4: 32, 6: 128}[version]
            for inbound_first in (True, False):
                lines = [f"xfrm state add src {src} dst {dst} proto esp "
                         f"spi {SPI:#x} mode tunnel {ALGO['esp']}"
                         for src, dst in ((other, more), (more, other))]
                self.host.ip(*lines[::1 if inbound_first else -1])
                self.host.ip(f"addr add {more}/{length} dev lo")
                problems += self._is(
                    {"local": more, "remote": other, "state": "up",
                     "sas_in": 1, "sas_out": 1}, other, more)
                self.host.ip(f"addr del {more}/{length} dev lo",
                             "xfrm state flush")
        return problems

    def peers_are_apart(self):
        """By ends and if_id, in the order of their first SAs; not by mode, protocol,
        reqid or mark."""
        lines = [state("add", 0x101), state("add", 0x102, mode="tunnel"),
                 state("add", 0x103, mode="beet", rest="reqid 5"),
                 state("add", 0x104, proto="ah", algo=ALGO["ah"]),
                 state("add", 0x105, out=True, rest="mark 5 mask 0xff"),
                 state("add", 0x106, rest="if_id 3"),
                 state("add", 0x107, 6),
                 far_state("add", 1)]
        problems = self._see(lines, sa(
            activeSas=8, totalSasAdded=8, activeTunnels=2))
        seen = [(peer.get("local"), peer.get("remote"), peer.get("if_id"),
                 peer.get("sas_in"), peer.get("sas_out"))
                for peer in self.family.peers()]
        wanted = [(LOCAL, REMOTE, 0, 4, 1), (LOCAL, REMOTE, 3, 1, 0),
                  (*PEERS[6], 0, 1, 0), (LOCAL, far(1), 0, 0, 1),
                  (None,) * 5]
        return problems + [f"{one} is not {other}" for one, other in
                           itertools.zip_longest(seen, wanted) if one != other]

    def times(self):
        times = [boottime()]
        for lines in ([state("add", SPI)], [state("add", SPI + 1, out=True)],
                      [state("add", SPI + 2)], pair(SPI, verb="delete")):
            time.sleep(0.02)            # the clock of the kernel is coarse
            self.host.ip(*lines)
            time.sleep(0.02)
            times.append(boottime())
            if len(times) == 4:
                up = self._peer()
        down = self._peer()
        moments = {"first": (up["first"], 0), "up since": (up["up_since"], 1),
                   "changed": (up["changed"], 2), "again": (down["changed"], 3),
                   "ended": (down["ended"]["at"], 3)}
        problems = [f"{what}: {at} is not between {times[i]} and {times[i + 1]}"
                    for what, (at, i) in moments.items()
                    if not times[i] <= at <= times[i + 1]]
        return problems + (["up_since of one that is not up"]
                           if "up_since" in down else [])

    def if_id_changed(self):
        """An update moves the SA to another peer, without its former traffic."""
        self.host.ip(state("add", SPI, rest="if_id 3", mode="tunnel"))
        problems = self._see([state("update", SPI, rest="if_id 4",
                                    mode="tunnel")], {})
        return problems + self._is(
            {"state": "down", "added": 1, "deleted": 0}, LOCAL, REMOTE, 3) + \
            self._is({"state": "half", "added": 0}, LOCAL, REMOTE, 4) + \
            self._ended(LOCAL, REMOTE, 3, reason="migrated", comm="ip") + \
            self._see(["xfrm state flush"], life.GONE | life.TUNNEL_GONE) + \
            self._is({"deleted": 1, "added": 0}, LOCAL, REMOTE, 4)

    def update_is_not_counted(self):
        self.host.ip(*pair(SPI))
        before = self._peer()
        self.host.ip(*pair(SPI, verb="update"))
        return [] if self._peer() == before else \
            [f"{self._peer()} is not {before}"]

    # -- how SAs end ---

    def _end_of(self, line, how, **wanted):
        self.host.ip(line)
        how()
        return until(lambda: self._peer().get("state") == "down", "an end") + \
            self._ended(**wanted)

    def ended_by_a_process(self):
        """By name, all at once, or all of a protocol; by netlink and PF_KEY."""
        problems = []
        ends = PEERS[4][::-1]
        for how, comm, reason in (
                (lambda: self.host.ip(state("delete", SPI)), "ip", "deleted"),
                (lambda: self.host.ip("xfrm state flush"), "ip", "flushed"),
                (lambda: self.host.ip("xfrm state flush proto esp"), "ip",
                 "flushed"),
                (lambda: raw.pfkey(self.host, "delete", "esp", ends, SPI),
                 None, "deleted"),
                (lambda: raw.pfkey(self.host, "flush"), None, "flushed")):
            own = {"comm": comm} if comm else {"pid": os.getpid()}
            problems += self._end_of(state("add", SPI), how, reason=reason,
                                     spi=SPI, outbound=False, replaced=False,
                                     **own)
        return problems

    def ended_by_time(self):
        return self._end_of(
            state("add", SPI, out=True, rest="limit time-hard 1"),
            lambda: None, reason="time", outbound=True, pid=0, comm="")

    def _limited(self, limit, reason):
        self.link.a.ip(state("add", SPI), state("add", SPI + 1, out=True))
        self._flows([self.link.b])
        return self._end_of(
            state("add", SPI + 1, out=True, rest=f"reqid 1 {limit}"),
            self._datagrams, reason=reason, outbound=True, pid=0, comm="")

    def _datagrams(self, count=3, host=None, target=REMOTE):
        with ipsec.inside((host or self.host).name):
            sock = socket.socket(type=socket.SOCK_DGRAM)
        with sock:
            for _ in range(count):
                with contextlib.suppress(OSError):
                    sock.sendto(b"four", (target, 9))

    def ended_by_packets(self):
        return self._limited("limit packet-hard 2", "packets")

    def ended_by_bytes(self):
        return self._limited("limit byte-hard 20", "bytes")

    def ended_by_expiry_by_hand(self):
        """A hard expiry requested by a process is not a limit."""
        def expire():
            info = nl.esp_info(PEERS[4][::-1], SPI, "transport")
            with ipsec.inside(self.host.name):
                kernel = nl.Socket(nl.NETLINK_XFRM)
            kernel.request(nl.XFRM_EXPIRE, info + struct.pack("=B7x", 1),
                           nl.NLM_F_REQUEST | nl.NLM_F_ACK)
        return self._end_of(state("add", SPI), expire, reason="deleted",
                            pid=os.getpid())

    def ended_with_a_successor(self):
        """A successor has the same direction."""
        self.host.ip(*pair(SPI), *pair(SPI + 2))
        gone = pair(SPI, verb="delete") + pair(SPI + 2, verb="delete")
        problems = []
        for line, replaced, outbound in zip(
                gone, (True, True, False, False), (False, True) * 2):
            self.host.ip(line)
            problems += self._ended(replaced=replaced, outbound=outbound)
        return problems

    # -- drops ---

    def _dropped(self, reason, count, drops):
        """@count datagrams from a, which raise @reason in @drops()."""
        before = drops().get(reason, 0)
        self._datagrams(count, self.link.a, LOCAL)
        return until(lambda: drops().get(reason, 0) == before + count,
                     f"{reason}: {drops()}")

    def _drops_of(self, *if_id):
        return self._peer(LOCAL, REMOTE, *if_id).get("dropped_in", {})

    def _unattributed(self):
        return self.family.peers_as_a_whole().get("unattributed", {})

    def dropped_without_an_sa(self):
        """Counted for the only peer between these addresses, if there is one."""
        self.link.a.ip(state("add", SPI, rest="reqid 1"))
        self._flows([self.link.a])
        problems = self._dropped("no-state", 2, self._unattributed)
        self.host.ip(far_state("add", 1), state(
            "add", SPI + 1, out=True, rest="if_id 3"))
        problems += self._dropped("no-state", 3, lambda: self._drops_of(3))
        self.host.ip(state("add", SPI + 2, out=True))
        problems += self._dropped("no-state", 4, self._unattributed)
        return problems + self._is({"dropped_in": {"no-state": 3}}, LOCAL,
                                   REMOTE, 3) + self._is({"dropped_in": None})

    def dropped_by_an_sa(self):
        """Counted for the peer of the SA, not of the addresses, also after its end."""
        self.link.a.ip(state("add", SPI, rest="reqid 1",
                             algo=KEY.replace("0x01", "0x02")))
        self._flows([self.link.a])
        self.host.ip(state("add", SPI + 1, out=True),
                     state("add", SPI, rest="if_id 3", algo=KEY))
        problems = self._dropped("auth", 5, lambda: self._drops_of(3))
        self.host.ip("xfrm state flush")
        return problems + self._is({"dropped_in": {"auth": 5}}, LOCAL, REMOTE,
                                   3) + self._is({"dropped_in": None})

    def drops_of_evicted_peers(self):
        self.link.a.ip(state("add", SPI, rest="reqid 1"))
        self._flows([self.link.a])
        self.host.ip(state("add", SPI + 1, out=True))
        problems = self._dropped("no-state", 2, self._drops_of)
        self.host.ip("xfrm state flush")
        self._come_and_go(range(LIMIT))
        others = self.family.peers()[-1]
        return problems + ipsec.differ("others", {
            key: others.get(key) for key in ("others", "dropped_in",
                                             "unattributed")},
            {"others": 1, "dropped_in": {"no-state": 2}, "unattributed": None})

    def unanswered(self):
        """A larval SA that expired, and one that became an SA."""
        larval = (f"xfrm state allocspi src {REMOTE} dst {LOCAL} proto esp "
                  f"mode transport reqid 7 min {SPI:#x} max {SPI:#x}")
        began = boottime()
        problems = self._see([larval], life.LARVAL) + \
            self._is({"state": "negotiating", "larval": 1, "added": 0})
        since = self._peer().get("larval_since", 0)
        if not began - 10 ** 7 <= since <= boottime():
            problems.append(f"larval since {since}")
        problems += self._see([state("delete", SPI)], life.LARVAL_GONE) + \
            self._is({"state": "down", "larval": 0, "larval_since": None}) + \
            self._ended(reason="unanswered", spi=SPI)
        problems += self._see([larval], life.LARVAL) + self._see(
            [state("update", SPI, rest="reqid 7")],
            life.ADDED | life.LARVAL_GONE)
        return problems + self._is({"state": "half", "larval": 0}) + \
            self._ended(reason="unanswered") + \
            self._see(["xfrm state flush"], life.GONE) + \
            self._ended(reason="flushed")

    def migrated(self):
        """The old peer keeps its sums, the new one begins with zero."""
        problems = self._carry(mode="tunnel")
        carried = self._peer()
        ends, moved = (REMOTE, LOCAL), life.MOVED[4]
        self.host.ip(f"xfrm policy add src {REMOTE} dst {LOCAL} dir in "
                     f"tmpl src {REMOTE} dst {LOCAL} proto esp "
                     "mode tunnel reqid 1")
        problems += ipsec.expect(
            self.host, lambda: raw.migrate(self.host, "esp", "tunnel", "in",
                                           ends, ends, moved),
            sa(totalSasAdded=1, totalSasDeleted=1, activeTunnels=1))
        return problems + self._is({
            "state": "half", "sas_in": 0, "bytes_in": carried["bytes_in"],
            "packets_in": carried["packets_in"]}) + \
            self._ended(reason="migrated", pid=os.getpid(), outbound=False) + \
            self._is({"state": "half", "bytes_in": 0, "packets_in": 0,
                      "added": 1}, *moved)

    # -- traffic ---

    def _carry(self, count=20, mode="transport"):
        """A pair of SAs on both hosts, and traffic, which has ended."""
        self._flows(mode=mode)
        self._both("add", SPI, mode=mode)
        with Traffic(self.link) as traffic:
            problems = traffic.until_more(count)
        return problems + self._at_rest()

    def _at_rest(self):
        return [problem for host in (self.link.a, self.link.b)
                for problem in ipsec.disagreements(host)]

    def carried(self):
        """By direction, the lifetimes in the kernel."""
        problems = self._carry()
        lifetimes, peer = self.host.lifetimes(), self._peer()
        return problems + [
            f"{way}: {peer[f'bytes_{way}'], peer[f'packets_{way}']} is not "
            f"{lifetimes[way]}" for way in ("in", "out")
            if (peer[f"bytes_{way}"], peer[f"packets_{way}"]) !=
            lifetimes[way] or not lifetimes[way][1]]

    def rekeys_under_traffic(self):
        """The live SAs have only the smallest part of the sums."""
        self._flows()
        self._both("add", SPI)
        problems = []
        with Traffic(self.link) as traffic:
            for rekey in range(1, REKEYS + 1):
                problems += traffic.until_more() + self._bounded()
                self._both("add", SPI + 2 * rekey)
                problems += traffic.until_more() + self._bounded()
                self._both("delete", SPI + 2 * rekey - 2)
        problems += self._at_rest() + self._is({
            "state": "up", "rekeyed": REKEYS, "added": 2 + 2 * REKEYS,
            "deleted": 2 * REKEYS, "sas_in": 1, "sas_out": 1})
        live, peer = self.host.lifetimes()["out"][1], self._peer()
        if not 0 < live < peer["packets_out"] / 2:
            problems.append(f"{live} of {peer['packets_out']} are of live SAs")
        return problems

    def nat_changes_the_port(self):
        """By an update, and as strongSwan does it: the SA is added again with its SPI
        and its lifetime."""
        encap = "encap espinudp {0} 4500 0.0.0.0"
        problems = self._carry()
        before = self._peer()
        problems += self._see([state("update", SPI, rest="reqid 1")], {})
        self.host.ip(state("delete", SPI),
                     state("add", SPI, rest="reqid 1 " + encap.format(1024)),
                     state("update", SPI, rest="reqid 1 " + encap.format(1025)))
        return problems + self._at_rest() + self._is(
            {key: before[key] for key in (*nl.PEER_SUMS[:4], "sas_in")} |
            {"added": 3, "deleted": 1, "state": "up"})

    def sums_continue_for_a_returning_peer(self):
        """The initial lifetime of a new SA is not counted again."""
        problems = self._carry()
        before = self._peer()
        self.host.ip(state("delete", SPI))
        raw.add_state(self.host, (REMOTE, LOCAL), "transport", SPI,
                      nl.attribute(XFRMA_LTIME_VAL,
                                   struct.pack("=4Q", 5000, 50, 1, 1)))
        return problems + self._at_rest() + self._is(
            {key: before[key] for key in nl.PEER_SUMS[:4]})

    def lifetime_set(self):
        """Set the lifetime of a live SA lower and higher: only packets count."""
        problems = self._carry()
        for size, packets in ((0, 0), (10 ** 12, 10 ** 9)):
            before = self._peer()
            self._set_lifetime(size, packets)
            problems += self._is({key: before[key]
                                  for key in nl.PEER_SUMS[:4]})
            with Traffic(self.link) as traffic:
                problems += traffic.until_more(20)
            problems += self._at_rest()
            if self._peer()["packets_in"] == before["packets_in"]:
                problems.append("no traffic")
        return problems

    def _set_lifetime(self, size, packets):
        """The kernel's own count then starts with this value."""
        set_lifetime(self.host, (REMOTE, LOCAL), SPI, size, packets)
        self.host.start = ipsec.Snapshot(self.host)

    def module_loaded_under_traffic(self):
        """A packet is from before, or is counted for both host and peer."""
        self._flows()
        self._both("add", SPI)
        problems = []
        with Traffic(self.link) as traffic:
            for _ in range(3):
                problems += traffic.until_more(20)
                for host in (self.link.a, self.link.b):
                    host.close()
                ipsec.reload_module()
                for host in (self.link.a, self.link.b):
                    host.open()
                self.family = self.host.family
                problems += traffic.until_more(20) + self._bounded()
        for host in (self.link.a, self.link.b):
            problems += ipsec.peers_disagree(host.name, host.family.peers(),
                                             host.statistics())
            host.start = ipsec.Snapshot(host)
        return problems + self._is({"state": "up", "added": 2, "rekeyed": 0})

    def churn(self):
        """Reads are exact while peers, SAs and packets come and go."""
        self._flows()
        self._both("add", SPI)
        self._come_and_go(range(10000, 10000 + LIMIT))
        problems, reads = [], 0
        with Traffic(self.link) as traffic, Churn(self.host) as churn:
            deadline = time.monotonic() + 6 * ipsec.PATIENCE
            while (reads < READS or churn.rounds < ROUNDS) and not problems:
                if time.monotonic() > deadline:
                    return ["too slow"]
                problems += self._bounded()
                reads += 1
                keys = [(peer["local"], peer["remote"])
                        for peer in self.read[:-1]]
                if len(keys) != len(set(keys)):
                    problems.append("a peer is told twice")
                if (LOCAL, REMOTE) not in keys:
                    problems.append("a peer that is there all the time is not "
                                    "told")
        print(f"# {reads} reads, {churn.rounds} rounds of {Churn.PEERS} peers, "
              f"{traffic.sent} round trips")
        problems += self._at_rest()
        return problems + ([] if self.family.peers()[-1]["others"]
                           else ["nobody made room"])

    # -- many ---

    def _come_and_go(self, numbers):
        self.host.ip(*(far_state(verb, number) for number in numbers
                       for verb in ("add", "delete")))

    def bounded_without_sas(self):
        """Peers that changed longest ago are evicted, and their sums are kept."""
        problems = self._carry()
        self.host.ip("xfrm state flush")
        wanted = self._peer()
        self._come_and_go(range(LIMIT + 10))
        whole, peers = self.family.peers_as_a_whole(), self.family.peers()
        wanted = {key: wanted[key] for key in nl.PEER_SUMS} | {
            "peers": LIMIT, "idle": LIMIT, "idle_limit": LIMIT, "others": 11,
            "added": wanted["added"] + 10, "deleted": wanted["deleted"] + 10}
        problems += ipsec.differ("table", whole, wanted)
        if [peer["remote"] for peer in peers[:-1]] != [
                far(number) for number in range(10, LIMIT + 10)]:
            problems.append("others made room")
        return problems + self._at_rest()

    def peers_with_sas_are_not_evicted(self):
        """A dump is complete with many peers, and while others change them."""
        live = range(2 * LIMIT, 2 * LIMIT + 50)
        self.host.ip(*(far_state("add", number) for number in live))
        self._come_and_go(range(LIMIT + 50))
        whole = self.family.peers_as_a_whole()
        problems = ipsec.differ("table", {key: whole[key] for key in (
            "peers", "idle")}, {"peers": LIMIT + 50, "idle": LIMIT})
        seen = {peer["remote"] for peer in self.family.peers()[:-1]}
        return problems + [f"{far(number)} is missing" for number in live
                           if far(number) not in seen] + self._at_rest()

    def evicted_during_a_dump(self):
        """Its sums are then in the others of this read, once."""
        self._come_and_go(range(200))
        problems = self._carry()
        self.host.ip("xfrm state flush")
        before = self.host.statistics()
        with ipsec.inside(self.host.name):
            reader = nl.Family()
        reader.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        reader.socket.send(nl.message(
            reader.id, nl.NLM_F_REQUEST | nl.NLM_F_DUMP,
            struct.pack("=BBH", nl.PEER_GET, 1, 0)))
        self._come_and_go(range(1000, 1000 + LIMIT))
        self.read, done = [], False
        while not done:
            for kind, data in reader._received():
                done = kind == nl.NLMSG_DONE
                if not done:
                    self.read.append(reader.peer(data[20:]))
        reader.close()
        others = self.read[-1]["others"]
        if not 0 < others < 201:
            problems.append(f"{others} others in a reading that began before")
        return problems + self._between(before, self.host.statistics())

    # -- library and tool ---

    def tool_shows_the_same(self):
        """Through the library, and by the schema of its JSON."""
        problems = self._carry()
        self.host.ip(*(far_state("add", number, out=out) for number in range(300)
                       for out in (True, False)), far_state("delete", 7),
                     state("add", SPI, 6))
        with ipsec.inside(self.host.name):
            text = ipsec.run(ipsec.TOOL, "peers", "--json", "--order", "address")
        shown = {(one["local"], one["remote"]): one
                 for one in json.loads(text)["peers"]}
        problems += [error.message for error in
                     schema.read("ipsecstat-peers").iter_errors(
                         json.loads(text))]
        for peer in self.family.peers()[:-1]:
            one = shown.pop((peer["local"], peer["remote"]), {"sums": {}})
            flat = one | one["sums"]
            problems += [f"{peer['remote']}: {key} {flat.get(key)} is not "
                         f"{peer[name]}" for name, key in SHOWN.items()
                         if flat.get(key) != peer[name]]
            if ("ended" in peer) != ("ended" in one) or "ended" in peer and \
                    one["ended"]["reason"] != peer["ended"]["reason"]:
                problems.append(f"ended: {one} {peer}")
        return problems + [f"no such peer: {key}" for key in shown]

    def tool_names_interfaces(self):
        """Shown in place of their if_id, with a second line for a local address."""
        self.host.ip("link add ipsec7 type xfrm dev lo if_id 7",
                     "addr add 10.0.0.77/32 dev lo",
                     state("add", SPI, out=True, rest="if_id 7"),
                     state("add", SPI + 1, out=True),
                     f"xfrm state add src 10.0.0.77 dst {REMOTE} proto esp "
                     f"spi {SPI + 2:#x} mode tunnel {ALGO['esp']}")
        with ipsec.inside(self.host.name):
            lines = ipsec.run(ipsec.TOOL, "peers").splitlines()
            metrics = ipsec.run(ipsec.TOOL, "-p", "--peers", "9")
        told = sorted(line.split("  ")[0] if line.startswith("!") else line
                      for line in lines[1:6])
        wanted = sorted([f"! {REMOTE} %ipsec7", f"! {REMOTE}", f"! {REMOTE}",
                         f"    to {LOCAL}", "    to 10.0.0.77"])
        return ([] if told == wanted else [f"{told} is not {wanted}"]) + \
            ([] if 'if_id="7",name="ipsec7"} 0' in metrics else [metrics])

    def tool_prints_events(self):
        """Up, rekeyed, down and why, in the lines of the monitor."""
        with ipsec.inside(self.host.name), subprocess.Popen(
                [ipsec.TOOL, "monitor"], stdout=subprocess.PIPE,
                text=True) as monitor, subprocess.Popen(
                [ipsec.TOOL, "monitor", "--json"], stdout=subprocess.PIPE,
                text=True) as as_json:
            problems = until(lambda: listeners() == 2, "listeners")
            seen = []
            for lines in (pair(SPI), [state("add", SPI + 2, out=True,
                                            rest="reqid 1")],
                          ["xfrm state flush"]):
                self.host.ip(*lines)
                seen.append((monitor.stdout.readline().split("  ")[-1].strip(),
                             json.loads(as_json.stdout.readline())))
            for process in (monitor, as_json):
                process.terminate()
        name = f"peer {REMOTE} at {LOCAL}: "
        wanted = [name + "up", name + "rekeyed", name + "down, flushed (ip)"]
        told = [one["peerEvents"] for _, one in seen]
        problems += [error.message for _, one in seen for error in
                     schema.read("ipsecstat-peers/event").iter_errors(one)]
        if [text for text, _ in seen] != wanted or \
                told != [["up"], ["rekeyed"], ["down"]]:
            problems.append(f"{seen} is not {wanted}")
        return problems

    def tool_is_refused(self):
        def attempt():
            become(65534, 65534)
            done = subprocess.run([ipsec.TOOL, "peers"], capture_output=True,
                                  text=True, check=False)
            return [] if done.returncode == 1 and \
                "CAP_NET_ADMIN" in done.stderr else [str(done)]
        return in_child(attempt)

    def library_refuses(self):
        """Bad arguments: no session, no result pointer, or a transaction."""
        lib, peers = self.host.engine.lib, ctypes.c_void_p()
        handle, here = self.host.engine.handle, ctypes.byref(peers)
        problems = []
        for arguments, wanted in (((handle, None), 0x8032001c),
                                  ((None, here), 6), ((handle, here), 0)):
            code = lib.FwpuclntGetPeers(*arguments) & 0xffffffff
            if code != wanted:
                problems.append(f"{code:#x} is not {wanted:#x}")
        lib.FwpmFreeMemory0(here)
        lib.FwpmTransactionBegin0(handle, 0)
        code = lib.FwpuclntGetPeers(handle, here) & 0xffffffff
        lib.FwpmTransactionAbort0(handle)
        return problems + ([] if code == 0x8032000e and not peers.value else
                           [f"{code:#x} in a transaction, {peers}"])

    # -- near the end ---

    def near_the_end(self):
        """In coarse steps, of the worst SA of the peer."""
        problems = []
        for spi, (rest, wanted) in enumerate((
                ("replay-window 32 replay-oseq 0x4ccccccd", (30, 0, 0)),
                ("replay-window 64 replay-oseq 0xd0000000", (80, 0, 1)),
                ("replay-window 32 replay-seq 0xf8000000", (90, 0, 2)),
                ("flag esn replay-window 32 replay-oseq 0xf8000000 "
                 "replay-oseq-hi 0x7fffffff", (90, 0, 2))), SPI):
            self.host.ip(state("add", spi, out=True, rest=rest))
            problems += self._is(dict(zip(
                ("sequence_used", "limit_used", "near_end"), wanted)))
        return problems

    def many_sas_of_one_peer(self):
        """More SAs than are settled at a time; all of them count."""
        count = 1000
        self.host.ip(*(state("add", SPI + number, out=bool(number % 2),
                             rest="replay-window 32 replay-oseq 0xd0000000")
                       for number in range(count)))
        problems = self._is({"sas_in": count // 2, "sas_out": count // 2,
                             "near_end": count, "sequence_used": 80})
        self.host.ip(*(state("delete", SPI + number, out=True)
                       for number in range(1, count, 2)))
        return problems + self._is({"sas_out": 0, "near_end": count // 2})

    def near_a_limit(self):
        """In bytes or packets, not in seconds: every SA comes near those limits."""
        self._flows()
        self._both("add", SPI, more="limit packet-hard 1000000000 "
                                    "limit byte-hard 100000000000")
        with Traffic(self.link) as traffic:
            problems = traffic.until_more(20)
        problems += self._at_rest() + self._is({"limit_used": 0})
        for size, packets, wanted in (
                (5 * 10 ** 10, 1, (50, 0)), (1, 799999999, (70, 0)),
                (99 * 10 ** 9, 1, (90, 1))):
            self._set_lifetime(size, packets)
            problems += self._is(dict(zip(("limit_used", "near_end"), wanted)))
        return problems

    # -- rights, and refused requests ---

    # Each on a socket of its own.
    QUESTIONS = (lambda: nl.Family().peers(),
                 lambda: nl.Family().peers_as_a_whole(),
                 lambda: nl.Family().peer_of(LOCAL, REMOTE),
                 lambda: nl.Family().join("peers"))

    def unprivileged_user_is_refused(self):
        return netlink.refused_to(65534, 65534, self.QUESTIONS)

    def readers_of_statistics_are_refused(self):
        """The group may read the figures, but not the peers."""
        with netlink.allowed("2000 2000"):
            return netlink.reads_figures(65534, 2000) + \
                netlink.refused_to(65534, 2000, self.QUESTIONS)

    def root_of_a_user_namespace(self):
        """Reads the peers of its own network namespace."""
        def attempt():
            become(65534, 65534)
            if ipsec.libc.unshare(0x10000000 | ipsec.CLONE_NEWNET):
                return ["no user namespace to be had"]
            nl.Family().join("peers")
            told = nl.Family().peers()
            return [] if told == [self._nothing()] else [f"{told}"]
        return in_child(attempt)

    def namespaces_are_apart(self):
        self.host.ip(*pair(SPI))
        told = self.link.a.family.peers()
        return [] if told == [self._nothing()] else [f"host a sees {told}"]

    def bad_requests(self):
        dump = nl.NLM_F_REQUEST | nl.NLM_F_DUMP
        four, six = (nl.packed(PEERS[version][0]) for version in (4, 6))
        problems = []
        for body, errno, text in (
                (nl.attribute(1, four), EINVAL, "two ends"),
                (nl.attribute(2, four), EINVAL, "two ends"),
                (nl.attribute(3, bytes(4)), EINVAL, "two ends"),
                (nl.attribute(1, four) + nl.attribute(2, six), EINVAL,
                 "two ends"),
                (nl.attribute(1, bytes(7)) + nl.attribute(2, bytes(7)), EINVAL,
                 "two ends"),
                (nl.attribute(1, bytes(3)) + nl.attribute(2, four), 34, ""),
                (nl.attribute(1, bytes(17)) + nl.attribute(2, six), 34, ""),
                (nl.attribute(4, bytes(4)), EINVAL, ""),
                (nl.attribute(1, four) + nl.attribute(2, four), ENOENT,
                 "no such peer")):
            problems += refused(lambda b=body: self.family.ask(
                nl.PEER_GET, b), errno, text)
        for flags in (nl.NLM_F_REQUEST, dump):
            problems += refused(lambda f=flags: self.family.ask(
                nl.PEER_GET, version=7, flags=f), EPROTONOSUPPORT, "version 1")
        problems += refused(lambda: self.family.ask(
            nl.PEER_GET, nl.attribute(3, bytes(4)), flags=dump), EINVAL, "")
        return problems + refused(lambda: self.family.ask(nl.PEER_NTF),
                                  EOPNOTSUPP, "")

    # -- events ---

    def _told(self, heard, *wanted):
        """The next events of the peer, one after another."""
        problems = []
        for events, told_state in wanted:
            problems += until(lambda: heard.hear(), f"event {events}")
            for peer in heard.told:
                seen = (peer["events"], peer["state"])
                if seen != (events, told_state) or \
                        (peer["local"], peer["remote"]) != (LOCAL, REMOTE):
                    problems.append(f"{seen} of {peer}, wanted {events} "
                                    f"{told_state}")
            heard.told.clear()
        return problems

    def events(self):
        """Going half and back is no event of its own."""
        with PeerListener(self.host) as heard:
            self.host.ip(state("add", SPI, rest="reqid 1"))
            problems = heard.quiet()
            for lines, wanted in (
                    ([state("add", SPI + 1, out=True, rest="reqid 1")],
                     ({"up"}, "up")),
                    ([state("add", SPI + 3, out=True, rest="reqid 1")],
                     ({"rekeyed"}, "up")),
                    (["xfrm state flush"], ({"down"}, "down")),
                    ([f"xfrm state allocspi src {REMOTE} dst {LOCAL} proto esp "
                      f"mode transport min {SPI:#x} max {SPI:#x}"],
                     ({"acquire"}, "negotiating"))):
                self.host.ip(*lines)
                problems += self._told(heard, wanted)
            self.host.ip(*pair(SPI + 4), "xfrm state flush")
            problems += self._told(heard, ({"up", "down"}, "down"))
        return problems

    def events_stay_in_their_namespace(self):
        with PeerListener(self.link.a) as apart, \
             PeerListener(self.host) as heard:
            self.host.ip(*pair(SPI))
            problems = self._told(heard, ({"up"}, "up"))
            return problems + apart.quiet()

    def many_events(self):
        """Each of many peers is reported; a slow listener loses only events."""
        numbers = range(300)
        with PeerListener(self.host) as heard, PeerListener(self.host) as deaf:
            deaf.family.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                          1)
            self.host.ip(*(far_state("add", number, out=out)
                           for number in numbers for out in (True, False)))
            problems = until(lambda: len({
                peer["remote"] for peer in heard.hear()}) == len(numbers),
                "all events")
        return problems + self._see(
            ["xfrm state flush"], sa(activeSas=-600, totalSasDeleted=600,
                                     activeTunnels=-300))


def listeners():
    """The number of sockets of other processes in a group of generic netlink."""
    with open("/proc/thread-self/net/netlink", encoding="ascii") as file:
        rows = [line.split() for line in file][1:]
    return sum(row[1] == "16" and int(row[3], 16) != 0 for row in rows)


class PeerListener(Listener):
    """Listens to the events of peers."""

    def __init__(self, host):
        with ipsec.inside(host.name):
            self.family = nl.Family()
        self.family.socket.setsockopt(socket.SOL_SOCKET, nl.SO_RCVBUFFORCE,
                                      1 << 25)
        self.family.join("peers")
        self.family.events = self.family.peer_events
        self.told = []


    def quiet(self):
        """Problems if an event arrives within the time that an event takes."""
        heard, _, _ = select.select([self.family.socket], [], [],
                                    3 * EVENT_DELAY)
        return [f"told {self.hear()}"] if heard else []


class Churn:
    """Peers come and go in a host, during a with statement."""

    PEERS = 60

    def __init__(self, host):
        self.host, self.rounds, self.stop = host, 0, False
        self.thread = threading.Thread(target=self._run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop = True
        self.thread.join()

    def _run(self):
        while not self.stop:
            first = 100 * (self.rounds % 100)
            numbers = range(first, first + self.PEERS)
            for verb in ("add", "delete"):
                self.host.ip(*(far_state(verb, number, out=out)
                               for number in numbers
                               for out in (True, False)))
            self.rounds += 1


XFRM_MSG_NEWAE, XFRMA_LTIME_VAL, NLM_F_REPLACE = 0x1e, 9, 0x100


def set_lifetime(host, ends, spi, size, packets):
    """struct xfrm_aevent_id of an SA, with a new lifetime."""
    source, target = (nl.packed(end).ljust(16, b"\0") for end in ends)
    family = socket.AF_INET6 if ":" in ends[0] else socket.AF_INET
    head = target + struct.pack("!I", spi) + struct.pack(
        "=HBx", family, nl.ESP) + source + struct.pack("=II", 0, 0)
    with ipsec.inside(host.name):
        kernel = nl.Socket(nl.NETLINK_XFRM)
    kernel.request(XFRM_MSG_NEWAE, head + nl.attribute(
        XFRMA_LTIME_VAL, struct.pack("=4Q", size, packets, 1, 1)),
        nl.NLM_F_REQUEST | nl.NLM_F_ACK | NLM_F_REPLACE)
    kernel.close()


class Device(Base):
    """SAs with packet offload, to the devices of fake_device/."""

    def offloaded(self):
        """The counts of a device, and the end of the SA with the device."""
        offload.wire(self.link)
        source, target = offload.ADDRESS[4]
        problems = []
        if offload.has_packet_offload(self.host):
            offload.add_packet_offloaded(self.host, 4, "tunnel", SPI)
            for size, packets in ((1000, 10), (1500, 12), (300, 3), (900, 9)):
                offload.device(bytes=size, packets=packets)
                if size == 300:         # the counts of the device restart
                    self.host.start = ipsec.Snapshot(self.host)
                problems += ipsec.disagreements(self.host)
            problems += self._is({"bytes_in": 1500 + 600, "packets_in": 12 + 6,
                                  "sas_in": 1}, source, target)
        self.host.ip(f"xfrm state add src {source} dst {target} proto esp "
                     f"spi {SPI + 1:#x} reqid 1 mode tunnel {KEY} "
                     "offload dev fake1 dir in", "link set fake1 down")
        return problems + self._ended(source, target, reason="device") + \
            ipsec.disagreements(self.host)


def on_a_link(cases, function):
    """A case with a new link, and so with empty tables."""
    def case():
        with ipsec.Link() as cases.link:
            cases._begin()
            return function() + [
                problem for host in (cases.link.a, cases.link.b)
                for problem in ipsec.disagreements(host)]
    return case


def main():
    # Otherwise attached with the first SA.
    ipsec.run("modprobe", "-a", "esp4", "esp6", "fake_device", "esp4_offload",
              "esp6_offload")
    ipsec.run_cases([(name, on_a_link(cases, function))
                     for cases in (Cases(), Device())
                     for name, function in ipsec.cases_of(cases)])


if __name__ == "__main__":
    main()
