#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The netlink family: rights, replies, and refused requests."""
import contextlib
import os
import socket
import struct

import ipsec
from nl import CPU, GET, NLM_F_DUMP, NLM_F_REQUEST, Family, attribute


def refused(function, number, text):
    """Problems unless the call fails with this error."""
    try:
        answer = function()
    except OSError as error:
        if getattr(error, "number", error.errno) == number and \
                text in getattr(error, "text", ""):
            return []
        return [f"refused by: {error}"]
    return [f"answered: {answer}"]


def in_child(function):
    """Run in a new process, which can drop its rights."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        try:
            problems = function() or []
        except Exception as error:  # reported to the parent
            problems = [f"{type(error).__name__}: {error}"]
        os.write(writing, "\n".join(problems).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        problems = told.read().splitlines()
    os.waitpid(child, 0)
    return problems


def become(uid, gid, groups=()):
    os.setgroups(list(groups))
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


def refused_to(uid, gid, questions):
    """Problems unless each question of this user is refused."""
    def attempt():
        become(uid, gid)
        return [problem for question in questions
                for problem in refused(question, EPERM, "")]
    return in_child(attempt)


def reads_figures(uid, gid):
    """Problems unless this user may read the figures."""
    def attempt():
        become(uid, gid)
        return [] if Family().get() else ["no figures"]
    return in_child(attempt)


GROUPS = "/proc/sys/net/ipsecstat/read_group_range"


def allow(text):
    """Set the groups that may read; returns the new value."""
    with open(GROUPS, "w", encoding="ascii") as file:
        file.write(text)
    with open(GROUPS, encoding="ascii") as file:
        return file.read().split()


@contextlib.contextmanager
def allowed(text):
    try:
        yield allow(text)
    finally:
        allow("1 0")


EPERM, EINVAL, ERANGE, EPROTONOSUPPORT = 1, 22, 34, 93
NEEDS = "needs CAP_NET_ADMIN or a group"


class Cases:
    """Each method is a case."""

    def __init__(self, link):
        self.link = link
        with ipsec.inside(link.b.name):
            self.family = Family()

    def _fresh(self):
        return Family().get()

    def get_is_one_message(self):
        told, = self.family.get()
        wanted = {f"sa.{i}" for i in range(1, 8)} | \
            {f"esp.{i}" for i in range(1, 6)} | \
            {f"ah.{i}" for i in (1, 2, 4, 5)} | \
            {f"drop.{i}" for i in range(1, 6)} | \
            {"since", "in", "out", "dropped-in", "dropped-out"}
        return [f"{key} is missing or too much"
                for key in wanted ^ told.keys()]

    def dump_is_one_message_per_cpu(self):
        told = self.family.get(flags=NLM_F_REQUEST | NLM_F_DUMP)
        with open("/sys/devices/system/cpu/possible",
                  encoding="ascii") as file:
            first, _, last = file.read().strip().partition("-")
        cpus = list(range(int(first), int(last or first) + 1))
        seen = [one.get("cpu") for one in told]
        problems = [] if seen == cpus else [f"CPUs {seen}, not {cpus}"]
        return problems + [f"{key} in a dump" for one in told
                           for key in one if key.startswith("sa.")]

    def dump_sums_to_get(self):
        """After traffic and drops on all CPUs."""
        self._traffic()
        whole, = self.family.get()
        dump = self.family.get(flags=NLM_F_REQUEST | NLM_F_DUMP)
        if not whole["in"] or not whole["drop.5"]:
            return ["no traffic to add up"]
        one, other = ipsec.add_up([whole]), ipsec.add_up(dump)
        return [f"{key}: {one.get(key)} is not {other.get(key)}"
                for key in one.keys() | other.keys()
                if one.get(key) != other.get(key)]

    def one_cpu_is_its_part_of_the_dump(self):
        dump = self.family.get(flags=NLM_F_REQUEST | NLM_F_DUMP)
        alone = [self.family.get(body=attribute(
            CPU, struct.pack("=I", one["cpu"])))[0] for one in dump]
        return [] if alone == dump else [f"{alone} is not {dump}"]

    def _traffic(self):
        key = "0x0123456789abcdef0123456789abcdef01234567"
        for host in (self.link.a, self.link.b):
            host.ip("xfrm state add src 10.0.0.1 dst 10.0.0.2 proto ah "
                    f"spi 0x55 mode transport auth hmac(sha1) {key}")
        self.link.a.ip("xfrm policy add dst 10.0.0.2 dir out "
                       "tmpl proto ah mode transport")
        with ipsec.inside(self.link.a.name):
            plain = socket.socket(type=socket.SOCK_DGRAM)
        for cpu in sorted(os.sched_getaffinity(0)):
            os.sched_setaffinity(0, {cpu})
            for _ in range(5):
                plain.sendto(b"data", ("10.0.0.2", 9))
        self.link.b.ip("xfrm state flush")
        plain.sendto(b"lost", ("10.0.0.2", 9))
        self.link.a.ip("xfrm policy flush", "xfrm state flush")

    def namespaces_are_apart(self):
        with ipsec.inside(self.link.a.name):
            other, = Family().get()
        here, = self.family.get()
        problems = []
        if other["in"] or not here["in"]:
            problems.append(f"host a received {other['in']}")
        if other["drop.5"] or not other["out"]:
            problems.append(f"host a: {other}")
        return problems

    def cpu_out_of_range(self):
        return refused(lambda: self.family.get(
            body=attribute(CPU, struct.pack("=I", 99999))),
            ERANGE, "not a possible CPU")

    def cpu_of_wrong_length(self):
        return refused(lambda: self.family.get(body=attribute(CPU, b"12")),
                       EINVAL, "invalid attribute length")

    def cpu_in_a_dump(self):
        return refused(lambda: self.family.get(
            body=attribute(CPU, struct.pack("=I", 0)),
            flags=NLM_F_REQUEST | NLM_F_DUMP), EINVAL, "a dump is of all CPUs")

    def unknown_attribute(self):
        return refused(lambda: self.family.get(
            body=attribute(77, struct.pack("=I", 0))), EINVAL, "attribute")

    def unknown_attribute_in_a_dump(self):
        return refused(lambda: self.family.get(
            body=attribute(77, struct.pack("=I", 0)),
            flags=NLM_F_REQUEST | NLM_F_DUMP), EINVAL, "attribute")

    def trailing_bytes(self):
        return refused(lambda: self.family.get(body=b"\1\0\0"), EINVAL, "")

    def attribute_longer_than_message(self):
        return refused(lambda: self.family.get(
            body=struct.pack("=HHI", 400, CPU, 0)), EINVAL, "")

    def message_without_a_command(self):
        return refused(lambda: self.family.ask(GET, raw=struct.pack(
            "=IHHII", 16, self.family.id, NLM_F_REQUEST, 1, 0)), EINVAL, "")

    def unknown_command(self):
        return refused(lambda: self.family.ask(9), 95, "")

    def wrong_version(self):
        return refused(lambda: self.family.get(version=7), EPROTONOSUPPORT,
                       "version 1")

    def wrong_version_in_a_dump(self):
        return refused(lambda: self.family.get(
            version=0, flags=NLM_F_REQUEST | NLM_F_DUMP), EPROTONOSUPPORT,
            "version 1")

    def unprivileged_get_is_refused(self):
        def attempt():
            become(65534, 65534)
            return refused(self._fresh, EPERM, NEEDS)
        return in_child(attempt)

    def unprivileged_dump_is_refused(self):
        def attempt():
            become(65534, 65534)
            return refused(lambda: Family().get(
                flags=NLM_F_REQUEST | NLM_F_DUMP), EPERM, NEEDS)
        return in_child(attempt)

    def opened_group_may_read(self):
        """By its own group and by a supplementary one; not by the next group."""
        with allowed("2000 2001") as shown:
            problems = [] if shown == ["2000", "2001"] else [f"shown {shown}"]
            for gid, groups in ((2000, ()), (65534, (5, 2001))):
                def attempt(gid=gid, groups=groups):
                    become(65534, gid, groups)
                    return [] if self._fresh() else ["no reply"]
                problems += in_child(attempt)

            def outsider():
                become(65534, 2002, (1999,))
                return refused(self._fresh, EPERM, NEEDS)
            return problems + in_child(outsider)

    def socket_of_a_user_outside_the_group(self):
        """The owner of the socket could read the reply to a member of the group."""
        def attempt():
            os.setgroups([])
            os.setegid(65534)
            os.seteuid(65534)
            lent = Family()
            os.seteuid(0)
            become(65534, 2000)
            return refused(lent.get, EPERM, NEEDS)
        with allowed("2000 2000"):
            return in_child(attempt)

    def group_of_another_namespace(self):
        """The sysctl permits only its own namespace."""
        def attempt():
            with ipsec.inside(self.link.b.name):
                become(65534, 2000)
                return refused(self._fresh, EPERM, NEEDS)
        with allowed("2000 2000"):
            return in_child(attempt)

    def bad_group_ranges(self):
        problems = []
        for text in ("x", "1", "-1 5", "0 4294967295", "0 99999999999"):
            try:
                shown = allow(text)
            except OSError:
                continue
            if shown != ["1", "0"]:
                problems.append(f"{text!r} became {shown}")
        if allow("9 3") != ["1", "0"]:
            problems.append("an empty range is not shown as 1 0")
        return problems

    def root_of_a_user_namespace(self):
        """Reads its own network namespace, not the one before."""
        def attempt():
            become(65534, 65534)
            outer = Family()
            if ipsec.libc.unshare(0x10000000 | ipsec.CLONE_NEWNET):
                return ["no user namespace to be had"]
            problems = [] if self._fresh() else ["no reply from its own"]
            with open(GROUPS, encoding="ascii") as file:
                shown = file.read().split()
            if shown != ["1", "0"]:
                problems.append(f"its group range is {shown}")
            return problems + refused(outer.get, EPERM, NEEDS)
        return in_child(attempt)


def main():
    with ipsec.Link() as link:
        ipsec.run_cases(ipsec.cases_of(Cases(link)))


if __name__ == "__main__":
    main()
