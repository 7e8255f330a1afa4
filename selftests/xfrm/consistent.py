#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Relations that hold in every reply, tested while all figures change.

Good packets, dropped packets and SAs that come and go, on both hosts. Each reply is
checked by itself, and compared with the one before and with the per-CPU dump that was
taken between the two.
"""
import functools
import os
import time

import ipsec
import load
import matrix
import traffic

# of load, for each case
SECONDS = 40 if os.environ.get("KSFT_MACHINE_SLOW") else 6
GAUGES = {"sa.activeSas", "sa.pendingSaNegotiations", "sa.activeTunnels",
          "sa.offloadedSas"}


def replies(host, ask):
    """Replies, one after the other, until the time is over."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        yield ask(host)


def falling(old, new):
    """Counters that went down."""
    return [f"{key} fell from {old[key]} to {new[key]}" for key in old
            if key not in GAUGES and new[key] < old[key]]


def moved(first, last, *keys):
    return [f"{key} did not move under load" for key in keys
            if first[key] == last[key]]


def library(host):
    """Each reply of the library, by itself and compared with the one before."""
    problems, first, old = [], None, None
    for now in replies(host, ipsec.Host.statistics):
        problems += ipsec.contradictions(now)
        if old:
            problems += falling(old, now)
        first, old = first or now, now
    return problems + moved(first, old, "in.transportByteCount",
                            "esp.invalidSpisOnInbound", "sa.totalSasDeleted",
                            "out.totalSuccessfulPackets")


def flat(total):
    """Sums of replies, as {name: number}."""
    numbers = {key: value for key, value in total.items()
               if key not in ("in", "out")}
    for way in ("in", "out"):
        for kind, (size, count) in total.get(way, {}).items():
            numbers[way, kind, "bytes"] = size
            numbers[way, kind, "packets"] = count
    return numbers


def dumps(host):
    """The sum over the CPUs lies between the do-reply before and after it."""
    def three(host):
        return [flat(ipsec.add_up(some)) for some in (
            host.family.get(), host.family.dump(), host.family.get())]

    problems, rounds = [], 0
    for before, cpus, after in replies(host, three):
        rounds += 1
        problems += [f"{key}: {before.get(key, 0)}, {cpus.get(key, 0)} by CPU, "
                     f"{after.get(key, 0)}" for key in after
                     if not before.get(key, 0) <= cpus.get(key, 0) <=
                     after[key]]
    return problems + ([] if rounds > 10 else [f"{rounds} rounds alone"])


def under_load(link, watch):
    with load.going_on((load.send, link.a, link.b), (load.send, link.b, link.a),
                       (load.churn, link.b)):
        return watch(link.b)[:20]


def at_rest(link):
    """After the load, the figures agree with the kernel's."""
    def quiet():
        traffic.settle((link.a, link.b))
        return [problem for host in (link.a, link.b)
                for problem in ipsec.disagreements(host)]

    deadline = time.monotonic() + ipsec.PATIENCE
    while (problems := quiet()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return problems


def main():
    with ipsec.Link() as link, \
         traffic.Pair(link, 4, [("esp", "transport",
                                 matrix.TRANSFORMS["gcm"][1])]):
        ipsec.run_cases(
            [(f"{watch.__name__}_under_load",
              functools.partial(under_load, link, watch))
             for watch in (library, dumps)] +
            [("idle_afterwards", functools.partial(at_rest, link))])


if __name__ == "__main__":
    main()
