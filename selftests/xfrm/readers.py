#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Reads after drops that were not seen freed, by the protocol of fake_device/: each
read waits until every packet in progress is done. The grace periods for this are counted.

    readers.py [PART...]    cases whose name has one of the parts
"""
import collections
import contextlib
import multiprocessing
import os
import re
import signal
import socket
import statistics

import ipsec
import life

READERS = 20
READS = 200
DROPS = 200
ROUNDS = 9
TRACE = "/sys/kernel/tracing/instances/selftest/"
PROBES = "/sys/kernel/tracing/kprobe_events"
PROBE = "grace_period"
PROTOCOL = 254


def write(path, text):
    """Append: opening for truncation would delete the probes of others."""
    file = os.open(path, os.O_WRONLY)
    try:
        os.write(file, text.encode())
    finally:
        os.close(file)


class Trace:
    """A trace of the calls for grace periods, with marks of the test."""

    def __enter__(self):
        os.makedirs(TRACE, exist_ok=True)
        write(PROBES, f"p:selftest/{PROBE} synchronize_rcu\n")
        write(f"{TRACE}events/selftest/{PROBE}/enable", "1")
        return self

    def __exit__(self, *_):
        write(f"{TRACE}events/selftest/{PROBE}/enable", "0")
        os.rmdir(TRACE)
        write(PROBES, f"-:selftest/{PROBE}\n")

    @staticmethod
    def mark(text):
        write(f"{TRACE}trace_marker", text)

    @staticmethod
    def clear():
        with open(f"{TRACE}trace", "w", encoding="ascii"):
            pass

    @staticmethod
    def asked(pids):
        """The number of calls by these processes, for each mark."""
        count, mark = collections.Counter(), ""
        with open(f"{TRACE}trace", encoding="ascii") as file:
            for line in file:
                if "tracing_mark_write: " in line:
                    mark = line.split("tracing_mark_write: ")[1].strip()
                elif PROBE in line:
                    pid = re.search(r"-(\d+) +\[", line)
                    count[mark] += int(pid[1]) in pids
        return count


def read_for_ever(host, ready, reads):
    with ipsec.inside(host.name):
        family = ipsec.nl.Family()
    ready.wait()
    while True:
        family.get()
        with reads.get_lock():
            reads.value += 1


class Drops:
    """Packets from one host to the other, which its policy drops."""

    def __init__(self, link):
        for host in (link.a, link.b):
            host.ip("xfrm policy add src 0.0.0.0/0 dst 0.0.0.0/0 "
                    f"proto {PROTOCOL} dir in tmpl proto esp mode transport")

    @staticmethod
    def _socket(source):
        with ipsec.inside(source.name):
            return socket.socket(socket.AF_INET, socket.SOCK_RAW, PROTOCOL)

    def give(self, source, target):
        with self._socket(source) as sock:
            sock.sendto(b"four", (target.address[4], 0))

    def give_for_ever(self, source, target, ready, given):
        with self._socket(source) as sock:
            ready.wait()
            while True:
                sock.sendto(b"four", (target.address[4], 0))
                given.value += 1
                os.sched_yield()


class Cases(life.Base):
    """Host b has many readers; a is the other namespace."""

    def __init__(self, link, trace):
        super().__init__(link)
        self.drops, self.trace = Drops(link), trace

    @contextlib.contextmanager
    def _readers(self):
        """Processes that read host b during drops; (their ids, reads, drops)."""
        ready = multiprocessing.Barrier(READERS + 2)
        reads, given = multiprocessing.Value("i", 0), multiprocessing.Value("i", 0)
        jobs = [multiprocessing.Process(target=read_for_ever, daemon=True,
                                        args=(self.link.b, ready, reads))
                for _ in range(READERS)]
        jobs.append(multiprocessing.Process(
            target=self.drops.give_for_ever, daemon=True,
            args=(self.link.a, self.link.b, ready, given)))
        for job in jobs:
            job.start()
        self.trace.clear()
        ready.wait(ipsec.PATIENCE)
        try:
            yield {job.pid for job in jobs}, reads, given
        finally:
            for job in jobs:
                job.kill()
            for job in jobs:
                job.join(ipsec.PATIENCE)

    @staticmethod
    def _more(reads, number, given):
        """Wait for so many more reads, with drops among them: the readers can keep the
        sender from its CPU for long."""
        wanted, drops = reads.value + number, given.value + DROPS
        ipsec.until(lambda: reads.value >= wanted and given.value >= drops,
                    f"{number} reads and {DROPS} drops")

    def each_is_counted(self):
        """Counted in the total, in its reason, and in `unseen`."""
        problems = ipsec.expect(
            self.host, lambda: self.drops.give(self.link.a, self.host),
            {"drop.invalidClearTextInbound": 1,
             "drop.totalDropPacketsInbound": 1}, {"XfrmInTmplMismatch": 1})
        table = self.host.family.table()
        if (table["lines"], table["unseen"]) != (0, 1):
            problems.append(f"the table says {table}")
        return problems

    def readers_share_a_grace_period(self):
        """Waiting readers of one namespace share the next grace period."""
        with self._readers() as (pids, reads, given):
            self._more(reads, READERS, given)
            self.trace.mark("begin")
            before = reads.value
            self._more(reads, READS, given)
            done = reads.value - before
            self.trace.mark("end")
            asked = self.trace.asked(pids)["begin"]
        print(f"# {done} reads in {asked} grace periods")
        if not asked:
            return ["no read met a drop"]
        return [f"{done} reads took {asked} grace periods"] \
            if asked > done / 2 else []

    def other_namespaces_do_not_wait(self):
        """A read of a does not wait for the readers of b."""
        with self._readers() as (pids, reads, given):
            self._more(reads, READERS, given)
            for turn in range(ROUNDS):
                self.drops.give(self.link.b, self.link.a)
                self.trace.mark(f"turn {turn}")
                self.link.a.family.get()
                self.trace.mark("between")
            asked = self.trace.asked(pids | {os.getpid()})
            own = self.trace.asked({os.getpid()})
        turns = [f"turn {turn}" for turn in range(ROUNDS)]
        others = [asked[turn] - own[turn] for turn in turns]
        print(f"# grace periods of others during a read: {others}")
        problems = [] if all(own[turn] for turn in turns) else \
            ["a read met no drop"]
        if statistics.median(others) > 4:
            problems.append(f"a read waited for {others} of others")
        return problems

    def killed_reader_ends_at_once(self):
        """A reader that is killed while others settle leaves at once."""
        with self._readers() as (pids, reads, given):
            self._more(reads, READS, given)
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
            self.trace.mark("killed")
        asked = self.trace.asked(pids)
        print(f"# {asked['killed']} grace periods begun by those who were killed")
        problems = [] if asked[""] else ["no read met a drop"]
        if asked["killed"] > 2:
            problems.append(f"the killed began {asked['killed']} grace periods")
        return problems


def main():
    ipsec.run("modprobe", "fake_device")
    try:
        with ipsec.Link() as link, Trace() as trace:
            ipsec.run_cases(ipsec.cases_of(Cases(link, trace)))
    finally:
        ipsec.run("modprobe", "-r", "fake_device")


if __name__ == "__main__":
    main()
