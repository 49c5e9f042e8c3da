# SPDX-License-Identifier: Apache-2.0
"""docs/configuration.md, and what it is made of."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from oslo_config import cfg, types

from gwsched import conf
from tests.packaging.configuration import HEAD, page, said
from tests.packaging.options import Entry, entries, kind
from tests.packaging.reloading import Effect, Reloading

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/configuration.md"
COMMAND = (sys.executable, "-m", "tests.packaging.configuration")


def known() -> dict[tuple[str, str], Entry]:
    return {(entry.group, entry.name): entry for entry in entries()}


def test_the_page_is_what_the_command_prints() -> None:
    done = subprocess.run(
        COMMAND, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert PAGE.read_text() == done.stdout, (
        f"{PAGE.relative_to(ROOT)} is stale: run `python "
        f"{' '.join(COMMAND[1:])} > docs/configuration.md`"
    )


def test_every_option_has_a_heading_of_its_own() -> None:
    headings = re.findall(r"^### (.+)$", page(), re.MULTILINE)
    assert headings == [
        f"[{group}] {option.name}"
        for group, options in conf.list_opts()
        for option in options
    ]
    assert len({*headings}) == len(headings)


def test_the_choices_are_listed() -> None:
    assert "- `observe`: Write no placement" in page()


@pytest.mark.parametrize(
    ("option", "effect"),
    [
        (("ovn", "ovn_sb_connection"), Effect.RECONNECTS),
        (("ovn", "ovn_sb_ca_cert"), Effect.REOPENS),
        (("ovn", "ovn_nb_private_key"), Effect.REOPENS),
        (("ovn", "ovs_connections"), Effect.REOPENS),
        (("ovn", "ovs_certificate"), Effect.REOPENS),
        (("scheduler", "load"), Effect.RECONNECTS),
        (("scheduler", "mode"), Effect.AT_ONCE),
        (("failover", "hold_down"), Effect.AT_ONCE),
        (("metrics", "port"), Effect.LISTENS),
        (("metrics", "ca_cert"), Effect.LISTENS),
    ],
)
def test_what_a_reload_does_is_found(
    option: tuple[str, str], effect: Effect
) -> None:
    assert known()[option].effect is effect


def test_an_option_that_the_daemon_ignores_is_found() -> None:
    class Deaf(Reloading):
        def _another(self, option: cfg.Opt) -> object:
            return option.default

    (mode,) = (o for o in conf.list_opts()[1][1] if o.name == "mode")
    with Deaf() as reloading, pytest.raises(ValueError, match="no notice"):
        reloading.effect("scheduler", mode)


def test_every_effect_is_explained() -> None:
    for effect in Effect:
        assert f"- {said(effect)}: " in HEAD, effect


def test_logging_options_that_are_named_exist() -> None:
    options = cfg.ConfigOpts()
    conf.register(options)
    table = HEAD[HEAD.index("## Logging") :]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    named = re.findall(r"`(\w+)`", "".join(r.split("|")[1] for r in rows))
    assert len(named) > len(rows)
    assert {*named} <= {*options}


def test_the_environment_beats_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "gwsched.conf"
    file.write_text("[scheduler]\nmode = enforce\n")
    named = re.search(r"`OS_(\w+)__(\w+)=(\w+)`", HEAD)
    assert named
    monkeypatch.setenv(f"OS_{named[1]}__{named[2]}", named[3])
    _, settings = conf.load(["--config-file", str(file)])
    assert not settings.enforce


def test_a_new_kind_of_option_must_be_named_first() -> None:
    with pytest.raises(TypeError, match="nobody has said"):
        kind(types.Boolean())


def test_a_default_is_shown_as_it_stands_in_a_file() -> None:
    shown = {name: entry.default for name, entry in known().items()}
    assert shown["ovn", "ovn_nb_connection"] == (
        "unix:/var/run/ovn/ovnnb_db.sock"
    )
    assert shown["scheduler", "chassis_capacity"] == ""
    assert shown["metrics", "port"] == "9977"
