# SPDX-License-Identifier: GPL-2.0-only
"""ESP packets without an SA, from a host to its peer."""
import struct

import forge
import ipsec
import nl


def ipv4(ends, proto, body):
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0, 64, proto,
                       0) + b"".join(map(ipsec.packed, ends))
    return head[:10] + checksum(head) + head[12:] + body


def ipv6(ends, proto, body):
    return struct.pack("!IHBB", 6 << 28, len(body), proto, 64) + \
        b"".join(map(ipsec.packed, ends)) + body


def esp(ends, spi, seq=1):
    """ESP with this SPI and random bytes."""
    body = struct.pack("!II", spi, seq) + bytes(32)
    packet = ipv6 if ":" in ends[0] else ipv4
    return packet(ends, nl.ESP, body)


def checksum(header):
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", total ^ 0xFFFF)


def who(ends, spi):
    return nl.Who("no-state", nl.ESP, *ends, spi)


class Wire:
    """Sends from a host to its peer."""

    def __init__(self, host, peer):
        self.ends = {version: (host.address[version], peer.address[version])
                     for version in (4, 6)}
        self.ether = {version: bytes.fromhex(
            (peer.mac + host.mac).replace(":", "")) + kind
            for version, kind in ((4, b"\x08\x00"), (6, b"\x86\xdd"))}
        self.socket = forge.wire(host)

    def packet(self, spi, version=4, seq=1):
        return self.ether[version] + esp(self.ends[version], spi, seq)

    def send(self, *spis, version=4):
        for spi in spis:
            self.socket.send(self.packet(spi, version))

    def who(self, spi, version=4):
        return who(self.ends[version], spi)
