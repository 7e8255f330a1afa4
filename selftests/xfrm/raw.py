# SPDX-License-Identifier: GPL-2.0-only
"""Requests that no tool has: PF_KEY, migration, new kinds of SA."""
import contextlib
import os
import socket
import struct

import ipsec
import nl

PROTOCOLS = {"esp": socket.IPPROTO_ESP, "ah": socket.IPPROTO_AH}


def family(text):
    return socket.AF_INET6 if ":" in text else socket.AF_INET


def datagrams(host, target, count=1, size=4):
    """Datagrams of a host; errors of sending are ignored."""
    with ipsec.inside(host.name), socket.socket(
            family(target), socket.SOCK_DGRAM) as sock:
        for _ in range(count):
            with contextlib.suppress(OSError):
                sock.sendto(bytes(size), (target, 9))


def bits(text):
    return 8 * len(ipsec.packed(text))


# --- XFRM over netlink ------------------------------------------------------

XFRM_MSG_NEWPOLICY, XFRMA_TMPL = 0x13, 5
XFRM_MSG_MIGRATE, XFRMA_MIGRATE = 0x21, 17
XFRMA_ALG_AEAD = 18
XFRMA_SA_DIR, SA_DIR_IN, SA_DIR_OUT = 33, 1, 2
XFRM_POLICY = {"in": 0, "out": 1}
AES_GCM = nl.attribute(XFRMA_ALG_AEAD, struct.pack(
    "=64sII", b"rfc4106(gcm(aes))", 160, 128) + bytes(20))


def _request(host, kind, body, protocol=nl.NETLINK_XFRM):
    """One request, and its answer waited for."""
    with ipsec.inside(host.name):
        kernel = nl.Socket(protocol)
    kernel.request(kind, body, nl.NLM_F_REQUEST | nl.NLM_F_ACK)
    kernel.close()


def migrate(host, proto, mode, direction, selector, old, new):
    """Migrate the policy @selector, and its SA between @old addresses, to @new ones.

    Addresses come in pairs, source first; the reqid is 1.
    """
    def wide(text):
        return ipsec.packed(text).ljust(16, b"\0")

    source, target = selector
    head = wide(target) + wide(source) + struct.pack(
        "=4x4xH3BxxxiI", family(source), bits(target), bits(source), 0, 0, 0)
    move = b"".join(wide(end) for end in (*old[::-1], *new[::-1])) + \
        struct.pack("=BBxxIHH", PROTOCOLS[proto], nl.XFRM_MODE[mode], 1,
                    family(source), family(new[0]))
    body = head + struct.pack("=IBxxx", 0, XFRM_POLICY[direction]) + \
        nl.attribute(XFRMA_MIGRATE, move)
    _request(host, XFRM_MSG_MIGRATE, body)


def add_state(host, ends, mode, spi, *attributes, window=32, algorithms=AES_GCM):
    """An ESP SA of reqid 1, with these additional @attributes."""
    info = nl.esp_info(ends, spi, mode, reqid=1, window=window)
    _request(host, nl.XFRM_NEWSA, info + algorithms + b"".join(attributes))


def delete_state(host, ends, spi):
    """An ESP SA."""
    _request(host, nl.XFRM_DELSA, nl.esp_id(ends[1], spi))


def add_policy(host, ends, direction, mode):
    """All packets between these ends, over an ESP SA of reqid 1 between them."""
    source, target = (ipsec.packed(end).ljust(16, b"\0") for end in ends)
    length, of = bits(ends[0]), family(ends[0])
    selector = target + source + struct.pack("=8xHBB12x", of, length, length)
    info = selector + struct.pack("=8Q32xIIBBBB4x", *[nl.XFRM_INF] * 4, 0, 0, 0, 0,
                                  0, 0, XFRM_POLICY[direction], 0, 0, 0)
    template = target + struct.pack("=4xB3xH2x", PROTOCOLS["esp"], of) + source + \
        struct.pack("=IBBBxIII", 1, nl.XFRM_MODE[mode], 0, 0, *[0xffffffff] * 3)
    _request(host, XFRM_MSG_NEWPOLICY, info + nl.attribute(XFRMA_TMPL, template))


# --- routes ------------------------------------------------------------------

RTM_DELROUTE, RTA_DST, RT_TABLE_MAIN = 25, 1, 254


def delete_route(host, network, length):
    """A route to an IPv6 network."""
    _request(host, RTM_DELROUTE, struct.pack(
        "=4B4BI", socket.AF_INET6, length, 0, 0, RT_TABLE_MAIN, 0, 0, 0, 0) +
        nl.attribute(RTA_DST, ipsec.packed(network)), socket.NETLINK_ROUTE)


def _ip_counter(host, name):
    """Of /proc/net/snmp."""
    with ipsec.inside(host.name), \
         open("/proc/thread-self/net/snmp", encoding="ascii") as file:
        names, values = (line.split() for line in file if line.startswith("Ip:"))
    return int(values[names.index(name)])


def replace_route(host, send, counter):
    """Empty the caches of IPv4 routes, and fill one by a packet that moves this
    counter of IP behind the look-up."""
    with ipsec.inside(host.name), \
         open("/proc/sys/net/ipv4/route/flush", "w", encoding="ascii") as file:
        file.write("1")
    before = _ip_counter(host, counter)
    send()
    ipsec.until(lambda: _ip_counter(host, counter) > before, f"{counter} moves")


# --- PF_KEY, RFC 2367 -------------------------------------------------------

PF_KEY_V2 = 2
SADB = {"getspi": 1, "update": 2, "add": 3, "delete": 4, "flush": 9}
SATYPE = {"": 0, "ah": 2, "esp": 3}
EXT_SA, EXT_SRC, EXT_DST, EXT_KEY_AUTH, EXT_KEY_ENCRYPT, EXT_SPIRANGE, \
    EXT_SA2 = 1, 5, 6, 8, 9, 16, 19
SASTATE_MATURE, AALG_SHA1HMAC, EALG_NULL, MODE_TRANSPORT = 1, 3, 11, 1


def _extension(kind, body):
    body = body.ljust((len(body) + 11) // 8 * 8 - 4, b"\0")
    return struct.pack("=HH", (4 + len(body)) // 8, kind) + body


def _address(kind, text):
    where = struct.pack("=H2x", family(text)) + (
        ipsec.packed(text) + bytes(8) if family(text) == socket.AF_INET
        else bytes(4) + ipsec.packed(text) + bytes(4))
    return _extension(kind, struct.pack("=BBH", 0, bits(text), 0) + where)


def _sa(spi, proto):
    return _extension(EXT_SA, struct.pack(
        "=4sBBBBI", spi.to_bytes(4, "big"), 0, SASTATE_MATURE, AALG_SHA1HMAC,
        EALG_NULL if proto == "esp" else 0, 0))


def _keys(proto):
    yield _extension(EXT_KEY_AUTH, struct.pack("=HH", 160, 0) + bytes(20))
    if proto == "esp":
        yield _extension(EXT_KEY_ENCRYPT, struct.pack("=HH", 0, 0))


def pfkey(host, verb, proto="", ends=(), spi=0, reqid=0):
    """One request, and its answer waited for. No proto flushes them all."""
    body = []
    if verb in ("add", "update", "delete"):
        body.append(_sa(spi, proto))
    if ends:
        body += [_address(EXT_SRC, ends[0]), _address(EXT_DST, ends[1])]
    if verb in ("add", "update"):
        body += _keys(proto)
    if verb == "getspi":
        body.append(_extension(EXT_SPIRANGE, struct.pack("=III", spi, spi, 0)))
    if verb in ("add", "update", "getspi"):
        body.append(_extension(EXT_SA2, struct.pack(
            "=BBHII", MODE_TRANSPORT, 0, 0, 0, reqid)))
    body = b"".join(body)
    header = struct.pack("=BBBBHHII", PF_KEY_V2, SADB[verb], 0, SATYPE[proto],
                         2 + len(body) // 8, 0, 1, os.getpid())
    with ipsec.inside(host.name):
        key = socket.socket(socket.AF_KEY, socket.SOCK_RAW, PF_KEY_V2)
    with key:
        key.settimeout(ipsec.PATIENCE)
        key.send(header + body)
        answer = key.recv(4096)
    if answer[2]:
        raise OSError(answer[2], f"PF_KEY {verb}: {os.strerror(answer[2])}")
