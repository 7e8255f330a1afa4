#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Bytes and packets of every kind of SA, against the kernel's own lifetimes.

    traffic.py [PART...]    cases whose name has one of the parts

Both ends of a flow send to each other. The sent packets must be received, the figures of
each must equal the change of the lifetimes of its SAs, and columns that do not belong
to the kind of SA must not change.
"""
import functools
import itertools
import socket
import struct
import threading
import time

import ipsec
import matrix
from matrix import AH, CIPHER, ICV, IP_LEN, TRANSFORMS, udp

COUNT, PAYLOAD = 5, 100
STREAM = 1 << 16
WINDOW = 1024                           # parallel crypto on two CPUs reorders packets
UDP_LEN = 8 + PAYLOAD
# The transforms that are tested on every route and machine
USUAL = {"esp": "gcm", "ah": "ah_sha256"}
PORT = 9


class Pair:
    """Hosts a and b with the same layers of IPsec, innermost first."""

    def __init__(self, link, version, layers):
        self.link, self.version, self.layers = link, version, layers
        ends = [host.address[version] for host in (link.a, link.b)]
        self.paths = {link.a: matrix.Path(ends, ends, 0x1000),
                      link.b: matrix.Path(ends[::-1], ends[::-1], 0x2000)}

    def _lines(self, host):
        for source, path in self.paths.items():
            for index, layer in enumerate(self.layers):
                yield path.state(*layer[:3], index)
            yield path.policy("out" if source is host else "in", self.layers)
            if [layer[1] for layer in self.layers] == ["tunnel"] * 2:
                yield path.policy_between(self.layers)

    def __enter__(self):
        for host in (self.link.a, self.link.b):
            host.ip(*self._lines(host))
        return self

    def __exit__(self, *_):
        for host in (self.link.a, self.link.b):
            host.flush()


# --- senders --------------------------------------------------------------

def datagrams(link, version, count=COUNT, size=PAYLOAD, ends=None):
    """Some datagrams in each direction, all of them received.

    @ends: the two hosts, each with its address.
    """
    ends = ends or [(host, host.address[version]) for host in (link.a, link.b)]
    for (source, near), (target, far) in (ends, ends[::-1]):
        with udp(source, version) as out, udp(target, version) as back:
            out.bind((near, 0))
            back.bind((far, PORT))
            for _ in range(count):
                out.sendto(b"x" * size, (far, PORT))
            for _ in range(count):
                back.recv(1 << 16)


def stream(version, ends, size=STREAM):
    """A TCP stream, in large segments if the kernel can."""
    (source, near), (target, far) = ends
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    with ipsec.inside(target.name):
        server = socket.create_server((far, PORT), family=family)
    with ipsec.inside(source.name):
        client = socket.socket(family, socket.SOCK_STREAM)
    for sock in (server, client):
        sock.settimeout(60)
    # Ends with a reset: no socket waits for its peer and holds an SA.
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                      struct.pack("=ii", 1, 0))

    def receive():
        with server, server.accept()[0] as peer:
            left = size
            while left:
                left -= len(peer.recv(1 << 16))

    receiver = threading.Thread(target=receive)
    receiver.start()
    with client:
        client.bind((near, 0))
        client.connect((far, PORT))
        client.sendall(b"y" * size)
        receiver.join()


# --- expectations ------------------------------------------------------

def gained(host, before):
    """Bytes and packets since the snapshot: {"in": (b, p), "out": (b, p)}."""
    now = ipsec.Snapshot(host).lifetimes
    return {way: tuple(now[way, unit] - before.lifetimes[way, unit]
                       for unit in ("bytes", "packets"))
            for way in ("in", "out")}


def compare(link, send, columns, segmented=False):
    """Send; then figures, lifetimes and both hosts must agree.

    @columns maps a column to a function of the (bytes, packets) of all SAs of one
    direction. @segmented: a large packet can be one packet for its sender, which leaves
    the segmentation to the device, and many for its receiver; or none, if the device
    drops it and counts that (Linux 6.12 in BEET mode, also without ipsecstat).
    """
    hosts = (link.a, link.b)
    before = [ipsec.Snapshot(host) for host in hosts]
    lost = [-unsent(host) for host in hosts]
    problems = []
    try:
        send()
    except TimeoutError as error:       # the figures are a better report
        problems.append(str(error))
    settle(hosts)
    lives = [gained(host, old) for host, old in zip(hosts, before)]
    for host, old, life in zip(hosts, before, lives):
        wanted = {f"{way}.{column}": share(*life[way])
                  for way in ("in", "out")
                  for column, share in columns.items()}
        problems += ipsec.differ(
            f"{host.name} figure",
            ipsec.changes(old.figures, host.statistics()), wanted)
        lines = ipsec.changes(old.mib, host.mib())
        if segmented:                   # too big; so the sender gets the path MTU
            lines.pop("XfrmOutStateModeError", None)
        problems += ipsec.differ(f"{host.name} MIB", lines, {})
        problems += ipsec.disagreements(host)
        problems += [f"{host.name} {way}: nothing was sent"
                     for way in ("in", "out") if not life[way][1]]
    for one, other in ((0, 1), (1, 0)):
        sent, received = lives[one]["out"], lives[other]["in"]
        lost[one] += unsent(hosts[one])
        if sent == received or segmented and (
                sent[1] < received[1] or
                lost[one] and sent[1] <= received[1] + lost[one]):
            continue
        problems.append(f"sent {sent}, received {received}, lost {lost[one]}")
    return problems


def unsent(host):
    """Packets that the device towards the other host dropped."""
    with ipsec.inside(host.name), \
         open("/proc/thread-self/net/dev", encoding="ascii") as file:
        for name, figures in (line.split(":") for line in file if ":" in line):
            if name.strip() == "eth0":
                return int(figures.split()[11])
    raise LookupError(f"{host.name} has no eth0")


def settle(hosts):
    """Wait until all packets are received and no more come: TCP sends by itself."""
    deadline = time.monotonic() + ipsec.PATIENCE
    quiet, old = 0, None
    while quiet < 5 and time.monotonic() < deadline:
        now = [host.statistics() for host in hosts]
        quiet = quiet + 1 if now == old else 0
        old = now
        time.sleep(0.01)


def all_bytes(size, _count):
    return size


def all_packets(_size, count):
    return count


def columns_of(name, mode):
    shares = {column: all_bytes for column in TRANSFORMS[name][2]}
    return {**shares, matrix.MODES[mode]: all_bytes,
            "totalSuccessfulPackets": all_packets}


# --- flows ------------------------------------------------------------------

class Traffic:
    """Flows, set up between their ends."""

    def __init__(self, stage, machines):
        self.stage = stage
        self.flows = {}
        for machine, flow in machines:  # once, however many cases it has
            self.flows.setdefault(machine, {})[flow] = None

    def enter(self, machine):
        lines = {host: [line for flow in self.flows[machine]
                        for line in self._lines(host, flow)]
                 for host in (self.stage.a, self.stage.b)}
        self.stage.enter(machine, lines)

    def _lines(self, host, flow):
        layer, extra = self.stage.layer(flow)
        for side, source in ((1, self.stage.a), (2, self.stage.b)):
            path = self.stage.path(flow, side)
            yield path.state(*layer, extra=extra, window=WINDOW)
            yield path.policy("out" if source is host else
                              matrix.ROUTES[flow.route].policy, [layer])

    def ends(self, flow):
        letters = matrix.ROUTES[flow.route].speakers
        return [(self.stage.host(letters[side - 1]),
                 self.stage.inner(flow, side)) for side in (1, 2)]

    def datagrams(self, machine, flow):
        self.enter(machine)
        wanted = (COUNT * flow.size(UDP_LEN), COUNT)
        return compare(
            self.stage, lambda: datagrams(self.stage, flow.family,
                                          ends=self.ends(flow)),
            {column: (lambda *_: wanted[0]) for column in flow.columns} |
            {"totalSuccessfulPackets": lambda *_: wanted[1]})

    def stream(self, machine, flow):
        self.enter(machine)
        return compare(
            self.stage, lambda: stream(flow.family, self.ends(flow)),
            columns_of(flow.transform, flow.mode), segmented=True)


def with_machines():
    """(machine, flow): the usual transforms on all routes, all transforms locally."""
    usual = matrix.flows(USUAL)
    yield from (both for both in itertools.product(matrix.MACHINES, usual)
                if matrix.fits(*both))
    for name, (proto, *_) in TRANSFORMS.items():
        if name != USUAL[proto]:
            yield from ((matrix.MACHINES[0], flow) for flow in matrix.flows(
                {proto: name}, ("local",), (proto,)))


# --- several SAs in a row ---------------------------------------------------

def nested(link, version, layers, columns, size=PAYLOAD):
    with Pair(link, version, layers):
        return compare(link, lambda: datagrams(link, version, size=size),
                       columns)


def layer(name, mode):
    return (TRANSFORMS[name][0], mode, TRANSFORMS[name][1])


def ah_over_esp(link, version):
    """Two SAs, two counts: AH sees the ESP packet as its payload."""
    esp = COUNT * UDP_LEN
    return nested(link, version, [layer("null_sha1", "transport"),
                                  layer("ah_sha256", "transport")], {
        ICV: lambda *_: esp, AH: lambda size, _: size - esp,
        "transportByteCount": all_bytes, "totalSuccessfulPackets": all_packets})


def tunnel_in_tunnel(link, version):
    esp = COUNT * (IP_LEN[version] + UDP_LEN)
    return nested(link, version, [layer("gcm", "tunnel"),
                                  layer("ah_sha256", "tunnel")], {
        CIPHER: lambda *_: esp, ICV: lambda *_: esp,
        AH: lambda size, _: size - esp, "tunnelByteCount": all_bytes,
        "totalSuccessfulPackets": all_packets})


def esp_over_ipcomp(link, version):
    """IPComp is not an SA; ESP counts the compressed packet."""
    return nested(link, version, [("comp", "transport", "comp deflate"),
                                  layer("gcm", "transport")],
                  columns_of("gcm", "transport"), size=900)


def fragments(link, version):
    """Datagrams larger than a packet: IPsec transforms them before fragmentation."""
    with Pair(link, version, [layer("gcm", "transport")]):
        return compare(link, lambda: datagrams(link, version, 2, 4000),
                       columns_of("gcm", "transport"))


def bytes_survive_their_sa(link, version):
    """Figures are kept when their SAs are deleted."""
    with Pair(link, version, [layer("gcm", "tunnel")]):
        datagrams(link, version)
        before = ipsec.Snapshot(link.b).figures
    after = ipsec.changes(before, link.b.statistics())
    return ipsec.differ("figure", after, {
        "sa.activeSas": -2, "sa.totalSasDeleted": 2, "sa.activeTunnels": -1})


SPECIAL = (ah_over_esp, tunnel_in_tunnel, esp_over_ipcomp, fragments,
           bytes_survive_their_sa)


def special(stage, function, version):
    """These run first, before any flow is set up."""
    stage.bare()
    return function(stage, version)


def all_cases():
    """(name, machine, flow, method), or (name, function, version) of SPECIAL."""
    usual = set(USUAL.values())
    for machine, flow in with_machines():
        name = "_".join(filter(None, (
            flow.name, flow.transform * (flow.transform not in usual),
            machine.name)))
        yield name, machine, flow, Traffic.datagrams
        if machine.stack == "gro":
            yield f"{name}_stream", machine, flow, Traffic.stream


def main():
    cases = ipsec.chosen(all_cases())
    cases.sort(key=lambda case: matrix.MACHINES.index(case[1]))
    with matrix.Stage(flow for _, _, flow, _ in cases) as stage:
        traffic = Traffic(stage, [case[1:3] for case in cases])
        ipsec.run_cases(
            [(f"ipv{version}_{function.__name__}",
              functools.partial(special, stage, function, version))
             for version in matrix.FAMILIES for function in SPECIAL] +
            [(name, functools.partial(method, traffic, machine, flow))
             for name, machine, flow, method in cases])


if __name__ == "__main__":
    main()
