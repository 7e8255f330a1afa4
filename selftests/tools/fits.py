# SPDX-License-Identifier: GPL-2.0-only
"""Does JSON on standard input fit the schema of `ipsecstat drops`?

    fits.py whole       the object that drops shows
    fits.py drop        the line that monitor shows
"""
import json
import pathlib
import sys

import jsonschema

SCHEMA = pathlib.Path(__file__).resolve().parents[2] / \
    "docs/ipsecstat-drops.schema.json"

schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
if sys.argv[1] == "drop":
    schema = {"$ref": "#/definitions/drop", "definitions": schema["definitions"]}
shown = json.load(sys.stdin)
jsonschema.Draft7Validator.check_schema(schema)
jsonschema.validate(shown, schema)
strange = shown.keys() - schema.get(
    "properties", schema["definitions"]["drop"]["properties"]).keys()
if strange:
    sys.exit(f"not in the schema: {sorted(strange)}")
