# SPDX-License-Identifier: GPL-2.0-only
"""The files of monitoring/: alerts, and the queries of the dashboard."""
import json
import pathlib
import re
import sys

import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]
RULES = TOP / "monitoring/ipsecstat.rules.yml"
RULE_TESTS = TOP / "monitoring/ipsecstat.rules.test.yml"
DASHBOARD = TOP / "monitoring/ipsecstat.dashboard.json"
PROGRAMS = TOP / "build/prometheus/usr/bin"

sys.path.insert(0, str(TOP / "selftests/xfrm"))     # for ipsec.py


def alerts():
    """{name: rule}"""
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def panels():
    """[(title, its queries)], with five minutes for Grafana's intervals."""
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    names = [one["name"] for one in dashboard["templating"]["list"]]
    values = {"__rate_interval": "5m", **{name: ".+" for name in names}}
    return [(panel["title"],
             [re.sub(r"\$(\w+)", lambda name: values[name[1]], target["expr"])
              for target in panel["targets"]])
            for panel in dashboard["panels"]]


def selections(expression):
    """(metric, {label: value or pattern}) of each selector of an ipsecstat metric."""
    for metric, labels in re.findall(
            r"\b((?:ipsec|node)_\w+|up|ALERTS)\b(?:\{(.*?)\})?", expression):
        yield metric, dict(re.findall(r'(\w+)=~?"(.*?)"', labels))
