# SPDX-License-Identifier: GPL-2.0-only
"""Errors and delays in one function of the kernel, by the module in inject/.

They cause what packets alone cannot: an error of a security module, or an event on
another CPU while a packet is between two functions.
"""
import concurrent.futures
import contextlib
import functools
import os
import subprocess
import threading

import ipsec

PARAMETERS = "/sys/module/inject/parameters"


@functools.cache
def possible():
    """Whether the module exists, and a CPU besides that of the packet."""
    return os.cpu_count() > 1 and not subprocess.run(
        ["modinfo", "inject"], capture_output=True, check=False).returncode


@functools.cache
def has(function):
    """Whether the kernel has this function, besides its modules."""
    with open("/proc/kallsyms", encoding="ascii") as file:
        return any(line.endswith(f" {function}\n") for line in file)


@contextlib.contextmanager
def _loaded(function, **parameters):
    ipsec.run("modprobe", "inject", f"function={function}",
              *(f"{name}={value}" for name, value in parameters.items()))
    try:
        yield
    finally:
        ipsec.run("rmmod", "inject")


def returns(function, result, skip=0):
    """While entered, calls of the function after the first @skip return this."""
    return _loaded(function, result=result, skip=skip)


def _is_held():
    with open(f"{PARAMETERS}/held", encoding="ascii") as file:
        return file.read() == "Y\n"


def _meanwhile(action, ready):
    """On the other CPUs, when a call is held; then the call continues."""
    os.sched_setaffinity(0, set(range(os.cpu_count())) - os.sched_getaffinity(0))
    ready.set()
    try:
        ipsec.until(_is_held, "a call is held")
        action()
    finally:
        with open(f"{PARAMETERS}/hold", "w", encoding="ascii") as file:
            file.write("0")


@contextlib.contextmanager
def held(function, action):
    """While entered, the first call of the function waits until the action is done.

    It must be a call of this thread, which is on one CPU. The action must not wait for
    this CPU: it starts no program and reads no file of a disk, because on arm64 a
    kprobe keeps interrupts off.
    """
    with _loaded(function, hold=1), \
            concurrent.futures.ThreadPoolExecutor(1) as thread:
        ready = threading.Event()
        acting = thread.submit(_meanwhile, action, ready)
        ready.wait(ipsec.PATIENCE)
        yield
        acting.result()

