#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The module is loaded and unloaded under full load.

Traffic in both directions, drops, SAs and namespaces that are added and deleted, and
readers that never stop. The runner checks the kernel log; here, the figures must be
exact at the end.
"""
import contextlib
import itertools
import multiprocessing
import os
import socket
import subprocess
import time

import ipsec
import traffic

ROUNDS = 5
SPIS = range(0x5000, 0x5040)
PATIENCE = 120
REST = 4                                # rest of a sender, per unit of work
GOING = multiprocessing.Event()


# --- the load; each thread runs while GOING is set -------------------

def send(source, target):
    """Good packets and some of an unknown SPI, from each CPU in turn.

    With rests: a hook is detached when every preempted task has slept once. A sender
    that never sleeps, or that keeps ksoftirqd busy, would make a slow machine wait for
    ever; so it rests in proportion to the time of its work.
    """
    plain = traffic.udp(source, 4)
    with ipsec.inside(source.name):
        forger = socket.socket(socket.AF_INET, socket.SOCK_RAW, 50)
    for cpu in itertools.cycle(range(os.sysconf("SC_NPROCESSORS_CONF"))):
        if not GOING.is_set():
            return
        begin = time.monotonic()
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, {cpu})      # it may be unloaded now
        with contextlib.suppress(OSError):
            for _ in range(10):
                plain.sendto(b"x" * 100, (target.address[4], 9))
            forger.sendto(b"\0\0\xde\xad" + bytes(60), (target.address[4], 0))
        time.sleep(max(0.02, REST * (time.monotonic() - begin)))


def churn(host):
    """SAs added one by one and flushed by protocol."""
    while GOING.is_set():
        host.ip(*(f"xfrm state add src 10.1.0.1 dst 10.1.0.2 proto ah "
                  f"spi {spi:#x} mode tunnel reqid 77 "
                  f"{traffic.TRANSFORMS['ah_sha256'][1]}" for spi in SPIS))
        host.ip(*(f"xfrm state delete src 10.1.0.1 dst 10.1.0.2 proto ah "
                  f"spi {spi:#x}" for spi in SPIS))


def namespaces(letter):
    name = f"{letter}-{os.getpid()}"
    try:
        while GOING.is_set():
            ipsec.run("ip", "netns", "add", name)
            ipsec.run("ip", "-n", name, "-b", "-", text=(
                "link set lo up\nxfrm state add src 1.1.1.1 dst 2.2.2.2 "
                f"proto esp spi 1 mode tunnel reqid 5 "
                f"{traffic.TRANSFORMS['null'][1]}\n"))
            ipsec.run("ip", "netns", "del", name)
    finally:
        subprocess.run(["ip", "netns", "del", name], capture_output=True,
                       check=False)


def read(host):
    """Read, and ignore errors: the module is unloaded half of the time."""
    while GOING.is_set():
        with contextlib.suppress(OSError):
            host.open()
            for _ in range(100):
                host.statistics()
        with contextlib.suppress(OSError, AttributeError):
            host.engine.close()
        time.sleep(0.02)


@contextlib.contextmanager
def going_on(*jobs):
    """Each waits for its ip, which would otherwise go on changing SAs."""
    GOING.set()
    processes = [multiprocessing.Process(target=job[0], args=job[1:])
                 for job in jobs]
    for process in processes:
        process.start()
    try:
        yield processes
    finally:
        GOING.clear()
        for process in processes:
            process.join(PATIENCE)
            process.kill()
            process.join()


# --- cases ------------------------------------------------------------------

def settled(link):
    """Only SAs: packets may be in flight."""
    problems = []
    for host in (link.a, link.b):
        now = host.statistics()
        told = now["sa.activeSas"] + now["sa.pendingSaNegotiations"]
        problems += ipsec.contradictions(now)
        if told != host.states():
            problems.append(f"{host.name}: {told} states told, "
                            f"{host.states()} listed")
    return problems


def reload_under_load(link):
    a, b = link.a, link.b
    for host in (a, b):
        host.engine.close()
    with going_on((send, a, b), (send, b, a), (churn, b), (namespaces, "c"),
                  (read, a), (read, b)) as processes:
        for _ in range(ROUNDS):
            ipsec.reload_module()
        problems = [f"{process.name} ended by itself"
                    for process in processes if not process.is_alive()]
    for host in (a, b):
        host.open()
    # Packets left in the queues by the senders are soon processed.
    b.ip("xfrm state deleteall proto ah")
    return problems + settled(link)


def figures_are_true_afterwards(link):
    """A counted number of packets, after the load."""
    def sums():
        return [host.lifetimes() for host in (link.a, link.b)]

    before = [host.statistics() for host in (link.a, link.b)]
    life = sums()
    traffic.datagrams(link, 4)
    problems = []
    for host, old, then, now in zip((link.a, link.b), before, life, sums()):
        seen = ipsec.changes(old, host.statistics())
        for way in ("in", "out"):
            size, count = (n - t for n, t in zip(now[way], then[way]))
            problems += ipsec.differ(host.name, {
                key: value for key, value in seen.items()
                if key.startswith(f"{way}.")}, {
                    f"{way}.{traffic.CIPHER}": size,
                    f"{way}.{traffic.ICV}": size,
                    f"{way}.transportByteCount": size,
                    f"{way}.totalSuccessfulPackets": count})
            if count != traffic.COUNT:
                problems.append(f"{count} packets {way}")
    return problems


def everything_is_released(link):
    """The module is reloaded, and everything starts at zero."""
    for host in (link.a, link.b):
        host.engine.close()
    ipsec.reload_module()
    for host in (link.a, link.b):
        host.open()
    now = link.b.statistics()
    problems = [f"{key} is {value}" for key, value in now.items()
                if value and not key.startswith("sa.")]
    return problems + settled(link)


def main():
    with ipsec.Link() as link, \
         traffic.Pair(link, 4, [("esp", "transport",
                                 traffic.TRANSFORMS["gcm"][1])]):
        ipsec.run_cases([(case.__name__, case) for case in (
            reload_under_load, figures_are_true_afterwards,
            everything_is_released)], link)


if __name__ == "__main__":
    main()
