#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Validates JSON, one object or one in each line, by its schema.

    schema.py ipsecstat|ipsecstat-drops|ipsecstat-peers|ipsecstat-doctor[/DEFINITION] [KEY...] <output

The schemas are in docs/; DEFINITION is a part of one. Each object must contain the KEYs,
too. For any output, the schema must also refuse a copy in which a required key is missing
or out of range: otherwise the schema would prove nothing.
"""

import copy
import json
import pathlib
import sys

import jsonschema

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
# Optional keys, keys with any text, and namespaces and CPUs, by their names
OPTIONAL = ("rates", "seconds", "from", "netns", "cpus", "ended", "command",
            "name", "sequence", "policy", "device", "inner", "saUntil", "when", "outbound")


def objects(text):
    """The objects, one in each line or in the whole text."""
    try:
        return [json.loads(text)]
    except ValueError:
        return [json.loads(line) for line in text.splitlines()]


def read(name):
    """The validator of a schema, or of a part of it."""
    name, _, part = name.partition("/")
    schema = json.loads((DOCS / f"{name}.schema.json").read_text(encoding="utf-8"))
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    if part:
        schema = {**schema["$defs"][part], "$defs": schema["$defs"]}
    # Readers ignore unknown keys, but the tests know all keys.
    return kind({**schema, "unevaluatedProperties": False},
                format_checker=kind.FORMAT_CHECKER)


def places(value, path=()):
    """Every key of an object, with its path."""
    if isinstance(value, list):
        for number, inner in enumerate(value):
            yield from places(inner, path + (number,))
    if isinstance(value, dict):
        for key, inner in value.items():
            yield path + (key,)
            yield from places(inner, path + (key,))


def is_needed(path):
    """Whether the schema must refuse an object without it."""
    return not (isinstance(path[-1], int) or path[-1].endswith(("Statistics", "Reasons"))
                or path[-1] in OPTIONAL or "rates" in path
                or path[-2:-1] in (("netns",), ("cpus",), ("dropped",),
                                   ("unattributed",)))


def changed(value, path, change):
    """A copy with a change of the object at the path and its last key."""
    value = copy.deepcopy(value)
    inner = value
    for key in path[:-1]:
        inner = inner[key]
    change(inner, path[-1])
    return value


def holes(validator, value):
    """Changes that the schema accepts wrongly."""
    for path in places(value):
        if not is_needed(path):
            continue
        changes = {"missing": lambda inner, key: inner.pop(key),
                   "below 0": lambda inner, key: inner.update({key: -1}),
                   "a word": lambda inner, key: inner.update({key: "word"})}
        for name, change in changes.items():
            if validator.is_valid(changed(value, path, change)):
                yield f"takes {'.'.join(map(str, path))}, {name}"


def complaints(name, values, keys=()):
    """Problems of the objects, by the schema of this name."""
    validator = read(name)
    found = [] if values else ["nothing to judge"]
    for value in values:
        found += [error.message for error in validator.iter_errors(value)]
        seen = {path[-1] for path in places(value)}
        found += [f"no {key}" for key in keys if key not in seen]
    return found + [hole for value in values[:1]
                    for hole in holes(validator, value)]


def main():
    """Return the exit status."""
    found = complaints(sys.argv[1], objects(sys.stdin.read()), sys.argv[2:])
    for complaint in found:
        print(complaint)
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
