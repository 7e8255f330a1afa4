#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Every cause of a dropped packet, provoked in host b with forged packets."""
import hmac
import socket
import struct

from scapy.config import conf
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6
from scapy.layers.ipsec import AH, ESP, SecurityAssociation
from scapy.layers.l2 import Ether
from scapy.packet import Raw

import ipsec

KEY = b"0123456789abcdef0123"
HEXKEY = "0x" + KEY.hex()
PAYLOAD = 32                            # bytes of UDP payload
CLEAR = UDP(sport=7, dport=9) / Raw(b"x" * PAYLOAD)
PORT_OPEN = 9                           # a UDP socket listens here
ENCAP_PORT = 4500
SPI = {                                 # of the SAs in host b
    "transport": 0x1001, "tunnel": 0x1002, "ah": 0x1003, "encap": 0x1004,
    "narrow": 0x1005, "stranger": 0x1006, "spent": 0x1007, "unknown": 0xdead,
}
UDP_ENCAP, UDP_ENCAP_ESPINUDP = 100, 2


class Forge:
    """Packets from a to b, of IP version 4 or 6, under known keys."""

    def __init__(self, link, version):
        self.link, self.version = link, version
        self.source = link.a.address[version]
        self.target = link.b.address[version]
        self.ip = IP if version == 4 else IPv6
        self.seq = {}
        with ipsec.inside(link.a.name):
            self.wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            self.wire.bind(("eth0", 0))

    def header(self, target=None):
        return self.ip(src=self.source, dst=target or self.target)

    def send(self, *packets):
        ether = Ether(src=self.link.a.mac, dst=self.link.b.mac)
        for packet in packets:
            self.wire.send(bytes(ether / packet))

    def _sa(self, name, **options):
        proto = AH if name == "ah" else ESP
        crypt = {} if name == "ah" else {"crypt_algo": "NULL"}
        return SecurityAssociation(proto, spi=SPI[name],
                                   auth_algo="HMAC-SHA1-96", auth_key=KEY,
                                   **crypt, **options)

    def secured(self, name, payload=CLEAR, seq=None, **options):
        """A packet for the SA, with the next sequence number or this one."""
        if name == "tunnel":
            options["tunnel_header"] = self.header()
        if seq is None:
            seq = self.seq[name] = self.seq.get(name, 0) + 1
        packet = self._sa(name, **options).encrypt(
            self.header() / payload, seq_num=seq)
        return self.ip(bytes(packet))

    def in_udp(self, packet):
        """The ESP packet again, inside UDP."""
        esp = bytes(packet[ESP])
        return self.header() / UDP(sport=ENCAP_PORT, dport=ENCAP_PORT) / \
            Raw(esp)

    def raw_esp(self, spi, seq=1, body=b"y" * 64):
        return self.header() / \
            ESP(spi=spi, seq=seq, data=body)

    def raw_ah(self, spi, seq=1):
        return self.header() / AH(nh=17, payloadlen=4, spi=spi, seq=seq,
                                  icv=b"z" * 12) / CLEAR


def spoil(packet, offset=-1):
    """One bit flipped."""
    raw = bytearray(bytes(packet))
    raw[offset] ^= 1
    return packet.__class__(bytes(raw))


def bad_trailer(forge):
    """A valid ICV over a pad length longer than the packet."""
    body = b"p" * 30 + bytes([255, 17])
    forge.seq["transport"] = forge.seq.get("transport", 0) + 1
    head = struct.pack("!II", SPI["transport"], forge.seq["transport"])
    sign = forge._sa("transport").auth_algo
    esp = ESP(head + body)
    sign.sign(esp, KEY)
    return forge.header() / esp


def ah_around(forge, proto, payload):
    """AH by hand over any payload; scapy takes ESP within for its own."""
    forge.seq["ah"] = forge.seq.get("ah", 0) + 1

    def packet(icv, **mutable):
        header = forge.header()
        for field, value in mutable.items():
            setattr(header, field, value)
        return bytes(header / AH(nh=proto, payloadlen=4, spi=SPI["ah"],
                                 seq=forge.seq["ah"], icv=icv) / Raw(payload))

    zeroed = {"ttl": 0, "chksum": 0} if forge.version == 4 else {"hlim": 0}
    icv = hmac.digest(KEY, packet(bytes(12), **zeroed), "sha1")[:12]
    return forge.ip(packet(icv))


# --- what host b is given ---------------------------------------------------

def states(forge):
    """SAs of host b, one line each."""
    base = f"src {forge.source} dst {forge.target}"
    null = f"enc ecb(cipher_null) '' auth-trunc hmac(sha1) {HEXKEY} 96"
    wide = "replay-window 32"

    def state(name, rest, proto="esp"):
        return (f"xfrm state add {base} proto {proto} spi {SPI[name]:#x} "
                f"{rest}")

    align = " flag align4" if forge.version == 4 else ""
    return [
        state("transport", f"reqid 1 mode transport {wide} {null}"),
        state("tunnel", f"reqid 2 mode tunnel {wide} {null}"),
        state("ah", f"reqid 3 mode transport {wide}{align} "
              f"auth-trunc hmac(sha1) {HEXKEY} 96", "ah"),
        state("encap", f"reqid 4 mode transport {wide} {null} "
              f"encap espinudp {ENCAP_PORT} {ENCAP_PORT} 0.0.0.0"),
        state("narrow", f"reqid 5 mode transport {wide} {null} "
              f"sel src {forge.source} dst {forge.target} proto udp "
              f"dport 4242"),
        state("stranger", f"reqid 6 mode transport {wide} {null}"),
        state("spent", f"reqid 7 mode transport {wide} {null} "
              "limit packet-hard 1"),
    ]


def listeners(host, version):
    """Sockets of host b: one in the clear, one that takes ESP in UDP."""
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    with ipsec.inside(host.name):
        plain = socket.socket(family, socket.SOCK_DGRAM)
        plain.bind((host.address[version], PORT_OPEN))
        encap = socket.socket(family, socket.SOCK_DGRAM)
        encap.bind((host.address[version], ENCAP_PORT))
        encap.setsockopt(socket.IPPROTO_UDP, UDP_ENCAP, UDP_ENCAP_ESPINUDP)
    return plain, encap


# --- cases ------------------------------------------------------------------

UDP_LEN = 8 + PAYLOAD
IP_LEN = {4: 20, 6: 40}


def arrived(direction="in", count=1, **columns):
    """The traffic that reached an SA before its packet was dropped."""
    total = {f"{direction}.totalSuccessfulPackets": count}
    for column, size in columns.items():
        total[f"{direction}.{column}"] = size * count
    return total


def esp_transport(size=UDP_LEN):
    return arrived(authenticatedESPByteCount=size, transportByteCount=size)


def esp_tunnel(size):
    return arrived(authenticatedESPByteCount=size, tunnelByteCount=size)


def ah_transport(size=UDP_LEN):
    return arrived(authenticatedAHByteCount=size, transportByteCount=size)


def dropped(total=1, **causes):
    """{"esp_invalidSpisOnInbound": 1} and the total."""
    wanted = {key.replace("_", ".", 1): value for key, value in causes.items()}
    wanted["drop.totalDropPacketsInbound"] = total
    return wanted


class Cases:
    """Each method is a case: it provokes, and says what must be seen."""

    def __init__(self, link, version):
        self.forge = Forge(link, version)
        self.host = link.b
        self.version = version
        self.inner = IP_LEN[version] + UDP_LEN

    def _see(self, packets, wanted, mib):
        return ipsec.expect(self.host, lambda: self.forge.send(*packets),
                            wanted, mib)

    def good_packets(self):
        f = self.forge
        wanted = arrived(count=2, transportByteCount=UDP_LEN)
        wanted["in.authenticatedESPByteCount"] = UDP_LEN
        wanted["in.authenticatedAHByteCount"] = UDP_LEN
        return self._see([f.secured("transport"), f.secured("ah")], wanted, {})

    def esp_unknown_spi(self):
        return self._see([self.forge.raw_esp(SPI["unknown"])] * 3,
                         dropped(3, esp_invalidSpisOnInbound=3),
                         {"XfrmInNoStates": 3})

    def ah_unknown_spi(self):
        return self._see([self.forge.raw_ah(SPI["unknown"])] * 3,
                         dropped(3, ah_invalidSpisOnInbound=3),
                         {"XfrmInNoStates": 3})

    def esp_in_udp_unknown_spi(self):
        f = self.forge
        return self._see([f.in_udp(f.raw_esp(SPI["unknown"]))],
                         dropped(esp_invalidSpisOnInbound=1),
                         {"XfrmInNoStates": 1})

    def esp_unknown_spi_under_ah(self):
        f = self.forge
        inner = ESP(spi=SPI["unknown"], seq=5, data=b"n" * 40)
        size = len(bytes(inner))
        return self._see([ah_around(f, 50, bytes(inner))],
                         {**ah_transport(size),
                          **dropped(esp_invalidSpisOnInbound=1)},
                         {"XfrmInNoStates": 1})

    def esp_bad_icv(self):
        return self._see([spoil(self.forge.secured("transport"))
                          for _ in range(2)],
                         dropped(2, esp_authenticationFailuresOnInbound=2),
                         {"XfrmInStateProtoError": 2})

    def ah_bad_icv(self):
        return self._see([spoil(self.forge.secured("ah"))],
                         dropped(ah_authenticationFailuresOnInbound=1),
                         {"XfrmInStateProtoError": 1})

    def esp_bad_trailer(self):
        return self._see([bad_trailer(self.forge)],
                         dropped(esp_decryptionFailuresOnInbound=1),
                         {"XfrmInStateProtoError": 1})

    def esp_too_short(self):
        f = self.forge
        return self._see([f.raw_esp(SPI["transport"], 10 ** 6, b"")],
                         dropped(esp_decryptionFailuresOnInbound=1),
                         {"XfrmInStateProtoError": 1})

    def esp_replayed(self):
        packet = self.forge.secured("transport")
        return self._see([packet] * 3,
                         {**esp_transport(),
                          **dropped(2, esp_replayCheckFailuresOnInbound=2)},
                         {"XfrmInStateSeqError": 2})

    def ah_replayed(self):
        packet = self.forge.secured("ah")
        return self._see([packet] * 2,
                         {**ah_transport(),
                          **dropped(ah_replayCheckFailuresOnInbound=1)},
                         {"XfrmInStateSeqError": 1})

    def esp_too_old(self):
        f = self.forge
        f.seq["transport"] = f.seq.get("transport", 0) + 100
        return self._see([f.secured("transport"),
                          f.secured("transport", seq=f.seq["transport"] - 90)],
                         {**esp_transport(),
                          **dropped(esp_replayCheckFailuresOnInbound=1)},
                         {"XfrmInStateSeqError": 1})

    def _larval(self, proto, packet, cause):
        f, host = self.forge, self.host
        low = 0x7000 + self.version
        host.ip(f"xfrm state allocspi src {f.source} dst {f.target} "
                f"proto {proto} mode transport reqid 70 "
                f"min {low:#x} max {low:#x}")
        problems = self._see([packet(low)] * 2, dropped(2, **{cause: 2}),
                             {"XfrmAcquireError": 2})
        host.ip(f"xfrm state delete src {f.source} dst {f.target} "
                f"proto {proto} spi {low:#x}")
        return problems

    def esp_larval(self):
        return self._larval("esp", self.forge.raw_esp,
                            "esp_saNotInitializedOnInbound")

    def ah_larval(self):
        return self._larval("ah", self.forge.raw_ah,
                            "ah_saNotInitializedOnInbound")

    def encap_expected(self):
        return self._see([self.forge.secured("encap")],
                         dropped(drop_udpEspValidationFailuresOnInbound=1),
                         {"XfrmInStateMismatch": 1})

    def encap_unexpected(self):
        f = self.forge
        return self._see([f.in_udp(f.secured("transport"))],
                         dropped(drop_udpEspValidationFailuresOnInbound=1),
                         {"XfrmInStateMismatch": 1})

    def encap_good(self):
        f = self.forge
        return self._see([f.in_udp(f.secured("encap"))], esp_transport(), {})

    def selector_mismatch(self):
        return self._see([self.forge.secured("narrow")],
                         {**esp_transport(),
                          **dropped(drop_receiveOverIncorrectSaInbound=1)},
                         {"XfrmInStateMismatch": 1})

    def wrong_mode(self):
        """A tunnel SA whose packet holds no IP packet."""
        f = self.forge
        sa = SecurityAssociation(ESP, spi=SPI["tunnel"], crypt_algo="NULL",
                                 auth_algo="HMAC-SHA1-96", auth_key=KEY)
        f.seq["tunnel"] = f.seq.get("tunnel", 0) + 1
        packet = sa.encrypt(f.header() / CLEAR, seq_num=f.seq["tunnel"])
        return self._see([packet],
                         {**esp_tunnel(UDP_LEN),
                          **dropped(drop_receiveOverIncorrectSaInbound=1)},
                         {"XfrmInStateModeError": 1})

    def no_policy_for_tunnel(self):
        return self._see([self.forge.secured("tunnel")] * 1,
                         {**esp_tunnel(self.inner),
                          **dropped(drop_secureReceivesNotMatchingFilters=1)},
                         {"XfrmInNoPols": 1})

    def expired_sa(self):
        """The first packet uses the SA up; the second finds it spent."""
        f = self.forge
        packets = [f.secured("spent") for _ in range(2)]
        wanted = {**esp_transport(), **dropped(1)}
        wanted["sa.activeSas"], wanted["sa.totalSasDeleted"] = -1, 1
        return self._see(packets, wanted, {"XfrmInStateExpired": 1})

    def truncated_header(self):
        return self._see([self._stub(50)], dropped(), {"XfrmInHdrError": 1})

    def _stub(self, proto):
        packet = self.forge.header()
        if self.version == 4:
            packet.proto = proto
        else:
            packet.nh = proto
        return packet / Raw(b"\0\0\x10\x01")

    def _with_policy(self, rule, packets, wanted, mib, direction="in",
                     target=None):
        f, host = self.forge, self.host
        selector = (f"src {f.source} dst {target or f.target} "
                    f"dir {direction}")
        host.ip(f"xfrm policy add {selector} {rule}")
        try:
            return self._see(packets, wanted, mib)
        finally:
            host.ip(f"xfrm policy delete {selector}")

    TEMPLATE = "tmpl proto esp mode transport reqid 1"

    def _clear(self, packet, **options):
        return self._with_policy(self.TEMPLATE, [packet] * 2,
                                 dropped(2, drop_invalidClearTextInbound=2),
                                 {"XfrmInTmplMismatch": 2}, **options)

    def clear_udp(self):
        return self._clear(self.forge.header() / CLEAR)

    def clear_udp_closed_port(self):
        return self._clear(self.forge.header() / UDP(sport=7, dport=1))

    def clear_tcp(self):
        return self._clear(self.forge.header() / TCP(dport=1, flags="S"))

    def clear_echo(self):
        echo = ICMP() if self.version == 4 else ICMPv6EchoRequest()
        return self._clear(self.forge.header() / echo)

    def clear_unknown_protocol(self):
        packet = self._stub(253)
        return self._clear(packet)

    def clear_forwarded(self):
        target = "10.9.0.1" if self.version == 4 else "fd09::1"
        return self._clear(self.forge.header(target) / CLEAR,
                           direction="fwd", target=target)

    def over_other_sa(self):
        """Over an SA, but not over the one that the policy demands."""
        return self._with_policy(
            self.TEMPLATE, [self.forge.secured("ah")],
            {**ah_transport(), **dropped(drop_receiveOverIncorrectSaInbound=1)},
            {"XfrmInTmplMismatch": 1})

    def blocked_after_sa(self):
        return self._with_policy(
            "action block", [self.forge.secured("transport")],
            {**esp_transport(),
             **dropped(drop_secureReceivesNotMatchingFilters=1)},
            {"XfrmInPolBlock": 1})

    def blocked_in_clear(self):
        return self._with_policy("action block",
                                 [self.forge.header() / CLEAR],
                                 dropped(), {"XfrmInPolBlock": 1})

    def fits_policy(self):
        return self._with_policy(self.TEMPLATE,
                                 [self.forge.secured("transport")],
                                 esp_transport(), {})


def forwarding(host):
    """Host b forwards, and has somewhere to forward to."""
    host.ip("link add away type dummy", "link set away up",
            "addr add 10.9.0.9/24 dev away",
            "addr add fd09::9/64 dev away nodad",
            "neigh add 10.9.0.1 lladdr 02:00:00:00:09:01 dev away",
            "neigh add fd09::1 lladdr 02:00:00:00:09:01 dev away")
    with ipsec.inside(host.name):
        for key in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
            with open(f"/proc/sys/net/{key}", "w", encoding="ascii") as file:
                file.write("1")


def main():
    conf.verb = 0
    with ipsec.Link() as link:
        forwarding(link.b)
        cases, keep = [], []
        for version in (4, 6):
            all_cases = Cases(link, version)
            link.b.ip(*states(all_cases.forge))
            keep.append(listeners(link.b, version))
            cases += ipsec.cases_of(all_cases, f"ipv{version}_")
        ipsec.run_cases(cases)


if __name__ == "__main__":
    main()
