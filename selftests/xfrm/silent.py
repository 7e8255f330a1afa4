# SPDX-License-Identifier: GPL-2.0-only
"""Packets in clear that the kernel frees without a drop reason.

Tunnel drivers and some transport protocols check the policy themselves, and free refused
packets without a reason. Each of these has a context below that sets up host b and
yields such a packet and its line of the recent drops.
"""
import contextlib
import ctypes
import socket
import struct
import subprocess

from scapy.layers.sctp import SCTP, SCTPChunkInit
from scapy.packet import Raw
from scapy.utils import checksum

import ipsec
import nl
from forge import PROTO

CLEAR = "clear-text"


def line(f, proto, spi=0):
    return nl.Who(CLEAR, proto, *(nl.address(ipsec.packed(end))
                                  for end in f.inner), spi)


@contextlib.contextmanager
def device(f, kind, extra=""):
    """A tunnel device of host b between the ends of the flow."""
    f.stage.b.ip(f"link add silent type {kind} local {f.inner[1]} "
                 f"remote {f.inner[0]} {extra}", "link set silent up")
    try:
        yield
    finally:
        f.stage.b.ip("link del silent")


@contextlib.contextmanager
def tunnel(f):
    """ipip, ip6_tunnel"""
    kind, proto = ("ipip", "ipip") if f.flow.family == 4 else \
        ("ip6tnl", "ipv6")
    with device(f, kind):
        yield (f.header(f.inner, PROTO[proto]) / Raw(bytes(f.clear())),
               line(f, PROTO[proto]))


@contextlib.contextmanager
def sit(f):
    """IPv4 in IPv4: it checks no policy for IPv6."""
    with device(f, "sit", "mode ipip"):
        yield (f.header(f.inner, PROTO["ipip"]) / Raw(bytes(f.clear())),
               line(f, PROTO["ipip"]))


@contextlib.contextmanager
def vti(f):
    """ESP that a device drops before the look-up of its SA."""
    with device(f, "vti" if f.flow.family == 4 else "vti6", "key 7"):
        yield f.secured(), line(f, PROTO["esp"], f.spi("good"))


@contextlib.contextmanager
def sctp(f):
    """An INIT to a port without a socket."""
    yield (f.header(f.inner, socket.IPPROTO_SCTP) /
           SCTP(sport=7, dport=7, tag=0) / SCTPChunkInit(
               init_tag=1, n_out_streams=1, n_in_streams=1),
           line(f, socket.IPPROTO_SCTP))


@contextlib.contextmanager
def l2tp(f):
    """A control packet for a socket of L2TP over IP."""
    family = socket.AF_INET if f.flow.family == 4 else socket.AF_INET6
    with ipsec.inside(f.stage.b.name):
        sock = socket.socket(family, socket.SOCK_DGRAM, IPPROTO_L2TP)
    # struct sockaddr_l2tpip, struct sockaddr_l2tpip6
    where = struct.pack("=HH4sI4x", family, 0, bytes(4), CONNECTION) \
        if family == socket.AF_INET else \
        struct.pack("=HHI16sII", family, 0, 0, bytes(16), 0, CONNECTION)
    if ipsec.libc.bind(sock.fileno(), ctypes.c_char_p(where), len(where)):
        raise OSError(ctypes.get_errno(), "bind")
    with sock:
        yield (f.header(f.inner, IPPROTO_L2TP) / Raw(struct.pack(
            "!IHHI", 0, 0xc803, 12, CONNECTION) + bytes(4)),
               line(f, IPPROTO_L2TP))


@contextlib.contextmanager
def dccp(f):
    """A data packet to a port without a socket, with a full checksum."""
    def header(check):
        return struct.pack("!HHBBHBBH", 7, 7, 3, 0, check, 2 << 1, 0, 1)
    ends = b"".join(map(ipsec.packed, f.inner))
    pseudo = ends + (struct.pack("!BBH", 0, IPPROTO_DCCP, 12)
                     if f.flow.family == 4 else
                     struct.pack("!IHBB", 12, 0, 0, IPPROTO_DCCP))
    yield (f.header(f.inner, IPPROTO_DCCP) /
           Raw(header(checksum(pseudo + header(0)))),
           line(f, IPPROTO_DCCP))


IPPROTO_DCCP, IPPROTO_L2TP, CONNECTION = 33, 115, 0x1234
# freed by: (IP versions, kernel modules, context)
FREED_BY = {
    "tunnel": ((4, 6), (), tunnel),
    "sit": ((4,), ("sit",), sit),
    "vti": ((4, 6), (), vti),
    "sctp": ((4, 6), ("sctp",), sctp),
    "l2tp": ((4, 6), ("l2tp_ip", "l2tp_ip6"), l2tp),
    "dccp": ((4, 6), ("dccp_ipv4", "dccp_ipv6"), dccp),
}


def exists(version, freed_by):
    """Whether this kernel has the modules."""
    versions, modules, _ = FREED_BY[freed_by]
    return version in versions and not any(
        subprocess.run(["modprobe", module], capture_output=True,
                       check=False).returncode for module in modules)
