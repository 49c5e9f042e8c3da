# SPDX-License-Identifier: Apache-2.0
"""The real daemon in a process of its own, with quick timers."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from prometheus_client.parser import text_string_to_metric_families

from tests.functional.ovn import wait_for

BIN = Path(sys.executable).parent

QUICK: Mapping[str, Mapping[str, object]] = {
    "health": {"probe_interval": 1, "dead_after": 2},
    "failover": {"hold_down": 1},
    "metrics": {"port": 0},
}


def write_conf(
    path: Path, nb: str, sb: str, options: Mapping[str, Mapping[str, object]]
) -> Path:
    """Write a configuration file: the quick timers, and some options."""
    sections: dict[str, dict[str, object]] = {
        "ovn": {"ovn_nb_connection": nb, "ovn_sb_connection": sb}
    }
    for source in (QUICK, options):
        for section, values in source.items():
            sections.setdefault(section, {}).update(values)
    lines = []
    for section, values in sections.items():
        lines.append(f"[{section}]")
        lines += [f"{key} = {value}" for key, value in values.items()]
    path.write_text("\n".join(lines) + "\n")
    return path


class Daemon:
    """A running gwsched; ended at the end of the ``with`` block."""

    # How long its start, its end or a line of its log may take (seconds).
    patience = 40.0

    def __init__(
        self,
        directory: Path,
        nb: str,
        sb: str,
        options: Mapping[str, Mapping[str, object]] | None = None,
        name: str = "gwsched",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        conf = write_conf(directory / f"{name}.conf", nb, sb, options or {})
        self._log = directory / f"{name}.log"
        self._command = [str(BIN / "gwsched"), "--config-file", str(conf)]
        self._environment = {**os.environ, **(environment or {})}
        self.start()

    def start(self) -> None:
        """Start the process (again); the log goes on."""
        self._offset = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("a") as log:
            self.process = subprocess.Popen(
                self._command, stderr=log, env=self._environment
            )
        listening = r"metrics and health on http://127\.0\.0\.1:(\d+)"
        try:
            match = self.wait_log(listening, self.patience)
            self.port = int(match.group(1))
        except BaseException:
            self.__exit__()  # nobody has us yet who would
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    @property
    def log(self) -> str:
        """What this process has logged."""
        return self._log.read_text()[self._offset :]

    def wait_log(
        self, pattern: str, timeout: float | None = None
    ) -> re.Match[str]:
        """Wait for a line that matches."""

        def found() -> re.Match[str] | None:
            assert self.process.poll() is None, self.log
            return re.search(pattern, self.log)

        match = wait_for(
            found, f"{pattern!r} in the log", timeout or self.patience
        )
        assert isinstance(match, re.Match)
        return match

    def terminate(self) -> int:
        """End it as systemd would, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=self.patience)

    def kill(self) -> None:
        """End it as nobody should."""
        self.process.kill()
        self.process.wait(timeout=20)

    def get(self, path: str) -> tuple[int, str]:
        """Return status and body of an HTTP request."""
        url = f"http://127.0.0.1:{self.port}{path}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metric(self, name: str, **labels: str) -> float | None:
        """Return the value of a sample, None where there is none."""
        for family in text_string_to_metric_families(self.get("/metrics")[1]):
            for sample in family.samples:
                if sample.name == name and sample.labels == labels:
                    return sample.value
        return None
