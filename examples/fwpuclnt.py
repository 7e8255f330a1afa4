#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""IPsec statistics in Python, by ctypes: a module, and a program to show it.

    from fwpuclnt import Engine

    with Engine() as engine:
        stats = engine.statistics()
        print(stats.aggregateSaStatistics.activeSas)

The structures and their members have the names of the Windows API; fwpuclnt(7)
documents what each counts. A call that fails raises Error.
"""
import ctypes
import json
import sys

U32, U64 = ctypes.c_uint32, ctypes.c_uint64
HANDLE = ctypes.c_void_p
RPC_C_AUTHN_DEFAULT = 0xFFFFFFFF

TRAFFIC = """
        encryptedByteCount authenticatedAHByteCount authenticatedESPByteCount
        transportByteCount tunnelByteCount offloadByteCount
        totalSuccessfulPackets"""
# What IPSEC_STATISTICS1 consists of: structure, type of its members, members
PARTS = {
    "aggregateSaStatistics": (U32, """
        activeSas pendingSaNegotiations totalSasAdded totalSasDeleted
        successfulRekeys activeTunnels offloadedSas"""),
    "espDropPacketStatistics": (U32, """
        invalidSpisOnInbound decryptionFailuresOnInbound
        authenticationFailuresOnInbound replayCheckFailuresOnInbound
        saNotInitializedOnInbound"""),
    "ahDropPacketStatistics": (U32, """
        invalidSpisOnInbound authenticationFailuresOnInbound
        replayCheckFailuresOnInbound saNotInitializedOnInbound"""),
    "aggregateDropPacketStatistics": (U32, """
        invalidSpisOnInbound decryptionFailuresOnInbound
        authenticationFailuresOnInbound udpEspValidationFailuresOnInbound
        replayCheckFailuresOnInbound invalidClearTextInbound
        saNotInitializedOnInbound receiveOverIncorrectSaInbound
        secureReceivesNotMatchingFilters totalDropPacketsInbound"""),
    "inboundTrafficStatistics": (U64, TRAFFIC),
    "outboundTrafficStatistics": (U64, TRAFFIC),
}


class Structure(ctypes.Structure):
    """A structure that dict() takes."""

    def keys(self):
        return [name for name, _ in self._fields_]

    def __getitem__(self, name):
        value = getattr(self, name)
        return dict(value) if isinstance(value, Structure) else value


def _structure(name, fields):
    return type(name, (Structure,), {"_fields_": fields})


Statistics = _structure("Statistics", [
    (part, _structure(part, [(member, kind) for member in members.split()]))
    for part, (kind, members) in PARTS.items()])
assert ctypes.sizeof(Statistics) == 216     # as on Windows


class Error(OSError):
    """What a function returned: .code, .name, and a sentence for people."""

    def __init__(self, call, code):
        self.call, self.code = call, code
        self.name = _words("FwpuclntErrorName", code)
        super().__init__(f"{_words('FwpuclntErrorText', code)} "
                         f"({call}: {self.name}, {code:#010x})")


_library = ctypes.CDLL("libfwpuclnt.so.1")


def _words(function, code):
    return getattr(_library, function)(code).decode("ascii")


def _declare(name, *arguments, result=U32):
    """Declare to ctypes what a function takes; a code that it returns is raised."""
    def check(code, function, _):
        if code:
            raise Error(function.__name__, code)

    function = getattr(_library, name)
    function.argtypes, function.restype = arguments, result
    if result is U32:
        function.errcheck = check
    return function


for _name in ("FwpuclntErrorName", "FwpuclntErrorText"):
    _declare(_name, U32, result=ctypes.c_char_p)
_open = _declare("FwpmEngineOpen0", ctypes.c_wchar_p, U32, ctypes.c_void_p,
                 ctypes.c_void_p, ctypes.POINTER(HANDLE))
_close = _declare("FwpmEngineClose0", HANDLE)
_get = _declare("IPsecGetStatistics1", HANDLE, ctypes.POINTER(Statistics))


class Engine:
    """A session, in the network namespace of the thread that opens it."""

    def __init__(self):
        self._handle = HANDLE()
        _open(None, RPC_C_AUTHN_DEFAULT, None, None,
              ctypes.byref(self._handle))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def statistics(self):
        """All figures, of one moment."""
        stats = Statistics()
        _get(self._handle, ctypes.byref(stats))
        return stats

    def close(self):
        """Once; a later use of the session raises Error."""
        handle, self._handle = self._handle, HANDLE()
        _close(handle)


def main():
    """Shows them all, as JSON."""
    try:
        with Engine() as engine:
            print(json.dumps(dict(engine.statistics()), indent=2))
    except Error as error:
        sys.exit(f"fwpuclnt.py: {error}")


if __name__ == "__main__":
    main()
