# SPDX-License-Identifier: GPL-2.0-only
"""The dimensions of the matrix, the combinations that exist, and their set-up.

A *flow* is a kind of SA (dress, mode, transform), the IP version and the route of its
packets; a *machine* is the kind of crypto and of network stack that processes them.
drop.py sends bad packets over flows, traffic.py good ones.

      host c                host a                host b                host d
    10.1.1.n --- in0  in0 --- eth0   eth0 --- in0  in0 --- 10.2.1.n

Each flow has addresses of its own, so that it has a policy of its own and all flows of
a machine can be set up at once: 10.1.R.n and 10.2.R.n, or
fd01:R::n and fd02:R::n, of route R. To extend the matrix, add a row to a table.
"""
import contextlib
import functools
import itertools
import socket
import struct
import subprocess
import time
from typing import NamedTuple

import ipsec
import nl

KEY = "0x" + "0123456789abcdef" * 8


def key(size):
    return KEY[:2 + 2 * size]


# --- the dimensions ---------------------------------------------------------

FAMILIES = (4, 6)
IP_LEN = {4: 20, 6: 40}
# the outer headers of a packet of the SA: protocol, in UDP?
DRESSES = {"esp": ("esp", False), "udp": ("esp", True), "ah": ("ah", False)}
MODES = {"transport": "transportByteCount", "tunnel": "tunnelByteCount",
         "beet": "tunnelByteCount"}
CIPHER, ICV, AH = "encryptedByteCount", "authenticatedESPByteCount", \
    "authenticatedAHByteCount"
# name: protocol, algorithms as arguments of ip-xfrm, columns besides the mode
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
    "ah_sha1": ("ah", f"auth-trunc hmac(sha1) {key(20)} 96", (AH,)),
    "ah_cmac": ("ah", f"auth-trunc cmac(aes) {key(16)} 96", (AH,)),
}


class Route(NamedTuple):
    """The path of packets to IPsec and from it."""
    number: int                         # R of the addresses
    speakers: tuple                     # hosts of the ends
    tag: str = ""                       # of its SAs and policies
    policy: str = "in"                  # direction of the policies for inbound packets
    own_outer: bool = False             # outer addresses of this route only


ROUTES = {
    "local": Route(0, ("a", "b")),
    "forward": Route(1, ("c", "d"), policy="fwd"),
    "xfrmi": Route(2, ("a", "b"), tag=" if_id 7"),
    # A VTI receives all packets between its ends.
    "vti": Route(3, ("a", "b"), tag=" mark 9 mask 0xffffffff", own_outer=True),
}
# How the machine processes a packet: settings of every device, modules
STACKS = {
    "single": ("gro off gso off tso off", ()),
    "gro": ("gro on gso on tso off", ("esp4_offload", "esp6_offload")),
}
# Asynchronous algorithms, preferred to the kernel's own
CRYPTO = {
    "sync": (),
    "async": (("aead", "pcrypt(rfc4106(gcm(aes)))"),
              ("aead", "pcrypt(authenc(hmac(sha1),ecb(cipher_null)))"),
              ("hash", "cryptd(hmac(sha1))"), ("hash", "cryptd(hmac(sha256))")),
}


class Machine(NamedTuple):
    stack: str
    crypto: str

    @property
    def name(self):
        return "_".join(part for part, plain in zip(self, PLAIN)
                        if part != plain)


PLAIN = ("single", "sync")
# All of them, in an order that changes one property at a time.
MACHINES = [Machine(*PLAIN), Machine("single", "async"),
            Machine("gro", "async"), Machine("gro", "sync")]


class Flow(NamedTuple):
    family: int
    route: str
    dress: str
    mode: str
    transform: str

    @property
    def name(self):
        return f"ipv{self.family}_{self.route}_{self.dress}_{self.mode}"

    @property
    def proto(self):
        return DRESSES[self.dress][0]

    @property
    def in_udp(self):
        return DRESSES[self.dress][1]

    @property
    def columns(self):
        return (*TRANSFORMS[self.transform][2], MODES[self.mode])

    def size(self, payload):
        """The bytes that the kernel counts for a packet with this IP payload."""
        return payload + (IP_LEN[self.family] if self.mode == "tunnel" else 0)


# Combinations that do not exist, and why. (AH in UDP is not in DRESSES.)
IMPOSSIBLE = (
    (lambda f: f.dress == "ah" and f.mode == "beet",
     "AH has no BEET"),
    (lambda f: f.mode == "transport" and f.route != "local",
     "in transport mode the ends of the packet are those of the SA"),
    (lambda f: f.mode != "tunnel" and f.route == "vti",
     "a VTI sends in tunnel mode alone"),
)


def flows(transforms, routes=ROUTES, dresses=DRESSES):
    """All flows that exist, of the transforms in @transforms, one per protocol."""
    every = (Flow(family, route, dress, mode, transforms[DRESSES[dress][0]])
             for family, route, dress, mode in
             itertools.product(FAMILIES, routes, dresses, MODES))
    return [flow for flow in every
            if not any(rule(flow) for rule, _ in IMPOSSIBLE)]


@functools.cache
def has_module(name):
    return not subprocess.run(["modinfo", name], capture_output=True,
                              check=False).returncode


# Flows that a machine cannot process, and why.
UNFIT = (
    # xfrm_input() of recent stable kernels (seen in 6.1.192, and in the source of
    # 6.12.95) takes a reference on the device of a packet while crypto is in
    # progress, and then releases one on the VTI or xfrm interface instead: neither
    # namespace ever ends.
    (lambda m, f: m.crypto == "async" and f.route in ("xfrmi", "vti"),
     "asynchronous crypto and a tunnel device never let go of each other"),
    (lambda m, f: m.crypto == "async" and f.proto == "ah" and
     not has_module("cryptd"),
     "a kernel without cryptd (Debian's 7.2) computes hashes at once"),
)


def fits(machine, flow):
    return not any(rule(machine, flow) for rule, _ in UNFIT)


def spread(all_flows):
    """(machine, flow): every route on the plain machine, every machine locally.

    Used where all combinations would be too many; traffic.py has all combinations
    of routes and machines.
    """
    return [(machine, flow) for machine in MACHINES for flow in all_flows
            if machine == PLAIN or
            flow.route == "local" and fits(machine, flow)]


# --- arguments of ip --------------------------------------------------------

class Path:
    """One direction of a flow: its SAs and its policies."""

    def __init__(self, outer, inner, spi, reqid=1, tag=""):
        self.spi, self.reqid, self.tag = spi, reqid, tag
        self.outer = f"src {outer[0]} dst {outer[1]}"
        self.inner = f"src {inner[0]} dst {inner[1]}"

    def state(self, proto, mode, algo, index=0, extra="", selector="",
              reqid=None, window=32):
        if mode == "beet":
            selector = selector or self.inner
        window = "" if proto == "comp" else f"replay-window {window} "
        return (f"xfrm state add {self.outer} proto {proto} "
                f"spi {self.spi + index:#x} mode {mode} "
                f"reqid {reqid or self.reqid + index}{self.tag} "
                f"{window}{extra} {algo}"
                + (f" sel {selector}" if selector else ""))

    def policy(self, direction, layers, port=None):
        rest = "".join(f" tmpl {self.outer} proto {proto} mode {mode} "
                       f"reqid {self.reqid + index}"
                       + " level use" * (proto == "comp" and direction == "in")
                       for index, (proto, mode, *_) in enumerate(layers))
        only = f" proto udp dport {port}" if port else ""
        return (f"xfrm policy add {self.inner}{only} dir {direction} "
                f"priority {1 if port else 2}{self.tag}{rest}")

    def policy_between(self, layers):
        """A policy that admits the packets of an outer tunnel to the inner one."""
        inner, outer = layers
        return (f"xfrm policy add {self.outer} proto {inner[0]} dir in "
                f"priority 1 tmpl {self.outer} proto {outer[0]} mode "
                f"{outer[1]} reqid {self.reqid + 1}")

    def block(self, direction, port):
        return f"{self.policy(direction, (), port)} action block"


ENCAP_PORT = 4500
SPI_STEP = 16                           # SPIs for the SAs of one path
UDP_ENCAP, UDP_ENCAP_ESPINUDP, UDP_NO_CHECK6_RX = 100, 2, 102


def udp(host, version):
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    with ipsec.inside(host.name):
        sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.settimeout(ipsec.PATIENCE)
    return sock


def encapsulation_socket(host, version):
    """A socket as an IKE daemon has it: receives ESP in UDP, exempt from policies."""
    sock = udp(host, version)
    if version == 6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(socket.IPPROTO_UDP, UDP_NO_CHECK6_RX, 1)
    sock.bind(("", ENCAP_PORT))
    sock.setsockopt(socket.IPPROTO_UDP, UDP_ENCAP, UDP_ENCAP_ESPINUDP)
    level, option = (socket.IPPROTO_IP, 17) if version == 4 else \
        (socket.IPPROTO_IPV6, 35)
    for direction in (0, 1):            # in, out
        policy = bytearray(168)         # struct xfrm_userpolicy_info: allow
        policy[40:42] = struct.pack("=H", sock.family)
        policy[160] = direction
        sock.setsockopt(level, option, bytes(policy))
    return sock


# --- the four hosts ---------------------------------------------------------

class Stage(ipsec.Link):
    """Hosts a and b, connected; c behind a and d behind b; routes of all kinds."""

    def __init__(self, all_flows):
        self.flows = list(dict.fromkeys(all_flows))
        self.machine = None
        self.stack = contextlib.ExitStack()
        self.listeners = []             # sockets that nobody reads

    def __enter__(self):
        super().__enter__()
        free_at_once()
        self.c, self.d = ipsec.Host("c", 3), ipsec.Host("d", 4)
        self._inner_link(self.a, self.c)
        self._inner_link(self.b, self.d)
        self._devices()
        for side in (1, 2):
            self._addresses(side)
            self._ways(side)
        for host in (self.a, self.b):
            self.queue_plainly(host)
            # Larval SAs and unused ones would expire otherwise.
            host.sysctl("core/xfrm_acq_expires", 3600)
            for version in FAMILIES:
                self.stack.enter_context(encapsulation_socket(host, version))
        return self

    def __exit__(self, *args):
        self.bare()
        self.stack.close()
        for host in (self.c, self.d):
            ipsec.run("ip", "netns", "del", host.name)
        super().__exit__(*args)

    @staticmethod
    def queue_plainly(host):
        """A plain queue; without one, a sender gets ENOMEM for each packet
        that waits for its crypto in validate_xmit_xfrm()."""
        ipsec.run("tc", "-n", host.name, "qdisc", "replace", "dev", "eth0",
                  "root", "pfifo")

    def _inner_link(self, gateway, behind):
        side = 1 if gateway is self.a else 2
        ipsec.add_namespaces(behind)
        ipsec.run("ip", "-b", "-", text=(
            f"link add in0 netns {gateway.name} type veth "
            f"peer name in0 netns {behind.name}\n"))
        for host, last in ((gateway, 1), (behind, 2)):
            host.ip("link set lo up", "link set in0 up",
                    f"addr add 10.8.{side}.{last}/24 dev in0",
                    f"addr add fd08:{side}::{last}/64 dev in0 nodad")
        behind.ip(f"route add default via 10.8.{side}.1",
                  f"route add default via fd08:{side}::1")
        gateway.ip(f"route add 10.{side}.1.0/24 via 10.8.{side}.2",
                   f"route add fd0{side}:1::/64 via fd08:{side}::2")
        gateway.sysctl("ipv4/ip_forward", 1)
        gateway.sysctl("ipv6/conf/all/forwarding", 1)

    def _devices(self):
        """An xfrm interface and VTIs, on both hosts."""
        for side, host in ((1, self.a), (2, self.b)):
            ends = {version: (vti_end(version, side), vti_end(version, 3 - side))
                    for version in FAMILIES}
            host.take(*(near for near, _ in ends.values()))
            host.ip("link add xfrmi type xfrm dev eth0 if_id 7",
                    "link set xfrmi up",
                    f"addr add {ends[4][0]}/32 dev eth0",
                    f"addr add {ends[6][0]}/128 dev eth0 nodad",
                    *(f"link add vti{version} type vti{'6' * (version == 6)} "
                      f"local {near} remote {far} key 9"
                      for version, (near, far) in ends.items()),
                    "link set vti4 up", "link set vti6 up")

    def host(self, letter):
        return getattr(self, letter)

    def number(self, flow):
        return self.flows.index(flow) + 1

    def inner(self, flow, side):
        route, n = ROUTES[flow.route].number, self.number(flow)
        return f"10.{side}.{route}.{n}" if flow.family == 4 else \
            f"fd0{side}:{route}::{n:x}"

    def outer(self, flow, side):
        if flow.mode == "transport":
            return self.inner(flow, side)
        if ROUTES[flow.route].own_outer:
            return vti_end(flow.family, side)
        return (self.a, self.b)[side - 1].address[flow.family]

    def _addresses(self, side):
        """Add the addresses of the flows to their hosts."""
        for letters in {route.speakers for route in ROUTES.values()}:
            speaker = self.host(letters[side - 1])
            mine = [flow for flow in self.flows
                    if ROUTES[flow.route].speakers == letters]
            speaker.ip("link set lo up", *(
                f"addr add {self.inner(flow, side)}"
                f"/{32 if flow.family == 4 else 128} dev lo"
                for flow in mine))
            speaker.take(*(self.inner(flow, side) for flow in mine))

    def _ways(self, side):
        """Routes of host a or b to the other end of the flows."""
        host, peer = (self.a, self.b)[::3 - 2 * side]
        far = 3 - side
        by = {name: f"via {peer.address[4]}" for name in ("local", "forward")}
        by6 = {name: f"via {peer.address[6]}" for name in by}
        by.update(xfrmi="dev xfrmi", vti="dev vti4")
        by6.update(xfrmi="dev xfrmi", vti="dev vti6")
        host.ip(f"route add {vti_end(4, far)} via {peer.address[4]}",
                f"route add {vti_end(6, far)} via {peer.address[6]}",
                *(f"route add 10.{far}.{route.number}.0/24 {by[name]}"
                  for name, route in ROUTES.items()),
                *(f"route add fd0{far}:{route.number}::/64 {by6[name]}"
                  for name, route in ROUTES.items()))

    def path(self, flow, side=1):
        """The path of a flow from this side to the other."""
        ends = (side, 3 - side)
        number = self.number(flow)
        return Path([self.outer(flow, end) for end in ends],
                    [self.inner(flow, end) for end in ends],
                    side * 0x10000 + number * SPI_STEP, number,
                    ROUTES[flow.route].tag)

    def layer(self, flow):
        """Protocol, mode and algorithms of a flow as arguments of ip."""
        extra = ""
        if flow.in_udp:
            extra = f"encap espinudp {ENCAP_PORT} {ENCAP_PORT} 0.0.0.0"
        elif flow.proto == "ah" and flow.family == 4:
            extra = "flag align4"       # as in RFC 4302 for IPv4
        return (flow.proto, flow.mode, TRANSFORMS[flow.transform][1]), extra

    # -- machines ---

    def bare(self):
        """The plain machine, without any flow."""
        self.enter(MACHINES[0], {})
        self.machine = None

    def enter(self, machine, lines):
        """Set up this machine, with these lines for each host, unless it is set up."""
        if machine == self.machine:
            return
        for host in (self.a, self.b):
            host.flush()
        for sock in self.listeners:
            drain(sock)
        was, self.machine = self.machine or Machine(None, None), None
        if machine.stack != was.stack:
            self._features(machine.stack)
        if machine.crypto != was.crypto:
            crypto(machine.crypto)
        for host, of_host in lines.items():
            host.ip(*of_host)
        self.machine = machine

    def _features(self, stack):
        features, modules = STACKS[stack]
        for host, device in ((self.a, "eth0"), (self.b, "eth0"),
                             (self.a, "in0"), (self.b, "in0"),
                             (self.c, "in0"), (self.d, "in0")):
            with ipsec.inside(host.name):
                ipsec.run("ethtool", "-K", device, *features.split())
        for other in STACKS.values():
            for module in other[1]:
                if module in modules:
                    ipsec.run("modprobe", module)
                else:
                    until_done(lambda name=module: ipsec.run(
                        "modprobe", "-r", name))


def vti_end(version, side):
    return f"10.3.0.{side}" if version == 4 else f"fd03::{side}"


def drain(sock):
    """Packets in a socket hold references on their SAs, and these on modules."""
    with contextlib.suppress(BlockingIOError):
        while True:
            sock.recv(1, socket.MSG_DONTWAIT)


def free_at_once():
    """Freed packets return to the CPU that allocated them, in newer kernels those of
    UDP, too, and hold their SAs until that CPU receives something."""
    with contextlib.suppress(FileNotFoundError), \
         open("/proc/sys/net/core/skb_defer_max", "w", encoding="ascii") as file:
        file.write("0")


def until_done(function):
    """Retried, because SAs are freed some time after they are deleted."""
    deadline = time.monotonic() + 6 * ipsec.PATIENCE
    while True:
        try:
            return function()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def crypto(kind):
    """Prefer the asynchronous algorithms to the kernel's own, or remove them."""
    kernel = nl.Crypto()
    for row in kernel.list():
        if row["driver"].startswith(("cryptd(", "pcrypt(")) and \
                row["internal"] == "no":
            until_done(functools.partial(kernel.remove, row["name"],
                                         row["driver"]))
    for kind_of, driver in CRYPTO[kind]:
        if not has_module(driver.partition("(")[0]):
            continue
        with contextlib.suppress(nl.Refused):
            kernel.add(kind_of, driver)     # created, but found by another name
        name = driver[driver.index("(") + 1:-1]
        best = max((row for row in kernel.list() if row["name"] == name),
                   key=lambda row: int(row["priority"]),
                   default={"driver": "nobody"})
        if not best["driver"].startswith(driver[:7]):
            raise OSError(f"{name} is done by {best['driver']}")
