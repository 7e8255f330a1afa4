#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""In the guest: measures, and prints each result as a line of JSON.

    measure.py packets  a packet, by the hooks and by the alternatives
    measure.py sas      adding and deleting SAs, their memory, reads beside them
    measure.py peers    reads beside those of strongSwan, which has set them up
    measure.py wide     reads and memory where many CPUs are possible
    measure.py cpus     packets on one CPU and on four
    measure.py bulk     a bulk transfer
    measure.py time     packets and a bulk transfer, on the machine's own processor

In all but the last three, the clock of the guest counts instructions.

Measurements alternate between without and with the module, so that drift affects both.
"""
import contextlib
import json
import os
import statistics
import subprocess
import sys
import time

import gateway
import lanes
from lanes import PROGRAMS, ipsec

SIZES = (64, 1400)
STEPS = (2, 100, 1000, 10000, 100000)
MANY = STEPS[-1]
PEERS = (10, 100, 500)


def say(row, **figures):
    print("bench " + json.dumps({"row": row, **figures}), flush=True)


def program(name, *arguments):
    """The median of each column of the output of a program."""
    text = ipsec.run(os.path.join(PROGRAMS, name), *map(str, arguments))
    lines = [map(float, line.split()) for line in text.splitlines()]
    return tuple(map(statistics.median, zip(*lines)))


def compare(row, turns, best=statistics.median, **figures):
    """turns: (loaded, value) of each turn."""
    without = [value for loaded, value in turns if not loaded]
    loaded = [value for loaded, value in turns if loaded]
    say(row, without=best(without), with_=best(loaded),
        spread=max(max(without) - min(without), max(loaded) - min(loaded)),
        **figures)


def in_turns(measure, pairs=2):
    """[(loaded, what measure() returned)]."""
    done = []
    for loaded in (False, True) * pairs:
        lanes.module(loaded)
        done.append((loaded, measure()))
    return done


# --- packets ----------------------------------------------------------------

def all_lanes():
    """Lanes with IPsec, lanes without it beside them, and two on a host without."""
    kinds = [(version, protocol) for protocol in ("ESP", "AH", None)
             for version in (4, 6)]
    return [lanes.Lane(number, *kind) for number, kind in enumerate(kinds)] + \
        [lanes.Lane(len(kinds) + i, version, None, pair=1)
         for i, version in enumerate((4, 6))]


def hooks(row, every, pairs):
    """Packets of all kinds and sizes, by the median of so many turns."""
    kinds = [(lane, size) for lane in every for size in SIZES]
    turns = in_turns(lambda: [lanes.cost(*kind) for kind in kinds], pairs)
    for index, (lane, size) in enumerate(kinds):
        for side, way in enumerate(lanes.WAYS):
            compare(row, [(loaded, costs[index][side])
                          for loaded, costs in turns],
                    kind=lane.name, size=size, way=way,
                    sas=lane.ends[0] == "out-0")


# The same sums as the module, but not by namespace.
SUM = ("{{ @{0}[{1}] = sum({2}); @{0}_packets[{1}] = count(); }} ")
HOOKS = (("xfrm_replay_overflow", "out"), ("xfrm_replay_recheck", "in"))


def bpftrace(probe, state, skb):
    key = f"{state}->id.proto, {state}->props.mode"
    return "".join(f"{probe}:{function} " +
                   SUM.format(way, key, f"{skb}->len")
                   for function, way in HOOKS)


SCRIPTS = {
    "bpftrace, kfunc": bpftrace("kfunc", "args->x", "args->skb"),
    "bpftrace, kprobe": bpftrace("kprobe", "((struct xfrm_state *)arg0)",
                                 "((struct sk_buff *)arg1)"),
}


@contextlib.contextmanager
def traced(script):
    """bpftrace must take the types of the kernel from BTF, so its search for headers
    must fail."""
    process = subprocess.Popen(
        ("unshare", "--mount", "sh", "-c",
         'mount -t tmpfs none /usr/lib/modules && exec bpftrace -e "$1"',
         "sh", script), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True)
    try:
        while process.poll() is None:
            with open("/sys/kernel/tracing/enabled_functions",
                      encoding="ascii") as file:
                text = file.read()
            if all(function in text for function, _ in HOOKS):
                break
            time.sleep(0.05)
        else:
            raise OSError(f"bpftrace: {process.stdout.read()}")
        yield
    finally:
        process.terminate()
        process.wait()


NFT = """table inet count {
	chain o {
		type filter hook postrouting priority 300
		meta l4proto { esp, ah } counter
	}
	chain i {
		type filter hook prerouting priority -300
		meta l4proto { esp, ah } counter
	}
}
"""


@contextlib.contextmanager
def callbacks():
    """The hooks as callbacks, without direct calls."""
    ipsec.load_module("direct=N")
    yield
    ipsec.unload_module()


@contextlib.contextmanager
def nft(lane):
    for netns in lane.ends:
        ipsec.run("ip", "netns", "exec", netns, "nft", "-f", "-", text=NFT)
    yield
    for netns in lane.ends:
        ipsec.run("ip", "netns", "exec", netns, "nft", "flush", "ruleset")


def alternatives(every):
    """The alternatives, compared with packets that nothing counts."""
    lanes.module(False)
    watched = [lane for lane in every if lane.version == 4
               and lane.protocol in ("ESP", None) and lane.ends[0] == "out-0"]
    ways = [(name, traced(script)) for name, script in SCRIPTS.items()]
    ways.append(("ipsecstat, direct=N", callbacks()))
    ways.append(("nft counter", nft(watched[0])))
    before = {lane: lanes.cost(lane, SIZES[0]) for lane in watched}
    for name, way in ways:
        with way:
            after = {lane: lanes.cost(lane, SIZES[0]) for lane in watched}
        for lane in watched:
            for side, direction in enumerate(lanes.WAYS):
                say("alternative", name=name, kind=lane.name, way=direction,
                    extra=after[lane][side] - before[lane][side])


def cpus():
    """Four lanes, one CPU each, with the counters of one namespace."""
    every = [lanes.Lane(number, 4, "ESP") for number in range(4)]
    lanes.build(every)

    def both():
        alone = lanes.cost(every[0], SIZES[0])
        started = [lane.start(SIZES[0], cpu=lane.number) for lane in every]
        together = [lanes.finish(process) for process in started]
        return [alone, tuple(map(max, zip(*together)))]

    both()
    turns = in_turns(both)
    for index, busy in enumerate((1, 4)):
        for side, way in enumerate(("out", "in")):
            compare("cpus", [(loaded, costs[index][side])
                             for loaded, costs in turns], min, cpus=busy, way=way)


# --- SAs --------------------------------------------------------------------

def cycles(present):
    """Adding and deleting SAs, beside the present ones."""
    turns = in_turns(lambda: sum(program("sa", "many", MANY, 64, 8)))
    compare("sa", turns, present=present)


def active():
    """Active objects of all slab caches, in bytes."""
    with open("/proc/slabinfo", encoding="ascii") as file:
        fields = [line.split() for line in list(file)[2:]]
    return sum(int(field[1]) * int(field[3]) for field in fields)


def sa_memory(count=4096):
    def grown():
        ipsec.run("ip", "netns", "add", "some")
        before = active()
        program("sa", "some", 0, count)
        after = active()
        ipsec.run("ip", "netns", "del", "some")
        return (after - before) / count
    compare("sa memory", in_turns(grown))


def netns_memory(count=100):
    """Memory of the module for namespaces that exist when it is loaded. In the other
    order, new namespaces would reuse freed memory."""
    ipsec.run("ip", "-b", "-", text="".join(f"netns add m{number}\n"
                                            for number in range(count)))
    for number in range(count):
        program("sa", f"m{number}", 0, 1)
    lanes.module(False)
    slab, percpu = active(), ipsec.per_cpu_memory()
    lanes.module(True)
    for row, size in (("netns memory", (active() - slab) / count),
                      ("cpu memory", (ipsec.per_cpu_memory() - percpu) /
                       count / possible_cpus())):
        say(row, without=0, with_=size, spread=0)


def possible_cpus():
    with open("/sys/devices/system/cpu/possible", encoding="ascii") as file:
        return int(file.read().split("-")[-1]) + 1


# --- reading ----------------------------------------------------------------

# name, rounds with few SAs and with many, arguments of the program read
READERS = (
    ("IPsecGetStatistics0", 11, 11, "call"),
    ("GETSA dump", 5, 3, "dump"),
    ("FwpuclntGetPeers", 5, 3, "peers"),
    ("/proc/net/xfrm_stat", 11, 11, "file", "/proc/net/xfrm_stat"),
    ("ip xfrm state count", 3, 3, "run", "ip", "xfrm", "state", "count"),
    ("ip -s xfrm state", 3, 1, "run", "ip", "-s", "xfrm", "state"),
)


def read_all(sas):
    for name, few, many, *way in READERS:
        rounds = few if sas <= 1000 else many
        say("read", name=name, sas=sas, cpus=possible_cpus(),
            cost=program("read", "many", rounds, *way)[0])


def daemon_listed(daemon):
    """The instructions of swanctl, charon and the kernel together."""
    begun = time.monotonic_ns()
    daemon.do("--list-sas")
    return time.monotonic_ns() - begun


def peers_read():
    lanes.module(True)
    with gateway.Gateway(PEERS[-1]) as there:
        for peers in PEERS:
            there.grow(peers)
            for name, rounds, _, *way in READERS:
                say("peers", name=name, peers=peers,
                    cost=program("read", there.host.name, rounds, *way)[0])
            say("peers", name="swanctl --list-sas", peers=peers,
                cost=statistics.median(daemon_listed(there.a)
                                       for _ in range(5)))


def growing():
    """Growing numbers of SAs, added and read, on a gateway that has its address.
    Without the address, the local end would be looked up again for each SA."""
    ipsec.run("ip", "netns", "add", "many")
    ipsec.run("ip", "-n", "many", "link", "set", "lo", "up")
    ipsec.run("ip", "-n", "many", "addr", "add", "10.0.0.1/32", "dev", "lo")
    cycles(0)
    lanes.module(True)
    there = 0
    for count in STEPS:
        program("sa", "many", there, count - there)
        there = count
        read_all(count)
    cycles(MANY)


# --- bulk -------------------------------------------------------------------

def bulk_hosts():
    """Two connected namespaces, a tunnel in each direction, a server in one of them."""
    ipsec.run("ip", "-b", "-", text=(
        "netns add left\nnetns add right\n"
        "link add eth0 netns left type veth peer name eth0 netns right\n"))
    for host, own in (("left", 1), ("right", 2)):
        lines = ["link set lo up", "link set eth0 up",
                 f"addr add 10.9.0.{own}/24 dev eth0"]
        for source, target in ((1, 2), (2, 1)):
            ends = f"src 10.9.0.{source} dst 10.9.0.{target}"
            way = "out" if source == own else "in"
            lines += [f"xfrm state add {ends} proto esp spi {source + 4096} "
                      f"mode tunnel reqid {source} replay-window 32 "
                      + lanes.TRANSFORMS["ESP"][1],
                      f"xfrm policy add {ends} dir {way} tmpl {ends} "
                      f"proto esp mode tunnel reqid {source}"]
        ipsec.run("ip", "-n", host, "-b", "-", text="\n".join(lines) + "\n")
    ipsec.run("ip", "netns", "exec", "right", "iperf3", "-s", "-D")


def transfer(megabytes):
    """Bits per second."""
    for _ in range(50):
        done = subprocess.run(
            ("ip", "netns", "exec", "left", "iperf3", "-c", "10.9.0.2", "-J",
             "-n", f"{megabytes}M"), capture_output=True, text=True,
            check=False)
        if not done.returncode:
            end = json.loads(done.stdout)["end"]
            return end["sum_received"]["bits_per_second"]
        time.sleep(0.1)
    raise OSError(f"iperf3: {done.stdout}")


def transfers(megabytes, pairs, on="emulated"):
    """Pairs of transfers, with and without the module, in alternating order."""
    bulk_hosts()
    ratios, rates = [], []
    for number in range(pairs):
        pair = {}
        for loaded in (False, True) if number % 2 else (True, False):
            lanes.module(loaded)
            # QEMU translates patched code again.
            transfer(megabytes)
            pair[loaded] = transfer(megabytes)
        ratios.append(pair[True] / pair[False])
        rates.append(pair[False])
    quarters = statistics.quantiles(ratios, n=4)
    say("bulk", on=on, rate=statistics.median(rates), ratio=quarters[1],
        low=quarters[0], high=quarters[2], pairs=pairs)


# --- the parts ----------------------------------------------------

def packets():
    every = all_lanes()
    lanes.build(every)
    hooks("packet", every, 4)
    alternatives(every)


def sas():
    sa_memory()
    growing()


def wide():
    netns_memory()
    ipsec.run("ip", "netns", "add", "many")
    program("sa", "many", 0, 2)
    read_all(2)


def bulk():
    transfers(16, 10)


def times():
    """Nanoseconds of the cheapest packets, in many turns."""
    every = [lane for lane in all_lanes() if lane.protocol]
    lanes.build(every)
    hooks("time", every, 20)
    transfers(1024, 20, "this processor")


lanes.prepare()
{"packets": packets, "sas": sas, "peers": peers_read, "cpus": cpus, "wide": wide,
 "bulk": bulk, "time": times}[sys.argv[1]]()
