# SPDX-License-Identifier: GPL-2.0-only
"""Two hosts, their figures by IPsecGetStatistics1, and the kernel's own figures.

      host a                     host b
    10.0.0.1  --- eth0   eth0 --- 10.0.0.2
    fd00::1                       fd00::2

Each host is a network namespace. A test causes something and states exactly which
figures change, and by how much; no other figure may change. After each test the figures
are also compared with the kernel's: see "what must agree" below.
"""
import collections
import contextlib
import ctypes
import os
import shutil
import socket
import subprocess
import sys
import time

import nl

HERE = os.path.dirname(os.path.abspath(__file__))
# The installed one, else that of the checkout.
TOOL = shutil.which("ipsecstat") or os.path.join(HERE, "../../tools/ipsecstat")
LIBRARY = "libfwpuclnt.so.1"
CLONE_NEWNET = 0x40000000
NR_DELETE_MODULE = 176
PATIENCE = nl.PATIENCE

libc = ctypes.CDLL(None, use_errno=True)


# --- KTAP -------------------------------------------------------------------

class Ktap:
    """Result lines, and the exit status for them."""

    def __init__(self, plan):
        self.number = self.failed = 0
        self.plan = plan
        print(f"TAP version 13\n1..{plan}", flush=True)

    def result(self, name, problems):
        self.number += 1
        for problem in problems:
            print(f"# {problem}")
        verdict = "not ok" if problems else "ok"
        self.failed += bool(problems)
        print(f"{verdict} {self.number} {name}", flush=True)

    def finish(self):
        passed = self.number - self.failed
        print(f"# Totals: pass:{passed} fail:{self.failed} xfail:0 xpass:0 "
              f"skip:0 error:0")
        sys.exit(bool(self.failed) or self.number != self.plan)


def chosen(cases):
    """Items whose name, their first member, contains a word of the command line."""
    words, cases = sys.argv[1:], list(cases)
    for word in words:
        if not any(word in case[0] for case in cases):
            sys.exit(f"{sys.argv[0]}: no case has '{word}' in its name")
    return [case for case in cases
            if not words or any(word in case[0] for word in words)]


def run_cases(cases, *args):
    """Run (name, function) pairs; a function returns a list of problems."""
    cases = chosen(cases)
    ktap = Ktap(len(cases))
    for name, function in cases:
        try:
            problems = function(*args) or []
        except Exception as error:  # a broken case must not hide the others
            problems = [f"{type(error).__name__}: {error}"]
        ktap.result(name, problems)
    ktap.finish()


def cases_of(cases, prefix=""):
    """The methods of an object that are cases, by name."""
    return [(prefix + name, getattr(cases, name))
            for name, value in vars(type(cases)).items()
            if callable(value) and not name.startswith("_")]


# --- the library, called the way a C program calls it -----------------------

def library():
    """The installed one, else that of the checkout."""
    try:
        return ctypes.CDLL(LIBRARY)
    except OSError:
        return ctypes.CDLL(os.path.join(HERE, "../../lib", LIBRARY))


def _structure(name, ctype, *members):
    fields = [m if isinstance(m, tuple) else (m, ctype) for m in members]
    return type(name, (ctypes.Structure,), {"_fields_": fields})


U32, U64 = ctypes.c_uint32, ctypes.c_uint64
Sa = _structure("Sa", U32, "activeSas", "pendingSaNegotiations",
                "totalSasAdded", "totalSasDeleted", "successfulRekeys",
                "activeTunnels", "offloadedSas")
Esp = _structure("Esp", U32, "invalidSpisOnInbound",
                 "decryptionFailuresOnInbound",
                 "authenticationFailuresOnInbound",
                 "replayCheckFailuresOnInbound", "saNotInitializedOnInbound")
Ah = _structure("Ah", U32, "invalidSpisOnInbound",
                "authenticationFailuresOnInbound",
                "replayCheckFailuresOnInbound", "saNotInitializedOnInbound")
Drop = _structure("Drop", U32, "invalidSpisOnInbound",
                  "decryptionFailuresOnInbound",
                  "authenticationFailuresOnInbound",
                  "udpEspValidationFailuresOnInbound",
                  "replayCheckFailuresOnInbound", "invalidClearTextInbound",
                  "saNotInitializedOnInbound", "receiveOverIncorrectSaInbound",
                  "secureReceivesNotMatchingFilters",
                  "totalDropPacketsInbound")
Traffic = _structure("Traffic", U64, "encryptedByteCount",
                     "authenticatedAHByteCount", "authenticatedESPByteCount",
                     "transportByteCount", "tunnelByteCount",
                     "offloadByteCount", "totalSuccessfulPackets")
Statistics = _structure("Statistics", None, ("sa", Sa), ("esp", Esp),
                        ("ah", Ah), ("drop", Drop), ("in", Traffic),
                        ("out", Traffic))
assert ctypes.sizeof(Statistics) == 216


class Engine:
    """A session of the filter engine, in the namespace that opened it."""

    def __init__(self):
        self.lib = library()
        self.handle = ctypes.c_void_p()
        self._check("FwpmEngineOpen0", self.lib.FwpmEngineOpen0(
            None, U32(0xFFFFFFFF), None, None, ctypes.byref(self.handle)))

    @staticmethod
    def _check(call, code):
        if code:
            raise OSError(f"{call}: {code & 0xFFFFFFFF:#x}")

    def read(self):
        """The statistics, as {"sa.activeSas": 2, ...}."""
        raw = Statistics()
        self._check("IPsecGetStatistics1", self.lib.IPsecGetStatistics1(
            self.handle, ctypes.byref(raw)))
        return {f"{group}.{member}": getattr(getattr(raw, group), member)
                for group, kind in raw._fields_
                for member, _ in kind._fields_}

    def close(self):
        self._check("FwpmEngineClose0",
                    self.lib.FwpmEngineClose0(self.handle))


def unshare():
    """Enter a new network namespace of this process."""
    if libc.unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")


def until(condition, what):
    """Wait until the condition holds, for a bounded time."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"in vain: {what}")
        time.sleep(0.02)


def unload_module():
    """Retried, because a reader in a request keeps the module in use."""
    deadline = time.monotonic() + 12 * PATIENCE
    while subprocess.run(["rmmod", "ipsecstat"], capture_output=True,
                         check=False).returncode:
        if time.monotonic() > deadline:
            raise TimeoutError("the module does not let go")


def load_module(*parameters):
    path = os.environ.get("IPSECSTAT_KO")
    run(*(["insmod", path] if path else ["modprobe", "ipsecstat"]), *parameters)


def reload_module(*parameters):
    unload_module()
    load_module(*parameters)


def per_cpu_memory():
    """Per-CPU memory of all CPUs, in bytes."""
    with open("/proc/meminfo", encoding="ascii") as file:
        return next(1024 * int(line.split()[1]) for line in file
                    if line.startswith("Percpu:"))


# --- hosts ------------------------------------------------------------------

packed = nl.packed


def mib():
    """The lines of /proc/net/xfrm_stat of the thread's namespace."""
    with open("/proc/thread-self/net/xfrm_stat", encoding="ascii") as file:
        return {name: int(value) for name, value in map(str.split, file)}


def run(*command, text=None):
    done = subprocess.run(command, input=text, text=True, capture_output=True,
                          check=False)
    if done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


@contextlib.contextmanager
def inside(name):
    """Run with this thread in the namespace."""
    with open("/proc/thread-self/ns/net", encoding="ascii") as home, \
         open(f"/run/netns/{name}", encoding="ascii") as there:
        if libc.setns(there.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns {name}")
        try:
            yield
        finally:
            libc.setns(home.fileno(), CLONE_NEWNET)


@contextlib.contextmanager
def on_one_cpu():
    """Pin the thread, so that packets it sends to itself stay in order."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Host:
    """A namespace, and the queries for it."""

    def __init__(self, letter, number):
        self.name = f"{letter}-{os.getpid()}"
        self.mac = f"02:00:00:00:00:{number:02x}"
        self.address = {4: f"10.0.0.{number}", 6: f"fd00::{number}"}
        self.own = set()                # its addresses, packed
        self.take(*self.address.values())
        self.engine = self.family = self.kernel = self.start = None

    def take(self, *addresses):
        """SAs with these destinations are inbound."""
        self.own |= {packed(address) for address in addresses}

    def ip(self, *lines):
        """Many ip commands in one process."""
        return run("ip", "-n", self.name, "-b", "-",
                   text="\n".join(lines) + "\n")

    def sysctl(self, name, value):
        """Set a file of /proc/sys/net; returns its value before."""
        with inside(self.name), \
             open(f"/proc/sys/net/{name}", "r+", encoding="ascii") as file:
            old = file.read().strip()
            file.seek(0)
            file.write(str(value))
        return old

    def open(self):
        with inside(self.name):
            self.engine = Engine()
            self.family = nl.Family()
            self.kernel = nl.Lifetimes()
        self.start = Snapshot(self)

    def close(self):
        """Release the namespace, so that it can end."""
        self.engine.close()
        self.family.close()
        self.kernel.close()

    def statistics(self):
        return self.engine.read()

    def mib(self):
        with inside(self.name):
            return mib()

    def lifetimes(self):
        """Bytes and packets of all listed SAs: {"in": (b, p), "out": ...}."""
        sums = {"in": (0, 0), "out": (0, 0)}
        for state in self.kernel.listed():
            way = self.way(state.target)
            size, count = sums[way]
            sums[way] = size + state.bytes, count + state.packets
        return sums

    def way(self, target):
        return "in" if target in self.own else "out"

    def flush(self):
        """Delete all SAs and policies; the lifetimes of the SAs are added up before."""
        self.kernel.sums()
        self.ip("xfrm state flush", "xfrm policy flush")

    def states(self):
        """The number of listed ESP and AH states."""
        return len(self.kernel.listed())


def add_namespaces(*hosts):
    """Namespaces of these, where a router solicitation does not come between
    the packets of a test: a kernel sends them for as long as none answers."""
    run("ip", "-b", "-", text="".join(
        f"netns add {host.name}\n" for host in hosts))
    for host in hosts:
        host.sysctl("ipv6/conf/default/router_solicitations", 0)


class Link:
    """Hosts a and b, connected; deleted at the end."""

    def __enter__(self):
        self.a, self.b = Host("a", 1), Host("b", 2)
        hosts = (self.a, self.b)
        add_namespaces(*hosts)
        run("ip", "-b", "-", text=(
            f"link add eth0 netns {self.a.name} address {self.a.mac} "
            f"type veth peer name eth0 netns {self.b.name} "
            f"address {self.b.mac}\n"))
        for host, peer in (hosts, hosts[::-1]):
            host.ip("link set lo up", "link set eth0 up",
                    f"addr add {host.address[4]}/24 dev eth0",
                    f"addr add {host.address[6]}/64 dev eth0 nodad",
                    f"neigh add {peer.address[4]} lladdr {peer.mac} dev eth0",
                    f"neigh add {peer.address[6]} lladdr {peer.mac} dev eth0")
            host.open()
        return self

    def __exit__(self, *_):
        for host in (self.a, self.b):
            host.close()
            run("ip", "netns", "del", host.name)


# --- what must agree --------------------------------------------------------

TWINS = ("invalidSpisOnInbound", "authenticationFailuresOnInbound",
         "replayCheckFailuresOnInbound", "saNotInitializedOnInbound")
CAUSES = [f"drop.{member}" for member, _ in Drop._fields_[:-1]]
TOTAL = "drop.totalDropPacketsInbound"
# Figures whose sum is the sum of these lines of /proc/net/xfrm_stat; a line that this
# kernel lacks is 0. An AH or IPComp packet that fails, but not by its ICV, has no
# figure, and no test here sends one.
SAME_AS_MIB = (
    (("drop.invalidSpisOnInbound",), ("XfrmInNoStates",)),
    (("drop.authenticationFailuresOnInbound",
      "drop.decryptionFailuresOnInbound"), ("XfrmInStateProtoError",)),
    (("drop.replayCheckFailuresOnInbound",), ("XfrmInStateSeqError",)),
    (("drop.saNotInitializedOnInbound",), ("XfrmAcquireError",)),
    (("drop.udpEspValidationFailuresOnInbound", "drop.invalidClearTextInbound",
      "drop.receiveOverIncorrectSaInbound"),
     ("XfrmInStateMismatch", "XfrmInTmplMismatch", "XfrmInStateModeError",
      "XfrmInStateDirError")),
)
# Reasons whose sum is the sum of these lines of /proc/net/xfrm_stat.
MIB_OF_REASONS = {
    "in": [
        (("XfrmInNoStates",), ("no-state",)),
        (("XfrmInStateProtoError",), ("auth", "transform")),
        (("XfrmInStateSeqError",), ("repeated", "late")),
        (("XfrmAcquireError",), ("larval",)),
        (("XfrmInStateExpired",), ("expired",)),
        (("XfrmInStateInvalid",), ("invalid",)),
        (("XfrmInStateMismatch",), ("encap", "selector")),
        (("XfrmInStateModeError",), ("mode",)),
        (("XfrmInStateDirError",), ("direction",)),
        (("XfrmInTmplMismatch",), ("template", "clear-text")),
        (("XfrmInNoPols",), ("no-policy",)),
        (("XfrmInPolBlock",), ("blocked",)),
        (("XfrmInPolError",), ("policy-error",)),
        (("XfrmInHdrError",), ("header",)),
        (("XfrmInBufferError",), ("buffer",)),
        (("XfrmInError",), ("error",)),
        (("XfrmInIptfsError",), ("iptfs",)),
    ],
    "out": [
        (("XfrmOutNoStates",), ("no-state",)),
        (("XfrmOutStateProtoError",), ("transform",)),
        (("XfrmOutStateExpired",), ("expired",)),
        (("XfrmOutStateInvalid",), ("invalid",)),
        (("XfrmOutStateModeError",), ("mode",)),
        (("XfrmOutStateDirError",), ("direction",)),
        (("XfrmOutPolBlock",), ("blocked",)),
        (("XfrmOutPolError", "XfrmOutPolDead"), ("policy-error",)),
        (("XfrmFwdHdrError",), ("header",)),
        (("XfrmOutError",), ("error",)),
        (("XfrmOutStateSeqError",), ("sequence",)),
        (("XfrmOutBundleGenError", "XfrmOutBundleCheckError"), ("bundle",)),
        (("XfrmOutNoQueueSpace",), ("queue",)),
    ],
}
# Columns of traffic: the classes (protocol, flags) whose bytes they add up
ENCRYPTED, AUTHENTICATED, TUNNEL, OFFLOAD = 1, 2, 4, 8
COLUMNS = {
    "encryptedByteCount": lambda proto, flags: flags & ENCRYPTED,
    "authenticatedAHByteCount": lambda proto, flags: proto == nl.AH,
    "authenticatedESPByteCount":
        lambda proto, flags: proto == nl.ESP and flags & AUTHENTICATED,
    "transportByteCount": lambda proto, flags: not flags & TUNNEL,
    "tunnelByteCount": lambda proto, flags: flags & TUNNEL,
    "offloadByteCount": lambda proto, flags: flags & OFFLOAD,
}


def contradictions(now):
    """Contradictions within one reply, which must not occur even under load."""
    problems = []

    def same(what, one, other):
        if one != other:
            problems.append(f"{what}: {one} is not {other}")

    same("added - deleted and active",
         now["sa.totalSasAdded"] - now["sa.totalSasDeleted"],
         now["sa.activeSas"])
    for twin in TWINS:
        same(f"{twin} of all and of ESP + AH", now[f"drop.{twin}"],
             now[f"esp.{twin}"] + now[f"ah.{twin}"])
    same("decryption failures of all and of ESP",
         now["drop.decryptionFailuresOnInbound"],
         now["esp.decryptionFailuresOnInbound"])
    for way in ("in", "out"):
        both = now[f"{way}.transportByteCount"] + now[f"{way}.tunnelByteCount"]
        for part in ("encryptedByteCount", "authenticatedESPByteCount",
                     "authenticatedAHByteCount", "offloadByteCount"):
            if now[f"{way}.{part}"] > both:
                problems.append(f"{way}.{part} is more than all: {now}")
    return problems


def add_up(replies):
    """The sum of some replies of the family, without SAs and times."""
    total = {}
    for reply in replies:
        for key, value in reply.items():
            if key in ("in", "out"):
                sums = total.setdefault(key, {})
                for kind, counts in value.items():
                    old = sums.get(kind, (0, 0))
                    sums[kind] = tuple(map(sum, zip(old, counts)))
            elif key in ("dropped-in", "dropped-out"):
                sums = total.setdefault(key, collections.Counter())
                sums.update(value)
            elif not key.startswith(("sa.", "since", "cpu")):
                total[key] = total.get(key, 0) + value
    return total


def columns(kinds):
    """One direction of a reply, as the library must return it."""
    told = {column: sum(size for kind, (size, _) in kinds.items()
                        if belongs(*kind))
            for column, belongs in COLUMNS.items()}
    told["totalSuccessfulPackets"] = sum(count for _, count in kinds.values())
    return told


class Snapshot:
    """The figures of a host at one time, of the module and of the kernel."""

    def __init__(self, host):
        self.figures, self.mib = host.statistics(), host.mib()
        self.reply, = host.family.get()
        self.cpus = host.family.dump()
        self.peers = host.family.peers()
        self.lifetimes = dict.fromkeys(
            ((way, unit) for way in ("in", "out")
             for unit in ("bytes", "packets")), 0)
        for (target, unit), value in host.kernel.sums().items():
            self.lifetimes[host.way(target), unit] += value
        self.listed = host.kernel.count


def sum_of_peers(peers):
    """The sums over all peers, as figures of the library.

    An SA of a loopback address is used in both directions and has one direction.
    """
    total = {name: sum(peer[name] for peer in peers)
             for name in nl.PEER_SUMS}
    return {
        "bytes": total["bytes_in"] + total["bytes_out"],
        "packets": total["packets_in"] + total["packets_out"],
        "sa.totalSasAdded": total["added"],
        "sa.totalSasDeleted": total["deleted"],
        "sa.successfulRekeys": total["rekeyed"],
        "sa.activeSas": sum(peer.get("sas_in", 0) + peer.get("sas_out", 0)
                            for peer in peers),
        "sa.pendingSaNegotiations": sum(peer.get("larval", 0)
                                        for peer in peers)}


def drops_of_peers(peers):
    """{reason: packets} of all peers, the others and unattributed."""
    total = collections.Counter()
    for peer in peers:
        total.update(peer.get("dropped_in", {}))
        total.update(peer.get("unattributed", {}))
    return total


def drops_of_host(reply):
    """{reason: packets} that a host dropped inbound."""
    total = collections.Counter()
    for (reason, _), count in reply["dropped-in"].items():
        total[reason] += count
    return total


def all_carried(figures):
    """Bytes and packets of both directions."""
    return {"bytes": sum(figures[f"{way}.{mode}ByteCount"] for way in
                         ("in", "out") for mode in ("transport", "tunnel")),
            "packets": sum(figures[f"{way}.totalSuccessfulPackets"]
                           for way in ("in", "out"))}


def peers_disagree(name, peers, figures):
    """Differences between the sums over all peers and the figures of the host."""
    figures = figures | all_carried(figures)
    return [f"{name} {key}: {value} of all peers is not {figures[key]}"
            for key, value in sum_of_peers(peers).items()
            if value != figures[key]]


def disagreements(host):
    """Contradictions between the figures of an idle host and those of the kernel.

    Only new ones: the comparison starts at the last contradiction.
    """
    start, now = host.start, Snapshot(host)
    problems = contradictions(now.figures)

    def same(what, one, other):
        if one != other:
            problems.append(f"{host.name} {what}: {one} is not {other}")

    def since(key):
        return now.figures[key] - start.figures[key]

    def mib_since(*lines):
        return sum(now.mib.get(line, 0) - start.mib.get(line, 0)
                   for line in lines)

    def reasons_since(way, reasons):
        return sum(count - start.reply[f"dropped-{way}"].get(key, 0)
                   for key, count in now.reply[f"dropped-{way}"].items()
                   if key[0] in reasons)

    same("states told and listed", now.figures["sa.activeSas"] +
         now.figures["sa.pendingSaNegotiations"], now.listed)
    for keys, lines in SAME_AS_MIB:
        same(f"{' + '.join(keys)} and {' + '.join(lines)}",
             sum(map(since, keys)), mib_since(*lines))
    same(f"{TOTAL} and all of the MIB", since(TOTAL),
         mib_since("XfrmAcquireError", *(line for line in now.mib if
                                         line.startswith("XfrmIn"))))
    if sum(map(since, CAUSES)) > since(TOTAL):
        problems.append(f"{host.name}: more causes than drops")
    same("do-reply and per-CPU dump", add_up([now.reply]), add_up(now.cpus))
    same("reasons and total", sum(now.reply["dropped-in"].values()),
         now.reply["drop.5"])
    for lines, reasons in MIB_OF_REASONS["in"] + MIB_OF_REASONS["out"]:
        way = "out" if lines[0].startswith(("XfrmOut", "XfrmFwd")) else "in"
        same(f"{' + '.join(reasons)} and {' + '.join(lines)}",
             reasons_since(way, reasons), mib_since(*lines))
    problems += peers_disagree(host.name, now.peers, now.figures)
    same("drops of all peers and of the host", drops_of_peers(now.peers),
         drops_of_host(now.reply))
    for way in ("in", "out"):
        for column, value in columns(now.reply[way]).items():
            same(f"{way}.{column} of library and reply",
                 now.figures[f"{way}.{column}"], value)
        same(f"{way} bytes and lifetimes", since(f"{way}.transportByteCount") +
             since(f"{way}.tunnelByteCount"), now.lifetimes[way, "bytes"] -
             start.lifetimes[way, "bytes"])
        same(f"{way} packets and lifetimes",
             since(f"{way}.totalSuccessfulPackets"),
             now.lifetimes[way, "packets"] - start.lifetimes[way, "packets"])
    if problems:
        host.start = now
    return problems


# --- what changed -----------------------------------------------------------

def changes(before, after):
    return {key: after[key] - before[key] for key in after
            if after[key] != before[key]}


def differ(what, seen, wanted):
    """A line for each figure that is not as expected."""
    return [f"{what} {key}: changed by {seen.get(key, 0)}, "
            f"wanted {wanted.get(key, 0)}"
            for key in sorted(seen.keys() | wanted.keys(), key=str)
            if seen.get(key, 0) != wanted.get(key, 0)]


def with_aggregates(wanted):
    """Add the aggregate figures for the drops of ESP and AH."""
    total = dict(wanted)
    for key, value in wanted.items():
        group, member = key.split(".")
        if group in ("esp", "ah"):
            twin = f"drop.{member}"
            total[twin] = total.get(twin, 0) + value
    return total


def expect(host, provoke, wanted, mib=None, before=None):
    """Run a case, and require exactly the expected changes."""
    wanted = with_aggregates(wanted)
    before, mib_before = before or host.statistics(), host.mib()
    provoke()
    deadline = time.monotonic() + PATIENCE
    while True:
        seen = changes(before, host.statistics())
        if seen == wanted or time.monotonic() > deadline:
            break
        time.sleep(0.01)
    problems = differ("figure", seen, wanted) + disagreements(host)
    if mib is not None:
        problems += differ("MIB", changes(mib_before, host.mib()), mib)
    return problems
