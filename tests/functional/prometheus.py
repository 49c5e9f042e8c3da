# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus with our rules, made impatient."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from tests.functional.ovn import wait_for

RULES = Path(__file__).parents[2] / "etc/prometheus/gwsched.rules.yml"

CONFIGURATION = """\
global:
  scrape_interval: 200ms
  scrape_timeout: 200ms
  evaluation_interval: 200ms
scrape_configs:
  - job_name: gwsched
    file_sd_configs:
      - files: [targets.json]
        refresh_interval: 1s
rule_files: [impatient.rules.yml]
"""


class Prometheus:
    """A server on a free port; ended at the end of the ``with`` block."""

    def __init__(self, directory: Path, daemons: Mapping[str, int]) -> None:
        """Scrape daemons, by the names of their instances and their ports."""
        self._directory = directory
        self._log = directory / "prometheus.log"
        (directory / "prometheus.yml").write_text(CONFIGURATION)
        patient = RULES.read_text()
        impatient, number = re.subn(r"(?m)^( +for:) .*$", r"\1 1s", patient)
        assert number
        (directory / "impatient.rules.yml").write_text(impatient)
        self.scrape(daemons)
        self._start()

    def _start(self) -> None:
        command = [
            "prometheus",
            "--config.file=prometheus.yml",
            f"--storage.tsdb.path={self._directory / 'tsdb'}",
            "--web.listen-address=127.0.0.1:0",
        ]
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                command, cwd=self._directory, stdout=log, stderr=log
            )
        try:
            found = wait_for(self._listening, "Prometheus to listen")
            self._url = f"http://127.0.0.1:{found[1]}"
            wait_for(lambda: "Server is ready" in self._said(), "it is ready")
        except BaseException:
            self.__exit__()  # nobody has us yet who would
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def _said(self) -> str:
        assert self._process.poll() is None, self._log.read_text()
        return self._log.read_text()

    def _listening(self) -> re.Match[str] | None:
        return re.search(
            r'"Listening on" address=127\.0\.0\.1:(\d+)', self._said()
        )

    def scrape(self, daemons: Mapping[str, int]) -> None:
        """Scrape these from now on."""
        targets = [
            {
                "targets": [f"127.0.0.1:{port}"],
                "labels": {"instance": name},
            }
            for name, port in daemons.items()
        ]
        fresh = self._directory / "targets.json.new"
        fresh.write_text(json.dumps(targets))
        fresh.rename(self._directory / "targets.json")

    def get(self, path: str, **query: str) -> Any:
        """Return the data of an answer of the API."""
        url = f"{self._url}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310
            return json.load(answer)["data"]

    def firing(self) -> dict[str, list[dict[str, Any]]]:
        """Return the alerts that fire, by their names."""
        found: dict[str, list[dict[str, Any]]] = {}
        for alert in self.get("alerts")["alerts"]:
            if alert["state"] == "firing":
                name = alert["labels"]["alertname"]
                found.setdefault(name, []).append(alert)
        return found
