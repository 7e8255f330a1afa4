# SPDX-License-Identifier: GPL-2.0-only
"""SAs added and deleted by raw netlink, many at a time."""
import errno
import struct
import time

import nl

XFRM_ALLOCSPI, XFRM_UPDSA = 0x16, 0x1a
XFRMA_ALG_CRYPT = 2
ENDS = "127.0.0.1", "10.1.0.2"          # outbound
CHUNK = 64                              # messages in a buffer


def sa_info(spi, mode="transport", **how):
    return nl.esp_info(ENDS, spi, mode, **how)


def filled(kind, spi, **how):
    """NEWSA or UPDSA for an SA without cipher and ICV."""
    cipher = struct.pack("=64sI", b"ecb(cipher_null)", 0)
    return kind, sa_info(spi, **how) + nl.attribute(XFRMA_ALG_CRYPT, cipher)


def added(spi, **how):
    return filled(nl.XFRM_NEWSA, spi, **how)


def updated(spi, **how):
    return filled(XFRM_UPDSA, spi, **how)


def reserved(spi, **how):
    """A larval SA with this SPI."""
    return XFRM_ALLOCSPI, sa_info(0, **how) + struct.pack("=II", spi, spi)


def deleted(spi):
    return nl.XFRM_DELSA, nl.esp_id(ENDS[1], spi)


def flushed():
    return nl.XFRM_FLUSHSA, bytes([nl.IPSEC_PROTO_ANY])


class Socket(nl.Socket):
    """A socket for the SAs of the namespace that opened it."""

    def __init__(self):
        super().__init__(nl.NETLINK_XFRM)

    def send(self, messages):
        """Send all in one buffer; raise the first error."""
        for _, error in self.refused(messages):
            raise error

    def refused(self, messages):
        """Send all in one buffer; (message, error) of each that failed."""
        whole = b""
        for number, (kind, payload) in enumerate(messages, 1):
            flags = nl.NLM_F_REQUEST
            if number == len(messages):
                flags |= nl.NLM_F_ACK
            payload = payload.ljust((len(payload) + 3) & ~3, b"\0")
            whole += struct.pack("=IHHII", 16 + len(payload), kind, flags,
                                 number, 0) + payload
        self.socket.send(whole)
        refused, last = [], None
        while last != len(messages):
            for kind, data in self._received():
                if kind != nl.NLMSG_ERROR:
                    continue
                last, = struct.unpack_from("=I", data, 28)
                try:
                    self._refuse(data, 36)
                except nl.Refused as error:
                    refused.append((messages[last - 1], error))
        return refused

    def delete(self, spis):
        """Retried, because a look-up can miss an SA while the kernel moves all SAs to a
        larger hash table (xfrm_hash_resize())."""
        deadline = time.monotonic() + nl.PATIENCE
        left = [deleted(spi) for spi in spis]
        while left:
            refused = self.refused(left)
            for _, error in refused:
                if error.number != errno.ESRCH or time.monotonic() > deadline:
                    raise error
            left = [message for message, _ in refused]

    def listed(self):
        """The number of states."""
        return len(self.request(nl.XFRM_GETSA, b"",
                                nl.NLM_F_REQUEST | nl.NLM_F_DUMP))
