#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""SAs in IP-TFS mode (RFC 9347), since Linux 6.14: traffic, and what the mode drops.

Skipped without CONFIG_XFRM_IPTFS, which Debian's kernels do not set.
"""
import functools
import itertools
import os
import socket
import struct
import subprocess
import sys

import forge
import ipsec
import nl
import raw
from wire import Wire, ipv4, ipv6

AGGFRAG = 144                           # IP protocol number of the payload
SPI = 0x1000
XFRMA_IPTFS_MAX_QSIZE = 40
XFRMA_ALG_CRYPT, XFRMA_ALG_AUTH_TRUNC = 2, 20
# As matrix.TRANSFORMS["null_sha1"], for packets made by forge.icv()
NULL_SHA1 = nl.attribute(XFRMA_ALG_CRYPT, struct.pack(
    "=64sI", b"ecb(cipher_null)", 0)) + nl.attribute(
    XFRMA_ALG_AUTH_TRUNC, struct.pack(
        "=64sII", b"hmac(sha1)", 160, 96) + forge.KEY)
DIRECTION = {"in": raw.SA_DIR_IN, "out": raw.SA_DIR_OUT}


def add_state(host, ends, way, spi, *attributes):
    raw.add_state(host, ends, "iptfs", spi, nl.attribute(
        raw.XFRMA_SA_DIR, bytes((DIRECTION[way],))), *attributes,
        window=32 if way == "in" else 0, algorithms=NULL_SHA1)


def payload(*blocks, subtype=0, flags=0, offset=0):
    """Header of the mode, then data blocks."""
    return struct.pack("!BBH", subtype, flags, offset) + b"".join(blocks)


class Cases:
    """Host a sends to host b over an SA; each method is a case."""

    def __init__(self, link, version):
        self.a, self.b, self.version = link.a, link.b, version
        self.wire = Wire(link.a, link.b)
        self.ends = self.wire.ends[version]
        self.packet = ipv4 if version == 4 else ipv6
        self.spi, self.seq = SPI, itertools.count(1)

    def _sa(self):
        """A new one into host b, so that nothing waits to be reassembled."""
        self.spi += 1
        self.seq = itertools.count(1)
        add_state(self.b, self.ends, "in", self.spi)
        raw.add_policy(self.b, self.ends, "in", "iptfs")

    def _inner(self, size=20):
        if self.version == 6:           # UDP must have a checksum there
            return ipv6(self.ends, socket.IPPROTO_NONE, bytes(8 + size))
        return ipv4(self.ends, socket.IPPROTO_UDP, struct.pack(
            "!HHHH", 9, 9, 8 + size, 0) + bytes(size))

    def _send(self, *payloads):
        """ESP packets with these payloads."""
        for one in payloads:
            pad = -(len(one) + 2) % 4
            body = struct.pack("!II", self.spi, next(self.seq)) + one + \
                bytes(range(1, pad + 1)) + bytes((pad, AGGFRAG))
            self.wire.socket.send(self.wire.ether[self.version] + self.packet(
                self.ends, nl.ESP, body + forge.icv(body)))

    def _arrives(self, *payloads, line=None):
        """These payloads pass the SA, and one is dropped by this line of the MIB."""
        self._sa()
        size, lines = sum(map(len, payloads)), {line: 1} if line else {}
        return ipsec.expect(
            self.b, functools.partial(self._send, *payloads),
            {"in.totalSuccessfulPackets": len(payloads),
             "in.tunnelByteCount": size, "in.authenticatedESPByteCount": size,
             **({ipsec.TOTAL: 1} if line else {})}, lines)

    def good(self):
        """Two inner packets in one outer packet."""
        return self._arrives(payload(self._inner(), self._inner(30)))

    def traffic(self):
        """Of the kernel itself, from host a to host b."""
        self._sa()
        add_state(self.a, self.ends, "out", self.spi)
        raw.add_policy(self.a, self.ends, "out", "iptfs")
        before = [host.statistics() for host in (self.a, self.b)]
        raw.datagrams(self.a, self.ends[1], 5, size=100)

        def rise():
            return [ipsec.changes(was, host.statistics()) for was, host in
                    zip(before, (self.a, self.b))]

        def through():
            out, into = rise()
            sent = out.get("out.tunnelByteCount", 0)
            return sent >= 5 * 100 and sent == into.get("in.tunnelByteCount", 0)

        ipsec.until(through, "all bytes that were sent arrive")
        out, into = rise()
        return ipsec.disagreements(self.a) + ipsec.disagreements(self.b) + [
            f"sent {out}, received {into}"] * (
            out["out.totalSuccessfulPackets"] != into["in.totalSuccessfulPackets"])

    def unknown_subtype(self):
        return self._arrives(payload(self._inner(), subtype=7),
                             line="XfrmInHdrError")

    def unknown_flags(self):
        return self._arrives(payload(self._inner(), flags=1),
                             line="XfrmInHdrError")

    def inner_header_of_no_length(self):
        block = b"\x44" + bytes(39)     # IPv4, its header of 16 bytes
        return self._arrives(payload(block), line="XfrmInHdrError")

    def neither_ip_nor_pad(self):
        return self._arrives(payload(b"\x90" + bytes(39)),
                             line="XfrmInBufferError")

    def cut_short(self):
        return self._arrives(b"\0\0", line="XfrmInBufferError")

    def continued_too_short(self):
        """The second part of an inner packet ends before the packet does."""
        whole = self._inner(200)
        return self._arrives(
            payload(whole[:100]), payload(whole[100:120], bytes(20), offset=20),
            line="XfrmInIptfsError")

    def queue_full(self):
        """More bytes than the queue of the outbound SA may have."""
        self.spi += 1
        add_state(self.a, self.ends, "out", self.spi, nl.attribute(
            XFRMA_IPTFS_MAX_QSIZE, struct.pack("=I", 100)))
        raw.add_policy(self.a, self.ends, "out", "iptfs")
        before = self.a.mib()
        raw.datagrams(self.a, self.ends[1], 3, size=500)
        return ipsec.differ("MIB", ipsec.changes(before, self.a.mib()),
                            {"XfrmOutNoQueueSpace": 3}) + \
            ipsec.disagreements(self.a)


def run(case, link):
    try:
        return case()
    finally:
        link.a.flush()
        link.b.flush()


def possible():
    """Without the mode, a kernel since 6.14 accepts the SA, and warns at a packet."""
    return os.path.exists("/sys/module/xfrm_iptfs") or not subprocess.run(
        ("modprobe", "-q", "xfrm_iptfs"), check=False).returncode


def main():
    if not possible():
        print("TAP version 13\n1..0 # SKIP this kernel has no IP-TFS")
        sys.exit(4)
    with ipsec.Link() as link:
        ipsec.run_cases(
            (f"ipv{version}_{name}", functools.partial(run, case, link))
            for version in (4, 6)
            for name, case in ipsec.cases_of(Cases(link, version)))


if __name__ == "__main__":
    main()
