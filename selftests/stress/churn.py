#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Everything that the module follows comes and goes, in counted numbers.

Each churner of the table below runs separately, then all run at once, with traffic and
drops on all CPUs. CHURN_SCALE=1 does as many rounds as in the table, the default a small
part. Every churner has its own namespace, whose figures must equal its own counts. The
figures of the hosts with traffic must equal the kernel's.
"""
import contextlib
import ctypes
import errno
import functools
import multiprocessing
import os
import sys
import time
import traceback
from typing import Callable, NamedTuple

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../xfrm"))
# pylint: disable=wrong-import-position
import consistent
import ipsec
import load
import matrix
import nl
import sa
import traffic

SCALE = float(os.environ.get("CHURN_SCALE", "0.01"))
REQID = 7
EXPIRE_GROUP = 2
EXPIRING = 256                          # SAs that expire in the same second
PATIENCE = 600                          # unloading waits for everything in progress


# --- namespaces of churners --------------------------------------------------

def patiently(ask):
    """Retry while the module is unloaded; no other error may occur."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return ask()
        except OSError:
            if os.path.exists("/sys/module/ipsecstat") and \
                    not RELOADED.is_set() or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


RELOADED = multiprocessing.Event()      # the module is reloaded on purpose


def figures():
    """The figures of this process's namespace."""
    def ask():
        family = nl.Family()
        with family.socket:
            reply, = family.get()
            return reply
    return patiently(ask)


class Own:
    """A new namespace of this process."""

    def __init__(self):
        ipsec.unshare()
        self.xfrm = sa.Socket()
        ipsec.run("ip", "link", "set", "lo", "up")
        with open("/proc/sys/net/core/xfrm_acq_expires", "w",
                  encoding="ascii") as file:    # not while the module is unloaded
            file.write("3600")

    def problems(self, total, rekeys=0):
        """Problems unless no SA is left, and exactly this was counted."""
        if self.xfrm.listed():
            return [f"{self.xfrm.listed()} SAs are left"]
        names = ("active", "larval", "added", "deleted", "rekeyed", "tunnels",
                 "offloaded")
        now = figures()
        told = dict(zip(names, (now[f"sa.{i}"] for i in range(1, 8))))
        wanted = dict.fromkeys(names, 0)
        if not RELOADED.is_set():
            wanted.update(added=total, deleted=total, rekeyed=rekeys)
        else:                           # only since its last load
            told["rekeyed"] = 0
            told["deleted"] -= told["added"]
            told["added"] = 0
        return ipsec.differ("own", told, wanted)


# --- churners: each does so many rounds, and returns problems ------

def sas(count):
    """Add and delete SAs; all but the first of each batch are rekeys."""
    own = Own()
    lots = -(-count // sa.CHUNK)
    for _ in range(lots):
        own.xfrm.send([sa.added(spi, reqid=REQID, mode="tunnel")
                       for spi in range(0x1000, 0x1000 + sa.CHUNK)])
        own.xfrm.delete(range(0x1000, 0x1000 + sa.CHUNK))
    return own.problems(lots * sa.CHUNK, lots * (sa.CHUNK - 1))


def namespaces(count):
    """Create and delete namespaces, with an SA in each."""
    problems = []
    for _ in range(count):
        own = Own()
        own.xfrm.send([sa.added(1, mode="tunnel"), sa.reserved(2)])
        now = figures()
        seen = [now[f"sa.{i}"] for i in range(1, 8)]
        if seen != [1, 1, 1, 0, 0, 1, 0]:
            problems.append(f"a new namespace says {seen}")
        own.xfrm.socket.close()
    return problems


def reloads(count):
    for _ in range(count):
        ipsec.reload_module()
    return []


def dumps(count):
    """An open dump keeps the module in use, until it is read or closed."""
    problems = []
    for number in range(count):
        family = patiently(nl.Family)
        family.socket.send(nl.message(family.id, nl.NLM_F_REQUEST |
                                      nl.NLM_F_DUMP, b"\1\1\0\0"))
        if ipsec.libc.syscall(ipsec.NR_DELETE_MODULE, b"ipsecstat",
                              os.O_NONBLOCK) == 0:
            problems.append("the module went with a dump open")
            ipsec.run("modprobe", "ipsecstat")
        elif ctypes.get_errno() != errno.EWOULDBLOCK and \
                not RELOADED.is_set():
            problems.append(f"rmmod: {os.strerror(ctypes.get_errno())}")
        if number % 2:
            kinds = []
            while nl.NLMSG_DONE not in kinds and nl.NLMSG_ERROR not in kinds:
                kinds += [kind for kind, _ in family._received()]
            if kinds.count(family.id) != CPUS and not RELOADED.is_set():
                problems.append(f"the rest of a dump: {kinds}")
        family.socket.close()
    return problems


def hotplug(count):
    """CPUs other than the first go offline and online; their counts are kept."""
    problems, before = [], {}
    for number in range(count):
        path = HOTPLUG[number % len(HOTPLUG)]
        for state in "01":
            with open(path, "w", encoding="ascii") as file:
                file.write(state)
            if not RELOADED.is_set():
                with ipsec.inside(HOSTS[number % 2]):
                    now = figures()["in"]
                for kind, counts in before.get(number % 2, {}).items():
                    if now.get(kind, (0, 0)) < counts:
                        problems.append(f"{kind}: {counts}, then {now}")
                before[number % 2] = now
    return problems


def reader(count, name):
    """Replies of the library, each consistent, none less than the last."""
    problems, engine, old, left = [], None, None, count
    with ipsec.inside(name):
        while left:
            try:
                engine = engine or ipsec.Engine()
                now = engine.read()
            except OSError:
                if not RELOADED.is_set():
                    raise
                if engine:
                    engine.close()
                engine = old = None
                continue
            left -= 1
            problems += ipsec.contradictions(now)
            if old:
                problems += consistent.falling(old, now)
            old = now
    return problems


def readers(count):
    """Eight of them at once."""
    return together([functools.partial(reader, count, name)
                     for name in HOSTS * 4])


def expiries(count):
    """SAs that expire, flushed when the first of them ends."""
    own = Own()
    events = nl.xfrm_events(EXPIRE_GROUP)
    events.settimeout(nl.PATIENCE)
    for _ in range(count):
        for first in range(0x100, 0x100 + EXPIRING, sa.CHUNK):
            own.xfrm.send([sa.added(spi, mode="tunnel", seconds=1)
                           for spi in range(first, first + sa.CHUNK)])
        events.recv(1 << 16)
        own.xfrm.send([sa.flushed()])
        with contextlib.suppress(BlockingIOError, OSError):
            events.setblocking(False)
            while events.recv(1 << 16):
                pass
        events.settimeout(nl.PATIENCE)
    return own.problems(count * EXPIRING)


class Churner(NamedTuple):
    """A churner, and its rounds at CHURN_SCALE=1."""
    work: Callable
    count: int
    missing: str = ""                   # why it cannot run here


CPUS = os.sysconf("SC_NPROCESSORS_CONF")
HOTPLUG = [path for path in (f"/sys/devices/system/cpu/cpu{cpu}/online"
                             for cpu in range(1, CPUS))
           if os.path.exists(path)]
HOSTS = []
CHURNERS = (
    Churner(sas, 100_000),
    Churner(namespaces, 1_000),
    Churner(reloads, 200),
    Churner(dumps, 1_000),
    Churner(hotplug, 200, "" if HOTPLUG else "no CPU can be taken out"),
    Churner(readers, 10_000),           # each of the eight
    Churner(expiries, 50),
)


# --- all churners --------------------------------------------------------------

def child(work, pipe):
    try:
        problems = work()
    except Exception:  # reported to the parent
        problems = traceback.format_exc().splitlines()[-6:]
    pipe.send(problems[:20])


def together(works):
    """Run each in a process; returns their problems."""
    ends, problems = [], []
    for work in works:
        mine, theirs = multiprocessing.Pipe(duplex=False)
        process = multiprocessing.Process(target=child, args=(work, theirs))
        process.start()
        theirs.close()
        ends.append((process, mine))
    for process, mine in ends:
        try:
            problems += mine.recv()
        except EOFError:
            problems.append("a churner died")
        process.join()
    return problems


def run(link, churners):
    """Run these at once, with traffic."""
    chosen = [churner for churner in churners if not churner.missing]
    RELOADED.clear()
    if any(churner.work is reloads for churner in chosen):
        RELOADED.set()
        for host in (link.a, link.b):
            host.engine.close()
    begin = time.monotonic()
    with load.going_on((load.send, link.a, link.b),
                       (load.send, link.b, link.a)) as senders:
        problems = together([functools.partial(
            churner.work, max(2, round(churner.count * SCALE)))
            for churner in chosen])
        problems += [f"{sender.name} ended by itself"
                     for sender in senders if not sender.is_alive()]
    print("# " + ", ".join(f"{max(2, round(churner.count * SCALE))} "
                           f"{churner.work.__name__}" for churner in chosen) +
          f": {time.monotonic() - begin:.1f} seconds", flush=True)
    if RELOADED.is_set():
        for host in (link.a, link.b):
            host.open()
        traffic.settle((link.a, link.b))
        for host in (link.a, link.b):   # packets in flight have arrived
            host.start = ipsec.Snapshot(host)
        return problems + load.settled(link) + \
            load.figures_are_true_afterwards(link)
    return problems + consistent.at_rest(link)


def main():
    with ipsec.Link() as link, \
         traffic.Pair(link, 4, [("esp", "transport",
                                 matrix.TRANSFORMS["gcm"][1])]):
        HOSTS.extend([link.a.name, link.b.name])
        print(f"# CHURN_SCALE={SCALE}, {CPUS} CPUs")
        ipsec.run_cases(
            [(f"{churner.work.__name__}_alone",
              functools.partial(run, link, [churner]))
             for churner in CHURNERS if not churner.missing] +
            [("all_at_once", functools.partial(run, link, CHURNERS))])


if __name__ == "__main__":
    main()
