#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The life of SAs: how they begin, change and end, and how this is counted."""
import contextlib
import os
import socket
import subprocess
import time

import ipsec
import raw

NULL = "enc ecb(cipher_null) '' auth-trunc hmac(sha1) " \
       "0x0123456789abcdef0123456789abcdef01234567 96"
PEERS = {4: ("10.0.0.2", "10.0.0.1"), 6: ("fd00::2", "fd00::1")}
# The ends of the SA from a to b after migration: another source, another destination.
MOVED = {4: ("10.0.0.3", "10.0.0.2"), 6: ("fd00::1", "fd00::4")}


def state(verb, spi, version=4, out=False, rest="", proto="esp",
          mode="transport", algo=NULL):
    """An ip line for an SA of host b, inbound or outbound."""
    ends = PEERS[version] if out else PEERS[version][::-1]
    line = f"xfrm state {verb} src {ends[0]} dst {ends[1]} proto {proto} " \
           f"spi {spi:#x}"
    if verb in ("add", "update"):
        line += f" mode {mode} {rest} {algo}"
    return line


def policy(version=4):
    """The outbound policy of host b in an ip line."""
    return "src {} dst {} dir out".format(*PEERS[version])


def sa(**changes):
    return {f"sa.{key}": value for key, value in changes.items()}


ADDED = sa(activeSas=1, totalSasAdded=1)
GONE = sa(activeSas=-1, totalSasDeleted=1)
LARVAL = sa(pendingSaNegotiations=1)
LARVAL_GONE = sa(pendingSaNegotiations=-1)
TUNNEL_GONE = sa(activeTunnels=-1)
KINDS = [(4, "esp"), (6, "esp"), (4, "ah"), (6, "ah")]
DATAGRAM = 8 + 4                        # UDP header and payload
NETNS = 64                              # that are there and do nothing
MANY = 1500                             # see IPSECSTAT_HASH_BITS in hash.c
ALGO = {"esp": NULL, "ah": NULL[NULL.index("auth"):]}
COLUMN = {"esp": "authenticatedESPByteCount", "ah": "authenticatedAHByteCount"}


def carried(way, packets, proto="esp"):
    """The figures of datagrams over an SA in transport mode."""
    return {f"{way}.totalSuccessfulPackets": packets,
            f"{way}.transportByteCount": packets * DATAGRAM,
            f"{way}.{COLUMN[proto]}": packets * DATAGRAM}


class Base:
    """Each case begins and ends with no SA in host b."""

    def __init__(self, link):
        self.link, self.host = link, link.b

    @contextlib.contextmanager
    def _let_go(self):
        """The module can be unloaded, and is loaded again afterwards."""
        for host in (self.link.a, self.link.b):
            host.close()
        yield
        for host in (self.link.a, self.link.b):
            host.open()

    def _see(self, lines, wanted):
        return ipsec.expect(self.host, lambda: self.host.ip(*lines), wanted)

    def _since(self, before, wanted):
        """As _see(), for changes that were caused already."""
        return ipsec.expect(self.host, lambda: None, wanted, before=before)

    def _wait(self, provoke, wanted):
        return ipsec.expect(self.host, provoke, wanted)

    def _datagrams(self, count, version=4, source=None):
        """Datagrams from b to a, or from @source; without an SA, sending fails."""
        source = source or self.host
        target = PEERS[version][source is self.host]
        with ipsec.inside(source.name):
            sock = socket.socket(raw.family(target), socket.SOCK_DGRAM)
        with sock:
            for _ in range(count):
                with contextlib.suppress(OSError):
                    sock.sendto(b"four", (target, 9))


class Kind(Base):
    """Cases for ESP and AH over IPv4 and IPv6."""

    SPI = 0x7100

    def __init__(self, link, version, proto):
        super().__init__(link)
        self.version, self.proto = version, proto
        self.ends = PEERS[version][::-1]

    def _state(self, verb, rest="", **more):
        return state(verb, self.SPI, self.version, rest=rest,
                     proto=self.proto, algo=ALGO[self.proto], **more)

    def _pfkey(self, verb, wanted):
        return self._wait(lambda: raw.pfkey(self.host, verb, self.proto,
                                            self.ends, self.SPI), wanted)

    def netlink(self):
        return self._see([self._state("add")], ADDED) + \
            self._see([self._state("update", "limit packet-hard 99")], {}) + \
            self._see([self._state("delete")], GONE)

    def netlink_larval(self):
        larval = (f"xfrm state allocspi src {self.ends[0]} dst {self.ends[1]} "
                  f"proto {self.proto} mode transport reqid 7 "
                  f"min {self.SPI:#x} max {self.SPI:#x}")
        return self._see([larval], LARVAL) + \
            self._see([self._state("update", "reqid 7")],
                      ADDED | LARVAL_GONE) + \
            self._see([self._state("delete")], GONE) + \
            self._see([larval], LARVAL) + \
            self._see([self._state("delete")], LARVAL_GONE)

    def pfkey(self):
        return self._pfkey("add", ADDED) + self._pfkey("update", {}) + \
            self._pfkey("delete", GONE)

    def pfkey_larval(self):
        return self._pfkey("getspi", LARVAL) + \
            self._pfkey("update", ADDED | LARVAL_GONE) + \
            self._pfkey("delete", GONE) + self._pfkey("getspi", LARVAL) + \
            self._pfkey("delete", LARVAL_GONE)

    def migrated(self):
        """The old SA is deleted, and its clone between other addresses is added."""
        self.host.ip(self._state("add", "reqid 1", mode="tunnel"),
                     "xfrm policy add src {0} dst {1} dir in tmpl src {0} "
                     "dst {1} proto {2} mode tunnel reqid 1".format(
                         *self.ends, self.proto))
        problems = self._wait(
            lambda: raw.migrate(self.host, self.proto, "tunnel", "in",
                                self.ends, self.ends, MOVED[self.version]),
            sa(totalSasAdded=1, totalSasDeleted=1))
        self.host.ip("xfrm policy flush")
        return problems + self._see(["xfrm state flush"], GONE | TUNNEL_GONE)


class Cases(Base):
    """All other cases."""

    def ipcomp_is_not_counted(self):
        """Nor is the IPIP state of IPComp in tunnel mode an SA."""
        problems = self._see([state("add", 0x200, proto="comp", mode="tunnel",
                                    algo="comp deflate")], {})
        if "proto 4 " not in self.host.ip("xfrm state list"):
            problems.append("there is no IPIP state")
        return problems + self._see(["xfrm state flush"], {})

    def update_of_nothing_is_refused(self):
        return self._refused(state("update", 0x100))

    def update_of_encap(self):
        rest = "encap espinudp {0} {0} 0.0.0.0"
        return self._see([state("add", 0x100, rest=rest.format(4500))],
                         ADDED) + \
            self._see([state("update", 0x100, rest=rest.format(4501))], {}) + \
            self._see([state("delete", 0x100)], GONE)

    def add_twice_is_refused(self):
        return self._see([state("add", 0x100)], ADDED) + \
            self._refused(state("add", 0x100)) + \
            self._see([state("delete", 0x100)], GONE)

    def _refused(self, line):
        def attempt():
            with contextlib.suppress(OSError):
                self.host.ip(line)
                raise AssertionError(f"not refused: {line}")

        return self._wait(attempt, {})

    def flush(self):
        spis = range(0x100, 0x10a)
        lines = [state("add", spi, 6 if spi % 2 else 4) for spi in spis]
        return self._see(lines, sa(activeSas=10, totalSasAdded=10)) + \
            self._see(["xfrm state flush"],
                      sa(activeSas=-10, totalSasDeleted=10))

    def flush_by_protocol(self):
        """Only the named SAs are deleted, however they are named."""
        four = [state("add", 0x100, version, proto=proto, algo=ALGO[proto])
                for version, proto in KINDS]
        all_of = sa(activeSas=4, totalSasAdded=4)
        two_gone = sa(activeSas=-2, totalSasDeleted=2)
        src = PEERS[4][1]
        return self._see(four, all_of) + \
            self._see(["xfrm state flush proto ah"], two_gone) + \
            self._see([f"xfrm state deleteall src {src}"], GONE) + \
            self._see(["xfrm state deleteall"], GONE) + \
            self._see(four, all_of) + \
            self._wait(lambda: raw.pfkey(self.host, "flush", "esp"),
                       two_gone) + \
            self._wait(lambda: raw.pfkey(self.host, "flush"), two_gone)

    def many(self):
        lines = [state("add", spi, rest=f"reqid {spi} ", mode="tunnel")
                 for spi in range(0x1000, 0x1400)]
        return self._see(lines, sa(activeSas=1024, totalSasAdded=1024,
                                   activeTunnels=1)) + \
            self._see(["xfrm state flush"],
                      sa(activeSas=-1024, totalSasDeleted=1024,
                         activeTunnels=-1))

    def expire_by_time(self):
        """Hard expiry by the timer, on a slow machine soon after."""
        return self._see([state("add", 0x100, version, proto=proto,
                                rest="limit time-hard 1", algo=ALGO[proto])
                          for version, proto in KINDS],
                         sa(totalSasAdded=4, totalSasDeleted=4))

    def larval_sas_expire(self):
        """Larval SAs of an acquire, and of SPIs that were never used."""
        before = self.host.statistics()
        self.host.ip(f"xfrm policy add {policy()} {self.TEMPLATE}")
        seconds = self.host.sysctl("core/xfrm_acq_expires", 3)
        try:
            with self._key_manager():
                self._datagrams(1)
            self.host.ip(*(
                f"xfrm state allocspi src {PEERS[version][1]} "
                f"dst {PEERS[version][0]} proto {proto} mode transport "
                f"min {spi:#x} max {spi:#x}"
                for spi, (version, proto) in enumerate(KINDS, 0x7100)))
            problems = ipsec.expect(self.host, lambda: None,
                                    sa(pendingSaNegotiations=5), before=before)
            return problems + self._since(before, {})
        finally:
            self.host.sysctl("core/xfrm_acq_expires", seconds)
            self.host.ip(f"xfrm policy delete {policy()}")

    def _send(self, count, rest, sent, after, version=4, proto="esp"):
        """Send datagrams over a new SA: those within its limit are counted.

        @sent: the number that the kernel sends, None if only the kernel knows.
        """
        problems = self._see(
            [state("add", 0x100, version, out=True, rest=rest, proto=proto,
                   algo=ALGO[proto]),
             f"xfrm policy add {policy(version)} tmpl proto {proto} "
             "mode transport"], ADDED)
        before = self.host.statistics()
        self._datagrams(count, version)
        if sent is None:
            sent = self.host.lifetimes()["out"][1]
            if not 0 < sent < count:
                problems.append(f"{sent} of {count} were sent")
        problems += self._since(before, after | carried("out", sent, proto))
        if not after and \
                self.host.lifetimes()["out"] != (sent * DATAGRAM, sent):
            problems.append(f"the kernel says {self.host.lifetimes()}")
        self.host.ip(f"xfrm policy delete {policy(version)}",
                     "xfrm state flush")
        return problems

    def expire_by_packets(self):
        return self._send(3, "limit packet-hard 2", 2, GONE)

    def expire_by_packets_ipv6_ah(self):
        return self._send(3, "limit packet-hard 2", 2, GONE, 6, "ah")

    def expire_by_bytes(self):
        return self._send(3, f"limit byte-hard {2 * DATAGRAM}", 2, GONE)

    def expire_by_bytes_ipv6_ah(self):
        return self._send(3, f"limit byte-hard {2 * DATAGRAM}", 2, GONE,
                          6, "ah")

    def soft_expiry_is_not_counted(self):
        return self._send(5, "limit packet-soft 2 limit byte-soft 1", 5, {})

    def expire_by_packets_inbound(self):
        """The packet over the limit is dropped."""
        with self._from_a(state("add", 0x100, rest="limit packet-hard 2")):
            return self._wait(
                lambda: self._datagrams(3, source=self.link.a),
                GONE | carried("in", 2) | {"drop.totalDropPacketsInbound": 1})

    @contextlib.contextmanager
    def _from_a(self, line):
        """An SA of both hosts for UDP from a to b."""
        selector = f"src {PEERS[4][1]} dst {PEERS[4][0]} proto udp dir out"
        self.link.a.ip(state("add", 0x100), f"xfrm policy add {selector} "
                       "tmpl proto esp mode transport")
        self.host.ip(line)
        try:
            yield
        finally:
            self.link.a.ip("xfrm state flush", "xfrm policy flush")
            self.host.ip("xfrm state flush")

    def sequence_numbers_used_up(self):
        """The last number is sent, and no packet after it is counted."""
        return self._send(5, "replay-window 32 replay-oseq 0xfffffffd", 2, {})

    def sequence_numbers_used_up_bitmap(self):
        return self._send(5, "replay-window 64 replay-oseq 0xfffffffd", 2, {})

    def sequence_numbers_may_wrap(self):
        return self._send(5, "replay-window 32 replay-oseq 0xfffffffd "
                          "extra-flag oseq-may-wrap", 5, {})

    def extended_sequence_numbers_used_up(self):
        """With esp4_offload, 6.1 forgets after each refusal that it did."""
        return self._send(5, "flag esn replay-window 32 replay-oseq 0xfffffffe "
                          "replay-oseq-hi 0xffffffff", None, {})

    def extended_sequence_numbers_carry(self):
        return self._send(5, "flag esn replay-window 32 replay-oseq 0xfffffffe "
                          "replay-oseq-hi 1", 5, {})

    def larval_ipcomp_is_not_counted(self):
        return self._see(
            ["xfrm state allocspi src 10.0.0.1 dst 10.0.0.2 proto comp "
             "mode transport reqid 9 min 0x72 max 0x72"], {}) + \
            self._see(["xfrm state flush"], {})

    TEMPLATE = "tmpl proto esp reqid 5 mode transport"

    @contextlib.contextmanager
    def _key_manager(self):
        """A listener for acquires that does nothing."""
        with subprocess.Popen(
                ["ip", "-n", self.host.name, "xfrm", "monitor", "acquire"],
                stdout=subprocess.DEVNULL) as daemon:
            try:
                self._until_listening(daemon.pid)
                yield
            finally:
                daemon.terminate()

    def _acquire(self):
        """A packet matches a policy without an SA, and a daemon is notified."""
        self.host.ip(f"xfrm policy add {policy()} {self.TEMPLATE}")
        with self._key_manager():
            return self._wait(lambda: self._datagrams(2), LARVAL)

    def acquire_given_up(self):
        problems = self._acquire() + self._see(
            ["xfrm state flush"], LARVAL_GONE)
        self.host.ip(f"xfrm policy delete {policy()}")
        return problems

    def acquire_succeeds(self):
        """The new SA replaces the larval one."""
        problems = self._acquire() + self._see(
            [state("add", 0x100, out=True, rest="reqid 5")],
            ADDED | LARVAL_GONE)
        self.host.ip(f"xfrm policy delete {policy()}")
        return problems + self._see(["xfrm state flush"], GONE)

    def _until_listening(self, pid):
        """Wait until the process listens to acquires: group 1 of NETLINK_XFRM (6)."""
        deadline = time.monotonic() + ipsec.PATIENCE
        while time.monotonic() < deadline:
            with open(f"/proc/{pid}/net/netlink", encoding="ascii") as file:
                rows = [line.split() for line in file][1:]
            if any(row[1] == "6" and int(row[3], 16) & 1 for row in rows):
                return
            time.sleep(0.01)
        raise TimeoutError("no listener for acquires")

    def acquire_without_a_daemon(self):
        self.host.ip(f"xfrm policy add {policy()} {self.TEMPLATE}")
        problems = self._wait(lambda: self._datagrams(2), {})
        self.host.ip(f"xfrm policy delete {policy()}")
        return problems

    def rekeyed(self):
        """The inbound SA of a pair counts 0, the outbound SA 1."""
        pair = [state("add", 0x100, rest="reqid 1"),
                state("add", 0x101, out=True, rest="reqid 1")]
        renewed = [state("add", 0x200, rest="reqid 1"),
                   state("add", 0x201, out=True, rest="reqid 1")]
        return self._see(pair, sa(activeSas=2, totalSasAdded=2)) + \
            self._see(renewed, sa(activeSas=2, totalSasAdded=2,
                                  successfulRekeys=1)) + \
            self._see(["xfrm state flush"],
                      sa(activeSas=-4, totalSasDeleted=4))

    def no_rekey(self):
        """Another reqid, protocol, mode or mark, or reqid 0, is another SA."""
        out = {"out": True}
        lines = [state("add", 0x101, **out, rest="reqid 1"),
                 state("add", 0x102, **out, rest="reqid 2"),
                 state("add", 0x103, **out, rest="reqid 1", proto="ah",
                       algo=ALGO["ah"]),
                 state("add", 0x104, **out, rest="reqid 1", mode="tunnel"),
                 state("add", 0x105, **out, rest="reqid 1 mark 5 mask 0xff"),
                 state("add", 0x106, **out, rest="reqid 1 if_id 7"),
                 state("add", 0x107, 6, **out, rest="reqid 1"),
                 state("add", 0x108, **out), state("add", 0x109, **out)]
        return self._see(lines, sa(activeSas=9, totalSasAdded=9,
                                   activeTunnels=1)) + \
            self._see([state("delete", 0x101, **out),
                       state("add", 0x10a, **out, rest="reqid 1")],
                      sa(totalSasAdded=1, totalSasDeleted=1)) + \
            self._see(["xfrm state flush"],
                      sa(activeSas=-9, totalSasDeleted=9, activeTunnels=-1))

    def rekeyed_in_a_vrf(self):
        """The source is an address of a device in the VRF, IPv4 and IPv6."""
        problems = []
        self.host.ip("link add red type vrf table 10", "link set red up",
                     "link add inside type dummy",
                     "link set inside master red", "link set inside up",
                     "addr add 10.9.0.1/24 dev inside",
                     "addr add fd09::1/64 dev inside nodad")
        for source, target in (("10.9.0.1", "10.9.0.2"),
                               ("fd09::1", "fd09::2")):
            lines = [f"xfrm state add src {source} dst {target} proto esp "
                     f"spi {spi:#x} mode transport reqid 1 {NULL}"
                     for spi in (0x101, 0x102)]
            problems += self._see(lines, sa(activeSas=2, totalSasAdded=2,
                                            successfulRekeys=1)) + \
                self._see(["xfrm state flush"],
                          sa(activeSas=-2, totalSasDeleted=2))
        self.host.ip("link del inside", "link del red")
        return problems

    def module_changes_no_error(self):
        """The error for a malformed policy of a socket; PF_KEY has another."""
        subprocess.run(["rmmod", "af_key"], capture_output=True, check=False)
        for host in (self.link.a, self.link.b):
            host.close()
        ipsec.run("rmmod", "ipsecstat")
        without = socket_policy_error()
        ipsec.run("modprobe", "ipsecstat")
        with_module = socket_policy_error()
        for host in (self.link.a, self.link.b):
            host.open()
        return [] if with_module == without else \
            [f"{with_module} with the module, {without} without"]

    def tunnels(self):
        """Pairs of addresses: both directions are one tunnel, another if_id is another."""
        mode = {"mode": "tunnel"}
        lines = [state("add", 0x101, **mode), state("add", 0x102, **mode),
                 state("add", 0x103, out=True, **mode),
                 state("add", 0x104, 6, **mode), state("add", 0x105),
                 state("add", 0x106, mode="beet"),
                 state("add", 0x107, rest="if_id 3", **mode)]
        return self._see(lines, sa(activeSas=7, totalSasAdded=7,
                                   activeTunnels=3)) + \
            self._see([state("delete", 0x101), state("delete", 0x102),
                       state("delete", 0x106)],
                      sa(activeSas=-3, totalSasDeleted=3)) + \
            self._see([state("delete", 0x103, out=True)],
                      {**GONE, **sa(activeTunnels=-1)}) + \
            self._see(["xfrm state flush"],
                      sa(activeSas=-3, totalSasDeleted=3, activeTunnels=-2))

    def migrated_in_place(self):
        """An SA and its clone are not a rekey: the SPI is the same."""
        ends = PEERS[4]
        self.host.ip(state("add", 0x100, out=True, rest="reqid 1"),
                     f"xfrm policy add {policy()} tmpl src {ends[0]} "
                     f"dst {ends[1]} proto esp mode transport reqid 1")
        problems = self._wait(
            lambda: raw.migrate(self.host, "esp", "transport", "out",
                                ends, ends, ends),
            sa(totalSasAdded=1, totalSasDeleted=1))
        self.host.ip("xfrm policy flush")
        return problems + self._see(["xfrm state flush"], GONE)

    def if_id_changed(self):
        """Changed by an update; then the SA does not match its old flow."""
        one = {"out": True, "mode": "tunnel"}
        old, new = "reqid 1 if_id 3", "reqid 1 if_id 4"
        return self._see([state("add", 0x100, rest=old, **one)],
                         ADDED | sa(activeTunnels=1)) + \
            self._see([state("update", 0x100, rest=new, **one)], {}) + \
            self._see([state("add", 0x101, rest=old, **one)],
                      ADDED | sa(activeTunnels=1)) + \
            self._see([state("add", 0x102, rest=new, **one)],
                      ADDED | sa(successfulRekeys=1)) + \
            self._see([state("delete", 0x100, out=True)], GONE) + \
            self._see(["xfrm state flush"],
                      sa(activeSas=-2, totalSasDeleted=2, activeTunnels=-2))

    def module_loaded_after_the_sas(self):
        """SAs older than the module are taken over; figures start at zero."""
        larval = ("xfrm state allocspi src 10.0.0.1 dst 10.0.0.2 proto esp "
                  "mode transport reqid 7 min 0x7100 max 0x7100")
        self.host.ip(state("add", 0x101, rest="reqid 1", mode="tunnel"),
                     state("add", 0x102, out=True, rest="reqid 1",
                           mode="tunnel"),
                     state("add", 0x103, 6, proto="ah", algo=ALGO["ah"]),
                     larval)
        with self._let_go():
            ipsec.reload_module()
        zero = dict.fromkeys(self.host.statistics(), 0)
        return self._since(zero, sa(
            activeSas=3, totalSasAdded=3, pendingSaNegotiations=1,
            activeTunnels=1)) + \
            self._see([state("update", 0x7100, rest="reqid 7")],
                      ADDED | LARVAL_GONE) + \
            self._see([state("add", 0x104, out=True, rest="reqid 1",
                             mode="tunnel")],
                      ADDED | sa(successfulRekeys=1)) + \
            self._see(["xfrm state flush"],
                      sa(activeSas=-5, totalSasDeleted=5, activeTunnels=-1))

    def rekeyed_after_the_address_came(self):
        """The local address is added late, and the inbound SA came first."""
        ends, rest = ("10.0.0.1", "10.0.0.22"), f"mode tunnel reqid 1 {NULL}"

        def add(spi, source, target):
            return f"xfrm state add src {source} dst {target} " \
                   f"proto esp spi {spi:#x} {rest}"

        def address(verb):
            return f"addr {verb} {ends[1]}/32 dev eth0"

        return self._see([add(0x101, *ends), add(0x102, *ends[::-1])], sa(
            activeSas=2, totalSasAdded=2, activeTunnels=1)) + \
            self._see([address("add"), add(0x103, *ends[::-1])],
                      ADDED | sa(successfulRekeys=1)) + \
            self._see(["xfrm state flush", address("del")], sa(
                activeSas=-3, totalSasDeleted=3, activeTunnels=-1))

    def hash_tables_grow(self):
        """Each SA and peer is found while the hash tables grow, and afterwards."""
        def lines(way, first, rest=""):
            return [f"xfrm state {way} src {PEERS[4][0]} dst 10.77."
                    f"{number >> 8}.{number & 255} proto esp spi "
                    f"{first + number}{rest and rest + str(number + 1)}"
                    for number in range(MANY)]

        new = " mode tunnel enc ecb(cipher_null) '' reqid "
        return self._see(lines("add", 0x10000, new), sa(
            activeSas=MANY, totalSasAdded=MANY, activeTunnels=MANY)) + \
            self._see(lines("add", 0x20000, new), sa(
                activeSas=MANY, totalSasAdded=MANY, successfulRekeys=MANY)) + \
            self._see(lines("delete", 0x10000), sa(
                activeSas=-MANY, totalSasDeleted=MANY)) + \
            self._see(["xfrm state flush"], sa(
                activeSas=-MANY, totalSasDeleted=MANY, activeTunnels=-MANY))

    def namespace_without_ipsec(self):
        """A namespace without IPsec has no counters, and no per-CPU memory."""
        names = [f"plain-{number}-{os.getpid()}" for number in range(NETNS)]
        ipsec.run("ip", "-b", "-", text="".join(f"netns add {name}\n"
                                                for name in names))
        with self._let_go():
            ipsec.unload_module()
            before = ipsec.per_cpu_memory()
            ipsec.load_module()
        taken = ipsec.per_cpu_memory() - before
        ipsec.run("ip", "-b", "-", text="".join(f"netns del {name}\n"
                                                for name in names))
        return [] if taken < NETNS * 1024 else [
            f"{NETNS} namespaces take {taken} bytes of per-CPU memory"]

    def namespace_gone(self):
        """A namespace ends with SAs of every kind; others are not affected."""
        other = ipsec.Host("c", 3)
        lines = [state("add", 0x100, version, proto=proto, mode="tunnel",
                       rest="reqid 1", algo=ALGO[proto])
                 for version, proto in KINDS] + [
            state("add", 0x200, proto="comp", mode="tunnel",
                  algo="comp deflate"),
            "xfrm state allocspi src 10.0.0.1 dst 10.0.0.2 proto esp "
            "mode transport min 0x7100 max 0x7100"]
        wanted = LARVAL | sa(activeSas=4, totalSasAdded=4, activeTunnels=2)
        problems = []
        for _ in range(2):              # the second one finds none
            ipsec.run("ip", "netns", "add", other.name)
            self.host.ip("link add canary type veth peer name eth0 netns "
                         f"{other.name}")
            other.open()
            problems += ipsec.expect(
                other, lambda: other.ip("link set lo up", *lines), wanted,
                before=dict.fromkeys(self.host.statistics(), 0))
            other.close()
            problems += self._wait(lambda: self._end_namespace(other), {})
        return problems + ipsec.disagreements(self.link.a)

    def _end_namespace(self, other):
        """Its end of the pair is deleted when the namespace is freed completely."""
        ipsec.run("ip", "netns", "del", other.name)
        deadline = time.monotonic() + ipsec.PATIENCE
        while "canary" in self.host.ip("link show"):
            if time.monotonic() > deadline:
                raise TimeoutError("the namespace does not go")

    def cpu_offline(self):
        """The counts of a CPU are kept, and continue when it is online again."""
        def burst(cpu):
            def send():
                os.sched_setaffinity(0, {cpu})
                try:
                    self._datagrams(5, source=self.link.a)
                    for _ in range(3):
                        forger.sendto(b"\0\0\xde\xad" + bytes(60),
                                      (PEERS[4][0], 0))
                finally:
                    os.sched_setaffinity(0, all_cpus)

            before = received_on(cpu)
            problems = self._wait(send, carried("in", 5) | {
                "esp.invalidSpisOnInbound": 3,
                "drop.totalDropPacketsInbound": 3})
            if received_on(cpu) - before < 8:
                problems.append(f"CPU {cpu} did not receive them")
            return problems

        all_cpus = os.sched_getaffinity(0)
        with ipsec.inside(self.link.a.name):
            forger = socket.socket(socket.AF_INET, socket.SOCK_RAW,
                                   socket.IPPROTO_ESP)
        with forger, self._from_a(state("add", 0x100)):
            problems = burst(1)
            try:
                problems += self._wait(lambda: online(1, False), {}) + \
                    burst(0)
            finally:
                problems += self._wait(lambda: online(1, True), {})
            return problems + burst(1)


def socket_policy_error():
    """The kernel's error for a malformed policy of a socket."""
    ip_xfrm_policy = 17
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.setsockopt(socket.IPPROTO_IP, ip_xfrm_policy, b"bad!")
        except OSError as error:
            return error.errno
    return 0


def online(cpu, yes):
    with open(f"/sys/devices/system/cpu/cpu{cpu}/online", "w",
              encoding="ascii") as file:
        file.write(str(int(yes)))


def received_on(cpu):
    """The number of inbound packets of a CPU."""
    with open("/proc/net/softnet_stat", encoding="ascii") as file:
        rows = [line.split() for line in file]
    return sum(int(row[0], 16) for row in rows if int(row[12], 16) == cpu)


def main():
    with ipsec.Link() as link:
        ipsec.run_cases([
            case for version, proto in KINDS for case in ipsec.cases_of(
                Kind(link, version, proto), f"{proto}_ipv{version} ")
        ] + ipsec.cases_of(Cases(link)))


if __name__ == "__main__":
    main()
