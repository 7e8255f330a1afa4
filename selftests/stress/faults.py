#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Every allocation fails once: the first, then the second, and so on.

/proc/thread-self/fail-nth lets the n-th allocation or copy of a system call fail.
Each action below is repeated with n = 1, 2, 3... until it runs through with nothing
left to fail. Each failure must be an error, leave nothing half done, and leave exact
figures. Only debug kernels can do this.

Creating a namespace and loading a module make thousands of allocations in the kernel's
own code. There, only the allocations of the module's functions are failed. Because each
load waits for grace periods of its hooks, FAULTS_STRIDE selects a part of the faults; 1
is all of them.
"""
import collections
import contextlib
import ctypes
import errno
import functools
import os
import socket
import sys
import time
from typing import Callable, NamedTuple

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../xfrm"))
# pylint: disable=wrong-import-position
import ipsec
import nl
import sa
from wire import ipv4

NR_INIT_MODULE = 175
DEBUG = "/sys/kernel/debug"
NTH = "/proc/thread-self/fail-nth"
SYSCTL = "/proc/sys/net/ipsecstat/read_group_range"
MODULE = "/sys/module/ipsecstat"
STRIDE = int(os.environ.get("FAULTS_STRIDE", "10"))
LIMIT, PATIENCE = 20_000, 20
# Possible errors; copies from user space fail, too.
CLEAN = (errno.ENOMEM, errno.ENOBUFS, errno.EFAULT)
SPI, LOTS = 0x1000, 200
LISTENS = functools.partial(socket.socket, socket.AF_NETLINK, socket.SOCK_RAW,
                            nl.NETLINK_XFRM)


# --- faults -----------------------------------------------------------------

KINDS = ("failslab", "fail_page_alloc", "fail_usercopy")


def setting(what, name, value):
    with open(f"{DEBUG}/{what}/{name}", "w", encoding="ascii") as file:
        file.write(str(value))


def prepare():
    """Let slab allocations and copies fail silently; pages cannot fail silently."""
    for what in KINDS:
        setting(what, "verbose", 0)
        setting(what, "stacktrace-depth", 32)
    setting("failslab", "ignore-gfp-wait", "N")
    setting("fail_page_alloc", "min-order", 99)


@contextlib.contextmanager
def in_modules():
    """Only allocations of modules, by address; no other loaded module creates
    namespaces or is being loaded."""
    with open("/proc/kallsyms", encoding="ascii") as file:
        end = next(line.split()[0] for line in file if line.endswith(" _end\n"))
    for what in KINDS:
        setting(what, "require-start", int(end, 16))
    yield
    for what in KINDS:
        setting(what, "require-start", 0)


def failing(nth, action):
    """(whether something failed, the error)."""
    error = None
    control = os.open(NTH, os.O_RDWR)
    text = str(nth).encode()
    os.write(control, text)
    try:
        action()
    except OSError as caught:
        error = caught
    try:
        injected = os.pread(control, 16, 0).strip() == b"0"
    except OSError:                     # it was this copy
        injected = False
    with contextlib.suppress(OSError):  # or the next one
        os.write(control, b"0")
    os.write(control, b"0")
    os.close(control)
    return injected, error


def per_cpu():
    """The number of per-CPU allocations, which kmemleak does not check."""
    with open(f"{DEBUG}/percpu_stats", encoding="ascii") as file:
        return next(int(line.split()[2]) for line in file
                    if line.split()[:1] == ["nr_cur_alloc"])


def lost(before):
    """Leaked allocations, after all deferred work."""
    deadline = time.monotonic() + PATIENCE
    while per_cpu() > before and time.monotonic() < deadline:
        time.sleep(0.1)
    more = per_cpu() - before
    return [f"{more} allocations per CPU lost"] if more > 0 else []


def number(error):
    return error.number if isinstance(error, nl.Refused) else error.errno


class Action(NamedTuple):
    """An action, the condition after it, and its reversal."""
    attempt: Callable
    check: Callable = lambda error: []
    before: Callable = lambda: None
    after: Callable = lambda: None
    stride: int = 1
    clean: tuple = CLEAN


def stepped(action):
    """Repeat until no fault is left."""
    problems, nth, failures, before = [], 1, 0, per_cpu()
    while nth < LIMIT and len(problems) < 10:
        action.before()
        injected, error = failing(nth, action.attempt)
        if error and number(error) not in action.clean:
            problems.append(f"{nth}: {error!r}")
        if error and not injected:
            problems.append(f"{nth}: {error!r} without a fault")
        failures += bool(error)
        problems += [f"{nth}: {problem}" for problem in action.check(error)]
        action.after()
        if not injected:
            print(f"# {(nth - 1) // action.stride} faults, {failures} of them "
                  "errors")
            return problems + lost(before) + \
                ([] if failures else ["nothing failed"])
        nth += action.stride
    return problems + [f"not through after {nth}"]


# --- conditions ---------------------------------------------------------

class Namespace:
    """A namespace of this process, with two permanent SAs."""

    def __init__(self):
        ipsec.unshare()
        self.file = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        ipsec.run("sysctl", "-q", "net.ipv4.conf.lo.disable_xfrm=0",
                  "net.ipv4.conf.lo.disable_policy=0")
        ipsec.run("ip", "-b", "-", text=(
            "link set lo up\naddr add 10.1.0.1/24 dev lo\n"
            "xfrm policy add dst 10.1.0.2 proto udp dir out "
            "tmpl src 10.1.0.1 dst 10.1.0.2 proto esp mode tunnel\n"))
        self.xfrm = sa.Socket()
        self.xfrm.send([sa.added(1), sa.added(2, mode="tunnel", reqid=5)])
        self.family = None
        self.udp = socket.socket(type=socket.SOCK_DGRAM)
        self.fresh()

    def fresh(self):
        """Without messages of an earlier failure in the queue."""
        if self.family:
            self.family.socket.close()
            self.xfrm.socket.close()
        self.family, self.xfrm = nl.Family(), sa.Socket()
        for one in (self.family, self.xfrm):
            one.socket.settimeout(1)

    def true(self, _error=None):
        """The figures equal the listed SAs."""
        self.fresh()
        now, = self.family.get()
        active, larval, added, deleted = (now[f"sa.{i}"] for i in range(1, 5))
        listed = self.xfrm.listed()
        if active + larval != listed or added - deleted != active:
            return [f"{active} + {larval} SAs, {added} added, {deleted} "
                    f"deleted, {listed} listed"]
        return []

    def since(self):
        return self.family.get()[0]["since"]

    def clear(self):
        """Delete all SAs except the two."""
        self.fresh()
        self.xfrm.send([sa.flushed()])
        self.xfrm.send([sa.added(1), sa.added(2, mode="tunnel", reqid=5)])


def gone():
    """The module is gone completely."""
    problems = [f"{path} is there" for path in (MODULE, SYSCTL)
                if os.path.exists(path)]
    # All families: a request by name would load the module.
    listing = nl.Socket(nl.NETLINK_GENERIC)
    if any(b"ipsecstat\0" in reply for reply in listing.request(
            nl.GENL_ID_CTRL, bytes((nl.CTRL_CMD_GETFAMILY, 1, 0, 0)),
            nl.NLM_F_REQUEST | nl.NLM_F_DUMP)):
        problems.append("the family is there")
    listing.socket.close()
    return problems


def hooked():
    """The hooked functions; the list takes seconds."""
    with open("/sys/kernel/tracing/enabled_functions",
              encoding="ascii") as file:
        return [f"hooked: {line.strip()}" for line in file]


# --- actions ----------------------------------------------------------------

def call(number, *args):
    if ipsec.libc.syscall(number, *args):
        raise OSError(ctypes.get_errno(), "")


def of_netlink(space):
    """Requests to the family, and other reads and writes."""
    def dump():
        if len(space.family.dump()) != os.sysconf("SC_NPROCESSORS_CONF"):
            raise AssertionError("part of a dump")

    def allow(text=b"0 0"):
        file = os.open(SYSCTL, os.O_RDWR)
        try:
            os.write(file, text)
        finally:
            os.close(file)

    def allowed(error):
        with open(SYSCTL, encoding="ascii") as file:
            shown = file.read().split()
        wanted = ["1", "0"] if error else ["0", "0"]
        return [] if shown == wanted else [f"{shown} after {error!r}"]

    cpu = nl.attribute(nl.CPU, bytes(4))
    ask = {"before": space.fresh, "check": space.true}
    yield "get", Action(lambda: space.family.get(), **ask)  # a fresh one
    yield "get_of_a_cpu", Action(lambda: space.family.get(body=cpu), **ask)
    yield "dump", Action(dump, **ask)
    yield "sysctl", Action(allow, allowed, after=lambda: allow(b"1 0"))


def of_sas(space):
    """SA events."""
    def send(*messages):
        return lambda: space.xfrm.send(messages)

    def step(attempt, *before, **how):
        def ready():
            space.fresh()
            if before:
                space.xfrm.send(before)
        return Action(attempt, space.true, ready, space.clear, **how)

    tunnel = {"mode": "tunnel", "reqid": 9}
    yield "sa_add", step(send(sa.added(SPI, **tunnel)))
    yield "sa_allocspi", step(send(sa.reserved(SPI, **tunnel)),
                              clean=CLEAN + (errno.ENOENT,))
    yield "sa_fill", step(send(sa.updated(SPI, **tunnel)),
                          sa.reserved(SPI, **tunnel))
    yield "sa_update", step(send(sa.updated(SPI, **tunnel)),
                            sa.added(SPI, **tunnel))
    yield "sa_rekey", step(send(sa.added(SPI + 1, **tunnel)),
                           sa.added(SPI, **tunnel))
    yield "sa_delete", step(send(sa.deleted(SPI)), sa.added(SPI, **tunnel))
    yield "sa_flush", step(send(sa.flushed()), sa.added(SPI, **tunnel))


def acquire(space):
    """A packet without an SA, whether it is sent or not."""
    def attempt():
        space.udp.sendto(b"data", ("10.1.0.2", 9))

    with LISTENS() as daemon:           # without it, there is no acquire
        daemon.bind((0, 1))
        return stepped(Action(attempt, space.true, space.fresh, space.clear,
                              clean=CLEAN + (errno.EAGAIN, errno.ESRCH)))


def outbound(space):
    """A packet for whose transform memory is exhausted moves XfrmOutError.

    It has its own header, so the SA must allocate headroom.
    """
    def lost():
        with open("/proc/net/xfrm_stat", encoding="ascii") as file:
            lines = dict(line.split() for line in file)
        return int(lines["XfrmOutError"])

    def attempt():
        raw.sendto(packet, ("10.1.0.2", 0))

    def check(_error):
        now, = space.family.get()
        seen = now["dropped-out"].get(("error", 0), 0)
        return [] if seen == lost() else [f"{seen} errors, the kernel {lost()}"]

    packet = ipv4(("10.1.0.1", "10.1.0.2"), socket.IPPROTO_UDP, bytes(8))
    before = lost()
    ipsec.run("ip", "-b", "-", text=(
        "xfrm policy add dst 10.1.0.2 dir out tmpl src 10.1.0.1 dst 10.1.0.2 "
        "proto esp mode tunnel\n"
        "xfrm state add src 10.1.0.1 dst 10.1.0.2 proto esp spi 9 mode tunnel "
        'enc ecb(cipher_null) ""\n'))
    with socket.socket(type=socket.SOCK_RAW, proto=socket.IPPROTO_RAW) as raw:
        problems = stepped(Action(attempt, check, space.fresh))
    ipsec.run("ip", "xfrm", "policy", "delete", "dst", "10.1.0.2", "dir", "out")
    space.clear()
    return problems + ([] if lost() > before else ["XfrmOutError did not rise"])


def namespace(space):
    """A new namespace is complete, or does not exist and the old one is unchanged."""
    def check(error):
        if error:
            return space.true()
        now, = nl.Family().get()
        return [f"{key} is {value}" for key, value in now.items()
                if value and key != "since"]

    with in_modules():
        return stepped(Action(
            ipsec.unshare, check,
            after=lambda: ipsec.libc.setns(space.file, ipsec.CLONE_NEWNET)))


def load():
    """The module is loaded completely, or not at all; a retry succeeds."""
    path = os.environ.get("IPSECSTAT_KO") or ipsec.run(
        "modinfo", "-F", "filename", "ipsecstat").strip()
    with open(path, "rb") as file:
        image = file.read()
    image = ctypes.create_string_buffer(image, len(image))

    def attempt():
        call(NR_INIT_MODULE, image, len(image), b"")

    def after():
        if os.path.exists(MODULE):
            call(ipsec.NR_DELETE_MODULE, b"ipsecstat", os.O_NONBLOCK)

    def check(error):
        if error:
            return gone()
        nl.Family()
        return []

    after()
    with in_modules():
        problems = stepped(Action(attempt, check, after=after, stride=STRIDE))
    return problems + hooked() + gone() + (attempt() or check(None))


@contextlib.contextmanager
def no_memory():
    """No memory for the module, in system calls of this thread."""
    with open("/proc/thread-self/make-it-fail", "w", encoding="ascii",
              buffering=1) as file:
        file.write("1\n")
        try:
            yield
        finally:
            file.write("0\n")


@contextlib.contextmanager
def memory_fails():
    """Fail always, in modules, during a no_memory() statement."""
    with in_modules():
        for name, value in (("task-filter", "Y"), ("times", -1),
                            ("probability", 100)):
            setting("failslab", name, value)
        yield
        setting("failslab", "probability", 0)


def add_without_memory(space, spi):
    with no_memory():
        space.xfrm.send([sa.added(spi, mode="tunnel", reqid=spi)])


def short_of_memory(space):
    """The figures are exact: after a lost event, counting restarts."""
    starts, problems = [space.since()], []
    with memory_fails():
        for spi in range(SPI, SPI + LOTS):
            add_without_memory(space, spi)
            problems += space.true()
            starts.append(space.since())
    again = sum(one != other for one, other in zip(starts, starts[1:]))
    print(f"# counting restarted {again} times")
    if not again or again == LOTS:
        problems.append(f"counting restarted {again} times of {LOTS}")
    space.clear()
    return problems + counts_on(space)


def reader_short_of_memory(space):
    """A read fails without memory, and is exact afterwards; others are not affected."""
    start, problems = space.since(), []
    with memory_fails():
        # The reserve has members for as many SAs as in the case before.
        for spi in range(SPI, SPI + 2 * LOTS):
            add_without_memory(space, spi)
        with no_memory():
            try:
                problems.append(f"answered: {space.family.get()}")
            except nl.Refused as error:
                if number(error) != errno.ENOMEM:
                    problems.append(f"refused by: {error}")
    ipsec.unshare()
    other = nl.Family().get()[0]["since"]
    ipsec.libc.setns(space.file, ipsec.CLONE_NEWNET)
    problems += space.true()
    if space.since() == start:
        problems.append("counting did not begin again")
    if space.since() <= other:
        problems.append("counting began before there was memory")
    space.clear()
    return problems + counts_on(space)


def counts_on(space):
    """A packet over an SA in each direction, and one without an SA."""
    ipsec.run("ip", "xfrm", "state", "add", "src", "10.1.0.1", "dst",
              "10.1.0.2", "proto", "esp", "spi", "9", "mode", "tunnel",
              "enc", "ecb(cipher_null)", "")
    before, = space.family.get()
    space.udp.sendto(b"data", ("10.1.0.2", 9))
    with socket.socket(type=socket.SOCK_RAW, proto=nl.ESP) as raw:
        raw.sendto(bytes(32), ("10.1.0.1", 0))
    after, = space.family.get()
    way = {way: [packets - before[way].get(kind, (0, 0))[1]
                 for kind, (_, packets) in after[way].items()]
           for way in ("in", "out")}
    lost = collections.Counter(after["dropped-in"])
    lost.subtract(before["dropped-in"])
    space.clear()
    if way != {"in": [1], "out": [1]} or +lost != {("no-state", nl.ESP): 1}:
        return [f"counted {way}, dropped {lost}"]
    return [] if space.since() == before["since"] else ["it began once more"]


def main():
    if not os.path.exists(NTH) or not os.path.exists(f"{DEBUG}/failslab"):
        print("TAP version 13\n1..0 # SKIP this kernel cannot inject faults")
        sys.exit(4)
    prepare()
    space = Namespace()
    cases = [(name, functools.partial(stepped, action))
             for some in (of_netlink, of_sas)
             for name, action in some(space)]
    cases += [(case.__name__, functools.partial(case, space)) for case in
              (acquire, outbound, namespace, short_of_memory,
               reader_short_of_memory)]
    cases.append(("load", load))
    ipsec.run_cases(cases)


if __name__ == "__main__":
    main()
