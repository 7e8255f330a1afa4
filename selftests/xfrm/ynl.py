#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""A client that has only the specification of the family.

It is the kernel's own, tools/net/ynl. The replies must equal the figures of ipsecstat;
the table REFUSED has the requests that must fail, with the error. Every operation and
every multicast group of the specification is tested, so a new one needs no line here.
"""
import collections
import functools
import json
import os
import sys
import time

import drop
import ipsec
import matrix
import netlink

TOP = os.path.abspath(os.path.join(ipsec.HERE, "../.."))
# Since Linux 6.13 below pyynl.
sys.path[:0] = [f"{TOP}/build/linux/tools/net/ynl", f"{TOP}/build/linux/tools/net/ynl/pyynl"]
from lib import NlError, YnlFamily  # pylint: disable=wrong-import-position

SPECIFICATION = f"{TOP}/kmod/ipsecstat.yaml"
SCHEMA = f"{TOP}/build/linux/Documentation/netlink/genetlink.yaml"

# Kinds of SAs, and their events.
FLOWS = [matrix.Flow(4, "local", "esp", "tunnel", "null_sha1"),
         matrix.Flow(6, "local", "ah", "transport", "ah_sha1")]
CAUSES = {"esp": (drop.good, drop.unknown_spi, drop.bad_icv, drop.bad_trailer,
                  drop.replayed, drop.larval, drop.wrong_encapsulation,
                  drop.in_clear, drop.wrong_selector, drop.no_policy,
                  drop.blocked_in_clear),
          "ah": (drop.good, drop.unknown_spi, drop.bad_icv, drop.replayed,
                 drop.larval)}

# Attributes, and their names in the JSON of ipsecstat
SA = {"active": "activeSas", "larval": "pendingSaNegotiations",
      "added": "totalSasAdded", "deleted": "totalSasDeleted",
      "rekeyed": "successfulRekeys", "tunnels": "activeTunnels",
      "offloaded": "offloadedSas"}
DROP_PROTO = {"no-state": "invalidSpisOnInbound",
              "auth": "authenticationFailuresOnInbound",
              "decrypt": "decryptionFailuresOnInbound",
              "replay": "replayCheckFailuresOnInbound",
              "larval": "saNotInitializedOnInbound"}
DROP = {"encap": "udpEspValidationFailuresOnInbound",
        "clear-text": "invalidClearTextInbound",
        "wrong-sa": "receiveOverIncorrectSaInbound",
        "no-policy": "secureReceivesNotMatchingFilters",
        "total": "totalDropPacketsInbound"}
NESTS = {"sa": ("aggregateSaStatistics", SA),
         "drop-esp": ("espDropPacketStatistics", DROP_PROTO),
         "drop-ah": ("ahDropPacketStatistics", DROP_PROTO),
         "drop": ("aggregateDropPacketStatistics", DROP)}

# name: request and attributes; error, its text, the attribute at fault
REFUSED = {
    "cpu_out_of_range": ("do", "get", {"cpu": 99999}, netlink.ERANGE,
                         "not a possible CPU of this machine", ".cpu"),
    "no_cpu_at_all": ("do", "get", {"cpu": 0xffffffff}, netlink.ERANGE,
                      "not a possible CPU of this machine", ".cpu"),
    "cpu_in_a_dump": ("dump", "get", {"cpu": 0}, netlink.EINVAL,
                      "a dump is of all CPUs; ask for one by do", ".cpu"),
}


def family(host):
    with ipsec.inside(host.name):
        return YnlFamily(SPECIFICATION, SCHEMA)


def kinds(transforms):
    """One direction of a reply, as nl.Family has it."""
    return {(one["proto"], sum(getattr(ipsec, flag.upper())
                               for flag in one["flags"])):
            (one["bytes"], one["packets"]) for one in transforms}


def flat(reply):
    """The counters of a reply: {(nest, attribute): value}."""
    figures = {(nest, name): value for nest, names in reply.items()
               if nest in NESTS and nest != "sa"
               for name, value in names.items()}
    for way in ("in", "out"):
        figures |= {(way, *kind, unit): value for kind, counts in
                    kinds(reply.get(way, ())).items()
                    for unit, value in zip(("bytes", "packets"), counts)}
    return figures


def names(spec, attribute_set, reply):
    """(attribute set, attribute) of everything in a reply."""
    for name, value in reply.items():
        yield attribute_set, name
        nested = spec.attr_sets[attribute_set][name].get("nested-attributes")
        for one in value if isinstance(value, list) else [value]:
            if nested:
                yield from names(spec, nested, one)


class Cases:
    """The first case causes the events that the others read."""

    def __init__(self, stage):
        self.host, self.drops = stage.b, drop.Drops(stage)
        self.family = family(stage.b)

    def _see(self, flow, causes):
        return [problem for cause in causes for problem in
                self.drops.see(matrix.MACHINES[0], flow, cause,
                               drop.WHOSE[cause])]

    def do_is_what_ipsecstat_shows(self):
        problems = [problem for flow in FLOWS for problem in
                    self._see(flow, CAUSES[flow.proto])]
        reply = self.family.do("get", {})
        with ipsec.inside(self.host.name):
            shown = json.loads(ipsec.run("ipsecstat", "--json"))
        for nest, (group, members) in NESTS.items():
            told = {members[name]: value for name, value in reply[nest].items()}
            problems += ipsec.differ(nest, told, {
                key: shown[group][key] for key in told})
        for way in ("in", "out"):
            problems += ipsec.differ(
                way, ipsec.columns(kinds(reply.get(way, ()))),
                shown[f"{way}boundTrafficStatistics"])
        return problems

    def every_attribute_is_seen(self):
        """Each attribute of the specification is in the reply, with a value."""
        reply = self.family.do("get", {})
        seen = set(names(self.family, "stats", reply)) | set(names(
            self.family, "stats", self.family.do("get", {"cpu": 0})))
        wanted = {(one, attribute) for one in
                  ("stats", "sa", "drop-proto", "drop", "dropped", "transform")
                  for attribute in self.family.attr_sets[one]}
        # No traffic here; inbound has the same attributes.
        outbound = {("stats", "out"), ("stats", "dropped-out")}
        return [f"not seen: {one}" for one in wanted - seen - outbound]

    def every_cause_has_a_count(self):
        """So that the comparison above was not of zeros."""
        reply = self.family.do("get", {})
        return [f"{nest} {name} is 0" for nest in NESTS if nest != "sa"
                for name, value in reply[nest].items() if not value]

    def dump_is_one_reply_per_cpu(self):
        dump = self.family.dump("get", {})
        problems = [] if [one["cpu"] for one in dump] == list(
            range(os.cpu_count())) else [f"CPUs of {dump}"]
        return problems + ["SAs in a dump" for one in dump if "sa" in one]

    def dump_sums_to_do(self):
        total = collections.Counter()
        for one in self.family.dump("get", {}):
            total.update(flat(one))
        return ipsec.differ("sum", total, flat(self.family.do("get", {})))

    def one_cpu_is_its_part_of_the_dump(self):
        dump = self.family.dump("get", {})
        alone = [self.family.do("get", {"cpu": one["cpu"]}) for one in dump]
        return [] if alone == dump else [f"{alone} is not {dump}"]

    def every_operation_answers(self):
        """Each operation replies, with only the specification."""
        problems = []
        for name, operation in self.family.ops.items():
            for how in ("do", "dump"):
                if how in operation.yaml and not getattr(
                        self.family, how)(name, {}):
                    problems.append(f"{how} {name}: nothing")
        return problems

    def events_of_every_group(self):
        """Events of a dropped packet, and of a peer that goes up and down."""
        ends = ("src 10.8.0.1 dst 10.8.0.2", "src 10.8.0.2 dst 10.8.0.1")
        comes = [f"xfrm state add {one} proto esp spi 0x8001 mode transport "
                 f"{matrix.TRANSFORMS['null_sha1'][1]}" for one in ends]
        goes = [f"xfrm state delete {one} proto esp spi 0x8001"
                for one in ends]
        problems = []
        for group in self.family.mcast_groups:
            listener = family(self.host)
            listener.ntf_subscribe(group)
            problems += self._see(FLOWS[0], [drop.bad_icv])
            self.host.ip(*comes, *goes)
            deadline = time.monotonic() + ipsec.PATIENCE
            while not listener.async_msg_queue and time.monotonic() < deadline:
                listener.check_ntf()
                time.sleep(0.01)
            told = {one["name"] for one in listener.async_msg_queue}
            if not told or told - listener.msgs.keys():
                problems.append(f"{group}: {told}")
        return problems

    def refused(self, how, operation, attributes, *wanted):
        try:
            answer = getattr(self.family, how)(operation, attributes)
        except NlError as error:
            told = error.nl_msg.extack or {}
            if how == "dump":           # 6.1 does not send this at the end of a dump
                told.setdefault("bad-attr", wanted[-1])
            seen = error.error, told.get("msg"), told.get("bad-attr")
            return [] if seen == wanted else [f"{seen} instead of {wanted}"]
        return [f"answered: {answer}"]

    def unprivileged_user_is_refused(self):
        """An error without an attribute at fault; its text may change."""
        def attempt():
            netlink.become(65534, 65534)
            try:
                return [f"answered: {self.family.do('get', {})}"]
            except NlError as error:
                text = (error.nl_msg.extack or {}).get("msg", "")
                return [] if error.error == netlink.EPERM and \
                    netlink.NEEDS in text else [str(error)]
        return netlink.in_child(attempt)


def main():
    with matrix.Stage(FLOWS) as stage:
        cases = Cases(stage)
        story = []
        for name, function in ipsec.cases_of(cases):
            if name == "events_of_every_group" and not cases.family.mcast_groups:
                continue
            story += [(f"refused_{what}", functools.partial(function, *how))
                      for what, how in REFUSED.items()] \
                if name == "refused" else [(name, function)]
        ipsec.run_cases(story)


if __name__ == "__main__":
    main()
