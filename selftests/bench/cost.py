#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""A bound on the instructions that the module adds to a packet.

Runs in a guest with one CPU whose clock counts instructions, on Linux 6.1, where a packet
costs the same in each run. The bound is on the difference between runs with and without
the module, which does not depend on the kernel release or the speed of the machine.

selftests/guest/tests starts it, in a guest with -icount and one CPU.
"""
import statistics
import sys

import lanes

# Rarely no buffer of a turn lay in the cheapest place (lanes.finish()), or one of them in
# a cheaper place: the median bears one turn too cheap and two too dear.
TURNS = (False, True) * 4
SIZE = 64

# protocol: instructions that the module may add to a packet out, in, and dropped before
# it reaches IPsec; in the comment the measured numbers. If a hook becomes cheaper,
# lower its bound.
WITHOUT = {None: (2, 2, 2)}  # 0 0 0, while the host has neither SA nor policy
WITH = {
    "ESP": (30, 26, 31),  # 28 24 29
    "AH": (30, 26, 31),  # 28 24 29
    None: (2, 2, 31),  # 0 0 29
}


def lanes_of(bounds, first, pair):
    """Lanes of both IP versions, numbered from the first, with their namespaces."""
    return [lanes.Lane(number, version, protocol, pair)
            for number, (protocol, version) in enumerate(
                ((protocol, version) for protocol in bounds
                 for version in (4, 6)), first)]


def extra(turns, lane, side):
    """The difference between the medians with and without the module."""
    loaded, without = (statistics.median_low(
        costs[lane][side] for there, costs in turns if there == wanted)
        for wanted in (True, False))
    return loaded - without


def judge(ktap, bounds, every, host=""):
    lanes.build(every)
    turns = []
    for loaded in TURNS:
        lanes.module(loaded)
        turns.append((loaded, {lane: lanes.cost(lane, SIZE)
                               for lane in every}))
    for lane in every:
        for side, way in enumerate(lanes.WAYS):
            bound = bounds[lane.protocol][side]
            seen = extra(turns, lane, side)
            name = f"{lane.name} {way}{host}"
            print(f"# {name}: {seen:+.1f}, at most {bound}")
            ktap.result(name, [] if seen <= bound else [
                f"{seen:.1f} instructions more with the module"])


def main():
    plain = lanes_of(WITHOUT, 0, pair=0)
    every = lanes_of(WITH, len(plain), pair=1)
    ktap = lanes.ipsec.Ktap(len(lanes.WAYS) * len(plain + every))
    lanes.prepare()
    judge(ktap, WITHOUT, plain, ", a host without IPsec")
    judge(ktap, WITH, every)
    ktap.finish()


def counts_instructions():
    """A guest with -icount has this on its command line."""
    with open("/proc/cmdline", encoding="ascii") as file:
        return "icount" in file.read().split()


if __name__ == "__main__":
    if not counts_instructions():
        print("1..0 # SKIP needs a guest whose clock counts instructions")
        sys.exit(4)
    main()
