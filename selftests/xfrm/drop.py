#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Every cause of a dropped packet, for every kind of SA that can have it.

    drop.py [PART...]       cases whose name has one of the parts

A cause sends forged packets to host b and yields the exact changes; all its dropped
packets must be in one line of the table of recent drops. The causes run on the flows and
machines of matrix.py; the causes at the end involve no SA of a flow and run once for
each IP version.
"""
import collections
import errno
import functools
import socket

from scapy.layers.inet import ICMP, TCP, UDP
from scapy.layers.inet6 import (HAO, ICMPv6EchoRequest, IPv6ExtHdrDestOpt,
                                IPv6ExtHdrRouting)
from scapy.packet import Raw

import forge
import injected
import ipsec
import matrix
import nl
import raw
import silent
from forge import (PORT_BLOCKED, PORT_OPEN, PORT_OTHER, PORT_RULE, PROTO, ROLES,
                   UDP_LEN)

TOTAL = "drop.totalDropPacketsInbound"


# --- parts of an expectation --------------------------------------------

def arrived(f, count=1, size=None):
    """Packets that reached the SA, whether they are dropped later or not."""
    size = f.size if size is None else size
    return {"in.totalSuccessfulPackets": count,
            **{f"in.{column}": size * count for column in f.flow.columns}}


def lost(f, figure, count=1):
    """Drops of the protocol of the flow."""
    return {f"{f.flow.proto}.{figure}": count, TOTAL: count}


def dropped(figure=None, count=1):
    """Drops of no protocol; without a figure, only in the total."""
    return {TOTAL: count, **({f"drop.{figure}": count} if figure else {})}


# --- ends and SPI in the table of recent drops -------------------

def named(reason, proto, ends, spi=0):
    return nl.Who(reason, PROTO[proto],
                  *(nl.address(ipsec.packed(end)) for end in ends), spi)


def of_sa(reason, role="good"):
    return lambda f: named(reason, f.flow.proto, f.outer, f.spi(role))


def in_the_clear(reason, proto="udp"):
    return lambda f: named(reason, proto, f.inner)


# Reasons for drops before decapsulation, and after it.
HAS_HEADER = {"no-state", "auth", "transform", "repeated", "late", "larval",
              "expired", "encap", "direction"}
AT_POLICY = {"selector", "template", "clear-text", "no-policy", "blocked",
             "buffer"}


def seq_of(packet, spi):
    """The sequence number after this SPI."""
    raw = bytes(packet)
    at = raw.index(spi.to_bytes(4, "big")) + 4
    return int.from_bytes(raw[at:at + 4], "big")


def more_of(f, who, packet):
    """The other members of a line, of its last packet."""
    found = who.reason not in ("no-state", "larval")
    more = {"ifindex": "xfrmi" if f.flow.route == "xfrmi" and found else "eth0"}
    # A tunnel is decapsulated before its mode is checked; see transport_at_vti().
    if (who.reason in HAS_HEADER and who.spi) or \
            (who.reason == "mode" and who.spi == f.spi("backward")):
        more["seq_last"] = seq_of(packet, who.spi)
    if who.reason in AT_POLICY:
        more["policy"] = "fwd" if f.flow.route == "forward" else "in"
        if who.spi and f.flow.mode == "tunnel":
            source = f.stranger if who.reason == "no-policy" else f.inner[0]
            more["inner_src"], more["inner_dst"] = (
                nl.address(ipsec.packed(end)) for end in (source, f.inner[1]))
    return more


# --- causes: (packets, figures, MIB[, lines]) for each step ------------------

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
    """Too short for an ICV."""
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
    """Over an SA, but not over the one that the policy requires."""
    yield ([f.secured("other")],
           {**arrived(f), **dropped("receiveOverIncorrectSaInbound")},
           {"XfrmInTmplMismatch": 1})


def wrong_protocol(f):
    """AH where the policy requires ESP, or the reverse."""
    yield ([f.secured(port=PORT_OTHER)],
           {**arrived(f), **dropped("receiveOverIncorrectSaInbound")},
           {"XfrmInTmplMismatch": 1})


def wrong_mode(f):
    """A tunnel packet without an inner IP packet."""
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
    """The first packet reaches the limit of the SA; the second finds it expired."""
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


# cause, ends, its flows; if these are not all, the reason
CAUSES = (
    (good, None, always),
    (unknown_spi, of_sa("no-state", "nobody"), always),
    (larval, of_sa("larval", "larval"), always),
    (bad_icv, of_sa("auth"), always),
    # AH has no trailer, and nothing to decrypt.
    (bad_trailer, of_sa("transform"), esp),
    # In UDP, a packet shorter than an IP header never reaches ESP.
    (too_short, of_sa("transform"),
     lambda flow: esp(flow) and not flow.in_udp),
    (replayed, of_sa("repeated"), always),
    (too_old, of_sa("late"), always),
    # AH is never in UDP: it covers the addresses.
    (wrong_encapsulation, of_sa("encap"), esp),
    (wrong_selector, of_sa("selector", "narrow"), always),
    (wrong_template, of_sa("template", "other"), always),
    (wrong_protocol, of_sa("template"), always),
    # Only a tunnel has an inner packet.
    (wrong_mode, of_sa("mode"), lambda flow: flow.mode == "tunnel"),
    # Without a policy, packets in transport mode are accepted.
    (no_policy, stranger, lambda flow: flow.mode != "transport"),
    (blocked, of_sa("blocked"), always),
    (spent, of_sa("expired", "spent"), always),
    # No packet comes in clear from an IPsec interface.
    (in_clear, in_the_clear("clear-text"),
     lambda flow: flow.route in ("local", "forward")),
    (blocked_in_clear, in_the_clear("blocked"),
     lambda flow: flow.route in ("local", "forward")),
)
WHOSE = {cause: who for cause, who, _ in CAUSES}


# --- once for each IP version: other receivers, truncated headers, nesting ----

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
    """A truncated header."""
    def cause(f):
        yield ([to_local(f, Raw(b"\0\0\x10\x01"), proto)], dropped(),
               {"XfrmInHdrError": 1})
    return cause


def esp_unknown_under_ah(f):
    """AH is removed, and the inner ESP has no SA."""
    inner = (0xdead).to_bytes(4, "big") + bytes(3) + b"\5" + b"n" * 40
    yield ([f.ah_around(PROTO["esp"], inner)],
           {**arrived(f, size=len(inner)),
            "esp.invalidSpisOnInbound": 1, TOTAL: 1}, {"XfrmInNoStates": 1})


def silent_cause(freed_by):
    """Freed without a reason, before packets with other reasons or none: one to a
    closed port, over an SA or without one, and one over an SA that a policy
    blocks."""
    def cause(f):
        clear, template = "invalidClearTextInbound", "XfrmInTmplMismatch"
        with silent.FREED_BY[freed_by][-1](f) as (packet, who):
            yield [packet] * 2, dropped(clear, 2), {template: 2}, {who: 2}
            closed = f.clear(port=1, source=f.stranger)
            yield [packet, closed], dropped(clear), {template: 1}, {who: 1}
            if freed_by == "vti":       # receives all ESP between these ends
                return
            yield ([packet, f.secured(port=1)],
                   {**arrived(f), **dropped(clear)}, {template: 1}, {who: 1})
            yield ([packet, f.secured(port=PORT_BLOCKED)],
                   {**arrived(f), **dropped(clear),
                    "drop.secureReceivesNotMatchingFilters": 1, TOTAL: 2},
                   {template: 1, "XfrmInPolBlock": 1},
                   {who: 1, of_sa("blocked")(f): 1})
    return cause


def silent_block(f):
    """As above, but a policy blocks it: only the total changes."""
    policy = (f"xfrm policy add {f.path.inner} proto {{}} dir in "
              f"action block priority 0")
    with silent.tunnel(f) as (packet, who):
        rule = policy.format(who.proto)
        f.stage.b.ip(rule)
        yield ([packet, f.secured(port=1)], {**arrived(f), **dropped()},
               {"XfrmInPolBlock": 1}, {who._replace(reason="blocked"): 1})
        f.stage.b.ip(rule.replace(" add ", " del ").replace(
            " action block priority 0", ""))


def ports_like_the_spi(f):
    """The sender chooses ports whose bytes equal the SPI; the selector has other
    ports."""
    spi = 0x13881389
    layer, extra = f.stage.layer(f.flow)
    line = f.path.state(*layer, ROLES.index("narrow"), extra,
                        selector=f"{f.path.inner} proto udp dport 4242")
    f.stage.b.ip(line.replace(f"{f.spi('narrow'):#x}", f"{spi:#x}"))
    shape = f.shape(sport=spi >> 16, port=spi & 0xffff)
    packet = forge.resigned(shape, f.flow.proto, spi, 1)
    yield ([packet], {**arrived(f), **dropped("receiveOverIncorrectSaInbound")},
           {"XfrmInStateMismatch": 1},
           {named("selector", f.flow.proto, f.outer, spi): 1})
    f.stage.b.ip(f"xfrm state delete {f.path.outer} proto {f.flow.proto} "
                 f"spi {spi:#x}")


def wrong_direction(f):
    """Over an outbound SA."""
    spi = f.spi("backward")
    raw.add_state(f.stage.b, f.outer, f.flow.mode, spi,
                  nl.attribute(raw.XFRMA_SA_DIR, bytes([raw.SA_DIR_OUT])), window=0)
    yield ([f.raw("backward")] * 2,
           dropped("receiveOverIncorrectSaInbound", 2),
           {"XfrmInStateDirError": 2})
    f.stage.b.ip(f"xfrm state delete {f.path.outer} proto esp spi {spi:#x}")


def truncated_under_ah(f):
    """AH is removed, and the inner ESP header is truncated."""
    yield ([f.ah_around(PROTO["esp"], b"\0\0\x10\x01")],
           {**arrived(f, size=4), **dropped()}, {"XfrmInHdrError": 1})


def transport_at_vti(f):
    """Between the ends of a VTI, over an SA in transport mode."""
    algorithms = f.stage.layer(f.flow)[0][2]
    f.stage.b.ip(f.path.state("esp", "transport", algorithms,
                              f.spi("backward") - f.path.spi))
    yield ([f.raw("backward")] * 2,
           dropped("receiveOverIncorrectSaInbound", 2),
           {"XfrmInStateModeError": 2})
    f.stage.b.ip(f"xfrm state delete {f.path.outer} proto esp "
                 f"spi {f.spi('backward'):#x}{f.path.tag}")


def rule(f, words):
    """A policy for clear text, or for packets from a tunnel, to a port of its own."""
    return f"{f.path.inner} proto udp dport {PORT_RULE} dir in {words}"


def unasked_tunnel(f):
    """From a tunnel that the policy does not require."""
    f.stage.b.ip(f"xfrm policy add {rule(f, 'priority 1')}")
    yield ([f.secured(port=PORT_RULE)],
           {**arrived(f), **dropped("receiveOverIncorrectSaInbound")},
           {"XfrmInTmplMismatch": 1})
    f.stage.b.ip(f"xfrm policy delete {rule(f, '')}")


def too_many_templates(f):
    """A policy with as many templates as a packet may have SAs."""
    templates = " tmpl proto esp mode transport" * 6
    f.stage.b.ip(f"xfrm policy add {rule(f, f'priority 1{templates}')}")
    yield [f.clear(PORT_RULE)], dropped(), {"XfrmInBufferError": 1}
    f.stage.b.ip(f"xfrm policy delete {rule(f, '')}")


def blocked_by_main(f):
    """A policy of type sub accepts it, and the main one does not."""
    sub = f"{f.path.inner} proto udp dport {PORT_BLOCKED} dir in ptype sub"
    f.stage.b.ip(f"xfrm policy add {sub} priority 1")
    yield ([f.secured(port=PORT_BLOCKED)],
           {**arrived(f), **dropped("secureReceivesNotMatchingFilters")},
           {"XfrmInPolBlock": 1})
    f.stage.b.ip(f"xfrm policy delete {sub}")


def default_block(f):
    """No policy matches, and the default is to block."""
    f.stage.b.ip(f"xfrm policy delete {f.path.inner} dir in",
                 "xfrm policy setdefault in block")
    yield ([f.secured()],
           {**arrived(f), **dropped("secureReceivesNotMatchingFilters")},
           {"XfrmInNoPols": 1})
    f.stage.b.ip("xfrm policy setdefault in accept", next(f.policies()))


def home_address(f):
    """Mobile IPv6: the home address of the sender is unknown."""
    yield ([home_address_option(f)] * 2, dropped(count=2),
           {"XfrmInNoStates": 2})


def home_address_option(f):
    option = IPv6ExtHdrDestOpt(options=[HAO(hoa="2001:db8::1")])
    return to_local(f, option / UDP(), PROTO["options"])


def home_route(f):
    """Mobile IPv6: a routing header for a home address of another host."""
    yield ([routed_home(f)] * 2, dropped(count=2), {"XfrmInNoStates": 2})


def routed_home(f):
    header = IPv6ExtHdrRouting(type=2, addresses=["2001:db8::1"], segleft=1)
    return to_local(f, header / UDP(), PROTO["routing"])


def home_route_then_narrow(f):
    """An increment of the look-up, and immediately one of the policy check."""
    yield ([routed_home(f), f.secured("narrow")],
           {**arrived(f), **dropped("receiveOverIncorrectSaInbound", 2),
            "drop.receiveOverIncorrectSaInbound": 1},
           {"XfrmInNoStates": 1, "XfrmInStateMismatch": 1},
           {in_the_clear("no-state")(f): 1,
            of_sa("selector", "narrow")(f): 1})


def refused_twice(f):
    """An ICMP error whose SA has the flag icmp: outer and inner packet are refused."""
    layer, extra = f.stage.layer(f.flow)
    f.stage.b.ip(f.path.state(*layer, f.spi("backward") - f.path.spi,
                              f"{extra} flag icmp"))
    error = f.icmp_error()
    yield ([f.esp_around("backward", *error)],
           {**arrived(f, size=len(error[1])),
            **dropped("receiveOverIncorrectSaInbound", 2)},
           {"XfrmInTmplMismatch": 2}, {of_sa("template", "backward")(f): 1})
    f.stage.b.ip(f"xfrm state delete {f.path.outer} proto esp "
                 f"spi {f.spi('backward'):#x}")


def spent_at_once(f):
    """A third packet arrives while the SA whose limit was reached is ending."""
    layer, extra = f.stage.layer(f.flow)
    f.stage.b.ip(f.path.state(*layer, f.spi("backward") - f.path.spi,
                              f"{extra} limit packet-hard 1",
                              reqid=f.path.reqid))
    with f.during(forge.at_once(f.stage.a)):
        yield ([f.secured("backward") for _ in range(3)],
               {**arrived(f), **dropped(count=2), "sa.activeSas": -1,
                "sa.totalSasDeleted": 1},
               {"XfrmInStateExpired": 1, "XfrmInStateInvalid": 1},
               {of_sa("expired", "backward")(f): 1,
                of_sa("invalid", "backward")(f): 1})
    f.stage.queue_plainly(f.stage.a)


def late_under_esn(f):
    """Left of the window the kernel assumes a number of the next subspace."""
    layer, extra = f.stage.layer(f.flow)
    spi = f.spi("backward")
    f.stage.b.ip(f.path.state(*layer, spi - f.path.spi, f"{extra} flag esn",
                              reqid=f.path.reqid))
    yield ([f.extended(f.secured("backward", seq=seq)) for seq in (100, 60)],
           {**arrived(f), **lost(f, "authenticationFailuresOnInbound")},
           {"XfrmInStateProtoError": 1})
    f.stage.b.ip(f"xfrm state delete {f.path.outer} proto esp spi {spi:#x}")


def uncompressed(f):
    """A small packet, sent uncompressed, where the policy requires IPComp."""
    layer, extra = f.stage.layer(f.flow)
    spi = f.spi("backward")
    comp = f"{f.path.outer} proto comp spi 0x77"
    words = f"priority 1 tmpl {f.path.outer} proto comp mode tunnel " \
            "tmpl proto esp mode transport"
    f.stage.b.ip(f"xfrm state add {comp} mode tunnel comp deflate",
                 f.path.state(*layer, spi - f.path.spi, extra),
                 f"xfrm policy add {rule(f, words)}")
    inner = bytes(f.clear(PORT_RULE))
    proto = PROTO["ipip" if f.flow.family == 4 else "ipv6"]
    yield ([f.esp_around("backward", proto, inner)],
           {**arrived(f, size=len(inner)),
            **dropped("receiveOverIncorrectSaInbound")},
           {"XfrmInTmplMismatch": 1}, {of_sa("template", "backward")(f): 1})
    f.stage.b.ip(f"xfrm policy delete {rule(f, '')}",
                 f"xfrm state delete {comp}",
                 f"xfrm state delete {f.path.outer} proto esp spi {spi:#x}")


# --- by an error or a delay in a function of the kernel, see injected.py -----

def policy_denied(f):
    """A security module fails at a policy, for a packet in clear, one over an SA, and
    one for a socket with a policy of its own."""
    def denied():
        return f.during(injected.returns("security_xfrm_policy_lookup",
                                         -errno.EACCES))

    clear = in_the_clear("policy-error")(f)
    for port in PORT_OPEN, matrix.ENCAP_PORT:
        with denied():
            yield ([f.clear(port)], dropped(), {"XfrmInPolError": 1}, {clear: 1})
    with denied():
        yield ([f.secured()], {**arrived(f), **dropped()},
               {"XfrmInPolError": 1}, {of_sa("policy-error")(f): 1})


def main_policy_denied(f):
    """A policy of type sub accepts it, and a security module fails at the main one."""
    sub = f"{f.path.inner} proto udp dport {PORT_OPEN} dir in ptype sub"
    f.stage.b.ip(f"xfrm policy add {sub} priority 1")
    with f.during(injected.returns("security_xfrm_policy_lookup",
                                   -errno.EACCES, skip=1)):
        yield ([f.secured()], {**arrived(f), **dropped()},
               {"XfrmInPolError": 1}, {of_sa("policy-error")(f): 1})
    f.stage.b.ip(f"xfrm policy delete {sub}")


def no_memory(f):
    """No memory for the SAs of the packet."""
    with f.during(injected.returns("secpath_set", 0)):
        yield ([f.secured()], dropped(), {"XfrmInError": 1},
               {of_sa("error")(f): 1})


def no_memory_for_home_address(f):
    """No line: the error is not of xfrm_input()."""
    with f.during(injected.returns("secpath_set", 0)):
        yield [home_address_option(f)], dropped(), {"XfrmInError": 1}, {}


def route_gone(f):
    """The route of the packet is replaced before its SA is looked up."""
    other = f.clear(port=1, source=f.stranger)

    yield [other] * 2, {}, {}, {}       # the route is in the cache
    with f.during(injected.held("xfrm_input", lambda: raw.replace_route(
            f.stage.b, lambda: f.wire.send(f.frame(other)), "InDelivers"))):
        yield ([f.secured()], dropped(), {"XfrmInError": 1},
               {of_sa("error")(f): 1})


# Where an SA decrypts or authenticates
INPUT = {("esp", 4): "esp_input", ("esp", 6): "esp6_input",
         ("ah", 4): "ah_input", ("ah", 6): "ah6_input"}


def twice_at_once(f):
    """A packet and its copy on two CPUs: the copy is accepted first."""
    packet = f.secured()
    with f.during(injected.held(INPUT[f.flow.proto, f.flow.family],
                                lambda: f.wire.send(f.frame(packet)))):
        yield ([packet], {**arrived(f), **lost(f, "replayCheckFailuresOnInbound")},
               {"XfrmInStateSeqError": 1}, {of_sa("repeated")(f): 1})


def ended_after_gro(f):
    """GRO finds the SA, and it is deleted before the packet continues."""
    layer, extra = f.stage.layer(f.flow)
    f.stage.b.ip(f.path.state(*layer, f.spi("backward") - f.path.spi, extra,
                              reqid=f.path.reqid))
    with f.during(injected.held("xfrm_input", lambda: raw.delete_state(
            f.stage.b, f.outer, f.spi("backward")))):
        yield ([f.secured("backward")],
               {**dropped(), "sa.activeSas": -1, "sa.totalSasDeleted": 1},
               {"XfrmInStateInvalid": 1}, {of_sa("invalid", "backward")(f): 1})


def echo_sender(f):
    return in_the_clear("clear-text",
                        "icmp" if f.flow.family == 4 else "icmpv6")(f)


def truncated_sender(proto):
    """Only in ESP are the four bytes after the header an SPI."""
    return lambda f: named("header", proto, f.inner,
                           0x1001 if proto == "esp" else 0)


def nested_sender(f):
    return named("no-state", "esp", f.outer, 0xdead)


ESP, AH = ("local", "esp", "transport"), ("local", "ah", "transport")
TUNNEL, VTI = ("local", "esp", "tunnel"), ("vti", "esp", "tunnel")
# route, dress and mode of their flow, the cause, ends
ONCE = {
    "clear_to_closed_port": (ESP, clear_of(lambda f: f.clear(port=1)),
                             in_the_clear("clear-text")),
    "clear_tcp": (ESP, clear_of(
        lambda f: to_local(f, TCP(dport=1, flags="S"), PROTO["tcp"])),
        in_the_clear("clear-text", "tcp")),
    "clear_echo": (ESP, clear_of(echo), echo_sender),
    "silent_block": (ESP, silent_block, None),
    "ports_like_the_spi": (ESP, ports_like_the_spi, None),
    "clear_unknown_protocol": (ESP, clear_of(
        lambda f: to_local(f, Raw(b"\0\0\x10\x01"), PROTO["unknown"])),
        in_the_clear("clear-text", "unknown")),
    "truncated_esp": (ESP, truncated(PROTO["esp"]),
                      truncated_sender("esp")),
    "truncated_ah": (ESP, truncated(PROTO["ah"]),
                     truncated_sender("ah")),
    "esp_unknown_under_ah": (AH, esp_unknown_under_ah, nested_sender),
    "wrong_direction": (ESP, wrong_direction, of_sa("direction", "backward")),
    "truncated_under_ah": (AH, truncated_under_ah, of_sa("header")),
    "transport_at_vti": (VTI, transport_at_vti, of_sa("mode", "backward")),
    "unasked_tunnel": (TUNNEL, unasked_tunnel, of_sa("template")),
    "too_many_templates": (ESP, too_many_templates, in_the_clear("buffer")),
    "blocked_by_main": (ESP, blocked_by_main, of_sa("blocked")),
    "default_block": (ESP, default_block, of_sa("no-policy")),
    "home_address": (ESP, home_address, in_the_clear("no-state")),
    "home_route": (ESP, home_route, in_the_clear("no-state")),
    "home_route_then_narrow": (ESP, home_route_then_narrow, None),
    "refused_twice": (ESP, refused_twice, None),
    "spent_at_once": (ESP, spent_at_once, None),
    "late_under_esn": (ESP, late_under_esn, of_sa("auth", "backward")),
    "uncompressed": (ESP, uncompressed, None),
    "policy_denied": (ESP, policy_denied, None),
    "main_policy_denied": (ESP, main_policy_denied, None),
    "no_memory": (ESP, no_memory, None),
    "no_memory_for_home_address": (ESP, no_memory_for_home_address, None),
    "route_gone": (ESP, route_gone, None),
    "esp_twice_at_once": (ESP, twice_at_once, None),
    "ah_twice_at_once": (AH, twice_at_once, None),
    "ended_after_gro": (ESP, ended_after_gro, None),
}
# Mobile IPv6 has no IPv4, and looks up no SA.
MOBILE = {home_address, home_route, home_route_then_narrow,
          no_memory_for_home_address}
INJECTED = {no_memory, no_memory_for_home_address, route_gone, twice_at_once,
            ended_after_gro}
# Only kernels with security modules for IPsec can deny a policy.
DENIED = {policy_denied, main_policy_denied}
# IPv6 has a local route for each CPU, which only this CPU replaces.
ONLY_IPV4 = {route_gone}
# MIB lines that not all kernels have, and their causes
LATER = {"wrong_direction": "XfrmInStateDirError"}
# Causes on another machine than the plain one
ELSEWHERE = {"ended_after_gro": matrix.Machine("gro", "sync")}


# --- from tables to cases ---------------------------------------------------

class Drops:
    """The forges of all flows, and their receiving hosts."""

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
        for packets, figures, mib, *lines in cause(one):
            before = set(self.stage.b.family.raw_lines())
            with ipsec.on_one_cpu():
                problems += [
                    problem for problem in ipsec.expect(
                        self.stage.b, functools.partial(one.send, packets),
                        figures, mib)
                    if cause not in MOBILE or
                    "drop.invalidSpis" not in problem]
            if not lines:
                dropped_here = who and figures.get(TOTAL)
                lines = [{who(one): dropped_here} if dropped_here else {}]
                problems += self._more(one, before, packets[-1])
            problems += ipsec.differ("line", self._grown(before), *lines)
        return problems

    def _more(self, one, before, packet):
        """The other members of the lines that changed."""
        problems = []
        for line in map(nl.Family.line,
                        set(self.stage.b.family.raw_lines()) - before):
            told = {key: value for key, value in line.more.items()
                    if key != "seq_first"}
            with ipsec.inside(self.stage.b.name):
                told["ifindex"] = socket.if_indextoname(told["ifindex"])
            problems += ipsec.differ(f"{line.who.reason}:", told,
                                     more_of(one, line.who, packet))
        return problems

    def _grown(self, before):
        """Changed lines of the recent drops, with the change."""
        now = set(self.stage.b.family.raw_lines())

        def counts(replies):
            return collections.Counter({line.who: line.count for line in
                                        map(nl.Family.line, replies)})
        return +(counts(now - before) - counts(before - now))


def listener(host):
    """Reads the packets of the open port."""
    with ipsec.inside(host.name):
        sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    sock.bind(("::", PORT_OPEN))
    return sock


def all_cases():
    """(name, machine, flow, cause, ends)"""
    lines = ipsec.mib().keys()
    left_out = set() if injected.possible() else INJECTED | DENIED
    if not injected.has("security_xfrm_policy_lookup"):
        left_out |= DENIED
    for machine, flow in matrix.spread(matrix.flows(forge.TRANSFORMS)):
        name = "_".join(filter(None, (flow.name, machine.name)))
        for cause, who, exists in CAUSES:
            if exists(flow):
                yield f"{name}_{cause.__name__}", machine, flow, cause, who
        for what, (kind, cause, who) in ONCE.items():
            if machine == ELSEWHERE.get(what, matrix.PLAIN) and \
                    flow[1:4] == kind and cause not in left_out and \
                    LATER.get(what) in lines | {None} and \
                    cause not in (ONLY_IPV4 if flow.family == 6 else MOBILE):
                yield f"ipv{flow.family}_{what}", machine, flow, cause, who
        for freed_by in silent.FREED_BY:
            if machine == matrix.PLAIN and flow[1:4] == (
                    "local", "esp", "transport") and \
                    silent.exists(flow.family, freed_by):
                yield (f"ipv{flow.family}_silent_{freed_by}", machine, flow,
                       silent_cause(freed_by), None)


def main():
    cases = ipsec.chosen(all_cases())
    with matrix.Stage(flow for _, _, flow, *_ in cases) as stage:
        drops = Drops(stage)
        ipsec.run_cases([(name, functools.partial(drops.see, *rest))
                         for name, *rest in cases])


if __name__ == "__main__":
    main()
