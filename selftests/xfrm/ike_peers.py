#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Peers of strongSwan: the right line of each, at each step.

The hosts, the router and the daemons are those of ike.py.
"""
import json
import os
import re

import ike
import ipsec
from ike import CHILDREN, COUNT, PEERS, Exchange

OPERATORS = os.path.join(ipsec.HERE, "../../docs/operators.md")
REKEYS = 20
ROUTER = "10.0.2.254"
CHARON = "charon-systemd"


class Cases:
    """Cases that build on each other."""

    def __init__(self, link, router, a, b):
        self.link, self.router, self.a, self.b = link, router, a, b
        self.hosts, self.daemons = (link.a, link.b), (a, b)

    def _line(self, host, remote):
        """The line of a peer: its mark, and its last column."""
        text = ipsec.run(ipsec.TOOL, "peers", "--netns", host.name)
        for line in text.splitlines():
            found = re.match(rf"(.) {re.escape(remote)} +\S+ +[\d.]+ \S+ +"
                             r"[\d.]+ \S+  (.*)$", line)
            if found:
                return found.groups()
        return None, text

    def _is(self, host, ends, line, **wanted):
        """Problems unless a peer gets these members and this line."""
        def peer():
            return host.family.peer_of(*ends) or {}

        def now():
            return {key: peer().get(key) for key in wanted}

        problems = []
        try:
            ipsec.until(lambda: now() == wanted, "a peer")
        except TimeoutError:
            problems = [f"{host.name} {ends[1]}: {key} is {value}, not "
                        f"{wanted[key]}" for key, value in now().items()
                        if value != wanted[key]]
        if line and self._line(host, ends[1]) != line:
            problems.append(f"{host.name}: {self._line(host, ends[1])} is not "
                            f"{line}")
        return problems + ipsec.disagreements(host) + [
            news for daemon in self.daemons for news in daemon.news()
            if problems]

    def _both(self, name, line, **wanted):
        """The same on both hosts, each with the other as its peer."""
        return [problem for side, host in enumerate(self.hosts)
                for problem in self._is(
                    host, PEERS[name][::1 if side == 0 else -1], line,
                    **wanted)]

    def _ended(self, host, ends, **wanted):
        ended = host.family.peer_of(*ends).get("ended", {})
        return [f"{host.name} {ends[1]}: ended: {key} is {ended.get(key)}, not "
                f"{value}" for key, value in wanted.items()
                if ended.get(key) != value]

    def two_children(self):
        """Tunnel and transport mode are one peer; it had two SAs before
        (ike.prepare())."""
        for child in ("tunnel", "transport"):
            self.a.do("--initiate", "--child", child)
        return self._both("plain", (" ", "0 rekeys"), state="up", sas_in=2,
                          sas_out=2, added=6, deleted=2, larval=0)

    def names_of_children(self):
        """By the commands of docs/operators.md."""
        with open(OPERATORS, encoding="utf-8") as file:
            swanctl, script, tool = re.search(
                r"^    (swanctl .*) \|\n +(sed .*) \|\n +(ipsecstat .*)$",
                file.read(), re.M).groups()
        names = ipsec.run("sh", "-c", script,
                          text=self.a.do(*swanctl.split()[1:]))
        shown = json.loads(ipsec.run(
            "ip", "netns", "exec", self.link.a.name, ipsec.TOOL,
            *tool.split()[1:], "--json", text=names))
        return ipsec.differ(
            "name", {peer["remote"]: peer.get("name")
                     for peer in shown["peers"]},
            {PEERS["plain"][1]: "tunnel", PEERS["ipv6"][1]: "ah"}) + \
            [f"no line '{line}' in {names!r}" for line in
             (f"{PEERS['hidden'][1]} behind", f"{PEERS['lost'][1]} never")
             if line not in names.splitlines()]

    def twenty_rekeys(self):
        """By each end in turn, with traffic between: the bytes add up."""
        before = [host.family.peer_of(*PEERS["plain"]) for host in self.hosts]
        sent = {child: 0 for child in ("tunnel", "transport")}
        for number in range(REKEYS):
            child = tuple(sent)[number % 2]
            with Exchange(self.link, child) as exchange:
                for _ in range(COUNT):
                    exchange.there_and_back()
                self.daemons[number // 2 % 2].do("--rekey", "--child", child)
                for _ in range(COUNT):
                    exchange.there_and_back()
            sent[child] += 2 * COUNT
        size = sum(count * (ike.PACKET if CHILDREN[child][1] else ike.DATAGRAM)
                   for child, count in sent.items())
        packets = sum(sent.values())
        problems = self._both(
            "plain", (" ", f"{REKEYS} rekeys"), state="up", sas_in=2, sas_out=2,
            added=6 + 2 * REKEYS, deleted=2 + 2 * REKEYS, rekeyed=REKEYS,
            **{f"{what}_{way}": before[0][f"{what}_{way}"] + grown
               for what, grown in (("bytes", size), ("packets", packets))
               for way in ("in", "out")})
        return problems + [
            problem for host in self.hosts for problem in self._ended(
                host, PEERS["plain"], reason="deleted", comm=CHARON,
                replaced=True)]

    def behind_nat(self):
        """The peer of the other host is the router."""
        self.a.do("--initiate", "--child", "behind")
        with Exchange(self.link, "behind") as exchange:
            for _ in range(COUNT):
                exchange.there_and_back()
        wanted = {"state": "up", "sas_in": 1, "sas_out": 1,
                  "packets_in": COUNT, "packets_out": COUNT}
        return self._is(self.link.a, PEERS["hidden"], (" ", "0 rekeys"),
                        **wanted) + \
            self._is(self.link.b, (PEERS["hidden"][1], ROUTER),
                     (" ", "0 rekeys"), **wanted)

    def nat_port_changes(self):
        """The SAs are new, the peer is the same."""
        self.router.move("6000-6999")
        with Exchange(self.link, "behind") as exchange:
            with self.b.paused():
                exchange.one_way()
            ipsec.until(lambda: self.link.b.family.peer_of(
                PEERS["hidden"][1], ROUTER)["added"] == 4, "new SAs")
            self.b.settle("hidden")
            for _ in range(COUNT):
                exchange.there_and_back()
        return self._is(self.link.b, (PEERS["hidden"][1], ROUTER), None,
                        state="up", sas_in=1, sas_out=1, added=4, deleted=2,
                        packets_in=2 * COUNT + 1, packets_out=2 * COUNT,
                        mapped=1)

    def peer_dies(self):
        """It is down, and stays listed with its reason and its sums."""
        self.router.cut()
        try:
            for daemon in self.daemons:
                daemon.do("--rekey", "--child", "behind")
            return self._is(
                self.link.a, PEERS["hidden"], ("!", f"deleted ({CHARON})"),
                state="down", packets_in=2 * COUNT,
                packets_out=2 * COUNT + 1) + \
                self._is(self.link.b, (PEERS["hidden"][1], ROUTER),
                         ("!", f"deleted ({CHARON})"), state="down",
                         packets_in=2 * COUNT + 1) + \
                self._both("plain", (" ", f"{REKEYS} rekeys"), state="up")
        finally:
            self.router.mend()

    def peer_comes_back(self):
        """Its sums continue."""
        self.a.do("--initiate", "--child", "behind")
        with Exchange(self.link, "behind") as exchange:
            for _ in range(COUNT):
                exchange.there_and_back()
        return self._is(self.link.a, PEERS["hidden"], (" ", "0 rekeys"),
                        state="up", sas_in=1, sas_out=1,
                        packets_in=3 * COUNT, packets_out=3 * COUNT + 1)

    def peer_never_existed(self):
        self.a.do("--install", "--child", "never")
        ends = PEERS["lost"]
        seconds = self.link.a.sysctl("core/xfrm_acq_expires", 2)
        try:
            with Exchange(self.link, "never") as exchange:
                exchange.send(0)
            return self._is(self.link.a, ends, ("?", "negotiating"),
                            state="negotiating", larval=1, added=0) + \
                self._is(self.link.a, ends, ("!", "unanswered"),
                         state="down", larval=0, added=0)
        finally:
            self.link.a.sysctl("core/xfrm_acq_expires", seconds)
            self.a.do("--uninstall", "--child", "never")

    def daemon_stops(self):
        """It deletes its SAs, and the notified peer deletes its own."""
        ike.mute(self.link.a)
        self.a.end()
        return self._both("plain", None, state="down", sas_in=0, sas_out=0,
                          rekeyed=REKEYS)


def main():
    with ipsec.Link() as link, ike.Router(link) as router:
        ike.prepare(link.a, link.b, 1)
        ike.prepare(link.b, link.a, 2)
        for host in (link.a, link.b):
            host.start = ipsec.Snapshot(host)
        with ike.Daemon(link.a, 0) as a, ike.Daemon(link.b, 1) as b:
            ipsec.run_cases(ipsec.cases_of(Cases(link, router, a, b)))


if __name__ == "__main__":
    main()
