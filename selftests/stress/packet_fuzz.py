#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Randomly mutated packets: the kernel survives, and the figures agree with it.

FUZZ_COUNT packets, half of each IP version, are sent to host b; after each batch the MIB,
the lifetimes and the figures must agree. FUZZ_SECONDS is a time instead of a count.
FUZZ_SEED is another seed. A batch that breaks something is printed: add it to
malformed.py, with the fault as its name.
"""
import functools
import os
import random
import socket
import struct
import sys
import time

from scapy.utils import checksum

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../xfrm"))
# pylint: disable=wrong-import-position
import ipsec
import malformed
import traffic
from malformed import AH, ESP

COUNT = int(os.environ.get("FUZZ_COUNT", "4000"))
SECONDS = int(os.environ.get("FUZZ_SECONDS", "0"))
SEED = os.environ.get("FUZZ_SEED", "1")
LOT = 128
UDP, ROUTING, FRAGMENT, OPTIONS, UNKNOWN = 17, 43, 44, 60, 253
INNER = {4: 4, 6: 41}
# Protocols of the raw sockets, and the share of packets with a wrong one
PROTOS = {4: (ESP, AH, UDP, 4, 41),
          6: (ESP, AH, UDP, 4, 41, OPTIONS, FRAGMENT, ROUTING)}
ODD_PROTO = 16
ODD_BYTES = (0, 1, 2, 3, 4, 15, 16, 17, 50, 51, 59, 127, 128, 254, 255)


class Seeds:
    """Packets to mutate: (protocol, bytes after the IP header)."""

    def __init__(self, wire):
        self.wire = wire

    def transport(self, dice):
        size = dice.choice((0, 1, 8, 32, 3000))
        return ESP, self.wire.esp(malformed.TRANSPORT, self.wire.udp(size))

    def _packet(self, proto, body):
        """A valid packet, without scapy, which is slow."""
        ends = b"".join(map(ipsec.packed, self.wire.ends))
        if self.wire.version == 6:
            return struct.pack("!IHBB", 6 << 28, len(body), proto, 64) + ends + body
        head = struct.pack("!BBHIBBH", 0x45, 0, 20 + len(body), 0, 64, proto, 0)
        sum_ = checksum(head + ends).to_bytes(2, "big")
        return head[:10] + sum_ + ends + body

    def _tunnel(self, packet):
        return self.wire.esp(malformed.TUNNEL, packet, INNER[self.wire.version])

    def tunnel(self, dice):
        """Nested, deeper than the kernel accepts."""
        packet = self._packet(dice.choice((UDP, UNKNOWN)), self.wire.udp())
        for _ in range(dice.randrange(malformed.DEEPEST + 1)):
            packet = self._packet(ESP, self._tunnel(packet))
        return ESP, self._tunnel(packet)

    def signed(self, _dice):
        return AH, self.wire.signed(malformed.AH_WORDS)

    def in_udp(self, dice):
        port = malformed.ENCAP_PORT.to_bytes(2, "big")
        body = self.wire.esp(malformed.IN_UDP, self.wire.udp())
        length = (8 + len(body)).to_bytes(2, "big")
        return UDP, dice.choice((port, b"\0\7")) + port + length + \
            b"\0\0" + body

    def behind_a_header(self, dice):
        """For IPv6: an extension header of eight bytes, then ESP."""
        return dice.choice((OPTIONS, FRAGMENT, ROUTING)), \
            bytes((ESP, 0, 0, 0, 0, 0, 0, 0)) + \
            self.transport(dice)[1]

    def all(self):
        return [self.transport, self.tunnel, self.signed, self.in_udp] + \
            [self.behind_a_header] * (self.wire.version == 6)


def mutate(dice, body):
    """Change one property."""
    at = dice.randrange(len(body))
    match dice.randrange(6):
        case 0:
            body[at] ^= 1 << dice.randrange(8)
        case 1:
            body[at] = dice.choice(ODD_BYTES)
        case 2:
            body[at:at + 4] = dice.choice((bytes(4), b"\xff" * 4,
                                           dice.randbytes(4)))
        case 3:                         # the trailer of ESP, not encrypted here
            body[-1 - dice.randrange(min(2, len(body)))] = \
                dice.choice(ODD_BYTES)
        case 4:
            del body[max(1, at):]
        case 5:
            body += body[at:at + 512]


def mutant(dice, seeds):
    proto, body = dice.choice(seeds)(dice)
    body = bytearray(body)
    for _ in range(dice.randrange(4)):
        mutate(dice, body)
    return proto, bytes(body)


class Fuzzer:
    """Packets of one IP version, from raw sockets of host a."""

    def __init__(self, wire):
        self.wire, self.seeds = wire, Seeds(wire).all()
        self.dice = random.Random(f"{SEED} {wire.version}")
        self.target = (wire.ends[1], 0)
        family = {4: socket.AF_INET, 6: socket.AF_INET6}[wire.version]
        with ipsec.inside(wire.link.a.name):
            self.sockets = {proto: socket.socket(family, socket.SOCK_RAW, proto)
                            for proto in PROTOS[wire.version]}

    def send(self):
        """Send a batch; returns its packets."""
        lot = []
        for _ in range(LOT):
            proto, body = mutant(self.dice, self.seeds)
            if not self.dice.randrange(ODD_PROTO):
                proto = self.dice.choice(PROTOS[self.wire.version])
            lot.append(f"# {proto} {body.hex()}")
            self.sockets[proto].sendto(body, self.target)
        return lot

    def run(self):
        host, sent, deadline = self.wire.link.b, 0, time.monotonic() + SECONDS / 2
        before = host.statistics()
        while time.monotonic() < deadline if SECONDS else sent < COUNT // 2:
            lot = self.send()
            sent += len(lot)
            traffic.settle([host])
            problems = malformed.not_of_ah(ipsec.disagreements(host))
            if problems:
                print(*lot, sep="\n")
                return problems + [f"packet {sent} or up to {LOT} before it, "
                                   f"FUZZ_SEED={SEED}"]
        moved = ipsec.changes(before, host.statistics())
        print(f"# {sent} packets: " + ", ".join(
            f"{count} {figure}" for figure, count in moved.items()
            if figure in ipsec.CAUSES + [ipsec.TOTAL]))
        # A count contains every kind of packet; a time may not.
        return [f"no {figure}" for figure in
                ("in.totalSuccessfulPackets", "in.tunnelByteCount",
                 malformed.NO_POLICY, "esp.decryptionFailuresOnInbound",
                 "esp.invalidSpisOnInbound", "ah.invalidSpisOnInbound")
                if not SECONDS and not moved.get(figure)]


def main():
    with malformed.wires() as both:
        ipsec.run_cases([(f"ipv{wire.version}", functools.partial(
            Fuzzer.run, Fuzzer(wire))) for wire in both])


if __name__ == "__main__":
    main()
