#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Bytes and packets of every kind of SA, against the kernel's own lifetimes.

Both hosts send to each other. What one sends, the other must receive; what
each says must be what the kernel added to the lifetimes of its SAs; and every
column that does not belong to the kind of SA must stay as it is.
"""
import itertools
import socket
import struct
import sys
import threading

import ipsec

COUNT, PAYLOAD = 5, 100
UDP_ENCAP, UDP_ENCAP_ESPINUDP = 100, 2
KEY = "0x" + "0123456789abcdef" * 8


def key(size):
    return KEY[:2 + 2 * size]


CIPHER, ICV, AH = "encryptedByteCount", "authenticatedESPByteCount", \
    "authenticatedAHByteCount"
# name: protocol, algorithms in the words of ip-xfrm, columns besides the mode
TRANSFORMS = {
    "gcm": ("esp", f"aead rfc4106(gcm(aes)) {key(20)} 128", (CIPHER, ICV)),
    "gmac": ("esp", f"aead rfc4543(gcm(aes)) {key(20)} 128", (ICV,)),
    "chacha": ("esp", "aead rfc7539esp(chacha20,poly1305) "
               f"{key(36)} 128", (CIPHER, ICV)),
    "cbc_sha256": ("esp", f"enc cbc(aes) {key(16)} "
                   f"auth-trunc hmac(sha256) {key(32)} 128", (CIPHER, ICV)),
    "cbc": ("esp", f"enc cbc(aes) {key(16)}", (CIPHER,)),
    "cbc_digest_null": ("esp", f"enc cbc(aes) {key(16)} auth digest_null ''",
                        (CIPHER,)),
    "null_sha1": ("esp", "enc ecb(cipher_null) '' "
                  f"auth-trunc hmac(sha1) {key(20)} 96", (ICV,)),
    "null": ("esp", "enc ecb(cipher_null) ''", ()),
    "ah_sha256": ("ah", f"auth-trunc hmac(sha256) {key(32)} 128", (AH,)),
    "ah_cmac": ("ah", f"auth-trunc cmac(aes) {key(16)} 96", (AH,)),
}
MODES = {"transport": "transportByteCount", "tunnel": "tunnelByteCount",
         "beet": "tunnelByteCount"}
IP_LEN = {4: 20, 6: 40}


class Path:
    """One direction between the hosts: its SAs and its policies."""

    def __init__(self, source, target, version, spi):
        self.source, self.spi = source, spi
        self.ends = (f"src {source.address[version]} "
                     f"dst {target.address[version]}")

    def state(self, proto, mode, algo, index, extra=""):
        inner = f"sel {self.ends} " if mode == "beet" else ""
        window = "" if proto == "comp" else "replay-window 32 "
        return (f"xfrm state add {self.ends} proto {proto} "
                f"spi {self.spi + index:#x} mode {mode} reqid {index + 1} "
                f"{window}{algo} {inner}{extra}")

    def policy(self, direction, layers):
        rest = "".join(f" tmpl {self.ends} proto {proto} mode {mode} "
                       f"reqid {index + 1}"
                       + " level use" * (proto == "comp" and direction == "in")
                       for index, (proto, mode, *_) in enumerate(layers))
        return f"xfrm policy add {self.ends} dir {direction} priority 2{rest}"

    def policy_between(self, layers):
        """Lets in what an outer tunnel carries, for its way to the inner."""
        inner, outer = layers
        return (f"xfrm policy add {self.ends} proto {inner[0]} dir in "
                f"priority 1 tmpl {self.ends} proto {outer[0]} mode {outer[1]} "
                "reqid 2")


class Pair:
    """Host a and host b under the same layers of IPsec, innermost first."""

    def __init__(self, link, version, layers, extra=""):
        self.link, self.version, self.layers = link, version, layers
        self.paths = [Path(link.a, link.b, version, 0x1000),
                      Path(link.b, link.a, version, 0x2000)]
        self.extra = extra

    def _lines(self, host):
        for path in self.paths:
            for index, layer in enumerate(self.layers):
                yield path.state(*layer, index,
                                 self.extra if layer[0] == "esp" else "")
            direction = "out" if path.source is host else "in"
            yield path.policy(direction, self.layers)
            if [layer[1] for layer in self.layers] == ["tunnel"] * 2:
                yield path.policy_between(self.layers)

    def __enter__(self):
        for host in (self.link.a, self.link.b):
            host.ip(*self._lines(host))
        return self

    def __exit__(self, *_):
        for host in (self.link.a, self.link.b):
            host.ip("xfrm state flush", "xfrm policy flush")


def udp(host, version):
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    with ipsec.inside(host.name):
        sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.settimeout(ipsec.PATIENCE)
    return sock


def datagrams(link, version, count=COUNT, size=PAYLOAD):
    """Some datagrams each way, and all of them received."""
    for source, target in ((link.a, link.b), (link.b, link.a)):
        with udp(source, version) as out, udp(target, version) as back:
            back.bind((target.address[version], 9))
            for _ in range(count):
                out.sendto(b"x" * size, (target.address[version], 9))
            for _ in range(count):
                back.recv(1 << 16)


def stream(link, version, size=1 << 20):
    """A TCP stream from a to b, in large segments where the kernel can."""
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    with ipsec.inside(link.b.name):
        server = socket.create_server((link.b.address[version], 9),
                                      family=family)
    with ipsec.inside(link.a.name):
        client = socket.socket(family, socket.SOCK_STREAM)
    for sock in (server, client):
        sock.settimeout(60)

    def receive():
        with server, server.accept()[0] as peer:
            left = size
            while left:
                left -= len(peer.recv(1 << 16))

    receiver = threading.Thread(target=receive)
    receiver.start()
    with client:
        client.connect((link.b.address[version], 9))
        client.sendall(b"y" * size)
        receiver.join()


def compare(link, send, columns):
    """Send; then figures, lifetimes and both hosts must agree.

    @columns maps a column to the layers it sums, as a share of the lifetimes:
    a function of (bytes, packets) of all SAs in one direction.
    """
    hosts = (link.a, link.b)
    before = [host.statistics() for host in hosts]
    mib = [host.mib() for host in hosts]
    problems = []
    try:
        send()
    except TimeoutError as error:       # the figures tell more
        problems.append(str(error))
    lifetimes = [host.lifetimes() for host in hosts]
    for host, old, drops, life in zip(hosts, before, mib, lifetimes):
        seen = ipsec.changes(old, host.statistics())
        wanted = {f"{way}.{column}": share(*life[way])
                  for way in ("in", "out")
                  for column, share in columns.items()}
        problems += ipsec.differ(f"{host.name} figure", seen, wanted)
        problems += ipsec.differ(f"{host.name} MIB",
                                 ipsec.changes(drops, host.mib()), {})
        problems += [f"{host.name} {way}: nothing was sent"
                     for way in ("in", "out") if not life[way][1]]
    for one, other, way, back in ((0, 1, "out", "in"), (1, 0, "out", "in")):
        if lifetimes[one][way] != lifetimes[other][back]:
            problems.append(f"sent {lifetimes[one][way]}, received "
                            f"{lifetimes[other][back]}")
    return problems


def all_bytes(size, _count):
    return size


def all_packets(_size, count):
    return count


def columns_of(name, mode):
    shares = {column: all_bytes for column in TRANSFORMS[name][2]}
    return {**shares, MODES[mode]: all_bytes,
            "totalSuccessfulPackets": all_packets}


def one_layer(link, name, mode, version):
    proto, algo, _ = TRANSFORMS[name]
    with Pair(link, version, [(proto, mode, algo)]):
        problems = compare(link, lambda: datagrams(link, version),
                           columns_of(name, mode))
        size = 8 + PAYLOAD + (IP_LEN[version] if mode == "tunnel" else 0)
        wanted = (COUNT * size, COUNT)
        if link.a.lifetimes()["out"] != wanted:
            problems.append(f"{link.a.lifetimes()['out']} is not {wanted}")
        return problems


def ah_over_esp(link, version):
    """Two SAs, two counts: AH sees the ESP packet as its payload."""
    layers = [("esp", "transport", TRANSFORMS["null_sha1"][1]),
              ("ah", "transport", TRANSFORMS["ah_sha256"][1])]
    esp = COUNT * (8 + PAYLOAD)
    return nested(link, version, layers, {
        ICV: lambda *_: esp, AH: lambda size, _: size - esp,
        "transportByteCount": all_bytes, "totalSuccessfulPackets": all_packets})


def tunnel_in_tunnel(link, version):
    layers = [("esp", "tunnel", TRANSFORMS["gcm"][1]),
              ("ah", "tunnel", TRANSFORMS["ah_sha256"][1])]
    esp = COUNT * (IP_LEN[version] + 8 + PAYLOAD)
    return nested(link, version, layers, {
        CIPHER: lambda *_: esp, ICV: lambda *_: esp,
        AH: lambda size, _: size - esp, "tunnelByteCount": all_bytes,
        "totalSuccessfulPackets": all_packets})


def esp_over_ipcomp(link, version):
    """IPComp is no SA of ours; ESP counts the compressed packet."""
    layers = [("comp", "transport", "comp deflate"),
              ("esp", "transport", TRANSFORMS["gcm"][1])]
    return nested(link, version, layers, columns_of("gcm", "transport"),
                  size=900)


def nested(link, version, layers, columns, size=PAYLOAD):
    with Pair(link, version, layers):
        return compare(link, lambda: datagrams(link, version, size=size),
                       columns)


def encapsulation_socket(host, version):
    """What an IKE daemon opens: it takes ESP, and is exempt from policies."""
    sock = udp(host, version)
    sock.bind((host.address[version], 4500))
    sock.setsockopt(socket.IPPROTO_UDP, UDP_ENCAP, UDP_ENCAP_ESPINUDP)
    level, option = (socket.IPPROTO_IP, 17) if version == 4 else \
        (socket.IPPROTO_IPV6, 35)
    for direction in (0, 1):            # in, out
        policy = bytearray(168)         # struct xfrm_userpolicy_info: allow
        policy[40:42] = struct.pack("=H", sock.family)
        policy[160] = direction
        sock.setsockopt(level, option, bytes(policy))
    return sock


def esp_in_udp(link, version):
    extra = "encap espinudp 4500 4500 0.0.0.0"
    sockets = [encapsulation_socket(host, version)
               for host in (link.a, link.b)]
    layers = [("esp", "tunnel", TRANSFORMS["gcm"][1])]
    with Pair(link, version, layers, extra):
        problems = compare(link, lambda: datagrams(link, version),
                           columns_of("gcm", "tunnel"))
    for sock in sockets:
        sock.close()
    return problems


def bulk(link, version):
    with Pair(link, version, [("esp", "tunnel", TRANSFORMS["gcm"][1])]):
        return compare(link, lambda: stream(link, version),
                       columns_of("gcm", "tunnel"))


def fragments(link, version):
    """Datagrams larger than a packet: IPsec sees them whole."""
    with Pair(link, version, [("esp", "transport", TRANSFORMS["gcm"][1])]):
        return compare(link, lambda: datagrams(link, version, 2, 4000),
                       columns_of("gcm", "transport"))


def bytes_survive_their_sa(link, version):
    """Figures stay when the SAs that earned them go."""
    with Pair(link, version, [("esp", "tunnel", TRANSFORMS["gcm"][1])]):
        datagrams(link, version)
        before = link.b.statistics()
    after = ipsec.changes(before, link.b.statistics())
    return ipsec.differ("figure", after, {
        "sa.activeSas": -2, "sa.totalSasDeleted": 2, "sa.activeTunnels": -1})


SPECIAL = (ah_over_esp, tunnel_in_tunnel, esp_over_ipcomp, esp_in_udp, bulk,
           fragments, bytes_survive_their_sa)


def main():
    with ipsec.Link() as link:
        cases = [(f"ipv{version}_{mode}_{name}",
                  lambda a=(name, mode, version): one_layer(link, *a))
                 for version, mode, name in
                 itertools.product((4, 6), MODES, TRANSFORMS)
                 if mode != "beet" or TRANSFORMS[name][0] == "esp"]
        cases += [(f"ipv{version}_{special.__name__}",
                   lambda a=(special, version): a[0](link, a[1]))
                  for version in (4, 6) for special in SPECIAL]
        wanted = sys.argv[1:]
        ipsec.run_cases([case for case in cases
                         if not wanted or case[0] in wanted])


if __name__ == "__main__":
    main()
