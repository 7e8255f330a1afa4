#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What could disable the hooks: figures stay exact, or the attempt is refused.

    hooks.py [PART...]      cases whose name has one of the parts
"""
import contextlib
import errno
import os
import re
import subprocess

import fentry
import ipsec
import life
import matrix
from wire import Wire

FTRACE = "/proc/sys/kernel/ftrace_enabled"
KPROBES = "/sys/kernel/debug/kprobes/enabled"
TRACING = "/sys/kernel/tracing"
LIVEPATCH = "/sys/kernel/livepatch/livepatched"
SPI = 0x8100
# Errors of the kernel; the latter since 7.0.
REFUSED = errno.EBUSY, errno.EINVAL
ON_PACKETS = ("xfrm_replay_overflow", "xfrm_replay_recheck",
              "xfrm_replay_advance")
PACKETS = 5


def write(path, text):
    """Whether the write succeeds."""
    try:
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
    except OSError:
        return False
    return True


def log_since(mark):
    """Lines of the kernel log after a marker."""
    text = subprocess.run(["dmesg"], capture_output=True, text=True,
                          check=True).stdout
    return text[text.rindex(mark):]


def hooked(how="ipsecstat"):
    """The hooked functions, as ftrace lists them."""
    with open(f"{TRACING}/enabled_functions", encoding="ascii") as file:
        entries = re.split(r"\n(?=\S)", file.read())
    names = [entry.split()[0] for entry in entries if how in entry]
    if not names and how == "ipsecstat":
        raise LookupError("ftrace lists no hook of the module")
    return names


def called_directly():
    """The functions of ON_PACKETS with a direct call."""
    return set(ON_PACKETS) & set(hooked("direct-->ipsecstat"))


@contextlib.contextmanager
def tracer(kind):
    """Another user of ftrace on the same functions."""
    write(f"{TRACING}/set_ftrace_filter", "\n".join(hooked()))
    write(f"{TRACING}/current_tracer", kind)
    try:
        yield
    finally:
        write(f"{TRACING}/current_tracer", "nop")
        write(f"{TRACING}/set_ftrace_filter", "")


@contextlib.contextmanager
def probes(letter):
    """A probe on each of the same functions: p at entry, r at return."""
    ipsec.run("sh", "-c", "".join(
        f"echo '{letter}:selftest/h{number} {function}' "
        f">>{TRACING}/kprobe_events\n"
        for number, function in enumerate(hooked())))
    enable = f"{TRACING}/events/selftest/enable"
    write(enable, "1")
    try:
        yield
    finally:
        write(enable, "0")
        write(f"{TRACING}/kprobe_events", "")


@contextlib.contextmanager
def kprobes_off():
    """Every kprobe of the host disarmed."""
    write(KPROBES, "0")
    try:
        yield
    finally:
        write(KPROBES, "1")


@contextlib.contextmanager
def livepatch():
    """Replacements of one function that counts packets, and of two for drops."""
    def is_done():
        with open(f"{LIVEPATCH}/transition", encoding="ascii") as file:
            return file.read().strip() == "0"

    ipsec.run("modprobe", "livepatched")
    ipsec.until(is_done, "every task is patched")
    try:
        yield
    finally:
        write(f"{LIVEPATCH}/enabled", "0")
        ipsec.until(lambda: not os.path.exists(LIVEPATCH), "no task is")
        ipsec.run("rmmod", "livepatched")


class Cases(life.Base):
    """Host b sends over an SA; each case ends without SAs."""

    def _counts(self):
        """Add an SA, send packets, delete it: every hook has to work."""
        policy, far = life.policy(), self.link.a
        problems = self._see(
            [life.state("add", SPI, out=True),
             f"xfrm policy add {policy} tmpl proto esp mode transport"],
            life.ADDED)
        far.ip(life.state("add", SPI, out=True))
        problems += ipsec.expect(
            far, lambda: problems.extend(ipsec.expect(
                self.host, lambda: self._datagrams(PACKETS),
                life.carried("out", PACKETS))), life.carried("in", PACKETS))
        far.ip(life.state("delete", SPI, out=True))
        return problems + self._see(
            [f"xfrm policy delete {policy}",
             life.state("delete", SPI, out=True)], life.GONE)

    def _tells_drops(self):
        """A wrong ICV and an unknown SPI, which have hooks of their own."""
        problems = self._counts()
        wire = Wire(self.link.a, self.link.b)
        sa = f"src {wire.ends[4][0]} dst {wire.ends[4][1]} proto esp spi {SPI:#x}"
        self.host.ip(f"xfrm state add {sa} mode tunnel {life.NULL}")
        problems += ipsec.expect(
            self.host, lambda: wire.send(SPI, SPI + 1),
            {"esp.authenticationFailuresOnInbound": 1,
             "esp.invalidSpisOnInbound": 1, ipsec.TOTAL: 2})
        self.host.ip(f"xfrm state delete {sa}")
        wire.socket.close()
        return problems

    def _beside(self, other, right=None):
        """Exact while the other attaches, stays and detaches, and if it was first."""
        right = right or self._counts
        with other:
            problems = right()
            self._reload()
            problems += right()
        return problems + right()

    def function_tracer(self):
        return self._beside(tracer("function"))

    def function_graph_tracer(self):
        return self._beside(tracer("function_graph"))

    def kprobes(self):
        return self._beside(probes("p"))

    def kretprobes(self):
        return self._beside(probes("r"))

    def kprobes_switched_off(self):
        return self._beside(kprobes_off())

    def livepatch_of_hooked_functions(self):
        return self._beside(livepatch(), self._tells_drops)

    def _reload(self, *parameters):
        with self._let_go():
            ipsec.reload_module(*parameters)

    def fentry_attached_before_load(self):
        """It keeps the direct call; the module uses a callback."""
        with contextlib.ExitStack() as stack:
            with self._let_go():
                ipsec.unload_module()
                stack.enter_context(fentry.programs(ON_PACKETS))
                ipsec.load_module()
            problems = ["direct"] if called_directly() else self._counts()
        problems += self._counts()
        self._reload()
        return problems

    def fentry_attached_after_load(self):
        """It is refused if the module has the direct call; nothing else changes."""
        problems = self._counts()
        if not called_directly():
            return problems + ["not direct"]
        try:
            with fentry.programs(ON_PACKETS):
                problems.append("there are two direct calls")
        except OSError as error:
            if error.errno not in REFUSED:
                problems.append(f"refused by {error}")
        return problems + self._counts()

    def fentry_with_direct_calls_disabled(self):
        """The parameter of the module."""
        self._reload("direct=N")
        problems = ["still direct"] if called_directly() else self._counts()
        with fentry.programs(ON_PACKETS):
            problems += self._counts()
        self._reload()
        return problems + self._counts()

    def ftrace_stays_on(self):
        """The sysctl is refused, or disables nothing."""
        problems = [] if not write(FTRACE, "0") else ["ftrace went off"]
        return problems + self._counts()

    def no_loading_while_ftrace_is_off(self):
        """Loading is refused, and the log names the sysctl."""
        mark = "selftest: loading while ftrace is off"
        with self._let_go():
            ipsec.run("rmmod", "ipsecstat")
            write("/dev/kmsg", f"{mark}\n")       # whole, so that it can be read
            is_off = write(FTRACE, "0")     # later kernels refuse this to everybody
            done = subprocess.run(["modprobe", "ipsecstat"], check=False,
                                  capture_output=True)
            log = log_since(mark)
            write(FTRACE, "1")
            ipsec.run("modprobe", "ipsecstat")
        problems = []
        if bool(done.returncode) != is_off:
            problems.append(f"ftrace is off: {is_off}, "
                            f"modprobe ended with {done.returncode}")
        if is_off and "kernel.ftrace_enabled" not in log:
            problems.append("the log does not name the sysctl")
        return problems + self._counts()


# Cases with these words in their names need more than the module.
NEEDS = {"livepatch": lambda: matrix.has_module("livepatched"),
         "fentry": lambda: os.path.exists(fentry.BTF)}


def main():
    with ipsec.Link() as link:
        ipsec.run_cases([
            (name, case) for name, case in ipsec.cases_of(Cases(link))
            if all(there() for word, there in NEEDS.items() if word in name)])


if __name__ == "__main__":
    main()
