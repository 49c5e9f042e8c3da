# SPDX-License-Identifier: Apache-2.0
"""What changing an option does to a running daemon, found by changing it.

The file is written twice, with another value of the option the second time,
and what the two are read to is compared as the daemon compares it.
"""

from __future__ import annotations

import enum
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import fields
from pathlib import Path
from typing import Self

from oslo_config import cfg, types

from gwsched import conf
from gwsched.conf import Settings, configured

SSL = "ssl:192.0.2.1:6641"
TCP = "tcp:192.0.2.1:6641"
PARTS = ("private_key", "certificate", "ca_cert")

Values = Mapping[tuple[str, str], object]


class Effect(enum.Enum):
    """What a daemon does about a changed option when it is told to reload."""

    AT_ONCE = "at once"
    RECONNECTS = "reconnects to both databases"
    REOPENS = "opens these connections anew"
    LISTENS = "moves the listener"


class Reloading:
    """A directory with TLS files in two places, and files that name them."""

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            made = stack.enter_context(tempfile.TemporaryDirectory())
            self._directory = Path(made)
            _make_pem(self._directory / "before")
            shutil.copytree(
                self._directory / "before", self._directory / "after"
            )
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def effect(self, group: str, option: cfg.Opt) -> Effect:
        """Say what becomes of a daemon when this option changes."""
        before = self._around(group, option.name)
        changed = {(group, option.name): self._another(option)}
        return _effect(self._read(before), self._read({**before, **changed}))

    def _around(self, group: str, name: str) -> Values:
        """Return the options that this one depends on, so that it counts."""
        if group == "metrics":
            return {("metrics", part): self._pem(part) for part in PARTS}
        options, remotes = "ovn_nb", "ovn_nb_connection"
        if name.startswith("ovn_sb_"):
            options, remotes = "ovn_sb", "ovn_sb_connection"
        elif name.startswith("ovs_") and name != "ovs_connections":
            options, remotes = "ovs", "ovs_connections"
        files = {("ovn", f"{options}_{p}"): self._pem(p) for p in PARTS}
        return {("ovn", remotes): SSL, **files}

    def _pem(self, part: str, place: str = "before") -> Path:
        return self._directory / place / part

    def _another(self, option: cfg.Opt) -> object:
        """Return a value of the option's kind that is no default."""
        for part in PARTS:
            if option.name.endswith(part):
                return self._pem(part, "after")
        kind = option.type
        if isinstance(kind, types.Integer):
            return option.default + (1 if option.default < kind.max else -1)
        if isinstance(kind, types.Dict):
            return "gw1:2"
        if isinstance(kind, types.List):
            return TCP if "connection" in option.name else "gw1"
        if isinstance(kind, types.HostAddress):
            return "192.0.2.1"
        if isinstance(kind, types.String):
            others = [*(kind.choices or ["another"])]
            return next(each for each in others if each != option.default)
        raise TypeError(f"{option.name}: nobody has said what else it may be")

    def _read(self, values: Values) -> Settings:
        file = self._directory / "gwsched.conf"
        groups: dict[str, list[str]] = {}
        for (group, name), value in values.items():
            groups.setdefault(group, []).append(f"{name} = {value}")
        file.write_text(
            "\n".join(
                "\n".join([f"[{group}]", *lines])
                for group, lines in groups.items()
            )
        )
        _, settings = conf.load(["--config-file", str(file)])
        return settings


def _effect(before: Settings, after: Settings) -> Effect:
    changed = {
        field.name
        for field in fields(Settings)
        if getattr(before, field.name) != getattr(after, field.name)
    }
    if not changed:
        raise ValueError("the daemon takes no notice of it")
    if configured.needs_other_databases(before, after):
        return Effect.RECONNECTS
    if changed <= {"ovs", "tls"}:
        return Effect.REOPENS
    if all(name.startswith("metrics_") for name in changed):
        return Effect.LISTENS
    return Effect.AT_ONCE


def _make_pem(directory: Path) -> None:
    """Make a key, and a certificate that is its own authority's."""
    directory.mkdir()
    key, certificate, authority = (directory / part for part in PARTS)
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt"),
            *("ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=gwsched"),
            *("-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    shutil.copy(certificate, authority)
