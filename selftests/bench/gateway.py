# SPDX-License-Identifier: GPL-2.0-only
"""A gateway with strongSwan: one IKE_SA with one CHILD_SA to each of its peers, and the
cost of listing them.

Both daemons are those of selftests/xfrm/ike.py, with other peers. The group of the key
exchange is small, because the exchange is not measured.
"""
import contextlib

from lanes import ipsec
import ike


def ends(number):
    return tuple(f"10.{side}.{number // 250}.{number % 250 + 1}"
                 for side in (3, 4))


class Gateway:
    """Host a, and host b as all of its peers."""

    def __init__(self, peers):
        self.there, self.stack = 0, contextlib.ExitStack()
        ike.PEERS = {f"p{number}": ends(number) for number in range(peers)}
        ike.CHILDREN = {f"c{number}": (f"p{number}", (), {})
                        for number in range(peers)}

    def __enter__(self):
        link = self.stack.enter_context(ipsec.Link())
        for side, (host, peer) in enumerate(((link.a, link.b),
                                             (link.b, link.a))):
            host.ip(*(f"addr add {ends[side]}/32 dev lo"
                      for ends in ike.PEERS.values()),
                    f"route add 10.{4 - side}.0.0/16 via {peer.address[4]}")
        self.a, self.b = (
            self.stack.enter_context(ike.Daemon(host, side, "aes128-sha256-modp768"))
            for side, host in enumerate((link.a, link.b)))
        self.host = link.a
        return self

    def __exit__(self, *error):
        return self.stack.__exit__(*error)

    def grow(self, peers):
        """Wait until so many peers are up."""
        for number in range(self.there, peers):
            self.a.do("--initiate", "--child", f"c{number}")
        self.there = peers
        up = self.a.do("--list-sas", "--raw").count("state=INSTALLED")
        if up != peers:
            raise OSError(f"{up} of {peers} children are up")
