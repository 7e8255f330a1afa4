#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The self-test of the module at load: it passes, and it refuses.

    selftest.py [PART...]   cases whose name has one of the parts

To simulate a kernel that no longer calls a hooked function where the module expects it,
the name of the function in the module is replaced by that of an unused one.
"""
import functools
import json
import lzma
import os
import re
import struct
import subprocess
import tempfile

import hooks
import ipsec

LOG_MARK = "selftests: the hooks are tried"
UNCALLED = b"xfrm_user_policy"

BEGIN, END = "SAs that begin", "SAs that end"
OUT, IN = "a packet out", "a packet in"
MODE, REPEATED = "a packet of no known mode", "a packet seen before"
ICV, NO_SA = "a wrong ICV", "an SPI without an SA"

# The log when UNCALLED replaces a function.
MISSED = {
    "__xfrm_state_insert": (BEGIN, END, OUT, IN),
    "__xfrm_state_delete": (END,),
    "xfrm_replay_overflow": (OUT,),
    "xfrm_replay_recheck": (IN,),
    "xfrm_replay_advance": (IN,),
    "xfrm_audit_state_notfound": (NO_SA,),
    "xfrm_audit_state_icvfail": (ICV,),
    "xfrm_audit_state_replay": (REPEATED,),
    "xfrm_input": (MODE, REPEATED, ICV),
}

# Lines of /proc/net/xfrm_stat that the self-test moves.
LEFT = {"XfrmInNoStates": 1, "XfrmInStateProtoError": 1,
        "XfrmInStateModeError": 1, "XfrmInStateSeqError": 1}


def module():
    """The module as it was built."""
    path = os.environ.get("IPSECSTAT_KO") or ipsec.run(
        "modinfo", "-n", "ipsecstat").strip()
    with (lzma.open if path.endswith(".xz") else open)(path, "rb") as file:
        return file.read()


def insert(image, *parameters):
    """Load it; returns the error of insmod and the lines of the log."""
    hooks.write("/dev/kmsg", f"{LOG_MARK}\n")
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/ipsecstat.ko"
        with open(path, "wb") as file:
            file.write(image)
        done = subprocess.run(["insmod", path, *parameters], check=False,
                              capture_output=True, text=True)
    return done.stderr.strip(), hooks.log_since(LOG_MARK)


def figures(tree, name=""):
    """All the numbers in JSON, by name."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from figures(value, f"{name}.{key}")
    elif isinstance(tree, int):
        yield name, tree


class Cases:
    def __init__(self, image):
        self.image = image

    def right(self):
        """Everything is counted, and then starts at zero."""
        before = ipsec.mib()
        error, log = insert(self.image, "selftest=1")
        if error:
            return [error, log]
        try:
            now = json.loads(ipsec.run("ipsecstat", "--json"))
            del now["version"], now["since"]
        finally:
            ipsec.run("rmmod", "ipsecstat")
        problems = [f"{name} is {value}" for name, value in figures(now) if value]
        moved = {line: value - before[line] for line, value in ipsec.mib().items()
                 if value != before[line]}
        if moved != LEFT:
            problems.append(f"/proc/net/xfrm_stat moved by {moved}")
        return problems

    def self_test_repeated(self):
        """A second self-test passes after the first."""
        for _ in range(2):
            error, log = insert(self.image, "selftest=1")
            if error:
                return [error, log]
            ipsec.run("rmmod", "ipsecstat")
        return []

    def no_self_test_on_known_kernels(self):
        """On a kernel that was read, loading moves no line."""
        before = ipsec.mib()
        error, log = insert(self.image)
        if error:
            return [error, log]
        ipsec.run("rmmod", "ipsecstat")
        return [] if ipsec.mib() == before else ["/proc/net/xfrm_stat moved"]


def literals(image):
    """Begin and end of each section with string literals; KASAN keeps them unmerged."""
    table, = struct.unpack_from("=Q", image, 0x28)
    size, count, names = struct.unpack_from("=3H", image, 0x3a)
    names, = struct.unpack_from("=Q", image, table + names * size + 24)
    for header in range(table, table + size * count, size):
        name, = struct.unpack_from("=I", image, header)
        begin, length = struct.unpack_from("=2Q", image, header + 24)
        if image.startswith(b".rodata", names + name):
            yield begin, begin + length


def without(image, function):
    """The module with another name for this function, None if it has none."""
    name = b"\0" + function.encode() + b"\0"
    for begin, end in literals(image):
        at = image.find(name, begin, end)
        if at >= 0:
            other = UNCALLED[:len(function)].ljust(len(function), b"\0")
            return image[:at + 1] + other + image[at + 1 + len(function):]
    return None


def refused_without(image, function):
    image = without(image, function)
    if not image:
        return [f"the module does not know {function}"]
    error, log = insert(image, "selftest=1")
    if not error:
        ipsec.run("rmmod", "ipsecstat")
        return ["loaded"]
    missed = tuple(re.findall(r"ipsecstat: selftest: (.*): counted", log))
    return [] if missed == MISSED[function] else [
        f"the log says {missed}", error, log]


# In a debug kernel a load is slow; for memory and locks, each refusal is the same.
REFUSED = list(MISSED)[:2] if os.environ.get("KSFT_MACHINE_SLOW") else MISSED


def main():
    image = module()
    ipsec.run("rmmod", "ipsecstat")
    try:
        cases = Cases(image)
        ipsec.run_cases(ipsec.cases_of(cases) +
                        [(f"refused_without_{function.strip('_')}",
                          functools.partial(refused_without, image, function))
                         for function in REFUSED])
    finally:
        ipsec.run("modprobe", "ipsecstat")


if __name__ == "__main__":
    main()
