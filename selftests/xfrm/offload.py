#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""SAs that are offloaded to a device, with the two devices of fake_device/.

With crypto offload the packets pass the kernel and are counted there; with packet
offload only the device counts them.
"""
import itertools
import socket
import struct

import ipsec
import nl
import raw

PARAMETERS = "/sys/module/fake_device/parameters"
ADDRESS = {4: ("10.7.0.1", "10.7.0.2"), 6: ("fd07::1", "fd07::2")}
PREFIX = {4: 24, 6: 64}
MODES = {"transport": "transportByteCount", "tunnel": "tunnelByteCount"}
ALGORITHM, KEY, ICV_BITS = "rfc4106(gcm(aes))", bytes(range(20)), 128
SPI, COUNT, PAYLOAD = 0x700, 3, 100
# Results of a device; those for the ICV differ by mode
SUCCESS, GENERIC_ERROR, INVALID_PROTOCOL = 1, 2, 128
WRONG_ICV = {"transport": 8, "tunnel": 32}

XFRMA_OFFLOAD_DEV = 28
XFRM_OFFLOAD_INBOUND, XFRM_OFFLOAD_PACKET = 2, 4
TOTAL = ipsec.TOTAL


def device(**parameters):
    """Set the results that the devices report."""
    for name, value in parameters.items():
        with open(f"{PARAMETERS}/{name}", "w", encoding="ascii") as file:
            file.write(str(value))


def wire(link):
    """fake0 to host a, fake1 to host b."""
    for i, (host, peer) in enumerate(((link.a, link.b), (link.b, link.a))):
        name = f"fake{i}"
        ipsec.run("ip", "link", "set", name, "address", host.mac, "netns",
                  host.name)
        lines = [f"link set {name} up"]
        for version, ends in ADDRESS.items():
            host.take(ends[i])
            lines += [f"addr add {ends[i]}/{PREFIX[version]} dev {name}"
                      + " nodad" * (version == 6),
                      f"neigh add {ends[1 - i]} lladdr {peer.mac} dev {name}"]
        host.ip(*lines)


def add_packet_offloaded(host, version, mode, spi):
    """An inbound SA with packet offload to fake1; ip of Debian 12 cannot add it."""
    with ipsec.inside(host.name):
        index = socket.if_nametoindex("fake1")
    raw.add_state(host, ADDRESS[version], mode, spi, nl.attribute(
        XFRMA_OFFLOAD_DEV, struct.pack("=iB3x", index, XFRM_OFFLOAD_INBOUND |
                                       XFRM_OFFLOAD_PACKET)))


class Crypto:
    """Each method sends from a to b, and ends without SAs."""

    def __init__(self, link, version, mode):
        self.a, self.b = link.a, link.b
        self.version, self.mode = version, mode
        self.ends = "src {} dst {}".format(*ADDRESS[version])
        inner = {4: 20, 6: 40}[version] if mode == "tunnel" else 0
        self.size = inner + 8 + PAYLOAD

    def _states(self):
        for host, name, way in ((self.a, "fake0", "out"),
                                (self.b, "fake1", "in")):
            # A kernel that knows the direction refuses a window of an outbound SA.
            window = 0 if way == "out" and "XfrmOutStateDirError" in host.mib() else 32
            host.ip(f"xfrm state add {self.ends} proto esp spi {SPI:#x} "
                    f"reqid 1 mode {self.mode} replay-window {window} "
                    f"aead {ALGORITHM} 0x{KEY.hex()} {ICV_BITS} "
                    f"offload dev {name} dir {way}",
                    f"xfrm policy add {self.ends} dir {way} tmpl {self.ends} "
                    f"proto esp mode {self.mode} reqid 1")

    def _flush(self):
        for host in (self.a, self.b):
            host.ip("xfrm state flush", "xfrm policy flush")

    def _send(self):
        family = socket.AF_INET if self.version == 4 else socket.AF_INET6
        with ipsec.inside(self.a.name):
            sender = socket.socket(family, socket.SOCK_DGRAM)
        with sender:
            for _ in range(COUNT):
                sender.sendto(b"x" * PAYLOAD, (ADDRESS[self.version][1], 9))

    def _columns(self, way):
        names = ("encryptedByteCount", "authenticatedESPByteCount",
                 "offloadByteCount", MODES[self.mode])
        return {**{f"{way}.{name}": COUNT * self.size for name in names},
                f"{way}.totalSuccessfulPackets": COUNT}

    def _received(self, verdict, wanted, mib):
        """Host a sends, and the device of host b reports this result."""
        problems = []
        self._states()
        device(verdict=verdict)
        try:
            problems += ipsec.expect(
                self.a, lambda: problems.extend(ipsec.expect(
                    self.b, self._send, wanted, mib)), self._columns("out"))
        finally:
            device(verdict=SUCCESS)
            self._flush()
        return problems

    def gauge(self):
        change = {"sa.activeSas": 1, "sa.offloadedSas": 1}
        if self.mode == "tunnel":
            change["sa.activeTunnels"] = 1
        back = {key: -value for key, value in change.items()}
        return ipsec.expect(self.b, self._states,
                            {**change, "sa.totalSasAdded": 1}) + \
            ipsec.expect(self.b, self._flush,
                         {**back, "sa.totalSasDeleted": 1})

    def good(self):
        return self._received(SUCCESS, self._columns("in"), {})

    def wrong_icv(self):
        return self._received(
            WRONG_ICV[self.mode],
            {"esp.authenticationFailuresOnInbound": COUNT, TOTAL: COUNT},
            {"XfrmInStateProtoError": COUNT})

    def wrong_protocol(self):
        return self._received(
            INVALID_PROTOCOL,
            {"esp.decryptionFailuresOnInbound": COUNT, TOTAL: COUNT},
            {"XfrmInStateProtoError": COUNT})

    def device_failed(self):
        return self._received(GENERIC_ERROR, {TOTAL: COUNT},
                              {"XfrmInBufferError": COUNT})

    def _device_down(self):
        """It deletes its SAs; the last case, because addresses are deleted, too."""
        self._states()
        problems = ipsec.expect(
            self.b, lambda: self.b.ip("link set fake1 down"),
            {"sa.activeSas": -1, "sa.totalSasDeleted": 1,
             "sa.offloadedSas": -1, "sa.activeTunnels": -1})
        self._flush()
        return problems


class Packet:
    """Each method ends without SAs in host b.

    No SPI is used twice: the first figures of a new SA would be taken for those of the
    old one.
    """

    spis = itertools.count(SPI + 1)

    def __init__(self, link, version, mode):
        self.host, self.version, self.mode = link.b, version, mode

    def _come(self, spi):
        add_packet_offloaded(self.host, self.version, self.mode, spi)

    def _go(self, spi):
        source, target = ADDRESS[self.version]
        self.host.ip(f"xfrm state delete src {source} dst {target} proto esp "
                     f"spi {spi:#x}")

    def _columns(self, size, count):
        names = ("encryptedByteCount", "authenticatedESPByteCount",
                 "offloadByteCount", MODES[self.mode])
        return {**{f"in.{name}": size for name in names},
                "in.totalSuccessfulPackets": count}

    def _number(self, change, first):
        """Changes for SAs, @first if the tunnel begins or ends with them."""
        told = {"sa.activeSas": change, "sa.offloadedSas": change}
        if first and self.mode == "tunnel":
            told["sa.activeTunnels"] = change
        verb = "Added" if change > 0 else "Deleted"
        return {**told, f"sa.totalSas{verb}": 1}

    def device_counts(self):
        """The device reports the same for each SA, also at its end."""
        first, second = next(self.spis), next(self.spis)
        steps = (
            (lambda: self._come(first), self._number(1, True)),
            (lambda: device(bytes=1000, packets=10), self._columns(1000, 10)),
            (lambda: self._come(second),
             {**self._number(1, False), **self._columns(1000, 10)}),
            (lambda: device(bytes=1500, packets=12),
             self._columns(2 * 500, 2 * 2)),
            (lambda: [device(bytes=1800, packets=13), self._go(first)],
             {**self._number(-1, False), **self._columns(2 * 300, 2 * 1)}),
            (lambda: [device(bytes=1801, packets=14), self._go(second)],
             {**self._number(-1, True), **self._columns(1, 1)}),
        )
        device(bytes=0, packets=0)
        return [problem for step, wanted in steps
                for problem in ipsec.expect(self.host, step, wanted)]


    def device_drops(self):
        """The device drops packets itself, and reports them when queried."""
        spi = next(self.spis)
        device(bytes=0, packets=0)
        self._come(spi)
        problems = ipsec.expect(
            self.host, lambda: device(wrong_icvs=3, replays=2),
            {"esp.authenticationFailuresOnInbound": 3,
             "esp.replayCheckFailuresOnInbound": 2, TOTAL: 5},
            {"XfrmInStateProtoError": 3, "XfrmInStateSeqError": 2})
        self._go(spi)
        return problems


def has_packet_offload(host):
    """Since Linux 6.2."""
    device(bytes=0, packets=0)
    try:
        add_packet_offloaded(host, 4, "transport", SPI)
    except nl.Refused as refused:
        if refused.text != "Unrecognized flags in offload request":
            raise
        return False
    host.ip("xfrm state flush")
    return True


def main():
    ipsec.run("modprobe", "-a", "fake_device", "esp4_offload", "esp6_offload")
    with ipsec.Link() as link:
        wire(link)
        kinds = [Crypto] + [Packet] * has_packet_offload(link.b)
        cases = []
        for kind, version, mode in itertools.product(kinds, ADDRESS, MODES):
            cases += ipsec.cases_of(
                kind(link, version, mode),
                f"{kind.__name__.lower()}_ipv{version}_{mode}_")
        cases.append(("device_down", Crypto(link, 4, "tunnel")._device_down))
        ipsec.run_cases(cases)


if __name__ == "__main__":
    main()
