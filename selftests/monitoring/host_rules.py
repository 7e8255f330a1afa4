#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Tests of the alert rules by promtool, and of the consistency of monitoring/."""
import re
import subprocess
import tempfile

import shipped
import ipsec

FAKE = shipped.TOP / "selftests/tools/ipsecstat_fake"
PAGE = shipped.TOP / "docs/monitoring.md"
OF_PEERS = {"local", "remote", "if_id", "name"}     # as installed
OTHERS = {"up", "ALERTS", "node_textfile_mtime_seconds"}


def promtool(*arguments, text=None):
    """Problems, unless promtool succeeds."""
    done = subprocess.run([shipped.PROGRAMS / "promtool", *map(str, arguments)],
                          input=text, text=True, capture_output=True,
                          check=False)
    return [] if not done.returncode else \
        (done.stdout + done.stderr).splitlines()


def exposition():
    return ipsec.run(FAKE, "--prometheus", "--peers", "100")


def series():
    """{metric: [labels of each series]}, as ipsecstat prints them."""
    told = {}
    for metric, labels in re.findall(r"^(\w+)(?:\{(.*)\})? ", exposition(),
                                     re.M):
        told.setdefault(metric, []).append(
            dict(re.findall(r'(\w+)="(.*?)"', labels)))
    return told


def expressions():
    """(where, expression) of everything in monitoring/."""
    yield from ((name, rule["expr"]) for name, rule in
                shipped.alerts().items())
    yield from ((title, query) for title, queries in shipped.panels()
                for query in queries)


def metrics_lint():
    return promtool("check", "metrics", "--extended", text=exposition())


def rules_valid():
    return promtool("check", "rules", shipped.RULES)


def rules_tested():
    return promtool("test", "rules", shipped.RULE_TESTS)


def every_alert_tested():
    """Each alert fires at least once in promtool's tests."""
    fires = set(re.findall(r'alertname="(\w+)", alertstate="firing"',
                           shipped.RULE_TESTS.read_text(encoding="utf-8")))
    return [f"{name}: not in both" for name in fires ^ shipped.alerts().keys()]


def every_alert_explained():
    """Each alert has annotations, and is in the documentation."""
    page = PAGE.read_text(encoding="utf-8")
    return [f"{name}: no {part}" for name, rule in shipped.alerts().items()
            for part, there in (
                ("severity", rule["labels"].get("severity")),
                ("summary", rule["annotations"].get("summary")),
                ("description", rule["annotations"].get("description")),
                ("runbook_url of its section",
                 not name.startswith("IPsecPeer") or
                 rule["annotations"].get("runbook_url", "").endswith(
                     f"/monitoring.md#{name.lower()}")),
                ("section in the documentation", f"### {name}\n" in page))
            if not there]


def every_metric_explained():
    page = PAGE.read_text(encoding="utf-8")
    words = set(series()) | {value for each in series().values()
                             for labels in each
                             for label, value in labels.items()
                             if label not in OF_PEERS | {"version"}}
    return [f"{word}: not in the documentation" for word in sorted(words)
            if f"`{word}`" not in page]


def queries_valid():
    """Checked as rules, because promtool parses only rules offline."""
    rules = "".join(f"  - record: query:{number}\n    expr: {query!r}\n"
                    for number, (_, query) in enumerate(expressions()))
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        file.write(f"groups:\n- name: queries\n  rules:\n{rules}")
        file.flush()
        return promtool("check", "rules", file.name)


def queried_names_exist():
    """Metrics, labels and each alternative in a pattern of reasons exist."""
    told, problems = series(), []
    for where, expression in expressions():
        for metric, labels in shipped.selections(expression):
            if metric in OTHERS:
                continue
            if metric not in told:
                problems.append(f"{where}: no metric {metric}")
                continue
            problems += [f"{where}: no {label}={word} of {metric}"
                         for label, value in labels.items()
                         if label not in ("job", "instance")
                         for word in value.split("|")
                         if word not in [one.get(label) for one in
                                         told[metric]]]
    return problems


def dashboard_and_alerts_are_complete():
    """The dashboard has all metrics, and the alerts have all reasons."""
    shown = {metric for _, queries in shipped.panels() for query in queries
             for metric, _ in shipped.selections(query)}
    watched = {word for rule in shipped.alerts().values()
               for _, labels in shipped.selections(rule["expr"])
               for word in labels.get("reason", "").split("|")}
    reasons = {labels["reason"] for labels in series()["ipsec_drops_total"]}
    return [f"{name}: in no panel" for name in series().keys() - shown] + \
        [f"{name}: in no alert" for name in reasons - watched]


ipsec.run_cases([(case.__name__, case) for case in (
    metrics_lint, rules_valid, rules_tested, every_alert_tested,
    every_alert_explained, every_metric_explained, queries_valid,
    queried_names_exist, dashboard_and_alerts_are_complete)])
