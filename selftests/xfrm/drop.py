#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Every cause of a dropped packet, for every kind of SA it exists for.

    drop.py [PART...]       cases whose name has one of the parts

A cause sends forged packets to host b and yields what exactly must be seen; all
that it drops must be in one line of the table of recent drops. The causes below
are spread over the flows and machines of matrix.py; those at the end concern no
SA of a flow and are provoked once for each IP version.
"""
import collections
import functools
import socket

from scapy.layers.inet import ICMP, TCP
from scapy.layers.inet6 import ICMPv6EchoRequest
from scapy.packet import Raw

import forge
import ipsec
import matrix
import nl
import raw
from forge import PORT_BLOCKED, PORT_OPEN, PORT_OTHER, PROTO, UDP_LEN

TOTAL = "drop.totalDropPacketsInbound"
XFRMA_SA_DIR, SA_DIR_OUT = 33, 2


# --- the words of an expectation --------------------------------------------

def arrived(f, count=1, size=None):
    """What reached the SA, dropped later or not."""
    size = f.size if size is None else size
    return {"in.totalSuccessfulPackets": count,
            **{f"in.{column}": size * count for column in f.flow.columns}}


def lost(f, figure, count=1):
    """Drops of the flow's protocol."""
    return {f"{f.flow.proto}.{figure}": count, TOTAL: count}


def dropped(figure=None, count=1):
    """Drops of no protocol; without a figure, in the total alone."""
    return {TOTAL: count, **({f"drop.{figure}": count} if figure else {})}


# --- whose packets they are, in the table of recent drops -------------------

def named(reason, proto, ends, spi=0):
    return nl.Who(reason, PROTO[proto],
                  *(nl.address(ipsec.packed(end)) for end in ends), spi)


def of_sa(reason, role="good"):
    return lambda f: named(reason, f.flow.proto, f.outer, f.spi(role))


def in_the_clear(reason, proto="udp"):
    return lambda f: named(reason, proto, f.inner)


# --- causes: (packets, figures, MIB) for each step --------------------------

def good(f):
    yield [f.secured(), f.secured()], arrived(f, 2), {}


def unknown_spi(f):
    yield ([f.raw("nobody"), f.raw("nobody")],
           lost(f, "invalidSpisOnInbound", 2), {"XfrmInNoStates": 2})


def larval(f):
    yield ([f.raw("larval"), f.raw("larval")],
           lost(f, "saNotInitializedOnInbound", 2), {"XfrmAcquireError": 2})


def bad_icv(f):
    spoiled = [forge.spoiled(f.secured()) for _ in range(2)]
    yield (spoiled, lost(f, "authenticationFailuresOnInbound", 2),
           {"XfrmInStateProtoError": 2})


def bad_trailer(f):
    yield ([f.bad_trailer()], lost(f, "decryptionFailuresOnInbound"),
           {"XfrmInStateProtoError": 1})


def too_short(f):
    """No room for an ICV."""
    yield ([f.raw("good", b"yy")], lost(f, "decryptionFailuresOnInbound"),
           {"XfrmInStateProtoError": 1})


def replayed(f):
    yield ([f.secured()] * 3,
           {**arrived(f), **lost(f, "replayCheckFailuresOnInbound", 2)},
           {"XfrmInStateSeqError": 2})


def too_old(f):
    f.seq["good"] += 100
    yield ([f.secured(), f.secured(seq=f.seq["good"] - 90)],
           {**arrived(f), **lost(f, "replayCheckFailuresOnInbound")},
           {"XfrmInStateSeqError": 1})


def wrong_encapsulation(f):
    packet = f.secured(dressed=False)
    yield ([packet if f.flow.in_udp else f.in_udp(packet)],
           dropped("udpEspValidationFailuresOnInbound"),
           {"XfrmInStateMismatch": 1})


def wrong_selector(f):
    yield ([f.secured("narrow")],
           {**arrived(f), **dropped("receiveOverIncorrectSaInbound")},
           {"XfrmInStateMismatch": 1})


def wrong_template(f):
    """Over an SA, but not over the one that the policy demands."""
    yield ([f.secured("other")],
           {**arrived(f), **dropped("receiveOverIncorrectSaInbound")},
           {"XfrmInTmplMismatch": 1})


def wrong_protocol(f):
    """AH where the policy demands ESP, or the other way round."""
    yield ([f.secured(port=PORT_OTHER)],
           {**arrived(f), **dropped("receiveOverIncorrectSaInbound")},
           {"XfrmInTmplMismatch": 1})


def wrong_mode(f):
    """A tunnel that holds no IP packet."""
    yield ([f.secured(hollow=True)],
           {**arrived(f, size=UDP_LEN),
            **dropped("receiveOverIncorrectSaInbound")},
           {"XfrmInStateModeError": 1})


def no_policy(f):
    role = "lonely" if f.flow.mode == "beet" else "good"
    yield ([f.secured(role, source=f.stranger)],
           {**arrived(f), **dropped("secureReceivesNotMatchingFilters")},
           {"XfrmInNoPols": 1})


def blocked(f):
    yield ([f.secured(port=PORT_BLOCKED)],
           {**arrived(f), **dropped("secureReceivesNotMatchingFilters")},
           {"XfrmInPolBlock": 1})


def spent(f):
    """The first packet uses the SA up; the second finds it so."""
    yield [f.secured("spent")], arrived(f), {}
    yield ([f.secured("spent")],
           {**dropped(), "sa.activeSas": -1, "sa.totalSasDeleted": 1},
           {"XfrmInStateExpired": 1})


def in_clear(f):
    yield ([f.clear()] * 2, dropped("invalidClearTextInbound", 2),
           {"XfrmInTmplMismatch": 2})


def blocked_in_clear(f):
    yield [f.clear(PORT_BLOCKED)], dropped(), {"XfrmInPolBlock": 1}


def always(_):
    return True


def esp(flow):
    return flow.proto == "esp"


def stranger(f):
    return of_sa("no-policy", "lonely" if f.flow.mode == "beet" else "good")(f)


# cause, whose packets, the flows it exists for; where not all, the reason
CAUSES = (
    (good, None, always),
    (unknown_spi, of_sa("no-state", "nobody"), always),
    (larval, of_sa("larval", "larval"), always),
    (bad_icv, of_sa("auth"), always),
    # AH has no trailer, and nothing to decrypt.
    (bad_trailer, of_sa("decrypt"), esp),
    # In UDP, what is shorter than an IP header never gets to ESP.
    (too_short, of_sa("decrypt"),
     lambda flow: esp(flow) and not flow.in_udp),
    (replayed, of_sa("replay"), always),
    (too_old, of_sa("replay"), always),
    # AH is never in UDP: it covers the addresses.
    (wrong_encapsulation, of_sa("encap"), esp),
    (wrong_selector, of_sa("wrong-sa", "narrow"), always),
    (wrong_template, of_sa("wrong-sa", "other"), always),
    (wrong_protocol, of_sa("wrong-sa"), always),
    # Only a tunnel can hold less than it should.
    (wrong_mode, of_sa("wrong-sa"), lambda flow: flow.mode == "tunnel"),
    # Without a policy, what came in transport mode is welcome.
    (no_policy, stranger, lambda flow: flow.mode != "transport"),
    (blocked, of_sa("no-policy"), always),
    (spent, of_sa("other", "spent"), always),
    # Nothing comes in clear out of an interface that is IPsec itself.
    (in_clear, in_the_clear("clear-text"),
     lambda flow: flow.route in ("local", "forward")),
    (blocked_in_clear, in_the_clear("other"),
     lambda flow: flow.route in ("local", "forward")),
)
WHOSE = {cause: who for cause, who, _ in CAUSES}


# --- once for each IP version: who else receives, headers alone, nesting ----

def to_local(f, payload, proto):
    return f.header(f.inner, proto) / payload


def clear_of(make):
    """A cause: two packets in clear of another kind."""
    def cause(f):
        yield ([make(f)] * 2, dropped("invalidClearTextInbound", 2),
               {"XfrmInTmplMismatch": 2})
    return cause


def echo(f):
    return to_local(f, ICMP(), PROTO["icmp"]) if f.flow.family == 4 else \
        to_local(f, ICMPv6EchoRequest(), PROTO["icmpv6"])


def truncated(proto):
    """A header that ends before its end."""
    def cause(f):
        yield ([to_local(f, Raw(b"\0\0\x10\x01"), proto)], dropped(),
               {"XfrmInHdrError": 1})
    return cause


def esp_unknown_under_ah(f):
    """AH is taken off, and the ESP within names no SA."""
    inner = (0xdead).to_bytes(4, "big") + bytes(3) + b"\5" + b"n" * 40
    yield ([f.ah_around(PROTO["esp"], inner)],
           {**arrived(f, size=len(inner)),
            "esp.invalidSpisOnInbound": 1, TOTAL: 1}, {"XfrmInNoStates": 1})


def clear_to_tunnel_device(f):
    """Its driver frees them in a way that tells nobody why."""
    kind, proto = ("ipip", 4) if f.flow.family == 4 else ("ip6tnl", 41)
    f.stage.b.ip(f"link add tunnel type {kind} local {f.inner[1]} "
                 f"remote {f.inner[0]}", "link set tunnel up")
    inside = Raw(bytes(f.clear()))
    yield ([to_local(f, inside, proto)] * 2,
           dropped("invalidClearTextInbound", 2), {"XfrmInTmplMismatch": 2})
    f.stage.b.ip("link del tunnel")


def wrong_direction(f):
    """Over an SA that is for sending."""
    spi = f.spi("backward")
    raw.add_state(f.stage.b, f.outer, f.flow.mode, spi,
                  nl.attribute(XFRMA_SA_DIR, bytes([SA_DIR_OUT])), window=0)
    yield ([f.raw("backward")] * 2,
           dropped("receiveOverIncorrectSaInbound", 2),
           {"XfrmInStateDirError": 2})
    f.stage.b.ip(f"xfrm state delete {f.path.outer} proto esp spi {spi:#x}")


def echo_sender(f):
    return in_the_clear("clear-text",
                        "icmp" if f.flow.family == 4 else "icmpv6")(f)


def nested_sender(f):
    return named("no-state", "esp", f.outer, 0xdead)


# of which protocol the local flow in transport mode is, that they belong to
ONCE = {
    "clear_to_closed_port": ("esp", clear_of(lambda f: f.clear(port=1)),
                             in_the_clear("clear-text")),
    "clear_tcp": ("esp", clear_of(
        lambda f: to_local(f, TCP(dport=1, flags="S"), PROTO["tcp"])),
        in_the_clear("clear-text", "tcp")),
    "clear_echo": ("esp", clear_of(echo), echo_sender),
    # Unseen, so nobody's.
    "clear_to_tunnel_device": ("esp", clear_to_tunnel_device, None),
    "clear_unknown_protocol": ("esp", clear_of(
        lambda f: to_local(f, Raw(b"\0\0\x10\x01"), PROTO["unknown"])),
        in_the_clear("clear-text", "unknown")),
    "truncated_esp": ("esp", truncated(PROTO["esp"]),
                      in_the_clear("other", "esp")),
    "truncated_ah": ("esp", truncated(PROTO["ah"]),
                     in_the_clear("other", "ah")),
    "esp_unknown_under_ah": ("ah", esp_unknown_under_ah, nested_sender),
    "wrong_direction": ("esp", wrong_direction, of_sa("wrong-sa", "backward")),
}
# Lines of the MIB that not all kernels have, and what moves them
LATER = {"wrong_direction": "XfrmInStateDirError"}


# --- from tables to cases ---------------------------------------------------

class Drops:
    """The forges of all flows, and the hosts they send to."""

    def __init__(self, stage):
        self.stage = stage
        self.wire = forge.wire(stage.a)
        self.forges = {flow: forge.Forge(stage, flow, self.wire)
                       for flow in stage.flows}
        stage.listeners = [listener(host) for host in (stage.b, stage.d)]

    def enter(self, machine):
        if machine == self.stage.machine:
            return
        lines = []
        for flow, one in self.forges.items():
            if machine == matrix.PLAIN or flow.route == "local":
                one.renew()
                lines += [*one.states(), *one.policies()]
        self.stage.enter(machine, {self.stage.b: lines})

    def see(self, machine, flow, cause, who):
        self.enter(machine)
        problems = []
        one = self.forges[flow]
        for packets, figures, mib in cause(one):
            before = set(self.stage.b.family.raw_lines())
            problems += ipsec.expect(
                self.stage.b, functools.partial(one.send, packets), figures,
                mib)
            dropped_here = who and figures.get(TOTAL)
            problems += ipsec.differ(
                "line", self._grown(before),
                {who(one): dropped_here} if dropped_here else {})
        return problems

    def _grown(self, before):
        """Lines of the recent drops, and by how much; most never change."""
        now = set(self.stage.b.family.raw_lines())

        def counts(replies):
            return collections.Counter({line.who: line.count for line in
                                        map(nl.Family.line, replies)})
        return +(counts(now - before) - counts(before - now))


def listener(host):
    """Takes what comes to the open port."""
    with ipsec.inside(host.name):
        sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    sock.bind(("::", PORT_OPEN))
    return sock


def all_cases():
    """(name, machine, flow, cause, whose packets)"""
    with open("/proc/net/xfrm_stat", encoding="ascii") as file:
        lines = {line.split()[0] for line in file}
    for machine, flow in matrix.spread(matrix.flows(forge.TRANSFORMS)):
        name = "_".join(filter(None, (flow.name, machine.name)))
        for cause, who, exists in CAUSES:
            if exists(flow):
                yield f"{name}_{cause.__name__}", machine, flow, cause, who
        for what, (dress, cause, who) in ONCE.items():
            if machine == matrix.PLAIN and flow[1:4] == (
                    "local", dress, "transport") and \
                    LATER.get(what) in lines | {None}:
                yield f"ipv{flow.family}_{what}", machine, flow, cause, who


def main():
    cases = ipsec.chosen(all_cases())
    with matrix.Stage(flow for _, _, flow, *_ in cases) as stage:
        drops = Drops(stage)
        ipsec.run_cases([(name, functools.partial(drops.see, *rest))
                         for name, *rest in cases])


if __name__ == "__main__":
    main()
