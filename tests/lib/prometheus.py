"""A real Prometheus for tests, on a free port of 127.0.0.1, and its promtool."""

import json
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path

from lib import cache
from lib.process import Process, free_port


def promtool(*words, stdin=""):
    """Exit code and all that it said."""
    done = subprocess.run([cache.prometheus() / "promtool", *words], input=stdin, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


class Prometheus(Process):
    """With this configuration file; nothing is kept."""

    def __init__(self, folder, config):
        self.port = free_port()
        data = Path(folder) / "prometheus"
        argv = [cache.prometheus() / "prometheus", f"--config.file={config}", f"--storage.tsdb.path={data}"]
        super().__init__([*argv, f"--web.listen-address=127.0.0.1:{self.port}"], cwd=folder, name="prometheus")

    def start(self):
        super().start()
        self.wait_for_http(f"http://127.0.0.1:{self.port}/-/ready", timeout_s=30)
        return self

    def ask(self, path, **words):
        """The data of an answer of its API."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(words)}", timeout=10) as reply:
            return json.load(reply)["data"]

    def query(self, expression):
        """Label sets and values that an expression has now."""
        return [(r["metric"], float(r["value"][1])) for r in self.ask("query", query=expression)["result"]]

    def targets(self):
        """Health by job."""
        return {t["labels"]["job"]: t["health"] for t in self.ask("targets")["activeTargets"]}

    def firing(self):
        return {a["labels"]["alertname"]: a for a in self.ask("alerts")["alerts"] if a["state"] == "firing"}
