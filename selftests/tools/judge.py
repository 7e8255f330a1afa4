#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Checks the output of ipsecstat for the statistics of fake_fwpuclnt.c.

    judge.py json|prometheus|table <output

Members and offsets are from the layout of IPSEC_STATISTICS1, not from ipsecstat's own
table. Prints problems, and exits with 1 if there are any.
"""

import json
import re
import sys
import time

SAS = ["activeSas", "pendingSaNegotiations", "totalSasAdded", "totalSasDeleted",
       "successfulRekeys", "activeTunnels", "offloadedSas"]
ESP = ["invalidSpisOnInbound", "decryptionFailuresOnInbound",
       "authenticationFailuresOnInbound", "replayCheckFailuresOnInbound",
       "saNotInitializedOnInbound"]
AH = [name for name in ESP if name != "decryptionFailuresOnInbound"]
DROPS = ["invalidSpisOnInbound", "decryptionFailuresOnInbound",
         "authenticationFailuresOnInbound", "udpEspValidationFailuresOnInbound",
         "replayCheckFailuresOnInbound", "invalidClearTextInbound",
         "saNotInitializedOnInbound", "receiveOverIncorrectSaInbound",
         "secureReceivesNotMatchingFilters", "totalDropPacketsInbound"]
TRAFFIC = ["encryptedByteCount", "authenticatedAHByteCount",
           "authenticatedESPByteCount", "transportByteCount", "tunnelByteCount",
           "offloadByteCount", "totalSuccessfulPackets"]

# name: offset, size of a member, members
LAYOUT = {
    "aggregateSaStatistics": (0, 4, SAS),
    "espDropPacketStatistics": (28, 4, ESP),
    "ahDropPacketStatistics": (48, 4, AH),
    "aggregateDropPacketStatistics": (64, 4, DROPS),
    "inboundTrafficStatistics": (104, 8, TRAFFIC),
    "outboundTrafficStatistics": (160, 8, TRAFFIC),
}

# Groups of reasons: the offset of each after the statistics, in members of 64 bits; the
# labels of its series; its reasons, by their number in the kernel.
REASONS = ["no-state", "auth", "transform", "repeated", "late", "larval", "expired",
           "invalid", "encap", "selector", "mode", "direction", "template",
           "clear-text", "no-policy", "blocked", "policy-error", "header", "buffer",
           "error", "iptfs", "sequence", "bundle", "queue"]
OUT_ALONE = {"sequence", "bundle", "queue"}
IN_ALONE = {"auth", "repeated", "late", "encap", "selector", "template", "clear-text",
            "no-policy", "buffer", "iptfs"}
DROPPED = {
    "espDropReasons": (0, 'direction="in",proto="esp"', OUT_ALONE),
    "ahDropReasons": (32, 'direction="in",proto="ah"', OUT_ALONE),
    "otherDropReasons": (64, 'direction="in",proto="other"', OUT_ALONE),
    "outboundDropReasons": (96, 'direction="out",proto="any"', IN_ALONE),
}

SA_SERIES = dict(zip(SAS, [
    "ipsec_sas_active", "ipsec_sas_pending", "ipsec_sas_added_total",
    "ipsec_sas_deleted_total", "ipsec_sa_rekeys_total", "ipsec_tunnels_active",
    "ipsec_sas_offloaded"]))
TRAFFIC_SERIES = dict(zip(TRAFFIC, [
    'ipsec_encrypted_bytes_total{direction="%s"}',
    'ipsec_authenticated_bytes_total{direction="%s",proto="ah"}',
    'ipsec_authenticated_bytes_total{direction="%s",proto="esp"}',
    'ipsec_bytes_total{direction="%s",mode="transport"}',
    'ipsec_bytes_total{direction="%s",mode="tunnel"}',
    'ipsec_offloaded_bytes_total{direction="%s"}',
    'ipsec_packets_total{direction="%s"}']))
GAUGES = {"ipsec_sas_active", "ipsec_sas_pending", "ipsec_sas_offloaded",
          "ipsec_tunnels_active", "ipsec_build_info", "ipsec_start_time_seconds"}
# The start of counting, by CLOCK_BOOTTIME, as in the statistics
SINCE = 5


def statistics():
    """The structures as fake_fwpuclnt.c fills them."""
    members = {}
    for group, (offset, size, names) in LAYOUT.items():
        base = 4000000000 if size == 4 else 18400000000000000000
        members[group] = {name: base + offset + size * i
                          for i, name in enumerate(names)}
    reasons = {group: {reason: 4000000216 + offset + i
                       for i, reason in enumerate(REASONS) if reason not in others}
               for group, (offset, _, others) in DROPPED.items()}
    groups = list(members)
    groups[4:4] = reasons
    return {group: (members | reasons)[group] for group in groups}


def version():
    """The version of the sources."""
    with open("../../common.mk", encoding="ascii") as file:
        return re.search(r"^VERSION\s*:?=\s*(\S+)", file.read(), re.M)[1]


def series():
    """The expected series and values."""
    stats = statistics()
    began = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + SINCE
    expected = {'ipsec_build_info{version="%s"}' % version(): 1,
                "ipsec_start_time_seconds": int(began)}
    expected |= {SA_SERIES[member]: value
                 for member, value in stats["aggregateSaStatistics"].items()}
    for group, (_, labels, _) in DROPPED.items():
        for reason, value in stats[group].items():
            expected['ipsec_drops_total{%s,reason="%s"}' % (labels, reason)] = value
    for direction in "in", "out":
        for member, value in stats[direction + "boundTrafficStatistics"].items():
            expected[TRAFFIC_SERIES[member] % direction] = value
    return expected


def judge_json(text):
    """The keys, their order and nesting, and the values, all integers."""
    pairs = json.loads(text, object_pairs_hook=list)
    head = dict(pairs[1:4])
    if list(head) != ["boot", "time", "since"] or head["since"] != 5000000000:
        yield "not the keys that belong to the reading: %r" % head
    del pairs[1:4]
    seen = [(group, value if isinstance(value, int) else list(value))
            for group, value in pairs]
    wanted = [("version", 1)] + [(group, list(members.items()))
                                 for group, members in statistics().items()]
    for got, want in zip(seen, wanted):
        if got != want:
            yield "%r instead of %r" % (got, want)
    if len(seen) != len(wanted):
        yield "%d keys instead of %d" % (len(seen), len(wanted))


def judge_family(name, kind):
    """The conventions for the name and the type of a metric."""
    if kind not in ("counter", "gauge"):
        yield "%s: type %s" % (name, kind)
    if (kind == "counter") != name.endswith("_total"):
        yield "%s: a name that is none for a %s" % (name, kind)
    if (kind == "gauge") != (name in GAUGES):
        yield "%s is no %s" % (name, kind)


def judge_prometheus(text):
    """The exposition line by line, then all series."""
    label = r'[a-z][a-z_]*="[a-z0-9._-]+"'
    sample = re.compile(r"([a-z_]+)(?:\{(%s(?:,%s)*)\})? ([0-9]+)" % (label, label))
    seen, families, labels, helped, current = {}, [], {}, None, None

    if not text.endswith("\n"):
        yield "the last line has no end"
    for line in text.splitlines():
        word = line.split(" ", 3)
        match = sample.fullmatch(line)
        if line.startswith("# HELP "):
            helped, current = word[2], None
            if len(word) < 4 or not word[3]:
                yield "no help: " + line
        elif line.startswith("# TYPE "):
            current = word[2]
            if current in families or current != helped:
                yield "not once, after its HELP: " + line
            families.append(current)
            yield from judge_family(current, word[3])
        elif not match or match[1] != current:
            yield "not a sample of family %s: %s" % (current, line)
        else:
            key, names = line.split(" ")[0], re.findall(r"([a-z_]+)=", line)
            if key in seen:
                yield "twice: " + line
            if labels.setdefault(current, names) != names:
                yield "other labels than its family has: " + line
            seen[key] = int(match[3])

    expected = series()
    # The second may have ended since.
    start = seen.get("ipsec_start_time_seconds", 0)
    if abs(start - expected["ipsec_start_time_seconds"]) <= 1:
        expected["ipsec_start_time_seconds"] = start
    for key in sorted(seen.keys() | expected.keys()):
        if seen.get(key) != expected.get(key):
            yield "%s: %s instead of %s" % (key, seen.get(key), expected.get(key))
    yield from ("family without a sample: " + name
                for name in families if name not in labels)


def judge_table(text):
    """The width, and each value as one word. table.expected has the rest."""
    words = text.split()
    for line in text.splitlines():
        if len(line) > 80:
            yield "%d columns: %s" % (len(line), line)
        if line != line.rstrip() or "\t" in line:
            yield "tab or trailing space: " + repr(line)
    for group, members in statistics().items():
        for member, value in members.items():
            if words.count(str(value)) != 1:
                yield "%s.%s: %d times" % (group, member, words.count(str(value)))


def main():
    """Return the exit status."""
    judges = {"json": judge_json, "prometheus": judge_prometheus,
              "table": judge_table}
    if len(sys.argv) != 2 or sys.argv[1] not in judges:
        sys.exit(__doc__)
    complaints = list(judges[sys.argv[1]](sys.stdin.read()))
    for complaint in complaints:
        print(complaint)
    return bool(complaints)


if __name__ == "__main__":
    sys.exit(main())
