#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""SAs bound to a device, with netdevsim for a device that takes them.

Where the kernel has no netdevsim, as Debian's, all is skipped.
"""
import glob
import os
import socket
import subprocess
import sys

import ipsec
import matrix

COUNT, PAYLOAD = 3, 100
SIZE = 8 + PAYLOAD
OUTBOUND = "src 10.7.0.1 dst 10.7.0.2"
INBOUND = "src 10.7.0.2 dst 10.7.0.1"
BUS = "/sys/bus/netdevsim"


class Simulated:
    """Host a with a simulated device; what is sent to it is gone."""

    def __init__(self, link):
        self.host = link.a
        with open(f"{BUS}/new_device", "w", encoding="ascii") as file:
            file.write("77 1")
        path, = glob.glob(f"{BUS}/devices/netdevsim77/net/*")
        self.name = os.path.basename(path)
        ipsec.run("ip", "link", "set", self.name, "netns", self.host.name)
        self.host.ip(f"link set {self.name} up",
                     f"addr add 10.7.0.1/24 dev {self.name}",
                     f"neigh add 10.7.0.2 lladdr 02:00:00:00:07:02 "
                     f"dev {self.name}")
        self.host.take("10.7.0.1")

    def _state(self, ends, spi, way):
        return (f"xfrm state add {ends} proto esp spi {spi:#x} reqid 1 "
                f"mode transport replay-window 32 "
                f"{matrix.TRANSFORMS['gcm'][1]} offload dev {self.name} "
                f"dir {way}")

    def _sa(self, count, **more):
        return {"sa.activeSas": count, "sa.offloadedSas": count, **more}

    def bound_and_gone(self):
        """Both gauges rise and fall with the SAs."""
        return ipsec.expect(self.host, lambda: self.host.ip(
            self._state(OUTBOUND, 0x701, "out"),
            self._state(INBOUND, 0x702, "in")),
            self._sa(2, **{"sa.totalSasAdded": 2})) + \
            ipsec.expect(self.host, self.host.flush,
                         self._sa(-2, **{"sa.totalSasDeleted": 2}))

    def sent(self):
        """What the device is to encrypt is counted in its own column too."""
        self.host.ip(self._state(OUTBOUND, 0x701, "out"),
                     f"xfrm policy add {OUTBOUND} dir out tmpl {OUTBOUND} "
                     "proto esp mode transport reqid 1")
        problems = ipsec.expect(self.host, self._send, {
            "out.totalSuccessfulPackets": COUNT,
            **{f"out.{column}": COUNT * SIZE for column in (
                "encryptedByteCount", "authenticatedESPByteCount",
                "transportByteCount", "offloadByteCount")}}, {})
        self.host.flush()
        return problems

    def _send(self):
        with ipsec.inside(self.host.name):
            sock = socket.socket(type=socket.SOCK_DGRAM)
        with sock:
            for _ in range(COUNT):
                sock.sendto(b"x" * PAYLOAD, ("10.7.0.2", 9))

    def device_gone(self):
        """A device takes its SAs with it."""
        self.host.ip(self._state(OUTBOUND, 0x701, "out"))
        return ipsec.expect(self.host, self._remove, self._sa(
            -1, **{"sa.totalSasDeleted": 1}))

    @staticmethod
    def _remove():
        with open(f"{BUS}/del_device", "w", encoding="ascii") as file:
            file.write("77")


def main():
    subprocess.run(["modprobe", "-q", "netdevsim"], check=False)
    if not os.path.exists(BUS):
        print("TAP version 13\n1..0 # SKIP this kernel has no netdevsim")
        sys.exit(4)
    with ipsec.Link() as link:
        ipsec.run_cases(ipsec.cases_of(Simulated(link)))


if __name__ == "__main__":
    main()
