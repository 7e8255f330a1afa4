#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Packets that host b cannot send: each outbound MIB line, and the recent drop.

Each case runs for IPv4 and IPv6, and states which MIB lines move and which line the
table of recent drops has afterwards. drops.py has the cases for exhausted sequence
numbers, reached limits and forwarded packets.
"""
import contextlib
import socket
import struct
import subprocess

import ipsec
import matrix
import nl
import raw
from wire import ipv4, ipv6

SPI, PORT, OUTSIDE = 0x1000, 9, {4: "203.0.113.9", 6: "2001:db8::9"}
KEY = matrix.TRANSFORMS["null_sha1"][1]
# MTU of the link, largest UDP payload; IPv4's flag against fragments
FULL, LONGEST, DF = 1500, 65507, b"\x40\0"
QUEUE = 5


# --- a packet that is held between its look-up and its SA -------------------

NFNL_SUBSYS_QUEUE, NETLINK_NETFILTER = 3, 12
PACKET, VERDICT, CONFIG = (NFNL_SUBSYS_QUEUE << 8 | kind for kind in range(3))
CFG_CMD, CFG_PARAMS, PACKET_HDR, VERDICT_HDR = 1, 2, 1, 2
BIND, COPY_META, NF_ACCEPT = 1, 1, 1


class Queue:
    """The packets that an nft rule of the output hook queues."""

    def __init__(self, host):
        with ipsec.inside(host.name):
            ipsec.run("nft", "-f", "-", text=(
                "table inet outbound { chain output {"
                "type filter hook output priority 0;"
                f"udp dport {PORT} queue num {QUEUE}; }}; }}\n"))
            self.netlink = nl.Socket(NETLINK_NETFILTER)
        self._ask(CONFIG, nl.attribute(CFG_CMD, struct.pack("!BBH", BIND, 0, 0)))
        self._ask(CONFIG, nl.attribute(CFG_PARAMS,
                                       struct.pack("!IB", 0, COPY_META)))

    def _ask(self, kind, attributes):
        self.netlink.request(kind, struct.pack("!BBH", 0, 0, QUEUE) + attributes,
                             nl.NLM_F_REQUEST | nl.NLM_F_ACK)

    def held(self):
        """The number of the next packet."""
        data = self.netlink.socket.recv(1 << 16)
        header = dict(nl.attributes(data[20:]))[PACKET_HDR]
        return struct.unpack_from("!I", header)[0]

    def let_go(self, number):
        self._ask(VERDICT, nl.attribute(
            VERDICT_HDR, struct.pack("!II", NF_ACCEPT, number)))

    def close(self):
        self.netlink.close()


# --- cases ------------------------------------------------------------------

class Cases:
    """For one IP version; each method is a case."""

    def __init__(self, link, version):
        self.link, self.host, self.version = link, link.b, version
        self.ends = [host.address[version] for host in (link.b, link.a)]
        self.path = "src {} dst {}".format(*self.ends)
        with ipsec.inside(self.host.name):
            self.family = nl.Family()

    def _policy(self, template=None, mode="tunnel", selector="proto udp"):
        return (f"xfrm policy add {self.path} {selector} dir out tmpl "
                f"{template or self.path} proto esp reqid 1 mode {mode}")

    def _sa(self, more="", mode="tunnel", path=None):
        return (f"xfrm state add {path or self.path} proto esp spi {SPI:#x} "
                f"reqid 1 mode {mode} {KEY} {more}")

    def _datagram(self, size=4):
        raw.datagrams(self.host, self.ends[1], size=size)

    def _made_by_hand(self):
        """Packets that the mode refuses: IPv4, as long as the MTU and not to be
        fragmented; IPv6, with options longer than the packet."""
        if self.version == 4:
            packet = ipv4(self.ends, socket.IPPROTO_UDP, bytes(FULL - 20))
            packet = packet[:6] + DF + packet[8:]
        else:
            packet = ipv6(self.ends, socket.IPPROTO_DSTOPTS,
                          struct.pack("!BB6x", socket.IPPROTO_NONE, 255))
        with ipsec.inside(self.host.name), socket.socket(
                raw.family(self.ends[1]), socket.SOCK_RAW,
                socket.IPPROTO_RAW) as sock:
            with contextlib.suppress(OSError):
                sock.sendto(packet, (self.ends[1], 0))

    def _refused(self, provoke, lines, *seen):
        """These MIB lines move, and the table has exactly these recent drops."""
        before = self.host.mib()
        known = {line.who: line.count for line in self.family.lines()}
        provoke()
        rise = {line: count for line, count in
                ipsec.changes(before, self.host.mib()).items()
                if line.startswith(("XfrmOut", "XfrmFwd"))}
        added = {line.who: line.count - known.get(line.who, 0)
                 for line in self.family.lines()
                 if line.count != known.get(line.who)}
        wanted = {nl.Who(reason, nl.ESP, *self.ends, SPI): 1 for reason in seen}
        return ipsec.differ("line of the MIB", rise, lines) + \
            ipsec.differ("recent drop", added, wanted) + \
            ipsec.disagreements(self.host)

    def no_sa(self):
        self.host.ip(self._policy())
        return self._refused(self._datagram, {"XfrmOutNoStates": 1})

    def policy_blocks(self):
        self.host.ip(f"xfrm policy add {self.path} proto udp dir out action block")
        return self._refused(self._datagram, {"XfrmOutPolBlock": 1})

    def no_address_towards_the_peer(self):
        self.host.ip(self._policy(f"dst {OUTSIDE[self.version]}"))
        return self._refused(self._datagram, {"XfrmOutPolError": 1})

    def no_route_to_the_peer(self):
        path = f"src {self.ends[0]} dst {OUTSIDE[self.version]}"
        self.host.ip(self._sa(path=path), self._policy(path))
        return self._refused(self._datagram, {"XfrmOutBundleGenError": 1})

    def inbound_sa(self):
        """Since Linux 6.10 an SA can have a direction."""
        raw.add_state(self.host, self.ends, "tunnel", SPI,
                      nl.attribute(raw.XFRMA_SA_DIR, bytes((raw.SA_DIR_IN,))))
        self.host.ip(self._policy())
        return self._refused(self._datagram, {"XfrmOutStateDirError": 1,
                                              "XfrmOutPolError": 1})

    def mode_does_not_fit(self):
        mode = {4: "tunnel", 6: "transport"}[self.version]
        self.host.ip(self._sa(mode=mode), self._policy(mode=mode, selector=""))
        return self._refused(self._made_by_hand, {"XfrmOutStateModeError": 1},
                             "mode")

    def too_long_for_udp(self):
        """The transform fails: UDP can carry at most 65535 bytes."""
        self.host.ip(self._sa("encap espinudp 4500 4500 0.0.0.0", "transport"),
                     self._policy(mode="transport"))
        return self._refused(lambda: self._datagram(LONGEST),
                             {"XfrmOutStateProtoError": 1}, "transform")

    def sa_ended_behind_the_packet(self):
        """The SA ends between look-up and transform, while netfilter holds the packet."""
        self.host.ip(self._sa(), self._policy())
        queue = Queue(self.host)

        def provoke():
            self._datagram()
            number = queue.held()
            self.host.flush()
            queue.let_go(number)

        try:
            return self._refused(provoke, {"XfrmOutStateInvalid": 1}, "invalid")
        finally:
            queue.close()
            with ipsec.inside(self.host.name):
                ipsec.run("nft", "delete table inet outbound")


def possible(host):
    """Whether this kernel can run a case."""
    queue = subprocess.run(("modprobe", "-qa", "nft_queue", "nfnetlink_queue"),
                           check=False)
    return {"inbound_sa": "XfrmOutStateDirError" in host.mib(),
            "sa_ended_behind_the_packet": not queue.returncode}


def run(case, host):
    try:
        return case()
    finally:
        host.flush()


def main():
    with ipsec.Link() as link:
        link.b.sysctl("core/xfrm_larval_drop", 1)
        known = possible(link.b)
        ipsec.run_cases(
            (f"ipv{version}_{name}", lambda case=case: run(case, link.b))
            for version in (4, 6)
            for name, case in ipsec.cases_of(Cases(link, version))
            if known.get(name, True))


if __name__ == "__main__":
    main()
