#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Malformed packets: each is counted once, in the right figure, or not at all.

To host b: truncated at each length, in fragments, nested too deep, behind extension
headers, with wrong lengths. A packet without an SA at fault moves only the total, and a
packet that is not for IPsec moves no figure.
"""
import contextlib
import os
import socket
import struct
import sys

from scapy.layers.inet import IP, UDP, fragment
from scapy.layers.inet6 import (IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment,
                                IPv6ExtHdrHopByHop, PadN, fragment6)
from scapy.packet import Raw

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../xfrm"))
# pylint: disable=wrong-import-position
import ipsec
import matrix

ESP, AH = 50, 51
TRANSPORT, TUNNEL, IN_UDP, SIGNED = 0x7001, 0x7002, 0x7003, 0x7004
ENCAP_PORT, UDP_ENCAP, UDP_ENCAP_ESPINUDP = 4500, 100, 2
DEEPEST = 6                             # XFRM_MAX_DEPTH
BODY = 32
AH_HEADER, AH_WORDS = 12, 4             # of hmac(sha1), cut to 96 bits
DECRYPT = "esp.decryptionFailuresOnInbound"
AUTH = "ah.authenticationFailuresOnInbound"
NO_POLICY = "drop.secureReceivesNotMatchingFilters"
PROTO_ERROR, HEADER_ERROR = "XfrmInStateProtoError", "XfrmInHdrError"


class Wire:
    """Packets for host b, of one IP version."""

    def __init__(self, link, version):
        self.link, self.version = link, version
        self.ends = [host.address[version] for host in (link.a, link.b)]
        self.seq = 0
        with ipsec.inside(link.a.name):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.socket.bind(("eth0", 0))
        kind = {4: b"\x08\x00", 6: b"\x86\xdd"}[version]
        self.ether = bytes.fromhex((link.b.mac + link.a.mac)
                                   .replace(":", "")) + kind

    def states(self):
        """SAs of host b without cipher and ICV."""
        path = f"xfrm state add src {self.ends[0]} dst {self.ends[1]}"
        null = matrix.TRANSFORMS["null"][1]
        yield f"{path} proto esp spi {TRANSPORT} mode transport {null}"
        yield f"{path} proto esp spi {TUNNEL} mode tunnel {null}"
        if self.version == 4:
            yield (f"{path} proto esp spi {IN_UDP} mode transport {null} "
                   f"encap espinudp {ENCAP_PORT} {ENCAP_PORT} 0.0.0.0")
        yield (f"{path} proto ah spi {SIGNED} mode transport "
               f"{matrix.TRANSFORMS['ah_sha1'][1]}")

    def send(self, *packets):
        for packet in packets:
            self.socket.send(self.ether + bytes(packet))

    def header(self, proto):
        source, target = self.ends
        if self.version == 4:
            return IP(src=source, dst=target, proto=proto)
        return IPv6(src=source, dst=target, nh=proto)

    def esp(self, spi, payload, proto=17):
        """ESP without cipher and ICV around a payload."""
        self.seq += 1
        pad = bytes(-(len(payload) + 2) % 4)
        return struct.pack("!II", spi, self.seq) + payload + pad + \
            bytes([len(pad), proto])

    def garbage(self, spi, size=BODY):
        """ESP with a pad length longer than the packet."""
        self.seq += 1
        return struct.pack("!II", spi, self.seq) + b"\xff" * size

    def signed(self, words, size=BODY):
        """AH with this length field and a wrong ICV."""
        self.seq += 1
        return struct.pack("!BBHII", 17, words, 0, SIGNED, self.seq) + \
            b"\xff" * size

    def udp(self, size=BODY):
        return struct.pack("!HHHH", 7, 9, 8 + size, 0) + b"x" * size

    def fragments(self, packet, size=16):
        """So many bytes each."""
        if self.version == 4:
            return fragment(IP(bytes(packet)), size)
        return fragment6(packet.__class__(bytes(packet)), 40 + 8 + size)


@contextlib.contextmanager
def wires():
    """Senders to host b, which listens; one for each IP version."""
    # When loaded, they check policies for the inner packets of tunnels; and IPComp and
    # IP in IP without an SA move a MIB line, but no figure.
    ipsec.run("modprobe", "-r", "xfrm_interface", "ip_vti", "ip6_vti",
              "ipcomp", "ipcomp6", "xfrm4_tunnel", "xfrm6_tunnel")
    with ipsec.Link() as link:
        with ipsec.inside(link.b.name):
            daemon = socket.socket(type=socket.SOCK_DGRAM)
            daemon.bind(("", ENCAP_PORT))
            daemon.setsockopt(socket.IPPROTO_UDP, UDP_ENCAP,
                              UDP_ENCAP_ESPINUDP)
            listener = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            listener.bind(("", 9))
        both = [Wire(link, version) for version in (4, 6)]
        for wire in both:
            link.b.ip(*wire.states())
        with daemon, listener:
            yield both


def not_of_ah(problems):
    """AH that fails, but not by its ICV, has no figure; everything else must agree."""
    return [problem for problem in problems
            if f"and {PROTO_ERROR}" not in problem]


class Cases:
    """Each method is a case, of one IP version."""

    def __init__(self, wire):
        self.wire, self.host = wire, wire.link.b

    def _expect(self, packets, wanted, mib):
        """Send all of them; exactly these figures change."""
        total = sum(count for line, count in mib.items()
                    if line.startswith("XfrmIn"))
        if total:
            wanted = {**wanted, ipsec.TOTAL: total}
        problems = ipsec.expect(self.host, lambda: self.wire.send(*packets),
                                wanted, mib)
        if wanted.get(DECRYPT, 0) + wanted.get(AUTH, 0) != \
                mib.get(PROTO_ERROR, 0):
            # The general check reports this one, which is in mib above.
            problems = not_of_ah(problems)
        return problems

    def esp_truncated(self):
        """Without a complete header there is no SA."""
        whole = 8 + BODY
        packets = [self.wire.header(ESP) / Raw(
            self.wire.garbage(TRANSPORT)[:length]) for length in range(whole)]
        return self._expect(packets, {DECRYPT: whole - 8},
                            {HEADER_ERROR: 8, PROTO_ERROR: whole - 8})

    def ah_truncated(self):
        """Too short for an ICV, or with a wrong ICV."""
        whole = AH_HEADER + BODY
        needed = 4 * (AH_WORDS + 2)
        packets = [self.wire.header(AH) / Raw(
            self.wire.signed(AH_WORDS)[:length])
            for length in range(whole)]
        return self._expect(packets, {AUTH: whole - needed},
                            {HEADER_ERROR: AH_HEADER,
                             PROTO_ERROR: whole - AH_HEADER})

    def ah_of_every_length(self):
        """The lengths of the truncated and the full ICV are valid, others are not."""
        lengths = range(256)
        return self._expect(
            [self.wire.header(AH) / Raw(self.wire.signed(words, 1100))
             for words in lengths], {AUTH: 2}, {PROTO_ERROR: len(lengths)})

    def spi_of_every_byte(self):
        """Zero, reserved and unknown SPIs."""
        spis = [0, 1, 255, 256, 0x7fffffff, 0x80000000, 0xffffffff]
        return self._expect(
            [self.wire.header(ESP) / Raw(self.wire.esp(spi, self.wire.udp()))
             for spi in spis], {"esp.invalidSpisOnInbound": len(spis)},
            {"XfrmInNoStates": len(spis)})

    def pads_of_every_length(self):
        """A pad length of the payload length or more is too long."""
        size = 64
        good = [pad for pad in range(256) if pad + 2 < size]
        packets, taken = [], 0
        for pad in range(256):
            self.wire.seq += 1
            body = bytes(size - 2) + bytes([pad, 17])
            packets.append(self.wire.header(ESP) / Raw(
                struct.pack("!II", TRANSPORT, self.wire.seq) + body))
            taken += (size - 2 - pad) * (pad in good)
        return self._expect(packets, {
            DECRYPT: 256 - len(good), "in.transportByteCount": taken,
            "in.totalSuccessfulPackets": len(good)},
            {PROTO_ERROR: 256 - len(good)})

    def dummies(self):
        """Next header 59 is a dummy packet; the kernel counts an error."""
        return self._expect(
            [self.wire.header(ESP) / Raw(self.wire.esp(TRANSPORT, b"", 59)),
             self.wire.header(ESP) / Raw(self.wire.esp(
                 TRANSPORT, self.wire.udp(), 59))],
            {DECRYPT: 2}, {PROTO_ERROR: 2})

    def fragments(self):
        """Reassembled packets are not linear; good and bad ones."""
        sizes = (40, 200, 240)
        good = [self.wire.esp(TRANSPORT, self.wire.udp(size)) for size in sizes]
        bad = [self.wire.garbage(TRANSPORT, size) for size in sizes]
        packets = []
        for number, payload in enumerate(good + bad):
            packet = self.wire.header(ESP)
            if self.wire.version == 4:
                packet.id = 100 + number
                packets += self.wire.fragments(packet / Raw(payload))
            else:
                packets += self._fragments6(packet, payload, number)
        return self._expect(packets, {
            DECRYPT: len(bad), "in.transportByteCount": sum(8 + size for size in sizes),
            "in.totalSuccessfulPackets": len(good)}, {PROTO_ERROR: len(bad)})

    @staticmethod
    def _fragments6(packet, payload, number, size=16):
        """Without scapy, which cannot fragment an unknown payload."""
        packet.nh = 44
        for at in range(0, len(payload), size):
            yield packet / IPv6ExtHdrFragment(
                nh=ESP, id=100 + number, offset=at // 8,
                m=int(at + size < len(payload))) / Raw(payload[at:at + size])

    def first_fragments_alone(self):
        """Never reassembled, so never counted."""
        packet = self.wire.header(ESP)
        payload = self.wire.garbage(TRANSPORT, 200)
        if self.wire.version == 4:
            packet.id = 99
            packets = self.wire.fragments(packet / Raw(payload))[:-1]
        else:
            packets = list(self._fragments6(packet, payload, -1))[:-1]
        return self._expect(packets, {}, {})

    def _nested(self, depth):
        """Tunnel in tunnel, with the bytes of each layer."""
        packet, sizes = bytes(self.wire.header(17) / UDP(
            sport=7, dport=9) / Raw(b"x" * BODY)), []
        for _ in range(depth):
            sizes.append(len(packet))
            packet = bytes(self.wire.header(ESP) / Raw(self.wire.esp(
                TUNNEL, packet, {4: 4, 6: 41}[self.wire.version])))
        return packet, sizes[::-1]

    def nested_to_the_limit(self):
        """All layers are counted; then no policy accepts it."""
        packets, wanted = [], {NO_POLICY: DEEPEST, "in.tunnelByteCount": 0,
                               "in.totalSuccessfulPackets": 0}
        for depth in range(1, DEEPEST + 1):
            packet, sizes = self._nested(depth)
            packets.append(packet)
            wanted["in.tunnelByteCount"] += sum(sizes)
            wanted["in.totalSuccessfulPackets"] += depth
        return self._expect(packets, wanted, {"XfrmInNoPols": DEEPEST})

    def nested_beyond_the_limit(self):
        packet, sizes = self._nested(DEEPEST + 1)
        return self._expect([packet], {
            "in.tunnelByteCount": sum(sizes[:DEEPEST]),
            "in.totalSuccessfulPackets": DEEPEST}, {"XfrmInBufferError": 1})

    def hollow_tunnel(self):
        """The inner packet of a tunnel is truncated at each length.

        It is counted with its length, and then is no IP packet; an empty one is garbage.
        """
        inner = bytes(self.wire.header(17))
        proto = {4: 4, 6: 41}[self.wire.version]
        packets = [self.wire.header(ESP) / Raw(self.wire.esp(
            TUNNEL, inner[:length], proto)) for length in range(len(inner))]
        wrong = len(inner) - 1
        return self._expect(packets, {
            DECRYPT: 1, "drop.receiveOverIncorrectSaInbound": wrong,
            "in.tunnelByteCount": sum(range(len(inner))),
            "in.totalSuccessfulPackets": wrong},
            {PROTO_ERROR: 1, "XfrmInStateModeError": wrong})


class Cases4(Cases):
    """Cases of IPv4 only."""

    def udp_of_every_length(self):
        """In UDP, packets up to the size of an ESP header are for the daemon.

        Packets shorter than an IP header are dropped before IPsec.
        """
        def packet(size, claimed):
            return self.wire.header(17) / Raw(struct.pack(
                "!HHHH", ENCAP_PORT, ENCAP_PORT, claimed, 0) +
                self.wire.garbage(IN_UDP, max(0, size - 8))[:size])

        sizes, lies = range(40), (0, 7, 100, 65535)
        found = sum(size >= 20 for size in sizes)
        return self._expect([packet(size, 8 + size) for size in sizes] +
                            [packet(20, claimed) for claimed in lies],
                            {DECRYPT: found}, {PROTO_ERROR: found})


class Cases6(Cases):
    """Cases of IPv6 only."""

    def extension_headers(self):
        """ESP is found after any extension header, and after many (at most 12 on 7.2)."""
        def pad():
            return [PadN(optdata=b"\0" * 4)]

        chains = [[IPv6ExtHdrHopByHop], [IPv6ExtHdrDestOpt],
                  [IPv6ExtHdrHopByHop, IPv6ExtHdrDestOpt],
                  [IPv6ExtHdrDestOpt] * 10, [IPv6ExtHdrFragment],
                  [IPv6ExtHdrDestOpt, IPv6ExtHdrFragment]]
        packets = []
        for chain in chains:
            packet = self.wire.header(0)
            del packet.nh
            for kind in chain:
                packet /= kind() if kind is IPv6ExtHdrFragment else \
                    kind(options=pad())
            packet.lastlayer().nh = ESP
            packets.append(packet / Raw(self.wire.garbage(TRANSPORT)))
        return self._expect(packets, {DECRYPT: len(chains)},
                            {PROTO_ERROR: len(chains)})


def main():
    with wires() as both:
        cases = []
        for wire, kind in zip(both, (Cases4, Cases6)):
            some = kind(wire)
            names = [name for name in vars(Cases) | vars(kind)
                     if callable(getattr(some, name)) and name[0] != "_"]
            cases += [(f"ipv{wire.version}_{name}", getattr(some, name))
                      for name in names]
        ipsec.run_cases(cases)


if __name__ == "__main__":
    main()
