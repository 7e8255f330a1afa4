#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The life of SAs: how they come, change and go, and what is counted of it."""
import ipaddress
import socket
import struct
import subprocess
import time

import ipsec

NETLINK_XFRM = 6
NLM_F_REQUEST, NLM_F_ACK = 1, 4
XFRM_MSG_MIGRATE, XFRMA_MIGRATE, XFRM_POLICY_IN = 0x21, 17, 0

NULL = "enc ecb(cipher_null) '' auth-trunc hmac(sha1) " \
       "0x0123456789abcdef0123456789abcdef01234567 96"
PEERS = {4: ("10.0.0.2", "10.0.0.1"), 6: ("fd00::2", "fd00::1")}


def state(verb, spi, version=4, out=False, rest="", proto="esp",
          mode="transport", algo=NULL):
    """An ip line for an SA of host b, towards it or away from it."""
    ends = PEERS[version] if out else PEERS[version][::-1]
    line = f"xfrm state {verb} src {ends[0]} dst {ends[1]} proto {proto} " \
           f"spi {spi:#x}"
    if verb in ("add", "update"):
        line += f" mode {mode} {rest} {algo}"
    return line


def sa(**changes):
    return {f"sa.{key}": value for key, value in changes.items()}


ADDED = sa(activeSas=1, totalSasAdded=1)
GONE = sa(activeSas=-1, totalSasDeleted=1)
DATAGRAM = 8 + 4                        # UDP header and payload
AH_ALGO = NULL[NULL.index("auth"):]


class Cases:
    """Each method leaves host b without SAs, as it found it."""

    def __init__(self, link):
        self.link, self.host = link, link.b

    def _see(self, lines, wanted):
        return ipsec.expect(self.host, lambda: self.host.ip(*lines), wanted) \
            + self._listed()

    def _listed(self):
        now = self.host.statistics()
        told = now["sa.activeSas"] + now["sa.pendingSaNegotiations"]
        problems = []
        if told != self.host.states():
            problems.append(f"{told} states told, "
                            f"{self.host.states()} listed")
        if now["sa.totalSasAdded"] - now["sa.totalSasDeleted"] != \
                now["sa.activeSas"]:
            problems.append(f"added - deleted is not active: {now}")
        return problems

    def _since(self, before, wanted):
        """As _see(), of what was provoked already."""
        return ipsec.expect(self.host, lambda: None, wanted, before=before) \
            + self._listed()

    def _wait(self, provoke, wanted):
        return ipsec.expect(self.host, provoke, wanted) + self._listed()

    def add_and_delete(self):
        return self._see([state("add", 0x100)], ADDED) + \
            self._see([state("delete", 0x100)], GONE)

    def add_and_delete_ipv6_ah(self):
        return self._see([state("add", 0x100, 6, proto="ah", algo=AH_ALGO)],
                         ADDED) + \
            self._see([state("delete", 0x100, 6, proto="ah")], GONE)

    def add_twice_is_refused(self):
        def again():
            try:
                self.host.ip(state("add", 0x100))
            except OSError:
                return
            raise AssertionError("the same SPI was taken twice")

        return self._see([state("add", 0x100)], ADDED) + \
            self._wait(again, {}) + \
            self._see([state("delete", 0x100)], GONE)

    def ipcomp_is_no_sa(self):
        return self._see(
            [state("add", 0x200, proto="comp", algo="comp deflate"),
             "xfrm state flush"], {})

    def update_changes_nothing(self):
        return self._see([state("add", 0x100)], ADDED) + \
            self._see([state("update", 0x100, rest="limit packet-hard 99")],
                      {}) + \
            self._see([state("delete", 0x100)], GONE)

    def flush(self):
        spis = range(0x100, 0x10a)
        lines = [state("add", spi, 6 if spi % 2 else 4) for spi in spis]
        return self._see(lines, sa(activeSas=10, totalSasAdded=10)) + \
            self._see(["xfrm state flush"],
                      sa(activeSas=-10, totalSasDeleted=10))

    def many(self):
        lines = [state("add", spi, rest=f"reqid {spi} ", mode="tunnel")
                 for spi in range(0x1000, 0x1400)]
        return self._see(lines, sa(activeSas=1024, totalSasAdded=1024,
                                   activeTunnels=1)) + \
            self._see(["xfrm state flush"],
                      sa(activeSas=-1024, totalSasDeleted=1024,
                         activeTunnels=-1))

    def expire_by_time(self):
        """Hard expiry comes by itself, on a slow machine soon after."""
        return self._see([state("add", 0x100, rest="limit time-hard 1")],
                         sa(totalSasAdded=1, totalSasDeleted=1))

    def _send(self, count, rest, sent, after):
        """Of some datagrams over a new SA, see those that fit be counted.

        @sent is how many the kernel lets through, None if only it knows.
        """
        problems = self._see(
            [state("add", 0x100, out=True, rest=rest),
             f"xfrm policy add {self.POLICY} tmpl proto esp mode transport"],
            ADDED)
        before = self.host.statistics()
        self._datagrams(count)
        if sent is None:
            sent = self.host.lifetimes()["out"][1]
            if not 0 < sent < count:
                problems.append(f"{sent} of {count} were sent")
        problems += self._since(before, {
            **after, "out.totalSuccessfulPackets": sent,
            "out.authenticatedESPByteCount": sent * DATAGRAM,
            "out.transportByteCount": sent * DATAGRAM})
        if not after and \
                self.host.lifetimes()["out"] != (sent * DATAGRAM, sent):
            problems.append(f"the kernel says {self.host.lifetimes()}")
        self.host.ip(f"xfrm policy delete {self.POLICY}", "xfrm state flush")
        return problems

    def expire_by_packets(self):
        return self._send(3, "limit packet-hard 2", 2, GONE)

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

    def _datagrams(self, count):
        """Datagrams of 4 bytes from b to a; those without an SA fail."""
        with ipsec.inside(self.host.name):
            subprocess.run(
                ["/usr/bin/python3", "-c",
                 "import socket\n"
                 "s = socket.socket(type=socket.SOCK_DGRAM)\n"
                 f"for _ in range({count}):\n"
                 "    try:\n"
                 "        s.sendto(b'four', ('10.0.0.1', 9))\n"
                 "    except OSError:\n"
                 "        pass\n"], check=True)

    def larval_filled(self):
        spi = 0x7100
        larval = (f"xfrm state allocspi src 10.0.0.1 dst 10.0.0.2 proto esp "
                  f"mode transport reqid 7 min {spi:#x} max {spi:#x}")
        return self._see([larval], sa(pendingSaNegotiations=1)) + \
            self._see([state("update", spi, rest="reqid 7")],
                      {**ADDED, **sa(pendingSaNegotiations=-1)}) + \
            self._see([state("delete", spi)], GONE)

    def larval_given_up(self):
        larval = ("xfrm state allocspi src 10.0.0.1 dst 10.0.0.2 proto ah "
                  "mode tunnel reqid 8 min 0x7200 max 0x7200")
        return self._see([larval], sa(pendingSaNegotiations=1)) + \
            self._see(["xfrm state delete src 10.0.0.1 dst 10.0.0.2 "
                       "proto ah spi 0x7200"], sa(pendingSaNegotiations=-1))

    def larval_of_ipcomp_is_no_sa(self):
        return self._see(
            ["xfrm state allocspi src 10.0.0.1 dst 10.0.0.2 proto comp "
             "mode transport reqid 9 min 0x72 max 0x72", "xfrm state flush"],
            {})

    def _acquire(self):
        """A packet meets a policy without SA, and a daemon is told."""
        with subprocess.Popen(
                ["ip", "-n", self.host.name, "xfrm", "monitor", "acquire"],
                stdout=subprocess.PIPE) as daemon:
            try:
                self._until_listening(daemon.pid)
                return self._wait(lambda: self._datagrams(2),
                                  sa(pendingSaNegotiations=1))
            finally:
                daemon.terminate()

    POLICY = "src 10.0.0.2 dst 10.0.0.1 dir out"
    TEMPLATE = "tmpl proto esp reqid 5 mode transport"

    def acquire_given_up(self):
        self.host.ip(f"xfrm policy add {self.POLICY} {self.TEMPLATE}")
        problems = self._acquire() + self._see(
            ["xfrm state flush"], sa(pendingSaNegotiations=-1))
        self.host.ip(f"xfrm policy delete {self.POLICY}")
        return problems

    def acquire_succeeds(self):
        """The new SA takes the place of the larval one."""
        self.host.ip(f"xfrm policy add {self.POLICY} {self.TEMPLATE}")
        problems = self._acquire() + self._see(
            [state("add", 0x100, out=True, rest="reqid 5")],
            {**ADDED, **sa(pendingSaNegotiations=-1)})
        self.host.ip(f"xfrm policy delete {self.POLICY}")
        return problems + self._see(["xfrm state flush"], GONE)

    def _until_listening(self, pid):
        """Until the process is in a multicast group of NETLINK_XFRM (6)."""
        deadline = time.monotonic() + ipsec.PATIENCE
        while time.monotonic() < deadline:
            with open(f"/proc/{pid}/net/netlink", encoding="ascii") as file:
                rows = [line.split() for line in file][1:]
            if any(row[1] == "6" and int(row[3], 16) for row in rows):
                return
            time.sleep(0.01)
        raise TimeoutError("no listener for acquires")

    def acquire_without_a_daemon(self):
        self.host.ip(f"xfrm policy add {self.POLICY} {self.TEMPLATE}")
        problems = self._wait(lambda: self._datagrams(2), {})
        self.host.ip(f"xfrm policy delete {self.POLICY}")
        return problems

    def rekeyed(self):
        """The inbound half of a pair counts nothing, the outbound one."""
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
                       algo=AH_ALGO),
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

    def tunnels(self):
        """Pairs of addresses: both directions are one, an if_id is another."""
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

    def migrated(self):
        """The old SA goes, its clone at the new address comes."""
        ends = "src 10.0.0.1 dst 10.0.0.2"
        self.host.ip(state("add", 0x100, rest="reqid 1"),
                     f"xfrm policy add {ends} dir in tmpl {ends} proto esp "
                     "mode transport reqid 1")
        problems = self._wait(lambda: migrate(self.host), sa(
            totalSasAdded=1, totalSasDeleted=1))
        self.host.ip("xfrm state flush", "xfrm policy flush")
        return problems

    def module_comes_later(self):
        """SAs older than the module are taken over; figures start anew."""
        self.host.ip(state("add", 0x101, rest="reqid 1", mode="tunnel"),
                     state("add", 0x102, out=True, rest="reqid 1",
                           mode="tunnel"),
                     "xfrm state allocspi src 10.0.0.1 dst 10.0.0.2 proto esp "
                     "mode transport reqid 7 min 0x7100 max 0x7100")
        for host in (self.link.a, self.link.b):
            host.engine.close()
        ipsec.reload_module()
        for host in (self.link.a, self.link.b):
            host.open()
        wanted = sa(activeSas=2, totalSasAdded=2, pendingSaNegotiations=1,
                    activeTunnels=1)
        zero = dict.fromkeys(self.host.statistics(), 0)
        problems = ipsec.differ(
            "figure", ipsec.changes(zero, self.host.statistics()), wanted)
        return problems + self._listed() + self._see(
            ["xfrm state flush"],
            sa(activeSas=-2, totalSasDeleted=2, activeTunnels=-1,
               pendingSaNegotiations=-1))


def address(text):
    return ipaddress.ip_address(text).packed.ljust(16, b"\0")


def migrate(host):
    """XFRM_MSG_MIGRATE, which ip lacks: host a moves to 10.0.0.3."""
    selector = address("10.0.0.2") + address("10.0.0.1") + struct.pack(
        "=4x4xH3BxxxiI", socket.AF_INET, 32, 32, 0, 0, 0)
    policy_id = selector + struct.pack("=IBxxx", 0, XFRM_POLICY_IN)
    old = address("10.0.0.2") + address("10.0.0.1")
    new = address("10.0.0.2") + address("10.0.0.3")
    move = old + new + struct.pack("=BBxxIHH", socket.IPPROTO_ESP, 0, 1,
                                   socket.AF_INET, socket.AF_INET)
    body = policy_id + struct.pack("=HH", 4 + len(move), XFRMA_MIGRATE) + move
    header = struct.pack("=IHHII", 16 + len(body), XFRM_MSG_MIGRATE,
                         NLM_F_REQUEST | NLM_F_ACK, 1, 0)
    with ipsec.inside(host.name):
        netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                NETLINK_XFRM)
    with netlink:
        netlink.send(header + body)
        error = struct.unpack_from("=i", netlink.recv(4096), 16)[0]
    if error:
        raise OSError(-error, "XFRM_MSG_MIGRATE")


def main():
    with ipsec.Link() as link:
        ipsec.run_cases(ipsec.cases_of(Cases(link)))


if __name__ == "__main__":
    main()
