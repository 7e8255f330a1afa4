# SPDX-License-Identifier: GPL-2.0-only
"""SAs made and removed by raw netlink, many at a time."""
import socket
import struct

import nl

XFRM_MSG_NEWSA, XFRM_MSG_DELSA, XFRM_MSG_ALLOCSPI = 0x10, 0x11, 0x16
XFRM_MSG_UPDSA, XFRM_MSG_FLUSHSA = 0x1a, 0x1c
XFRMA_ALG_CRYPT = 2
XFRM_INF = (1 << 64) - 1
TRANSPORT, TUNNEL = 0, 1
SOURCE, TARGET = "127.0.0.1", "10.1.0.2"
CHUNK = 64                              # messages in a buffer


def sa_info(spi, reqid=0, mode=TRANSPORT, seconds=0):
    """struct xfrm_usersa_info of an ESP SA from this host; @seconds to live."""
    selector = bytes(56)
    target = socket.inet_aton(TARGET).ljust(16, b"\0")
    source = socket.inet_aton(SOURCE).ljust(16, b"\0")
    ident = target + struct.pack("!IBxxx", spi, socket.IPPROTO_ESP)
    lifetime = struct.pack("=8Q", *[XFRM_INF] * 4, 0, seconds, 0, 0)
    current, statistics = bytes(32), bytes(12)
    rest = struct.pack("=IIHBBB7x", 0, reqid, socket.AF_INET, mode, 0, 0)
    return selector + ident + source + lifetime + current + statistics + rest


def filled(kind, spi, **how):
    """NEWSA or UPDSA, of an SA without cipher and without ICV."""
    cipher = struct.pack("=64sI", b"ecb(cipher_null)", 0)
    return kind, sa_info(spi, **how) + nl.attribute(XFRMA_ALG_CRYPT, cipher)


def added(spi, **how):
    return filled(XFRM_MSG_NEWSA, spi, **how)


def updated(spi, **how):
    return filled(XFRM_MSG_UPDSA, spi, **how)


def reserved(spi, **how):
    """A larval SA with this SPI."""
    return XFRM_MSG_ALLOCSPI, sa_info(0, **how) + struct.pack("=II", spi, spi)


def deleted(spi):
    target = socket.inet_aton(TARGET).ljust(16, b"\0")
    return XFRM_MSG_DELSA, target + struct.pack(
        "!I", spi) + struct.pack("=HBx", socket.AF_INET, socket.IPPROTO_ESP)


def flushed():
    return XFRM_MSG_FLUSHSA, bytes([nl.IPSEC_PROTO_ANY])


class Socket(nl.Socket):
    """Speaks to the SAs of the namespace it is opened in."""

    def __init__(self):
        super().__init__(nl.NETLINK_XFRM)

    def send(self, messages):
        """All in one buffer; the first error is raised."""
        whole = b""
        for number, (kind, payload) in enumerate(messages, 1):
            flags = nl.NLM_F_REQUEST
            if number == len(messages):
                flags |= nl.NLM_F_ACK
            payload = payload.ljust((len(payload) + 3) & ~3, b"\0")
            whole += struct.pack("=IHHII", 16 + len(payload), kind, flags,
                                 number, 0) + payload
        self.socket.send(whole)
        last = None
        while last != len(messages):
            for kind, data in self._received():
                if kind == nl.NLMSG_ERROR:
                    self._refuse(data, 36)
                    last, = struct.unpack_from("=I", data, 28)

    def listed(self):
        """How many states there are."""
        return len(self.request(nl.XFRM_GETSA, b"",
                                nl.NLM_F_REQUEST | nl.NLM_F_DUMP))
