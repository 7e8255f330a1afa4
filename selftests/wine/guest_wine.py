#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Windows programs under Wine have the figures and codes of Linux programs.

fwpuclnt.dll is installed over Wine's own in a mount namespace of this test. The programs
are built by mingw, with mingw's headers; codes is the same source, built for Linux, and
must get the same results.
"""
import contextlib
import functools
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "xfrm"))     # for ipsec.py

# pylint: disable=wrong-import-position
import drop  # noqa: E402
import ipsec  # noqa: E402
import life  # noqa: E402
import matrix  # noqa: E402

TOP = HERE.parents[1]
WINEDIR = pathlib.Path("/usr/lib/x86_64-linux-gnu/wine")
STUB = "x86_64-windows/fwpuclnt-wine.dll"
DLL = TOP / "wine/fwpuclnt.dll"
PROGRAMS = ("json.exe", "codes.exe")
# The members of IPSEC_STATISTICS1
GROUPS = ("aggregateSaStatistics", "espDropPacketStatistics",
          "ahDropPacketStatistics", "aggregateDropPacketStatistics",
          "inboundTrafficStatistics", "outboundTrafficStatistics")
PATIENCE = 120 * (4 if os.environ.get("KSFT_MACHINE_SLOW") else 1)
USER, GROUP = 65534, 4711
CLONE_NEWNS = 0x20000
GROUP_RANGE = pathlib.Path("/proc/sys/net/ipsecstat/read_group_range")
MODULE = pathlib.Path("/sys/module/ipsecstat")
FLOW = matrix.Flow(4, "local", "esp", "tunnel", "null_sha1")

SUCCESS, DENIED, INVALID_HANDLE = 0, 5, 6
NOT_REGISTERED, UNKNOWN_AUTHN, CANNOT_SUPPORT = 1753, 1747, 1764
ALREADY_EXISTS, NO_TXN, TXN = 0x80320009, 0x8032000D, 0x8032000E
ABORTED, NULL_POINTER, INVALID_FLAGS = 0x80320010, 0x8032001C, 0x8032001E
INVALID_PARAMETER = 0x80320035

# A session of calls and their results: the table of selftests/lib/guest_api.c.
OPENING = [
    ("open-null", NULL_POINTER), ("open-server", CANNOT_SUPPORT),
    ("open-identity", CANNOT_SUPPORT), ("open-service", UNKNOWN_AUTHN),
    ("open-flags", INVALID_FLAGS), ("open-key", SUCCESS),
    ("open-key 1", ALREADY_EXISTS), ("close", SUCCESS),
    ("open-key 1", SUCCESS), ("close 1", SUCCESS),
    ("open-default", SUCCESS), ("close", SUCCESS),
]
READING = [
    ("open", SUCCESS), ("get0", SUCCESS), ("get1", SUCCESS),
    ("get0-null", NULL_POINTER), ("get1-null", NULL_POINTER),
    ("free-null", SUCCESS), ("get1", SUCCESS), ("close", SUCCESS),
]
OPTIONS = [
    ("option", INVALID_HANDLE), ("open", SUCCESS), ("option", SUCCESS),
    ("option-name-cache", CANNOT_SUPPORT), ("option-none", INVALID_PARAMETER),
    ("option-null", NULL_POINTER), ("begin", SUCCESS), ("option", SUCCESS),
    ("close", SUCCESS), ("option", INVALID_HANDLE),
]
FAILING = ("get0", "get1", "option", "begin", "commit", "abort", "close")
HANDLES = [
    *[pair for kind in ("null", "invalid", "address")
      for pair in [(f"{kind} 2", SUCCESS),
                   *((f"{call} 2", INVALID_HANDLE) for call in FAILING)]],
    ("open", SUCCESS), ("close", SUCCESS),
    *((call, INVALID_HANDLE) for call in FAILING),
]
TRANSACTIONS = [
    ("open", SUCCESS), ("begin-flags", INVALID_FLAGS),
    *[pair for begin in ("begin", "begin-read") for pair in [
        ("commit", NO_TXN), ("abort", NO_TXN), (begin, SUCCESS), ("begin", TXN),
        ("get0", TXN), ("get1", TXN), ("commit", SUCCESS), ("get0", SUCCESS),
        (begin, SUCCESS), ("abort", SUCCESS), ("get1", SUCCESS)]],
    ("open 1", SUCCESS), ("begin", SUCCESS), ("get0 1", SUCCESS),
    ("close", SUCCESS), ("close 1", SUCCESS),
]
NO_RIGHT = [
    ("open", SUCCESS), ("get0", DENIED), ("get1", DENIED),
    ("begin", SUCCESS), ("abort", SUCCESS), ("option", SUCCESS),
    ("get0", DENIED), ("close", SUCCESS),
]
ENDED = [(call, ABORTED) for call in FAILING[:-1]]


def answer(line, code):
    """As codes prints it: a failed call writes nothing."""
    call = line.split()[0]
    written = {"get0": "filled", "get1": "filled", "option": "0",
               "option-name-cache": "", "option-none": ""}
    note = ""
    if call in written:
        note = "untouched" if code else written[call]
    return f"{code:#010x} {note}"


# --- Wine -------------------------------------------------------------------

def found(*names):
    """The path of a program of Wine."""
    return next(filter(os.path.exists, names), None) or \
        shutil.which(os.path.basename(names[0]))


class Wine:
    """Wine with the DLL of this project, for root and for an ordinary user."""

    def __init__(self):
        self.wine = found("/usr/lib/wine/wine64")
        self.server = found("/usr/lib/wine/wineserver64",
                            "/usr/lib/wine/wineserver")
        self.folder = self.idle = None

    def missing(self):
        """The reason why there is nothing to test, or None."""
        return "needs root" if os.geteuid() else \
            "needs wine64" if not self.wine or not self.server else \
            "needs fwpuclnt.dll: make wine" if not DLL.exists() else \
            "needs mingw: make check-programs" if not all(
                (HERE / name).exists() for name in PROGRAMS) else \
            "needs a Wine prefix: make check-programs" if not (
                HERE / "prefix").exists() else ""

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.folder.chmod(0o755)
        if ipsec.libc.unshare(CLONE_NEWNS):
            raise OSError("unshare")
        ipsec.run("mount", "--make-rprivate", "/")
        ipsec.run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs",
                  str(self.folder))
        upper, work = self.folder / "upper", self.folder / "work"
        upper.mkdir()
        work.mkdir()
        ipsec.run("mount", "-t", "overlay", "overlay", "-o",
                  f"lowerdir={WINEDIR},upperdir={upper},workdir={work}",
                  str(WINEDIR))
        ipsec.run("make", "-s", "-C", str(TOP / "wine"), "install",
                  f"WINEDIR={WINEDIR}", f"MANDIR={self.folder}/man")
        for name in PROGRAMS:
            shutil.copy(HERE / name, self.folder)
        for uid in (0, USER):
            ipsec.run("cp", "-a", str(HERE / "prefix"), self.prefix(uid))
            # As wineboot -u does in a prefix that is older than the DLL.
            os.symlink(WINEDIR / STUB,
                       f"{self.prefix(uid)}/drive_c/windows/system32/"
                       f"{os.path.basename(STUB)}")
            ipsec.run("chown", "-hR", f"{uid}:{uid}", self.prefix(uid))
        # Wine's services end without a program, and take seconds to start.
        self.idle = self.start("codes.exe", stdin=subprocess.PIPE)
        return self

    def __exit__(self, *error):
        self.idle.communicate()
        for uid in (0, USER):
            subprocess.run([self.server, "-k"], env=self.environment(uid),
                           user=uid, check=False)

    def prefix(self, uid):
        return f"{self.folder}/prefix-{uid}"

    def environment(self, uid):
        return {**os.environ, "WINEPREFIX": self.prefix(uid),
                "HOME": self.prefix(uid), "WINEDEBUG": "-all"}

    def command(self, program):
        """A hanging program is killed, and its last answer is missing."""
        return ["timeout", str(PATIENCE), self.wine,
                str(self.folder / program)]

    def start(self, program, uid=0, gid=None, **options):
        return subprocess.Popen(
            self.command(program), env=self.environment(uid), user=uid,
            group=uid if gid is None else gid, extra_groups=[],
            cwd=self.folder, **options)

    def output(self, program):
        """In the network namespace of this thread."""
        process = self.start(program, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        out, errors = process.communicate()
        if process.returncode:
            raise OSError(f"{program}: {errors.decode(errors='replace')}")
        return out


class Codes:
    """A program that executes calls from its input."""

    def __init__(self, start):
        self.process = start(stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             text=True)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()

    def ask(self, line):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        return self.process.stdout.readline().rstrip("\n")

    def problems(self, session):
        """Differences between the answers and the table."""
        answers = [(line, self.ask(line), answer(line, code))
                for line, code in session]
        return [f"{line}: {seen or 'nothing'} instead of {wanted}"
                for line, seen, wanted in answers if seen != wanted]


# --- the cases --------------------------------------------------------------

@contextlib.contextmanager
def contents(path, text):
    """Change a file of the kernel during a with statement."""
    before = path.read_text(encoding="ascii")
    path.write_text(text, encoding="ascii")
    try:
        yield
    finally:
        path.write_text(before, encoding="ascii")


class Cases:
    """Cases in order: the module is unloaded last."""

    def __init__(self, wine):
        self.wine = wine
        self.starts = {
            "exe": functools.partial(wine.start, "codes.exe"),
            "native": functools.partial(subprocess.Popen,
                                        [str(HERE / "codes")])}

    def _both(self, session, between=None, after=()):
        """As .exe and as a Linux program."""
        problems = []
        for kind, start in self.starts.items():
            with Codes(start) as codes:
                seen = codes.problems(session)
                if between:
                    between()
                    seen += codes.problems(after)
            problems += [f"{kind}: {problem}" for problem in seen]
        return problems

    def _same_json(self, host):
        """Equal byte by byte, except for members that Windows lacks."""
        with ipsec.inside(host.name):
            told = ipsec.run("ipsecstat", "--json")
            seen = self.wine.output("json.exe")
        groups = [group for group, name in re.findall(
            r'^(  "(\w+)": {.*?^  })', told, re.MULTILINE | re.DOTALL)
            if name in GROUPS]
        wanted = (",\n".join(groups) + "\n}\n").encode()
        for line, other in zip(wanted.decode().splitlines(),
                               seen.decode(errors="replace").splitlines()):
            print(f"# {line:52}{other}")
        return ["the .exe says, to the right:"] * (wanted != seen)

    def json_beside_real_traffic(self):
        with matrix.Stage([FLOW]) as stage:
            drops = drop.Drops(stage)
            problems = [problem for cause in (
                drop.good, drop.bad_icv, drop.unknown_spi, drop.replayed)
                for problem in drops.see(matrix.MACHINES[0], FLOW, cause,
                                         drop.WHOSE[cause])]
            stage.b.ip(life.state("add", 0x51, out=True, rest="reqid 7"),
                       f"xfrm policy add {life.policy()} tmpl proto esp "
                       "mode transport reqid 7")
            with matrix.udp(stage.b, 4) as sender:
                sender.sendto(b"data", (life.PEERS[4][1], 9))
            problems += self._same_json(stage.b)
            stage.b.flush()
            return problems + self._same_json(stage.b)

    def opening(self):
        return self._both(OPENING)

    def reading(self):
        return self._both(READING)

    def invalid_handles(self):
        return self._both(HANDLES)

    def transactions(self):
        return self._both(TRANSACTIONS)

    def options(self):
        return self._both(OPTIONS)

    def _exe(self, session):
        """Calls that a Linux program cannot make."""
        with Codes(self.starts["exe"]) as codes:
            return codes.problems([("open", SUCCESS), *session,
                                   ("get1", SUCCESS), ("close", SUCCESS)])

    def threads_share_a_session(self):
        return self._exe([("threads", SUCCESS)])

    def found_by_name(self):
        return self._exe([("dynamic", SUCCESS)])

    def other_calls_are_forwarded_to_wine(self):
        return self._exe([("forwarded", CANNOT_SUPPORT)])

    def ordinary_user(self):
        start = functools.partial(self.starts["exe"], uid=USER)
        with Codes(start) as codes:
            return codes.problems(NO_RIGHT)

    def member_of_the_group(self):
        start = functools.partial(self.starts["exe"], uid=USER, gid=GROUP)
        with contents(GROUP_RANGE, f"{GROUP} {GROUP}\n"), \
             Codes(start) as codes:
            return codes.problems(READING)

    def module_loaded_again(self):
        return self._both([("open", SUCCESS), ("get0", SUCCESS)],
                          ipsec.reload_module,
                          [*ENDED[:2], ("open 1", SUCCESS), *ENDED,
                           ("get0 1", SUCCESS), ("close", SUCCESS),
                           ("get0", INVALID_HANDLE), ("close 1", SUCCESS)])

    def module_gone(self):
        """No call loads the module."""
        problems = []
        for kind, start in self.starts.items():
            with Codes(start) as codes:
                seen = codes.problems([("open", SUCCESS), ("get0", SUCCESS)])
                ipsec.run("rmmod", "ipsecstat")
                seen += codes.problems([*ENDED, ("open 1", NOT_REGISTERED),
                                        ("null 1", SUCCESS),
                                        ("close", SUCCESS)])
            if MODULE.exists():
                seen.append("the module is there again")
            ipsec.run("modprobe", "ipsecstat")
            problems += [f"{kind}: {problem}" for problem in seen]
        return problems


def main():
    wine = Wine()
    if missing := wine.missing():
        print(f"TAP version 13\n1..0 # SKIP {missing}")
        sys.exit(4)
    ipsec.unshare()
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    with wine:
        ipsec.run_cases(ipsec.cases_of(Cases(wine)))


if __name__ == "__main__":
    main()
