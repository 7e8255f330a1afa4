# SPDX-License-Identifier: GPL-2.0-only
"""Packets from a to b under known keys, good and bad ones.

scapy's IPsec layer makes one packet for each shape. It is slow, so the other packets are
copies with another sequence number and SPI, and a new ICV.
"""
import contextlib
import functools
import hmac
import socket
import struct

from scapy.config import conf
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.ipsec import AH, ESP, SecurityAssociation
from scapy.packet import Raw

import ipsec
import matrix

conf.verb = 0
KEY = bytes.fromhex(matrix.key(20)[2:])
TRANSFORMS = {"esp": "null_sha1", "ah": "ah_sha1"}
ICV_LEN = 12
PAYLOAD = b"x" * 32
UDP_LEN = 8 + len(PAYLOAD)
# Ports by the policies of a flow: require its SA, block, require the other protocol;
# without a policy, for those of a case
PORT_OPEN, PORT_BLOCKED, PORT_OTHER, PORT_RULE = 9, 13, 21, 25
PROTO = {"icmp": 1, "ipip": 4, "tcp": 6, "udp": 17, "ipv6": 41, "routing": 43,
         "esp": 50, "ah": 51, "icmpv6": 58, "options": 60, "unknown": 253}
# SAs of one flow in host b, by their offset from the first SPI of the flow
ROLES = ("good", "other", "narrow", "spent", "lonely", "larval", "nobody",
         "backward")


def icv(data):
    return hmac.digest(KEY, data, "sha1")[:ICV_LEN]


def mutable_zeroed(packet):
    """The bytes that AH authenticates: mutable fields are zero."""
    packet = bytearray(packet)
    if packet[0] >> 4 == 4:
        packet[1] = packet[8] = 0
        packet[6:8] = packet[10:12] = bytes(2)
    else:
        packet[0:4] = b"\x60\0\0\0"
        packet[7] = 0
    return packet


def resigned(packet, proto, spi, seq):
    """Change the number in a packet without UDP, and its ICV."""
    version = packet[0] >> 4
    start = matrix.IP_LEN[version]
    if proto == "esp":
        body = struct.pack("!II", spi, seq) + packet[start + 8:-ICV_LEN]
        return packet[:start] + body + icv(body)
    head = packet[start:start + 4] + struct.pack("!II", spi, seq)
    rest = packet[start + 12 + ICV_LEN:]
    signed = icv(mutable_zeroed(packet[:start]) + head + bytes(ICV_LEN) + rest)
    return packet[:start] + head + signed + rest


def spoiled(packet):
    """Flip one bit, in the ICV of ESP, in the payload of AH."""
    return packet[:-1] + bytes([packet[-1] ^ 1])


@contextlib.contextmanager
def at_once(host):
    """Packets sent meanwhile leave at the end, in one run of the softirq."""
    def tc(verb, *words):
        ipsec.run("tc", "-n", host.name, "qdisc", verb, "dev", "eth0", "root",
                  "plug", *words)

    tc("replace")
    tc("change", "block")
    yield
    tc("change", "release_indefinite")


class Forge:
    """Packets of one flow, with the next sequence number of each SA."""

    def __init__(self, stage, flow, wire):
        self.stage, self.flow, self.wire = stage, flow, wire
        self.path = stage.path(flow)
        self.ip = IP if flow.family == 4 else IPv6
        self.seq = {}
        self.hold = contextlib.nullcontext()
        self.outer = [stage.outer(flow, side) for side in (1, 2)]
        self.inner = [stage.inner(flow, side) for side in (1, 2)]
        self.size = flow.size(UDP_LEN)
        self.shape = functools.cache(self.shape)

    def frame(self, packet):
        """From host a to host b."""
        link = self.stage
        kind = b"\x08\x00" if self.flow.family == 4 else b"\x86\xdd"
        return bytes.fromhex((link.b.mac + link.a.mac).replace(":", "")) + \
            kind + bytes(packet)

    def send(self, packets):
        """Send packets from host a, unchanged."""
        frames = [self.frame(packet) for packet in packets]
        with ipsec.on_one_cpu(), self.hold:
            for frame in frames:
                self.wire.send(frame)

    @contextlib.contextmanager
    def during(self, hold):
        """The next packets are sent while this is entered."""
        self.hold = hold
        yield
        self.hold = contextlib.nullcontext()

    def renew(self):
        """Restart the sequence numbers, as the SAs did."""
        self.seq.clear()

    # -- SAs of host b ---

    def spi(self, role):
        return self.path.spi + ROLES.index(role)

    def states(self):
        """Lines of ip: an SA for each role that has one."""
        layer, extra = self.stage.layer(self.flow)
        narrow = f"{self.path.inner} proto udp dport 4242"

        def state(role, limit="", **options):
            return self.path.state(*layer, ROLES.index(role),
                                   f"{extra} {limit}",
                                   **{"reqid": self.path.reqid, **options})

        yield state("good")
        yield state("other", reqid=self.path.reqid + 1000)
        yield state("narrow", selector=narrow)
        yield state("spent", limit="limit packet-hard 1")
        if self.flow.mode == "beet":    # its addresses are the selector's
            yield state("lonely", selector=f"src {self.stranger} "
                        f"dst {self.inner[1]}")
        larval = self.spi("larval")
        yield (f"xfrm state allocspi {self.path.outer} proto {self.flow.proto} "
               f"mode {self.flow.mode} reqid {self.path.reqid + 2000} "
               f"min {larval:#x} max {larval:#x}")

    def policies(self):
        direction = matrix.ROUTES[self.flow.route].policy
        yield self.path.policy(direction, [self.stage.layer(self.flow)[0]])
        yield self.path.block(direction, PORT_BLOCKED)
        other = "esp" if self.flow.proto == "ah" else "ah"
        yield self.path.policy(direction, [(other, self.flow.mode)],
                               port=PORT_OTHER)

    # -- packets ---

    @property
    def stranger(self):
        """A source without a policy."""
        return "10.1.255.1" if self.flow.family == 4 else "fd01:ffff::1"

    def header(self, ends, proto):
        field = {"proto": proto} if self.flow.family == 4 else {"nh": proto}
        return self.ip(src=ends[0], dst=ends[1], **field)

    def clear(self, port=PORT_OPEN, source=None, sport=7):
        """The inner packet of the flow."""
        ends = (source or self.inner[0], self.inner[1])
        return self.header(ends, PROTO["udp"]) / \
            UDP(sport=sport, dport=port) / Raw(PAYLOAD)

    def shape(self, port=PORT_OPEN, source=None, hollow=False, sport=7):
        """By scapy: the packet of sequence number 1, not yet in UDP.

        @hollow leaves out the inner IP packet of a tunnel.
        """
        flow = self.flow
        crypt = {"crypt_algo": "NULL"} if flow.proto == "esp" else {}
        tunnel = flow.mode == "tunnel" and not hollow
        if tunnel:
            crypt["tunnel_header"] = self.ip(src=self.outer[0],
                                             dst=self.outer[1])
        sa = SecurityAssociation(ESP if flow.proto == "esp" else AH,
                                 spi=self.spi("good"), auth_key=KEY,
                                 auth_algo="HMAC-SHA1-96", **crypt)
        inner = self.clear(port, source, sport)
        if not tunnel:                  # BEET has the outer addresses only
            inner = self.header(self.outer, PROTO["udp"]) / \
                Raw(bytes(inner.payload))
        packet = bytes(sa.encrypt(self.ip(bytes(inner)), seq_num=1))
        if resigned(packet, flow.proto, self.spi("good"), 1) != packet:
            raise AssertionError(f"scapy signs otherwise: {packet.hex()}")
        return packet

    def next_seq(self, role="good"):
        self.seq[role] = self.seq.get(role, 0) + 1
        return self.seq[role]

    def secured(self, role="good", seq=None, dressed=True, **shape):
        """A good packet of this SA, with its next sequence number."""
        packet = resigned(self.shape(**shape), self.flow.proto, self.spi(role),
                          seq or self.next_seq(role))
        return self.dress(packet) if dressed else packet

    @staticmethod
    def extended(packet):
        """The same ESP packet under an SA with extended sequence numbers."""
        start = matrix.IP_LEN[packet[0] >> 4]
        body = packet[start:-ICV_LEN]
        return packet[:-ICV_LEN] + icv(body + bytes(4))

    def dress(self, packet):
        return self.in_udp(packet) if self.flow.in_udp else packet

    def in_udp(self, packet):
        """The ESP packet in UDP without a checksum."""
        esp = packet[matrix.IP_LEN[self.flow.family]:]
        return bytes(self.header(self.outer, PROTO["udp"]) / Raw(
            struct.pack("!HHHH", matrix.ENCAP_PORT, matrix.ENCAP_PORT,
                        8 + len(esp), 0) + esp))

    def raw(self, role, body=b"y" * 64):
        """A header with random bytes after it."""
        head = struct.pack("!II", self.spi(role), self.next_seq(role))
        if self.flow.proto == "ah":
            head = b"\x11\x04\0\0" + head
        return self.dress(bytes(
            self.header(self.outer, PROTO[self.flow.proto]) /
            Raw(head + body)))

    def bad_trailer(self):
        """A valid ICV over a pad length longer than the packet."""
        head = struct.pack("!II", self.spi("good"), self.next_seq())
        body = head + b"p" * 30 + bytes([255, PROTO["udp"]])
        return self.dress(bytes(self.header(self.outer, PROTO["esp"]) /
                                Raw(body + icv(body))))

    def icmp_error(self):
        """Its protocol, and one about a packet of the other direction."""
        about = bytes(self.header(self.inner[::-1], PROTO["udp"]) / UDP())
        return (PROTO["icmp"], b"\3\1" + bytes(6) + about) \
            if self.flow.family == 4 else \
            (PROTO["icmpv6"], b"\1" + bytes(7) + about)

    def esp_around(self, role, proto, payload):
        """ESP in transport mode over any payload."""
        pad = -(len(payload) + 2) % 4
        body = struct.pack("!II", self.spi(role), self.next_seq(role)) + \
            payload + bytes(range(1, pad + 1)) + bytes([pad, proto])
        return bytes(self.header(self.outer, PROTO["esp"]) /
                     Raw(body + icv(body)))

    def ah_around(self, proto, payload):
        """AH over any payload; scapy would transform an inner ESP."""
        packet = self.header(self.outer, PROTO["ah"]) / Raw(
            struct.pack("!BBHII", proto, 4, 0, 0, 0) + bytes(ICV_LEN) + payload)
        return resigned(bytes(packet), "ah", self.spi("good"), self.next_seq())


def wire(host):
    with ipsec.inside(host.name):
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    sock.bind(("eth0", 0))
    return sock
