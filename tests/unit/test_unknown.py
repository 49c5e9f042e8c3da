# SPDX-License-Identifier: Apache-2.0
"""Names in the files that nobody knows, and what was meant."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gwsched import conf
from gwsched.conf.options import GROUPS
from gwsched.conf.unknown import NEUTRONS, unknown

Found = Callable[..., list[str]]


@pytest.fixture
def found(tmp_path: Path) -> Found:
    """Say what is unknown in a file, and in one of a directory of files."""
    more = tmp_path / "more.conf.d"
    more.mkdir()
    file = tmp_path / "gwsched.conf"

    def finding(text: str, added: str = "") -> list[str]:
        file.write_text(text)
        (more / "10.conf").write_text(added)
        argv = ["--config-file", str(file), "--config-dir", str(more)]
        options, _ = conf.load(argv)
        return [
            str(name).replace(f"{tmp_path}/", "") for name in unknown(options)
        ]

    return finding


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[scheduler]\nmax_candidate = 3\n",
            "no option 'max_candidate' in [scheduler]; "
            "did you mean max_candidates?",
        ),
        (
            "[scheduler]\nmax-candidates = 3\n",
            "no option 'max-candidates' in [scheduler]; "
            "did you mean max_candidates?",
        ),
        (
            "[health]\nDead_After = 3\n",
            "no option 'Dead_After' in [health]; did you mean dead_after?",
        ),
        (
            "[health]\nhold_down = 3\n",
            "no option 'hold_down' in [health]; "
            "did you mean [failover] hold_down?",
        ),
        (
            "[DEFAULT]\nuse_jsn = true\n",
            "no option 'use_jsn' in [DEFAULT]; did you mean use_json?",
        ),
        (
            "[ovn]\novn_nb_conection = unix:/x\n",
            "no option 'ovn_nb_conection' in [ovn]; "
            "did you mean ovn_nb_connection?",
        ),
        ("[health]\nfly = high\n", "no option 'fly' in [health]"),
        ("[schedular]\nx = 1\n", "no [schedular]; did you mean [scheduler]?"),
        ("[default]\ndebug = 1\n", "no [default]; did you mean [DEFAULT]?"),
        ("[metrics ]\nport = 1\n", "no [metrics ]; did you mean [metrics]?"),
        ("[nobodys]\nx = 1\n", "no [nobodys]"),
        ("[nobodys]\n", "no [nobodys]"),
    ],
)
def test_what_nobody_knows_is_named_with_what_is_near(
    found: Found, text: str, said: str
) -> None:
    assert found(text) == [f"gwsched.conf: there is {said}"]


def test_each_is_named_once_with_its_file(found: Found) -> None:
    assert found(
        "[health]\none = 1\none = 2\ndead_after = 3\ntwo = 2\n",
        "[health]\ntwo = 2\n",
    ) == [
        "gwsched.conf: there is no option 'one' in [health]",
        "gwsched.conf: there is no option 'two' in [health]",
        "more.conf.d/10.conf: there is no option 'two' in [health]",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[Scheduler]\nmode = observe\n[HEALTH]\ndead_after = 3\n",
        "[DEFAULT]\ndebug = true\nuse_json = true\nlogfile = /x\n"
        "default_log_levels = a=INFO\nfatal_deprecations = false\n",
        "[ovn]\n" + "".join(f"{name} = 1\n" for name in sorted(NEUTRONS)),
    ],
)
def test_what_is_known_is_not_named(found: Found, text: str) -> None:
    assert found(text) == []


def test_every_option_of_ours_is_known(found: Found) -> None:
    text = "".join(
        f"[{group}]\n"
        + "".join(f"{option.dest} = {written(option)}\n" for option in options)
        for group, options in GROUPS.items()
    )
    assert found(text) == []


def written(option: object) -> str:
    default = getattr(option, "default", "")
    if isinstance(default, list):
        return ",".join(default)
    return "" if default == {} else str(default)


def test_neutrons_names_are_good_in_its_own_section_only(found: Found) -> None:
    assert found("[scheduler]\nneutron_sync_mode = log\n") == [
        "gwsched.conf: there is no option 'neutron_sync_mode' in [scheduler]"
    ]


def test_neutrons_names_are_none_of_ours() -> None:
    assert not NEUTRONS & {option.dest for option in GROUPS["ovn"]}


def test_without_any_file_nothing_is_unknown() -> None:
    assert unknown(conf.load([])[0]) == []
