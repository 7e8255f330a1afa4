#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""An IKE daemon: strongSwan on both hosts, and the counting of its SAs.

The cases depend on each other and run in order. No figure may change between two of
them, and each requires exactly the changes that charon makes to the SAs of a host:

 - A CHILD_SA is two SAs. The inbound SA begins as a larval SA, because its SPI is in the
   request, and is filled later; the outbound SA is added at once.
 - A rekey adds two SAs and deletes the old outbound SA immediately. The old inbound SA
   is kept for packets in flight, here for OVERLAP seconds.
 - The reqid belongs to the traffic selectors. So a make-before-break reauthentication
   is a rekey of each CHILD_SA; delete and initiate is not.
 - An IKE_SA is not an SA of the kernel: a rekey of it changes nothing.
 - With IPComp, the IPComp state is in tunnel mode, and ESP around it in transport mode:
   no tunnel, and bytes of transport mode.
 - If the NAT changes the port of the peer, charon deletes both SAs and adds them again
   with the same SPIs, because the kernel cannot change the port of an SA.

A second path from a to b is through a router that does NAT for a:

    a eth1 10.0.1.1 --- 10.0.1.254 router 10.0.2.254 --- 10.0.2.1 eth1 b
"""
import contextlib
import errno
import os
import re
import signal
import socket
import subprocess
import tempfile
import time

import ipsec
import raw
from life import sa

CHARON = os.path.join(ipsec.HERE, "../../build/charon/usr/sbin/charon-systemd")
COUNT, PAYLOAD = 5, 100
DATAGRAM = 8 + PAYLOAD
PACKET = 20 + DATAGRAM                  # in an IPv4 tunnel
PORT = 9
OVERLAP = 3
# Since strongSwan 6, Debian has openssl in place of aes to gmp.
PLUGINS = ("random nonce aes sha1 sha2 hmac kdf gmp openssl kernel-netlink "
           "socket-default vici")

# name: addresses of a and b
PEERS = {
    "plain": ("10.0.0.1", "10.0.0.2"),
    "ipv6": ("fd00::1", "fd00::2"),
    "hidden": ("10.0.1.1", "10.0.2.1"),
    "lost": ("10.0.1.1", "10.0.2.9"),
}
# name: peers, selectors of a and b (none: the peers themselves), properties
CHILDREN = {
    "tunnel": ("plain", ("10.1.0.1", "10.2.0.1"), {}),
    "transport": ("plain", (), {"mode": "transport"}),
    "compressed": ("plain", ("10.1.0.2", "10.2.0.2"), {"ipcomp": "yes"}),
    "trap": ("plain", ("10.1.0.3", "10.2.0.3"), {}),
    # Every fifth packet of a reaches the soft limit.
    "busy": ("plain", ("10.1.0.4", "10.2.0.4"), {
        "life_packets": 1000, "rekey_packets": (COUNT - 1, 0),
        "rand_packets": 0}),
    "ah": ("ipv6", (), {"mode": "transport", "ah_proposals": "sha256"}),
    "behind": ("hidden", ("10.1.0.5", "10.2.0.5"), {}),
    "never": ("lost", ("10.1.0.6", "10.2.0.6"), {}),
}
# Modules to be loaded before a peer waits for them.
ALGORITHMS = (
    f"proto esp spi 1 aead rfc4106(gcm(aes)) 0x{'00' * 20} 128",
    "proto ah spi 1 auth-trunc hmac(sha256) 0x00 128",
    "proto comp spi 1 mode tunnel comp deflate")

ESP = ("encryptedByteCount", "authenticatedESPByteCount")
AH = ("authenticatedAHByteCount", "transportByteCount")
TUNNEL = ESP + ("tunnelByteCount",)
TRANSPORT = ESP + ("transportByteCount",)

UP = sa(activeSas=2, totalSasAdded=2)
DOWN = sa(activeSas=-2, totalSasDeleted=2)
TUNNEL_UP = UP | sa(activeTunnels=1)
TUNNEL_DOWN = DOWN | sa(activeTunnels=-1)
OVERLAPPING = sa(activeSas=1, totalSasAdded=2, totalSasDeleted=1,
                 successfulRekeys=1)
OLD_ONE_GONE = sa(activeSas=-1, totalSasDeleted=1)
REKEYED = sa(totalSasAdded=2, totalSasDeleted=2, successfulRekeys=1)
LARVAL = sa(pendingSaNegotiations=1)
LARVAL_GONE = sa(pendingSaNegotiations=-1)


# --- strongSwan -------------------------------------------------------------

def settings(tree, indent=""):
    """Nested dictionaries in the syntax of strongswan.conf."""
    return "".join(
        f"{indent}{key} {{\n{settings(value, indent + ' ')}{indent}}}\n"
        if isinstance(value, dict) else f"{indent}{key} = {value}\n"
        for key, value in tree.items())


def charon(folder):
    return {"charon-systemd": {
        "load": PLUGINS, "install_routes": "no", "make_before_break": "yes",
        "delete_rekeyed_delay": OVERLAP, "retransmit_timeout": 1,
        "retransmit_base": 1, "retransmit_tries": 4,
        "plugins": {"vici": {"socket": f"unix://{folder}/vici"}},
        "filelog": {"log": {"path": f"{folder}/log", "flush_line": "yes"}}},
        "swanctl": {"load": "random"}}


def children(peers, side):
    for name, (owner, selectors, properties) in CHILDREN.items():
        if owner != peers:
            continue
        child = {"rekey_time": 0}
        if selectors:
            child |= {"local_ts": selectors[side],
                      "remote_ts": selectors[1 - side]}
        if "ah_proposals" not in properties:
            child["esp_proposals"] = "aes128gcm16"
        yield name, child | {
            key: value[side] if isinstance(value, tuple) else value
            for key, value in properties.items()}


def connections(side, proposals):
    """The connections to all peers, for host a (0) or b (1)."""
    for name, ends in PEERS.items():
        yield name, {
            "local_addrs": ends[side],
            "remote_addrs": f"{ends[1 - side]}, %any",
            "proposals": proposals, "rekey_time": 0,
            "version": 2, "mobike": "no",
            "local": {"auth": "psk", "id": f"{name}-{side}"},
            "remote": {"auth": "psk", "id": f"{name}-{1 - side}"},
            "children": dict(children(name, side))}


class Daemon:
    """charon, in the namespace of a host."""

    def __init__(self, host, side, proposals="aes128-sha256-modp2048"):
        self.host, self.side, self.read = host, side, 0
        self.proposals = proposals

    def __enter__(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = self.temporary.name
        os.mkdir(f"{self.folder}/swanctl")
        self._write("strongswan.conf", charon(self.folder))
        self._write("swanctl/swanctl.conf", {
            "connections": dict(connections(self.side, self.proposals)),
            "secrets": {"ike": {"secret": "shared"}}})
        self.environment = os.environ | {
            "STRONGSWAN_CONF": f"{self.folder}/strongswan.conf",
            "SWANCTL_DIR": f"{self.folder}/swanctl"}
        with ipsec.inside(self.host.name):
            self.process = subprocess.Popen(
                [CHARON], env=self.environment,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            ipsec.until(self._answers, "charon")
            self.do("--load-all")
        except BaseException:
            self.__exit__()
            raise
        return self

    def _write(self, name, tree):
        with open(f"{self.folder}/{name}", "w", encoding="ascii") as file:
            file.write(settings(tree))

    def _answers(self):
        """Its socket has a name before charon listens."""
        if self.process.poll() is not None:
            with open(f"{self.folder}/log", encoding="ascii") as log:
                raise OSError(f"charon ended: {log.read()[-2000:]}")
        with socket.socket(socket.AF_UNIX) as sock:
            return not sock.connect_ex(f"{self.folder}/vici")

    def __exit__(self, *_):
        self.end()
        self.temporary.cleanup()

    def end(self):
        self.process.terminate()
        try:
            self.process.wait(ipsec.PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @contextlib.contextmanager
    def paused(self):
        """Stop charon; notifications of the kernel wait in its socket."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def do(self, *arguments):
        """Run a swanctl command; most end when charon has executed it."""
        done = subprocess.run(
            ["swanctl", *arguments, "--uri", f"unix://{self.folder}/vici"],
            env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise OSError(f"swanctl {' '.join(arguments)}: "
                          f"{done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def ike_sas(self, peers):
        """The SPIs of the IKE_SAs with these peers."""
        return re.findall(r"initiator-spi=(\w+)",
                          self.do("--list-sas", "--raw", "--ike", peers))

    def settle(self, peers):
        """charon does not list an IKE_SA while a job uses it."""
        self.ike_sas(peers)

    def news(self):
        """The log of charon since the last call."""
        with open(f"{self.folder}/log", encoding="utf-8") as file:
            file.seek(self.read)
            lines = file.read().splitlines()
            self.read = file.tell()
        return [f"{self.host.name} charon: {line}" for line in lines]


# --- the path through a NAT --------------------------------------------------

class Router:
    """A router between a and b, with NAT for a."""

    def __init__(self, link):
        self.link, self.host = link, ipsec.Host("r", 3)

    def __enter__(self):
        name = self.host.name
        ipsec.add_namespaces(self.host)
        for number, host in ((1, self.link.a), (2, self.link.b)):
            ipsec.run("ip", "-b", "-", text=(
                f"link add eth1 netns {host.name} type veth "
                f"peer name eth{number} netns {name}\n"))
            host.take(f"10.0.{number}.1")
            host.ip("link set eth1 up",
                    f"addr add 10.0.{number}.1/24 dev eth1")
            self.host.ip(f"link set eth{number} up",
                         f"addr add 10.0.{number}.254/24 dev eth{number}")
        self.link.a.ip("route add 10.0.2.0/24 via 10.0.1.254")
        self.host.sysctl("ipv4/ip_forward", 1)
        self.masquerade("5000-5999")
        return self

    def __exit__(self, *_):
        ipsec.run("ip", "netns", "del", self.host.name)

    def masquerade(self, ports):
        with ipsec.inside(self.host.name):
            ipsec.run("nft", "-f", "-", text=(
                "flush ruleset\n"
                "table ip nat {\nchain hide {\n"
                "type nat hook postrouting priority srcnat\n"
                f"oifname eth2 meta l4proto udp masquerade to :{ports}\n"
                "}\n}\n"))

    def cut(self):
        """This also deletes the connections."""
        self.host.ip("link set eth2 down")

    def mend(self):
        self.host.ip("link set eth2 up")

    def move(self, ports):
        """Later connections get other ports."""
        self.cut()
        self.masquerade(ports)
        self.mend()


# --- cases ------------------------------------------------------------------

class Exchange:
    """Datagrams between the hosts that match the selectors of a child."""

    def __init__(self, link, child):
        peers, selectors, _ = CHILDREN[child]
        self.ends = selectors or PEERS[peers]
        self.hosts = (link.a, link.b)

    def __enter__(self):
        self.stack = contextlib.ExitStack()
        self.sockets = [self.stack.enter_context(self._socket(*pair))
                        for pair in zip(self.hosts, self.ends)]
        return self

    def __exit__(self, *_):
        self.stack.close()

    @staticmethod
    def _socket(host, address):
        with ipsec.inside(host.name):
            sock = socket.socket(raw.family(address), socket.SOCK_DGRAM)
        sock.settimeout(ipsec.PATIENCE)
        sock.bind((address, PORT))
        return sock

    def send(self, side):
        """Retry if the SA was deleted in the meantime."""
        def sends():
            try:
                self.sockets[side].sendto(b"x" * PAYLOAD,
                                          (self.ends[1 - side], PORT))
            except OSError as error:
                if error.errno != errno.EINVAL:
                    raise
                return False
            return True

        ipsec.until(sends, "a datagram is taken")

    def one_way(self, side=0):
        self.send(side)
        self.sockets[1 - side].recv(1 << 16)

    def there_and_back(self):
        self.one_way(0)
        self.one_way(1)


def carried(columns, size, packets, ways=("in", "out")):
    """The figures of packets over SAs of these columns."""
    return {f"{way}.{column}": size for way in ways for column in columns} | {
        f"{way}.totalSuccessfulPackets": packets for way in ways}


class Cases:
    """Cases that build on each other."""

    def __init__(self, link, router, a, b):
        self.link, self.router, self.a, self.b = link, router, a, b
        self.hosts, self.daemons = (link.a, link.b), (a, b)
        self.told = [host.statistics() for host in self.hosts]

    def _see(self, provoke, *wanted):
        """Problems unless the figures changed so, on both hosts or on a and on b."""
        provoke()
        problems = []
        for side, host in enumerate(self.hosts):
            change = wanted[side % len(wanted)]
            here = ipsec.expect(host, lambda: None, change,
                                before=self.told[side])
            self.told[side] = host.statistics() if here else {
                key: value + change.get(key, 0)
                for key, value in self.told[side].items()}
            problems += [f"{host.name} {line}" for line in here]
        news = [line for daemon in self.daemons for line in daemon.news()]
        return problems + news if problems else []

    def _up(self, child, wanted):
        return self._see(lambda: self.a.do("--initiate", "--child", child),
                         wanted)

    def _rekey(self, daemon, child):
        """Both states of the old inbound SA."""
        return self._see(lambda: daemon.do("--rekey", "--child", child),
                         OVERLAPPING) + self._see(lambda: None, OLD_ONE_GONE)

    def _traffic(self, child, columns, each=None):
        """Datagrams in both directions, compared with the lifetimes of the SAs.

        @each: bytes of a datagram for its SA, None if only the kernel has them.
        """
        before = [host.lifetimes() for host in self.hosts]
        with Exchange(self.link, child) as exchange:
            for _ in range(COUNT):
                exchange.there_and_back()
        grown = []
        for host, old in zip(self.hosts, before):
            now = host.lifetimes()
            grown.append({way: tuple(n - o for n, o in zip(now[way], old[way]))
                          for way in now})
        wanted, problems = [], []
        for side, life_of in enumerate(grown):
            size = {way: COUNT * each if each else life_of[way][0]
                    for way in life_of}
            wanted.append({})
            for way in life_of:
                wanted[side] |= carried(columns, size[way], COUNT, (way,))
                if life_of[way] != (size[way], COUNT):
                    problems.append(f"the kernel of {self.hosts[side].name} "
                                    f"has {life_of[way]} {way}")
        return problems + self._see(lambda: None, *wanted)

    def tunnel(self):
        return self._up("tunnel", TUNNEL_UP) + \
            self._traffic("tunnel", TUNNEL, PACKET)

    def transport(self):
        """Another CHILD_SA of the same IKE_SA."""
        return self._up("transport", UP) + \
            self._traffic("transport", TRANSPORT, DATAGRAM)

    def compressed(self):
        return self._up("compressed", UP) + \
            self._traffic("compressed", TRANSPORT)

    def ah_over_ipv6(self):
        return self._up("ah", UP) + \
            self._traffic("ah", AH, DATAGRAM)

    def rekeyed_by_the_initiator(self):
        return self._rekey(self.a, "tunnel") + \
            self._traffic("tunnel", TUNNEL, PACKET)

    def rekeyed_by_the_responder(self):
        """Three children at once, of every other kind."""
        def rekey():
            for child in ("transport", "ah", "compressed"):
                self.b.do("--rekey", "--child", child)

        return self._see(rekey, sa(totalSasAdded=6, totalSasDeleted=6,
                                   successfulRekeys=3)) + \
            self._traffic("transport", TRANSPORT, DATAGRAM) + \
            self._traffic("ah", AH, DATAGRAM) + \
            self._traffic("compressed", TRANSPORT)

    def rekeyed_under_traffic(self):
        """Every packet is counted, on whichever SA."""
        deleted = [told["sa.totalSasDeleted"] + 2 for told in self.told]

        def done():
            return [host.statistics()["sa.totalSasDeleted"]
                    for host in self.hosts] == deleted

        packets = 0
        self.a.do("--rekey", "--child", "tunnel")
        deadline = time.monotonic() + ipsec.PATIENCE
        with Exchange(self.link, "tunnel") as exchange:
            while not done() and time.monotonic() < deadline:
                exchange.there_and_back()
                packets += 1
        return self._see(lambda: None, REKEYED | carried(
            TUNNEL, packets * PACKET, packets))

    def rekeyed_by_the_kernel(self):
        """An SA that expired softly by packets is live, and is rekeyed."""
        def send():
            with Exchange(self.link, "busy") as exchange:
                for _ in range(COUNT):
                    exchange.one_way()

        size = COUNT * PACKET
        return self._up("busy", UP) + self._see(
            send, REKEYED | carried(TUNNEL, size, COUNT, ("out",)),
            REKEYED | carried(TUNNEL, size, COUNT, ("in",)))

    def ike_sa_rekeyed(self):
        old = self.a.ike_sas("plain")

        def rekey():
            self.a.do("--rekey", "--ike", "plain")
            for daemon in self.daemons:
                ipsec.until(lambda: len(now := daemon.ike_sas("plain")) == 1
                            and now != old, "a new IKE_SA")

        return self._see(rekey, {})

    def reauthenticated(self):
        """Make before break: each of the four CHILD_SAs has a successor."""
        return self._see(
            lambda: self.a.do("--rekey", "--reauth", "--ike", "plain"),
            sa(totalSasAdded=8, totalSasDeleted=8, successfulRekeys=4)) + \
            self._traffic("tunnel", TUNNEL, PACKET)

    def deleted_and_established_again(self):
        """The compressed CHILD_SA has no tunnel."""
        return self._see(
            lambda: self.a.do("--terminate", "--child", "tunnel"), DOWN) + \
            self._see(lambda: self.b.do("--terminate", "--child", "busy"),
                      TUNNEL_DOWN) + \
            self._up("tunnel", TUNNEL_UP)

    def acquired(self):
        """The packet itself is lost, and its larval SA replaced."""
        def meet_the_trap():
            self.a.do("--install", "--child", "trap")
            with Exchange(self.link, "trap") as exchange, \
                 contextlib.suppress(OSError):
                exchange.send(0)

        return self._see(meet_the_trap, UP) + \
            self._traffic("trap", TUNNEL, PACKET)

    def nat(self):
        return self._up("behind", TUNNEL_UP) + \
            self._traffic("behind", TUNNEL, PACKET)

    def nat_rekeyed(self):
        return self._rekey(self.a, "behind") + \
            self._traffic("behind", TUNNEL, PACKET)

    def nat_moved(self):
        """The packet from the new port belongs to the old SA.

        While charon updates its SAs, there is no inbound policy, so charon is stopped
        until the packet has passed.
        """
        def send():
            self.router.move("6000-6999")
            with self.b.paused(), Exchange(self.link, "behind") as exchange:
                exchange.one_way()

        problems = self._see(
            send, carried(TUNNEL, PACKET, 1, ("out",)),
            carried(TUNNEL, PACKET, 1, ("in",)) |
            sa(totalSasAdded=2, totalSasDeleted=2))
        self.b.settle("hidden")
        return problems + self._traffic("behind", TUNNEL, PACKET)

    def peer_stops_answering(self):
        """The SPI in a request is a larval SA until charon gives up."""
        def rekey():
            for daemon in self.daemons:
                daemon.do("--rekey", "--child", "behind")

        self.router.cut()
        try:
            return self._see(rekey, LARVAL) + \
                self._see(lambda: None, LARVAL_GONE | TUNNEL_DOWN)
        finally:
            self.router.mend()

    def peer_never_existed(self):
        """The larval SA of an acquire ends by the kernel's own clock."""
        self.a.do("--install", "--child", "never")
        seconds = self.link.a.sysctl("core/xfrm_acq_expires", 2)
        try:
            with Exchange(self.link, "never") as exchange:
                problems = self._see(lambda: exchange.send(0), LARVAL, {})
            return problems + self._see(lambda: None, LARVAL_GONE, {})
        finally:
            self.link.a.sysctl("core/xfrm_acq_expires", seconds)
            self.a.do("--uninstall", "--child", "never")

    def daemon_stops(self):
        """It deletes its SAs, and the notified peer deletes its own."""
        mute(self.link.a)
        problems = self._see(self.a.end, sa(
            activeSas=-10, totalSasDeleted=10, activeTunnels=-1))
        return problems + [
            f"{host.states()} SAs of {host.name} are left"
            for host in self.hosts if host.states()]


def mute(host):
    """No ICMP error for closed ports: without policies it is sent in the clear,
    and is a drop for the peer if it is late."""
    with ipsec.inside(host.name):
        ipsec.run("nft", "-f", "-", text=(
            "table inet quiet {\nchain out {\n"
            "type filter hook output priority filter\n"
            "icmp type destination-unreachable drop\n"
            "icmpv6 type destination-unreachable drop\n}\n}\n"))


def prepare(host, peer, number):
    """Addresses of the selectors, and modules loaded at first use."""
    host.ip(*(f"addr add 10.{number}.0.{last}/32 dev lo"
              for last in range(1, 7)),
            f"route add 10.{3 - number}.0.0/16 via {peer.address[4]}",
            *(f"xfrm state add src {host.address[version]} "
              f"dst {peer.address[version]} {kind}"
              for version in (4, 6) for kind in ALGORITHMS),
            "xfrm state flush")


def main():
    with ipsec.Link() as link, Router(link) as router:
        prepare(link.a, link.b, 1)
        prepare(link.b, link.a, 2)
        with Daemon(link.a, 0) as a, Daemon(link.b, 1) as b:
            ipsec.run_cases(ipsec.cases_of(Cases(link, router, a, b)))


if __name__ == "__main__":
    main()
