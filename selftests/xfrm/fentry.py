# SPDX-License-Identifier: GPL-2.0-only
"""BPF programs that run when functions of the kernel are entered, and do nothing."""
import contextlib
import ctypes
import os
import struct

import ipsec

NR_BPF = 321
BPF_PROG_LOAD, BPF_RAW_TRACEPOINT_OPEN = 5, 17
BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY = 26, 24
# r0 = 0, exit
PROGRAM = struct.pack("=BBhi", 0xb7, 0, 0, 0) + struct.pack("=BBhi", 0x95, 0, 0, 0)
BTF = "/sys/kernel/btf/vmlinux"
BTF_FUNC = 12
# What follows a type in BTF: bytes, and bytes for each of its members, by kind.
BTF_MORE = {1: (4, 0), 3: (12, 0), 4: (0, 12), 5: (0, 12), 6: (0, 8),
            13: (0, 8), 14: (4, 0), 15: (0, 12), 17: (4, 0), 19: (0, 12)}


def type_ids(functions):
    """{function: its type}, as the kernel numbers them."""
    with open(BTF, "rb") as file:
        image = file.read()
    header, types, types_len, strings, _ = struct.unpack_from("=5I", image, 4)
    strings += header
    wanted = {image.index(b"\0" + name.encode() + b"\0", strings) + 1 - strings:
              name for name in functions}
    at, end, number, found = header + types, header + types + types_len, 0, {}
    while at < end and len(found) < len(wanted):
        name, info = struct.unpack_from("=II", image, at)
        kind, number = info >> 24 & 0x1f, number + 1
        if kind == BTF_FUNC and name in wanted:
            found[wanted[name]] = number
        fixed, each = BTF_MORE.get(kind, (0, 0))
        at += 12 + fixed + each * (info & 0xffff)
    return found


def bpf(command, attributes):
    attributes = ctypes.create_string_buffer(attributes, len(attributes))
    fd = ipsec.libc.syscall(NR_BPF, command, attributes, len(attributes))
    if fd < 0:
        raise OSError(ctypes.get_errno(), f"bpf {command}")
    return fd


def attached(type_id):
    """The file whose end detaches the program."""
    code = ctypes.create_string_buffer(PROGRAM, len(PROGRAM))
    text = ctypes.create_string_buffer(b"GPL")
    load = struct.pack("=IIQQ", BPF_PROG_TYPE_TRACING, 2, ctypes.addressof(code),
                       ctypes.addressof(text)).ljust(68, b"\0")
    load += struct.pack("=I", BPF_TRACE_FENTRY)
    program = bpf(BPF_PROG_LOAD, load.ljust(108, b"\0") +
                  struct.pack("=I", type_id))
    try:
        return bpf(BPF_RAW_TRACEPOINT_OPEN, struct.pack("=QI4x", 0, program))
    finally:
        os.close(program)


@contextlib.contextmanager
def programs(functions):
    """One on each function; the kernel refuses where there is a direct call."""
    with contextlib.ExitStack() as stack:
        for type_id in type_ids(functions).values():
            stack.callback(os.close, attached(type_id))
        yield
