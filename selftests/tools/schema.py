#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Judges JSON, an object in each line or one over all of them, by the schema.

    schema.py [KEY...] <output

Demands the KEYs, too, somewhere in each object. And whatever the output is, the
schema must refuse it when a figure, or one of the keys that are always there, is
missing or out of its range: else it would say nothing.
"""

import copy
import json
import pathlib
import sys

import jsonschema

SCHEMA = pathlib.Path(__file__).resolve().parents[2] / "docs/ipsecstat.schema.json"


def objects(text):
    """The objects, from a line each or from the whole text."""
    try:
        return [json.loads(text)]
    except ValueError:
        return [json.loads(line) for line in text.splitlines()]


def places(value, path=()):
    """Every key of an object, and where it is."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield path + (key,)
            yield from places(inner, path + (key,))


def is_needed(path):
    """Must the schema notice that it is not there?"""
    if "rates" in path:
        return False
    return (path[-1] in ("version", "boot", "time", "since")
            or path[-2:-1] and path[-2].endswith("Statistics"))


def changed(value, path, change):
    """A copy with something done to the object at the path and its last key."""
    value = copy.deepcopy(value)
    inner = value
    for key in path[:-1]:
        inner = inner[key]
    change(inner, path[-1])
    return value


def holes(validator, value):
    """Where the schema takes what it should not."""
    for path in places(value):
        if not is_needed(path):
            continue
        changes = {"missing": lambda inner, key: inner.pop(key),
                   "below 0": lambda inner, key: inner.update({key: -1}),
                   "a word": lambda inner, key: inner.update({key: "word"})}
        for name, change in changes.items():
            if validator.is_valid(changed(value, path, change)):
                yield "takes %s, %s" % (".".join(path), name)


def main():
    """Returns the exit status."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    values = objects(sys.stdin.read())
    complaints = [] if values else ["nothing to judge"]
    for value in values:
        complaints += [error.message for error in validator.iter_errors(value)]
        seen = {path[-1] for path in places(value)}
        complaints += ["no " + key for key in sys.argv[1:] if key not in seen]
    complaints += [hole for value in values[:1] for hole in holes(validator, value)]
    for complaint in complaints:
        print(complaint)
    return bool(complaints)


if __name__ == "__main__":
    sys.exit(main())
