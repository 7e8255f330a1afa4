# SPDX-License-Identifier: GPL-2.0-only
"""Netlink messages: the family of ipsecstat, and what ip lacks of XFRM."""
import collections
import contextlib
import errno
import os
import socket
import struct
import sys

NETLINK_XFRM, NETLINK_GENERIC, NETLINK_CRYPTO = 6, 16, 21
SOL_NETLINK, SO_RCVBUFFORCE = 270, 33
NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK = 10, 11, 12
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 1, 4, 0x300
NLMSG_ERROR, NLMSG_DONE, NLM_F_ACK_TLVS = 2, 3, 0x200
NLMSGERR_ATTR_MSG, NLMSGERR_ATTR_OFFS = 1, 2
PATIENCE = 20.0                         # for the slowest kernel and machine


class Refused(OSError):
    """An error reply: errno, its text, and the attribute at fault."""

    def __init__(self, error, text="", offset=0):
        super().__init__(f"{os.strerror(error)}: {text}")
        self.number, self.text, self.offset = error, text, offset


# --- messages and attributes ------------------------------------------------

def attribute(kind, payload):
    data = struct.pack("=HH", 4 + len(payload), kind) + payload
    return data.ljust((len(data) + 3) & ~3, b"\0")


def attributes(data):
    """(type, payload) of each attribute."""
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        yield kind & 0x3FFF, data[4:length]
        data = data[(length + 3) & ~3:]


def number(payload):
    return int.from_bytes(payload, sys.byteorder)


def address(payload):
    return socket.inet_ntop(
        socket.AF_INET if len(payload) == 4 else socket.AF_INET6, payload)


def packed(text):
    """An IP address as in struct xfrm_state."""
    return socket.inet_pton(
        socket.AF_INET6 if ":" in text else socket.AF_INET, text)


def message(kind, flags, payload):
    return struct.pack("=IHHII", 16 + len(payload), kind, flags, 1, 0) + payload


class Socket:
    """Requests and their replies, of any netlink protocol."""

    def __init__(self, protocol):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                    protocol)
        for option in (NETLINK_EXT_ACK, NETLINK_CAP_ACK):
            self.socket.setsockopt(SOL_NETLINK, option, 1)
        self.socket.settimeout(PATIENCE)

    def close(self):
        self.socket.close()

    def request(self, kind, payload, flags=NLM_F_REQUEST, raw=None):
        """The payloads of all replies to one request."""
        self.socket.send(raw or message(kind, flags, payload))
        replies = []
        while True:
            for kind, data in self._received():
                if kind == NLMSG_ERROR:     # then the request's header
                    self._refuse(data, 36)
                    return replies
                if kind == NLMSG_DONE:
                    self._refuse(data, 20)
                    return replies
                replies.append(data[16:])
            if flags & NLM_F_DUMP != NLM_F_DUMP and not flags & NLM_F_ACK:
                return replies

    def _received(self):
        """(type, message) of each in the next datagram."""
        data = self.socket.recv(1 << 16)
        while data:
            length, kind, _ = struct.unpack_from("=IHH", data)
            yield kind, data[:length]
            data = data[(length + 3) & ~3:]

    @staticmethod
    def _refuse(data, told_at):
        flags, = struct.unpack_from("=H", data, 6)
        error, = struct.unpack_from("=i", data, 16)
        if not error:
            return
        told = dict(attributes(data[told_at:])) \
            if flags & NLM_F_ACK_TLVS else {}
        raise Refused(-error,
                      told.get(NLMSGERR_ATTR_MSG, b"").rstrip(b"\0").decode(),
                      number(told.get(NLMSGERR_ATTR_OFFS, b"")))


# --- the family of ipsecstat ------------------------------------------------

GENL_ID_CTRL, CTRL_CMD_GETFAMILY = 16, 3
CTRL_ATTR_ID, CTRL_ATTR_NAME, CTRL_ATTR_GROUPS = 1, 2, 7
CTRL_GROUP_NAME, CTRL_GROUP_ID = 1, 2
NETLINK_ADD_MEMBERSHIP = 1
GET, DROP_GET, DROP_NTF, PEER_GET, PEER_NTF = range(1, 6)
CPU, SINCE, SA, DROP_ESP, DROP_AH, DROP, IN, OUT, DROPPED_IN, DROPPED_OUT = \
    range(1, 11)
NAMES = {CPU: "cpu", SINCE: "since", SA: "sa", DROP_ESP: "esp",
         DROP_AH: "ah", DROP: "drop", IN: "in", OUT: "out",
         DROPPED_IN: "dropped-in", DROPPED_OUT: "dropped-out"}
REASONS = ("no-state", "auth", "transform", "repeated", "late", "larval",
           "expired", "invalid", "encap", "selector", "mode", "direction",
           "template", "clear-text", "no-policy", "blocked", "policy-error",
           "header", "buffer", "error", "iptfs", "sequence", "bundle",
           "queue")
REASON, PROTO, SRC, DST, SPI, COUNT, FIRST, LAST = range(1, 9)
TABLE = {9: "limit", 10: "lines", 11: "evicted", 12: "missed", 13: "unseen"}
SEQ_FIRST, SEQ_LAST, POLICY, IFINDEX, INNER_SRC, INNER_DST, \
    SA_UNTIL, OUTBOUND = range(14, 22)
POLICIES = {0: "in", 2: "fwd"}

PEER = ("local", "remote", "if_id", "state", "sas_in", "sas_out", "larval",
        "bytes_in", "packets_in", "bytes_out", "packets_out", "added",
        "deleted", "rekeyed", "first", "changed", "up_since", "larval_since",
        "sequence_used", "limit_used", "near_end", "ended", "events", "others",
        "peers", "idle", "idle_limit", "dropped_in", "unattributed", "mapped")
ENDED = ("at", "reason", "spi", "outbound", "replaced", "pid", "comm")
PEER_STATES = ("down", "negotiating", "half", "up")
END_REASONS = ("time", "bytes", "packets", "deleted", "flushed", "migrated",
               "device", "unanswered")
PEER_EVENTS = ("up", "down", "rekeyed", "acquire", "mapped")
PEER_SUMS = (*PEER[7:14], "mapped")

# A line of the table of recent drops; the first members identify it, and optional
# members are in a dictionary.
Who = collections.namedtuple("Who", "reason proto src dst spi")
Line = collections.namedtuple("Line", "who count first last more")


def policy(value):
    return POLICIES[number(value)]


def flag(_):
    return True


# Attributes of some lines: name, and the decoder of the value.
MORE = {SEQ_FIRST: ("seq_first", number), SEQ_LAST: ("seq_last", number),
        POLICY: ("policy", policy), IFINDEX: ("ifindex", number),
        INNER_SRC: ("inner_src", address), INNER_DST: ("inner_dst", address),
        SA_UNTIL: ("sa_until", number), OUTBOUND: ("outbound", flag)}


class Family(Socket):
    """A generic netlink socket of the family ipsecstat."""

    def __init__(self):
        super().__init__(NETLINK_GENERIC)
        self.socket.setsockopt(SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1)
        self.id = GENL_ID_CTRL
        reply, = self.ask(CTRL_CMD_GETFAMILY,
                          attribute(CTRL_ATTR_NAME, b"ipsecstat\0"))
        about = dict(attributes(reply))
        self.id = number(about[CTRL_ATTR_ID])
        self.groups = {
            group[CTRL_GROUP_NAME].rstrip(b"\0").decode():
            number(group[CTRL_GROUP_ID]) for group in
            (dict(attributes(one))
             for _, one in attributes(about[CTRL_ATTR_GROUPS]))}

    def ask(self, command, body=b"", version=1, flags=NLM_F_REQUEST,
            raw=None):
        """The attributes of all replies to one request."""
        payload = struct.pack("=BBH", command, version, 0) + body
        return [reply[4:] for reply in
                self.request(self.id, payload, flags, raw)]

    def get(self, **how):
        return [self.decode(reply) for reply in self.ask(GET, **how)]

    def dump(self):
        """One reply for each CPU."""
        return self.get(flags=NLM_F_REQUEST | NLM_F_DUMP)

    # -- recent drops ---

    def table(self, **how):
        """The totals of the table."""
        reply, = self.ask(DROP_GET, **how)
        return {TABLE[kind]: number(value) for kind, value in
                attributes(reply)}

    def raw_lines(self):
        """The lines of the table, the latest first."""
        return self.ask(DROP_GET, flags=NLM_F_REQUEST | NLM_F_DUMP)

    def lines(self):
        return [self.line(reply) for reply in self.raw_lines()]

    @staticmethod
    def line(reply):
        told = dict(attributes(reply))
        if not set(range(REASON, LAST + 1)) <= told.keys() <= \
                set((*range(REASON, LAST + 1), *MORE)):
            raise ValueError(f"a line has the attributes {sorted(told)}")
        return Line(Who(REASONS[number(told[REASON])], number(told[PROTO]),
                        address(told[SRC]), address(told[DST]),
                        int.from_bytes(told[SPI], "big")),
                    *(number(told[kind]) for kind in (COUNT, FIRST, LAST)),
                    {MORE[kind][0]: MORE[kind][1](value)
                     for kind, value in told.items() if kind in MORE})

    # -- peers ---

    def peers(self):
        """All peers, the oldest first, and the others last."""
        return [self.peer(reply) for reply in self.ask(
            PEER_GET, flags=NLM_F_REQUEST | NLM_F_DUMP)]

    def peer_of(self, one, other, if_id=0):
        """The peer between two ends, or None."""
        body = b"".join(attribute(kind, packed(end)) for kind, end in
                        ((1, one), (2, other))) + \
            attribute(3, struct.pack("=I", if_id))
        try:
            reply, = self.ask(PEER_GET, body)
        except Refused as refused:
            if refused.number != errno.ENOENT:
                raise
            return None
        return self.peer(reply)

    def peers_as_a_whole(self):
        reply, = self.ask(PEER_GET)
        return self.peer(reply)

    @staticmethod
    def peer(reply):
        """{attribute: value}, by name if the value has one."""
        about, drops = {}, {"dropped_in": {}, "unattributed": {}}
        for kind, value in attributes(reply):
            name = PEER[kind - 1]
            if name in drops:
                one = {k: number(v) for k, v in attributes(value)}
                drops[name][REASONS[one[1]]] = one[3]
            else:
                about[name] = value
        ended = {ENDED[kind - 1]: value for kind, value in
                 attributes(about.pop("ended", b""))}
        told = {name: address(value) if name in ("local", "remote") else
                number(value) for name, value in about.items()}
        told |= {name: by_reason for name, by_reason in drops.items()
                 if by_reason}
        if "state" in told:
            told["state"] = PEER_STATES[told["state"]]
        if "events" in told:
            told["events"] = {name for bit, name in enumerate(PEER_EVENTS)
                              if told["events"] >> bit & 1}
        if ended:
            told["ended"] = {
                "at": number(ended["at"]),
                "reason": END_REASONS[number(ended["reason"])],
                "spi": int.from_bytes(ended["spi"], "big"),
                "outbound": "outbound" in ended,
                "replaced": "replaced" in ended,
                "pid": number(ended.get("pid", b"")),
                "comm": ended.get("comm", b"").rstrip(b"\0").decode()}
        return told

    def join(self, group="drops"):
        """Join a group; the socket is for events from now on."""
        self.socket.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
                               self.groups[group])

    def peer_events(self):
        """The peers in the next datagram."""
        told = []
        for kind, data in self._received():
            if kind != self.id or data[16] != PEER_NTF:
                raise ValueError(f"no event: {data.hex()}")
            told.append(self.peer(data[20:]))
        return told

    def events(self):
        """The lines in the next datagram."""
        told = []
        for kind, data in self._received():
            if kind != self.id or data[16] != DROP_NTF:
                raise ValueError(f"no event: {data.hex()}")
            told.append(self.line(data[20:]))
        return told

    @staticmethod
    def decode(reply):
        """{"sa.1": active, "in": {(proto, flags): (bytes, packets)},
        "dropped-in": {(reason, proto): packets}}; proto is 0 if there is none.
        """
        told = {"in": {}, "out": {}, "dropped-in": {}, "dropped-out": {}}
        for kind, payload in attributes(reply):
            name = NAMES[kind]
            if kind in (IN, OUT):
                one = {k: number(v) for k, v in attributes(payload)}
                told[name][one[1], one[2]] = one[3], one[4]
            elif kind in (DROPPED_IN, DROPPED_OUT):
                one = {k: number(v) for k, v in attributes(payload)}
                told[name][REASONS[one[1]], one.get(2, 0)] = one[3]
            elif kind in (CPU, SINCE):
                told[name] = number(payload)
            else:
                told.update({f"{name}.{k}": number(v)
                             for k, v in attributes(payload)})
        return told


# --- XFRM -------------------------------------------------------------------

XFRM_NEWSA, XFRM_DELSA, XFRM_GETSA = 0x10, 0x11, 0x12
XFRM_EXPIRE, XFRM_FLUSHSA = 0x18, 0x1c
XFRMA_SA, IPSEC_PROTO_ANY = 6, 255
GROUPS = 2 | 4                          # of expiry, and of SAs
ESP, AH = socket.IPPROTO_ESP, socket.IPPROTO_AH
# struct xfrm_usersa_info: address, SPI and protocol at 56, lifetime at 160
SA_ID, SA_LIFETIME, SA_FAMILY, SA_INFO_SIZE = 56, 160, 212, 224

XFRM_MODE = {"transport": 0, "tunnel": 1, "iptfs": 5}
XFRM_INF = (1 << 64) - 1

State = collections.namedtuple("State", "target spi proto family bytes packets")


def esp_info(ends, spi, mode, reqid=0, window=0, seconds=0):
    """struct xfrm_usersa_info of an ESP SA; @seconds to live, 0 for ever.

    The ends are addresses, source first.
    """
    family = socket.AF_INET6 if ":" in ends[0] else socket.AF_INET
    source, target = (socket.inet_pton(family, end).ljust(16, b"\0")
                      for end in ends)
    selector, current, statistics, seq = bytes(56), bytes(32), bytes(12), bytes(4)
    return selector + target + struct.pack("!IB3x", spi, ESP) + source + \
        struct.pack("=8Q", *[XFRM_INF] * 4, 0, seconds, 0, 0) + current + \
        statistics + seq + struct.pack(
            "=IHBBB7x", reqid, family, XFRM_MODE[mode], window, 0)


def esp_id(target, spi):
    """struct xfrm_usersa_id of an ESP SA."""
    family = socket.AF_INET6 if ":" in target else socket.AF_INET
    return socket.inet_pton(family, target).ljust(16, b"\0") + \
        struct.pack("!I", spi) + struct.pack("=HBx", family, ESP)


def state_of(info):
    """An ESP or AH state from its struct xfrm_usersa_info, None of others."""
    target, spi, proto = struct.unpack_from("=16s4sB", info, SA_ID)
    if proto not in (ESP, AH):
        return None
    size, count = struct.unpack_from("=QQ", info, SA_LIFETIME)
    family, = struct.unpack_from("=H", info, SA_FAMILY)
    if family == socket.AF_INET:
        target = target[:4]
    return State(target, spi, proto, family, size, count)


def xfrm_events(groups):
    """A socket in these groups, with room for bursts."""
    events = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_XFRM)
    events.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 25)
    events.bind((0, groups))
    return events


class Lifetimes:
    """The lifetimes of all SAs of a namespace, dead ones included.

    The messages of delete and expiry have the last bytes and packets of an SA. Flush and
    migration have no such message; for these SAs the last listed figures are used. An SA
    that is added again with its old SPI can bring its former figures, which count once.
    """

    def __init__(self):
        self.lister = Socket(NETLINK_XFRM)
        self.events = xfrm_events(GROUPS)
        self.events.setblocking(False)
        self.live, self.dead, self.count = {}, collections.Counter(), 0
        self.known_dead = set()

    def close(self):
        self.lister.close()
        self.events.close()

    def listed(self):
        """The present ESP and AH states."""
        replies = self.lister.request(XFRM_GETSA, b"",
                                      NLM_F_REQUEST | NLM_F_DUMP)
        return [state for state in map(state_of, replies) if state]

    def sums(self):
        """{(address, "bytes" or "packets"): sum}, of live and dead SAs."""
        self._bury_reported()
        listed = self.listed()
        self.count = len(listed)
        now = {state[:4]: state for state in listed}
        for key in self.live.keys() - now.keys():
            self._bury(self.live[key])
        self.live = now
        sums = self.dead.copy()
        for state in now.values():
            self._add(sums, state)
        return sums

    @staticmethod
    def _add(sums, state):
        sums[state.target, "bytes"] += state.bytes
        sums[state.target, "packets"] += state.packets

    def _bury(self, state):
        self._add(self.dead, state)
        self.known_dead.add(state[:4])

    def _revive(self, state):
        self.known_dead.remove(state[:4])
        self._add(self.dead, state._replace(bytes=-state.bytes,
                                            packets=-state.packets))

    def _bury_reported(self):
        with contextlib.suppress(BlockingIOError):
            while True:
                self._report(self.events.recv(1 << 16))

    def _report(self, data):
        kind, = struct.unpack_from("=H", data, 4)
        body = data[16:]
        state = None
        if kind == XFRM_DELSA:          # after a struct xfrm_usersa_id
            state = state_of(dict(attributes(body[24:]))[XFRMA_SA])
        elif kind == XFRM_EXPIRE and body[SA_INFO_SIZE]:
            state = state_of(body)
        elif kind == XFRM_NEWSA:
            born = state_of(body)
            if born and born[:4] in self.known_dead:
                self._revive(born)
        elif kind == XFRM_FLUSHSA:
            for key in [key for key in self.live
                        if body[0] in (key[2], 0, IPSEC_PROTO_ANY)]:
                self._bury(self.live.pop(key))
        if state:
            self.live.pop(state[:4], None)
            self._bury(state)


# --- the kernel's crypto ----------------------------------------------------

CRYPTO_MSG_NEWALG, CRYPTO_MSG_DELALG = 0x10, 0x11
CRYPTO_KINDS = {"aead": (0x3, 0xf), "hash": (0xe, 0xe)}     # type, mask


class Crypto(Socket):
    """Adds and removes algorithms that templates build from others."""

    def __init__(self):
        super().__init__(NETLINK_CRYPTO)

    def _ask(self, kind, name, driver, alg_type=0, mask=0):
        self.request(kind, struct.pack(
            "=64s64s64sIIII", name.encode(), driver.encode(), b"", alg_type,
            mask, 0, 0), NLM_F_REQUEST | NLM_F_ACK)

    def add(self, kind, driver):
        self._ask(CRYPTO_MSG_NEWALG, "", driver, *CRYPTO_KINDS[kind])

    def remove(self, name, driver):
        self._ask(CRYPTO_MSG_DELALG, name, driver)

    @staticmethod
    def list():
        """The rows of /proc/crypto."""
        with open("/proc/crypto", encoding="ascii") as file:
            for entry in file.read().strip().split("\n\n"):
                yield {key.strip(): value.strip() for key, _, value in
                       (line.partition(":") for line in entry.splitlines())}
