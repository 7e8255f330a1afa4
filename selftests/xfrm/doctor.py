#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The findings of ipsecstat doctor: for each cause one rule, and no other.

    doctor.py [PART...]     cases whose name has one of the parts
"""
import collections
import json
import os
import re
import signal
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../tools"))
# pylint: disable=wrong-import-position
import drop
import forge
import ipsec
import life
import raw
import matrix
import schema

PROBLEMS = 3                            # exit status
IP_MTU_DISCOVER, IP_PMTUDISC_DO = 10, 2
RULES = {                               # of drops, by reason
    "no-state": "no-state", "larval": "larval", "auth": "auth",
    "transform": "transform", "late": "late", "repeated": "repeated",
    "encap": "encap", "clear-text": "clear-text", "selector": "wrong-sa",
    "template": "wrong-sa", "mode": "wrong-sa", "direction": "wrong-sa",
    "no-policy": "no-policy", "blocked": "blocked", "expired": "ended",
    "invalid": "ended", "header": "error", "buffer": "error",
    "policy-error": "error", "error": "error", "iptfs": "error"}


class Doctor:
    """Runs the doctor on a host during a with statement."""

    def __init__(self, host, *words):
        self.command = ["ip", "netns", "exec", host.name, ipsec.TOOL, "doctor",
                        "--json", "--seconds", "86400", *words]
        self.process = self.told = self.status = None
        self.problems = []

    def __enter__(self):
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen(self.command, text=True,
                                        stdout=subprocess.PIPE)
        ipsec.until(self._waits, "the doctor waits")
        return self

    def _waits(self):
        """Whether the doctor waits, for its time or for a signal."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            blocked, = (line.split()[1] for line in file
                        if line.startswith("SigBlk:"))
        return int(blocked, 16) & 1 << (signal.SIGINT - 1)

    def __exit__(self, kind, *_):
        self.process.send_signal(signal.SIGINT)
        out, _ = self.process.communicate(timeout=ipsec.PATIENCE)
        if kind:
            return
        self.told = json.loads(out)
        self.status = self.process.returncode
        self.problems += schema.complaints("ipsecstat-doctor", [self.told])

    def findings(self, netns=""):
        return {finding["rule"]: finding for finding in
                self.told["netns"][netns]["findings"]}

    def differ(self, wanted, problems=True):
        """Problems unless exactly these rules with these packets are found."""
        seen = {rule: finding["packets"]
                for rule, finding in self.findings().items()}
        status = PROBLEMS if problems else 0
        return self.problems + ipsec.differ("finding", seen, wanted) + (
            [] if self.status == status else [f"ends with {self.status}"])


class Cases:
    """Each method is a case, with two new hosts."""

    def __init__(self):
        self.link = None

    def _pair(self, spi, verb="add", **how):
        """SAs of host b in both directions."""
        return [life.state(verb, spi + out, out=out, **how)
                for out in (False, True)]

    def nothing_is_wrong(self):
        self.link.b.ip(*self._pair(0x1000))
        with Doctor(self.link.b) as doctor:
            pass
        return doctor.differ({}, problems=False)

    def earlier_drops_are_not_findings(self):
        self.link.b.ip(f"xfrm policy add {life.policy()} action block")
        self._ping()
        with Doctor(self.link.b) as doctor:
            pass
        return doctor.differ({}, problems=False)

    def _ping(self, target="10.0.0.1"):
        raw.datagrams(self.link.b, target)

    def outbound(self):
        """Rules for the MIB lines that count look-ups."""
        before = self.link.b.mib()
        with Doctor(self.link.b) as doctor:
            self.link.b.ip(f"xfrm policy add {life.policy()} "
                           "tmpl proto esp mode transport")
            self.link.b.sysctl("core/xfrm_larval_drop", 1)
            self._ping()
            self.link.b.ip(f"xfrm policy update {life.policy()} action block")
            self._ping()
        now = self.link.b.mib()
        rise = {key: now[key] - before[key] for key in now}
        wanted = {"out-no-state": rise["XfrmOutNoStates"],
                  "out-blocked": rise["XfrmOutPolBlock"],
                  "out-larval": rise["XfrmAcquireError"]}
        problems = [f"{key} did not rise" for key in
                    ("XfrmOutNoStates", "XfrmOutPolBlock") if not rise[key]]
        return problems + doctor.differ({key: value for key, value in
                                         wanted.items() if value})

    def _refused_out(self, rule, count, rest):
        """The SA refuses the last of so many packets, in this line."""
        self.link.b.ip(life.state("add", 0x1000),
                       life.state("add", 0x1001, out=True, rest=rest),
                       f"xfrm policy add {life.policy()} "
                       "tmpl proto esp mode transport")
        with Doctor(self.link.b) as doctor:
            for _ in range(count):
                self._ping()
        seen = doctor.findings().get(rule, {"packets": 0, "who": []})
        return doctor.problems + ipsec.differ(
            rule, {"packets": seen["packets"], **dict(enumerate(seen["who"]))},
            {"packets": 1,
             0: "10.0.0.2 > 10.0.0.1, esp SPI 0x00001001: 1 packet"})

    def sequence_numbers_used_up(self):
        return self._refused_out("out-sequence", 2, "replay-oseq 0xfffffffe")

    def ended_before_its_successor(self):
        return self._refused_out("out-ended", 2, "limit packet-hard 1")

    def no_route_to_the_peer(self):
        path = "src 10.0.0.2 dst 203.0.113.9 proto esp"
        self.link.b.ip(f"xfrm state add {path} spi 0x1000 mode tunnel {life.NULL}",
                       f"xfrm policy add {life.policy()} tmpl {path} mode tunnel")
        before = self.link.b.mib()
        with Doctor(self.link.b) as doctor:
            self._ping()
        rise = ipsec.changes(before, self.link.b.mib()).get(
            "XfrmOutBundleGenError", 0)
        return doctor.differ({"out-bundle": rise, "peer-half": 0}) + (
            [] if rise else ["XfrmOutBundleGenError did not rise"])

    def _through_b(self, target, size=4):
        """A datagram of host a that b must forward and must not fragment."""
        self.link.a.ip("route add 192.0.2.0/24 via 10.0.0.2")
        with ipsec.inside(self.link.a.name):
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with sock:
            sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)
            sock.sendto(bytes(size), (target, 9))

    def not_forwarded(self):
        self.link.b.ip(*self._pair(0x1000))
        self.link.b.sysctl("ipv4/ip_forward", 0)
        with Doctor(self.link.b) as doctor:
            self._through_b("192.0.2.9")
            ipsec.until(lambda: self._counter("snmp", "InAddrErrors"), "nobody's packet")
        return doctor.differ({"not-forwarded": 1}, problems=False)

    def too_large_to_forward(self):
        self.link.b.sysctl("ipv4/ip_forward", 1)
        self.link.b.ip(*self._pair(0x1000), "link add narrow type dummy",
                       "link set narrow mtu 1000 up",
                       "addr add 192.0.2.1/24 dev narrow")
        with Doctor(self.link.b) as doctor:
            self._through_b("192.0.2.9", 1200)
            ipsec.until(lambda: self._counter("snmp", "FragFails"), "it does not fit")
        return doctor.differ({"mtu": 1}, problems=False)

    def peer_in_one_direction_only(self):
        self.link.b.ip(life.state("add", 0x1000))
        with Doctor(self.link.b) as doctor:
            pass
        problems = doctor.differ({"peer-half": 0})
        who = doctor.findings()["peer-half"]["who"]
        return problems + ([] if len(who) == 1 and re.match(
            r"10\.0\.0\.1 from 10\.0\.0\.2: half for \ds, in only", who[0])
                           else [f"{who}"])

    def peer_down(self):
        with Doctor(self.link.b) as doctor:
            self.link.b.ip(*self._pair(0x1000))
            self.link.b.ip(*self._pair(0x1000, "delete"))
        return doctor.differ({"peer-down": 0}, problems=False)

    def peer_down_by_a_limit(self):
        with Doctor(self.link.b) as doctor:
            self.link.b.ip(*self._pair(0x1000, rest="limit time-hard 1"))
            ipsec.until(lambda: not self.link.b.states(), "the SAs expire")
        return doctor.differ({"peer-limit": 0})

    def peer_near_its_end(self):
        self.link.b.ip(*self._pair(0x1000, rest="limit packet-hard 5"))
        self.link.b.ip(f"xfrm policy add {life.policy()} "
                       "tmpl proto esp mode transport")
        with Doctor(self.link.b) as doctor:
            for _ in range(5):
                self._ping()
        # The fifth packet reaches the limit, and there may be no SA any more.
        return doctor.problems + ([] if "peer-near-end" in doctor.findings()
                                  else [f"{doctor.told}"])

    def reverse_path(self):
        """A packet whose answer has no route."""
        self.link.b.ip(*self._pair(0x1000))
        self.link.b.sysctl("ipv4/conf/all/rp_filter", 1)
        self.link.a.ip("addr add 192.0.2.7/32 dev lo")
        with Doctor(self.link.b) as doctor:
            with ipsec.inside(self.link.a.name):
                sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            with sock:
                sock.bind(("192.0.2.7", 0))
                sock.sendto(b"data", ("10.0.0.2", 9))
            ipsec.until(lambda: self._counter("netstat", "IPReversePathFilter"),
                        "the filter drops")
        return doctor.differ({"reverse-path": 1})

    def _counter(self, table, name):
        """Names and values of the first two lines."""
        with ipsec.inside(self.link.b.name):
            with open(f"/proc/thread-self/net/{table}", encoding="ascii") as file:
                names, values = file.readline().split(), file.readline().split()
        return int(values[names.index(name)])

    def device_without_ipsec(self):
        self.link.b.sysctl("ipv4/conf/eth0/disable_xfrm", 1)
        with Doctor(self.link.b) as doctor:
            pass
        who = doctor.findings()["no-xfrm"]["who"]
        return doctor.differ({"no-xfrm": 0}, problems=False) + \
            ipsec.differ("device", dict(enumerate(who)), {0: "eth0"})

    def all_namespaces(self):
        self.link.a.ip(life.state("add", 0x1000))
        with Doctor(self.link.b, "--all-netns") as doctor:
            pass
        return doctor.problems + [
            f"{host.name}: {doctor.findings(host.name)}" for host, wanted in
            ((self.link.a, ["peer-half"]), (self.link.b, []))
            if list(doctor.findings(host.name)) != wanted]


def on_a_link(cases, function):
    def case():
        with ipsec.Link() as cases.link:
            return function()
    return case


# --- inbound drops -----------------------------------------------------------

def reasons(host):
    """Inbound drops, by the rule for their reason."""
    counts = collections.Counter()
    for (reason, _), packets in host.family.get()[0]["dropped-in"].items():
        counts["in-" + RULES[reason]] += packets
    return counts


def on_a_stage(function):
    """With the SAs and policies for which packets are dropped."""
    def case():
        flows = [flow for machine, flow in
                 matrix.spread(matrix.flows(forge.TRANSFORMS))
                 if machine == matrix.PLAIN and flow[1:4] == drop.TUNNEL]
        flows = [next(flow for flow in flows if flow.family == family)
                 for family in (4, 6)]
        with matrix.Stage(flows) as stage:
            return function(stage, drop.Drops(stage))
    return case


def every_cause(stage, drops):
    """All causes of each flow, while the doctor watches."""
    before = reasons(stage.b)
    with Doctor(stage.b) as doctor:
        problems = [problem for flow in stage.flows
                    for cause, who, exists in drop.CAUSES if exists(flow)
                    for problem in drops.see(matrix.MACHINES[0], flow, cause, who)]
    rise = reasons(stage.b) - before
    missing = {f"in-{rule}" for rule in RULES.values()} - set(rise)
    seen = {rule: finding["packets"] for rule, finding in
            doctor.findings().items() if rule.startswith("in-")}
    return problems + doctor.problems + ipsec.differ("finding", seen, rise) + \
        [f"{rule} was not provoked" for rule in missing - {"in-error"}]


def words_of_lines(stage, drops):
    """The size of the replay window, and the time since the SA ended."""
    flow = stage.flows[0]
    one, spi = drops.forges[flow], drops.forges[flow].spi("good")
    problems = drops.see(matrix.MACHINES[0], flow, drop.good, None)

    def late():
        return drops.see(matrix.MACHINES[0], flow, drop.too_old,
                         drop.of_sa("late"))

    def ended():
        stage.b.ip(f"xfrm state delete {one.path.outer} proto esp spi {spi:#x}")
        one.send([one.raw("good")])
        ipsec.until(lambda: stage.b.family.lines()[0].who.reason == "no-state",
                    "a packet without an SA")

    for provoke, rule, words in ((late, "in-late", "replay window 32"),
                                 (ended, "in-no-state", "its SA ended Ns ago")):
        with Doctor(stage.b) as doctor:
            problems += provoke() or []
        wanted = f"{one.outer[0]} > {one.outer[1]}, esp SPI {spi:#010x}: " \
                 f"1 packet, {words}"
        who = [re.sub(r"ended \ds", "ended Ns", line)
               for line in doctor.findings()[rule]["who"]]
        problems += [] if who == [wanted] else [f"{who} is not {wanted}"]
    return problems


def main():
    cases = Cases()
    ipsec.run("modprobe", "-a", "esp4", "esp6")
    ipsec.run_cases(
        [(name, on_a_link(cases, function))
         for name, function in ipsec.cases_of(cases)] +
        [(function.__name__, on_a_stage(function))
         for function in (every_cause, words_of_lines)])


if __name__ == "__main__":
    main()
