#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""From the packet to the alert, with all real components.

    host b:  kernel -> ipsecstat-prometheus.service, by its timer -> a file
    beside it:  the file -> node exporter -> Prometheus, its rules and queries

systemd runs only the installed units in the namespace of host b, with their sandbox and
timer. systemd and Prometheus are Debian's. Their state is read by the API of Prometheus,
every second.

Prometheus has the rules twice: as they are shipped, so that alerts are pending after the
first evaluation, and with all times shortened, so that alerts fire.

The cases build on each other.
"""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import textwrap
import time
import urllib.error
import urllib.parse
import urllib.request

import shipped
import ipsec
import drop
import life
import matrix

UNIT = "ipsecstat-prometheus"
UNITS = pathlib.Path("/usr/lib/systemd/system")
FOLDER = pathlib.Path("/var/lib/prometheus/node-exporter")
FILE = FOLDER / "ipsecstat.prom"
EXPORTER, SERVER = "127.0.0.1:9100", "127.0.0.1:9090"
PATIENCE = 60
ROUNDS = 3
PAGE = shipped.TOP / "docs/monitoring.md"
FLOW = matrix.Flow(4, "local", "esp", "tunnel", "null_sha1")

# alert: its cause; of causes that share an alert, one of them.
PROVOKED = {
    "IPsecBadICV": drop.bad_icv,
    "IPsecUndecryptable": drop.bad_trailer,
    "IPsecReplay": drop.replayed,
    "IPsecUnknownSPI": drop.unknown_spi,
    "IPsecClearText": drop.in_clear,
    "IPsecMismatch": drop.no_policy,
    "IPsecDrops": drop.blocked_in_clear,
    "IPsecOutboundDrops": None,         # by _send_blocked()
}


# --- programs ---------------------------------------------------------------

@contextlib.contextmanager
def running(command, log, namespace=None):
    """Run a program; if it fails, raise its output."""
    with open(log, "wb") as words, \
         ipsec.inside(namespace) if namespace else contextlib.nullcontext():
        process = subprocess.Popen([str(word) for word in command],
                                   stdout=words, stderr=words)
    try:
        yield process
    except (Exception, SystemExit) as end:
        if isinstance(end, SystemExit) and not end.code:
            raise                       # the end of a passed test
        print("#", log.read_text(errors="replace").replace("\n", "\n# "))
        raise
    finally:
        process.terminate()
        try:
            process.wait(ipsec.PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def until(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"in vain: {what}")
        time.sleep(0.2)
    return answer


class Systemd:
    """The first process of a container that has only its own process IDs.

    It has the system's targets without their units, and the units of ipsecstat.
    """

    TARGET = f"[Unit]\nDefaultDependencies=no\nWants={UNIT}.timer\n"

    def __init__(self, folder, host):
        self.units = folder / "units"
        self.units.mkdir()
        for file in (*UNITS.glob("*.target"), *UNITS.glob("ipsecstat-*")):
            shutil.copy(file, self.units)
        (self.units / "test.target").write_text(self.TARGET)
        # The cases start it more often than the timer.
        (self.units / f"{UNIT}.service.d").mkdir()
        (self.units / f"{UNIT}.service.d/test.conf").write_text(
            "[Unit]\nStartLimitIntervalSec=0\n")
        self.process = running(
            ["unshare", "--pid", "--fork", "--kill-child", "--mount",
             "--mount-proc", "--cgroup", "sh", "-c",
             f"mkdir {folder}/netns && mount --rbind /run/netns {folder}/netns && "
             "mount -t tmpfs run /run && mkdir /run/netns && "
             f"mount --rbind {folder}/netns /run/netns && "
             "mount -t cgroup2 cgroup /sys/fs/cgroup && exec env "
             f"container=test SYSTEMD_UNIT_PATH={self.units} "
             "/lib/systemd/systemd --system --unit=test.target "
             "--show-status=no --log-target=console"],
            folder / "systemd.log", host.name)

    def __enter__(self):
        unshare = self.process.__enter__()
        children = pathlib.Path(
            f"/proc/{unshare.pid}/task/{unshare.pid}/children")
        self.pid = until(children.read_text, "systemd").split()[0]
        return self

    def __exit__(self, *error):
        os.kill(int(self.pid), signal.SIGKILL)
        return self.process.__exit__(*error)

    def override(self, name, text):
        """As `systemctl edit` for the service."""
        (self.units / f"{UNIT}.service.d/{name}.conf").write_text(text)
        self.ctl("daemon-reload")

    def ctl(self, *words):
        return ipsec.run("nsenter", "--target", self.pid, "--mount", "--pid",
                         "systemctl", *words)

    def show(self, unit, name):
        return self.ctl("show", "--property", name, "--value", unit).strip()

    def started(self):
        return self.show(f"{UNIT}.timer", "ActiveState") == "active"


class Prometheus:
    """The server, and the exporter that it scrapes each second."""

    def __init__(self, folder):
        self.stack = contextlib.ExitStack()
        self.folder = folder
        hasty = re.sub(r"\bfor: \w+", "for: 1s",
                       shipped.RULES.read_text(encoding="utf-8"))
        hasty = re.sub(r"quantile_over_time\((.*?)\[\w+\]",
                       r"quantile_over_time(\1[3s]", hasty)
        # Two with the same name and labels would be one series of ALERTS.
        hasty = re.sub(r"\bseverity: \w+", "severity: hasty", hasty)
        self.hasty = folder / "hasty.yml"
        self.hasty.write_text(hasty)
        # JSON is valid YAML.
        (folder / "prometheus.yml").write_text(json.dumps({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(shipped.RULES), str(self.hasty)],
            "scrape_configs": [{"job_name": "node", "static_configs": [
                {"targets": [EXPORTER]}]}]}))

    def __enter__(self):
        def start(program, *options):
            self.stack.enter_context(running(
                [shipped.PROGRAMS / program, *options],
                self.folder / f"{program}.log"))

        start("prometheus-node-exporter", "--collector.disable-defaults",
              "--collector.textfile", f"--web.listen-address={EXPORTER}",
              f"--collector.textfile.directory={FOLDER}")
        start("prometheus", f"--config.file={self.folder}/prometheus.yml",
              f"--storage.tsdb.path={self.folder}/data",
              f"--web.listen-address={SERVER}")
        return self

    def __exit__(self, *error):
        return self.stack.__exit__(*error)

    @staticmethod
    def get(path, **parameters):
        """The reply of the API, None while there is none."""
        try:
            with urllib.request.urlopen(
                    f"http://{SERVER}/api/v1/{path}?"
                    f"{urllib.parse.urlencode(parameters)}",
                    timeout=PATIENCE) as reply:
                return json.load(reply)["data"]
        except urllib.error.HTTPError as error:
            if error.code != 503:
                raise
        except urllib.error.URLError:
            pass
        return None

    def query(self, expression):
        """{series: value} now."""
        data = self.get("query", query=expression) or {"result": []}
        return {named(one["metric"]): float(one["value"][1])
                for one in data["result"]}

    def alerts(self, rules):
        """{alert: state} of pending and firing alerts."""
        group, = (group for group in self.get("rules")["groups"]
                  if group["file"] == str(rules))
        return {rule["name"]: rule["state"] for rule in group["rules"]
                if rule["state"] != "inactive"}


def named(metric):
    """A series as in the file, without the labels of the target."""
    labels = ",".join(f'{key}="{value}"' for key, value in metric.items()
                      if key not in ("__name__", "job", "instance"))
    return metric.get("__name__", "") + (f"{{{labels}}}" if labels else "")


# --- the output of ipsecstat, in both formats --------------------------------------

def written(text=None):
    """{series: value} of the file, or of another text."""
    return {series: int(value) for series, value in re.findall(
        r"^(ipsec_\S+) (\d+)$", text or FILE.read_text(encoding="ascii"), re.M)}


SAS = {"active": "activeSas", "pending": "pendingSaNegotiations",
       "offloaded": "offloadedSas", "added_total": "totalSasAdded",
       "deleted_total": "totalSasDeleted"}
DROPPED = {"esp": ("in", "esp"), "ah": ("in", "ah"), "other": ("in", "other"),
           "outbound": ("out", "any")}
TRAFFIC = {"ipsec_encrypted_bytes_total{%s}": "encryptedByteCount",
           'ipsec_authenticated_bytes_total{%s,proto="ah"}':
           "authenticatedAHByteCount",
           'ipsec_authenticated_bytes_total{%s,proto="esp"}':
           "authenticatedESPByteCount",
           'ipsec_bytes_total{%s,mode="transport"}': "transportByteCount",
           'ipsec_bytes_total{%s,mode="tunnel"}': "tunnelByteCount",
           "ipsec_offloaded_bytes_total{%s}": "offloadByteCount",
           "ipsec_packets_total{%s}": "totalSuccessfulPackets"}


def from_json(text):
    """The series that correspond to the JSON."""
    told = json.loads(text)
    sas = told["aggregateSaStatistics"]
    series = {f"ipsec_sas_{name}": sas[key] for name, key in SAS.items()}
    series |= {"ipsec_sa_rekeys_total": sas["successfulRekeys"],
               "ipsec_tunnels_active": sas["activeTunnels"]}
    for group, (way, proto) in DROPPED.items():
        series |= {f'ipsec_drops_total{{direction="{way}",proto="{proto}",'
                   f'reason="{reason}"}}': value
                   for reason, value in told[f"{group}DropReasons"].items()}
    for way in ("in", "out"):
        part = told[f"{way}boundTrafficStatistics"]
        series |= {name % f'direction="{way}"': part[key]
                   for name, key in TRAFFIC.items()}
    return series


# --- cases --------------------------------------------------------------

class Cases:
    """Cases that build on each other."""

    def __init__(self, stage, systemd, prometheus):
        self.systemd, self.prometheus = systemd, prometheus
        self.host, self.drops = stage.b, drop.Drops(stage)

    def _scraped(self):
        """Read now, by the unit, and wait until Prometheus has it."""
        self.systemd.ctl("start", f"{UNIT}.service")
        wanted = written()
        until(lambda: self.prometheus.query('{__name__=~"ipsec_.+"}') == wanted,
              "the figures of the file in Prometheus")
        return wanted

    def _provoke(self, cause):
        if not cause:
            return self._send_blocked()
        return self.drops.see(matrix.MACHINES[0], FLOW, cause,
                              drop.WHOSE[cause])

    def _send_blocked(self):
        """A datagram that an outbound policy of host b blocks."""
        target = self.drops.stage.a.address[4]
        rule = f"xfrm policy {{}} dst {target} proto udp dport 4711 dir out"
        self.host.ip(rule.format("add") + " action block priority 0")
        with ipsec.inside(self.host.name), socket.socket(
                socket.AF_INET, socket.SOCK_DGRAM) as sock, \
                contextlib.suppress(PermissionError):
            sock.sendto(b"four", (target, 4711))
        self.host.ip(rule.format("delete"))

    def _active(self, wanted):
        """Exactly these alerts are raised as shipped, and fire with shortened times.

        The test takes less than the ten minutes that most alerts are pending.
        """
        def wrong():
            slow = self.prometheus.alerts(shipped.RULES)
            fast = self.prometheus.alerts(self.prometheus.hasty)
            # Looks back over minutes without drops.
            raised = set(wanted) - {"IPsecNegotiationStuck"}
            return [f"{name} as shipped: {slow.get(name)}"
                    for name in slow.keys() ^ raised] + \
                [f"{name}: fires after less than ten minutes"
                 for name, state in slow.items() if state == "firing" and
                 shipped.alerts()[name].get("for") == "10m"] + \
                [f"{name} in haste: {fast.get(name)}"
                 for name in fast.keys() | set(wanted)
                 if fast.get(name) != ("firing" if name in wanted else None)]

        with contextlib.suppress(TimeoutError):
            until(lambda: not wrong(), "alerts")
        return wrong()

    def timer_reads_at_start(self):
        until(FILE.exists, f"{FILE} by {UNIT}.timer")
        there = os.listdir(FOLDER)
        mode = FILE.stat().st_mode & 0o777
        return [f"mode {mode:o}"] * (mode != 0o644) + \
            [f"beside it: {there}"] * (there != [FILE.name])

    def no_alert_without_a_cause(self):
        """No alert with good traffic, after two scrapes."""
        until(lambda: self.prometheus.query("up") == {"up": 1}, "a scrape")
        problems = self._provoke(drop.good)
        self.host.ip("xfrm state delete src {} dst {} proto esp spi {:#x}"
                     .format(*self.drops.forges[FLOW].outer,
                             self.drops.forges[FLOW].spi("larval")))
        self._scraped()
        problems += self._provoke(drop.good)
        self._scraped()
        return problems + self._active([])

    def types_and_help_are_exported(self):
        """And the conventions: what is summed is a counter, and _total."""
        text = FILE.read_text(encoding="ascii")
        wanted = {name: (kind, dict(re.findall(r"^# HELP (\S+) (.*)$", text,
                                               re.M))[name])
                  for name, kind in re.findall(r"^# TYPE (\S+) (.*)$", text,
                                               re.M)}
        seen = {name: (one["type"], one["help"]) for name, (one, *_) in
                self.prometheus.get("metadata").items()
                if name.startswith("ipsec_")}
        return [f"{name}: {seen.get(name)} instead of {wanted.get(name)}"
                for name in seen.keys() | wanted.keys()
                if seen.get(name) != wanted.get(name)] + \
            [f"{name}: {kind}" for name, (kind, _) in wanted.items()
             if (kind == "counter") != name.endswith("_total")]

    def counters_never_fall(self):
        """Counters never go down over rekeys and deletions, by Prometheus."""
        def line(verb, number):
            return life.state(verb, 0x51 + number, out=True, rest="reqid 7")

        policy = f"{life.policy()} tmpl proto esp mode transport reqid 7"
        problems, before = [], self._scraped()
        self.host.ip(line("add", 0), f"xfrm policy add {policy}")
        with matrix.udp(self.host, 4) as sender:
            for number in range(ROUNDS):
                self.host.ip(line("add", number + 1), line("delete", number))
                problems += self._provoke(drop.good)
                sender.sendto(b"data", (life.PEERS[4][1], 9))
                self._scraped()
        self.host.ip(f"xfrm policy delete {life.policy()}",
                     line("delete", ROUNDS))
        after = self._scraped()
        wanted = {"ipsec_sa_rekeys_total": ROUNDS,
                  "ipsec_sas_added_total": ROUNDS + 1,
                  "ipsec_sas_deleted_total": ROUNDS + 1,
                  'ipsec_packets_total{direction="in"}': 2 * ROUNDS,
                  'ipsec_packets_total{direction="out"}': ROUNDS,
                  'ipsec_bytes_total{direction="out",mode="transport"}':
                  ROUNDS * life.DATAGRAM}
        problems += ipsec.differ("series", {
            name: after[name] - before[name] for name in wanted}, wanted)
        counters = {name.partition("{")[0] for name in after
                    if "_total" in name}
        for name in counters:
            resets = self.prometheus.query(f"resets({name}[10m])")
            problems += [f"{name}{series} fell" for series, times in
                         resets.items() if times] or \
                [f"{name} was never there"] * (not resets)
        return problems

    def same_as_json(self):
        scraped = self._scraped()
        with ipsec.inside(self.host.name):
            told = from_json(ipsec.run("ipsecstat", "--json"))
        for series in [series for series in scraped if series.startswith(
                ("ipsec_build_info", "ipsec_start_time"))]:
            del scraped[series]         # of the read, not of the figures
        return ipsec.differ("series", scraped, told) + \
            [f"{name}: not in both" for name in scraped.keys() ^ told.keys()]

    def counting_began(self):
        """The time of the creation of the namespace."""
        seen, = (value for series, value in self._scraped().items()
                 if series.startswith("ipsec_start_time_seconds"))
        with ipsec.inside(self.host.name):
            since = json.loads(ipsec.run("ipsecstat", "--json"))["since"]
        wanted = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + \
            since / 1e9
        return [] if abs(seen - wanted) <= 1 else [f"{seen}, not {wanted}"]

    def scraped_without_an_exporter(self):
        """The answer of the socket unit equals the file."""
        wanted = self._scraped()
        self.systemd.ctl("start", "ipsecstat-scrape.socket")
        with ipsec.inside(self.host.name):
            with urllib.request.urlopen("http://127.0.0.1:9956/metrics",
                                        timeout=PATIENCE) as answer:
                seen = written(answer.read().decode("ascii"))
        self.systemd.ctl("stop", "ipsecstat-scrape.socket")
        return ipsec.differ("series", seen, wanted) + \
            [f"{name}: not in both" for name in seen.keys() ^ wanted.keys()]

    def alert(self, name):
        """Its cause twice; only the alerts caused so far are raised."""
        problems = self._provoke(PROVOKED[name]) or []
        self._scraped()
        so_far = list(PROVOKED)[:list(PROVOKED).index(name) + 1]
        return problems + self._active(so_far)

    def alert_of_larval_sas(self):
        self.host.ip(*[line for line in self.drops.forges[FLOW].states()
                       if "allocspi" in line])
        self._scraped()
        return self._active([*PROVOKED, "IPsecNegotiationStuck"])

    def alert_of_no_sas(self):
        self.host.flush()
        self._scraped()
        return self._active([*PROVOKED, "IPsecNoSAs"])

    @contextlib.contextmanager
    def _peers(self):
        """The unit reports peers, set up as in docs/monitoring.md."""
        self.systemd.override("peers", "[Service]\nExecStart=\nExecStart="
                              "/usr/bin/ipsecstat --prometheus --peers 20 "
                              f"--output {FILE}\n")
        self.host.ip(life.state("add", 0x51, rest="limit packet-hard 9"))
        self.systemd.ctl("start", f"{UNIT}.service")
        until(lambda: self.prometheus.query("rate(ipsec_peer_bytes_total[5m])")
              and self.prometheus.query("ipsec_peer_limit_used_ratio"),
              "peers in Prometheus, twice")
        yield
        self.host.flush()
        self.systemd.override("peers", "")
        self._scraped()

    def every_query_of_the_dashboard_gives_values(self):
        problems = []
        with self._peers():
            for title, query in [(title, query)
                                 for title, queries in shipped.panels()
                                 for query in queries]:
                values = self.prometheus.query(query)
                print(f"# {title}: {query}")
                for series, value in values.items():
                    print(f"#   {series or '{}'} {value:g}")
                if not values or any(value != value
                                     for value in values.values()):
                    problems.append(f"{title}: {values} of {query}")
        return problems

    def timer_keeps_its_interval(self):
        """The timer runs by itself, at its interval."""
        first = self.systemd.show(f"{UNIT}.timer", "LastTriggerUSec")
        until(lambda: self.systemd.show(
            f"{UNIT}.timer", "LastTriggerUSec") != first, "the timer")
        result = self.systemd.show(f"{UNIT}.service", "Result")
        return [f"the service: {result}"] * (result != "success")

    def alert_of_old_figures(self):
        self.systemd.ctl("stop", f"{UNIT}.timer", f"{UNIT}.service")
        past = time.time() - 600
        os.utime(FILE, (past, past))
        return self._active([*PROVOKED, "IPsecNoSAs", "IPsecStatisticsStale"])

    def alert_of_no_figures(self):
        """Drops of the minutes before remain visible."""
        FILE.unlink()
        return self._active([*PROVOKED, "IPsecStatisticsAbsent"])

    def all_namespaces(self):
        """By the commands of docs/monitoring.md."""
        lines = re.search(r"### All network namespaces\n.*?\n((?:    [^\n]*\n)+)",
                          PAGE.read_text(encoding="utf-8"), re.S)[1]
        self.systemd.override("netns", textwrap.dedent(lines))
        self.systemd.ctl("start", f"{UNIT}.service")
        text = FILE.read_text(encoding="ascii")
        return [f"nothing of {host.name}" for host in
                (self.host, self.drops.stage.a)
                if f'ipsec_sas_active{{netns="{host.name}"}}' not in text]


def main():
    FOLDER.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as name, \
         matrix.Stage([FLOW]) as stage, \
         Systemd(folder := pathlib.Path(name), stage.b) as systemd, \
         Prometheus(folder) as prometheus:
        cases = Cases(stage, systemd, prometheus)
        story = []
        for case, function in ipsec.cases_of(cases):
            story += [(f"alert_{name}", lambda name=name: cases.alert(name))
                      for name in PROVOKED] if case == "alert" else \
                [(case, function)]
        ipsec.run_cases(story)


if __name__ == "__main__":
    main()
