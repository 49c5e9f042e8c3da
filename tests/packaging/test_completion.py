# SPDX-License-Identifier: Apache-2.0
"""Completion, by the shells themselves and with real names."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from tests.functional.ovn import Ovn, wait_for
from tests.packaging import commands, completion
from tests.packaging.terminal import Terminal

PATIENCE = "GWSCHEDCTL_COMPLETION_TIMEOUT"
COMMAND = "python -m tests.packaging.completion"
TOOLS = Path(sys.executable).parent
ENV = {PATIENCE: "60"}  # however busy the machine is

# What readline does when Tab is pressed behind the last word.
TAB = """
source "$1"; shift
read -ra registered < <(complete -p gwschedctl)
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
"${registered[-2]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""
ZSHRC = """
fpath=({folder} $fpath)
autoload -Uz compinit && compinit -D -u
PS1='ready> ' PROMPT_EOL_MARK='' LISTMAX=1000
unsetopt auto_menu
"""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file that leads to two chassis and three gateway ports."""
    with Ovn() as ovn:
        ovn.add_chassis("gw1", "gw2")
        for router in ("north", "south", "nowhere"):
            ovn.add_router(router)
        file = tmp_path_factory.mktemp("cloud") / "cloud.conf"
        file.write_text(
            f"[ovn]\novn_nb_connection = {ovn.nb}\n"
            f"ovn_sb_connection = {ovn.sb}\n"
        )
        wait_for(
            lambda: len(ovn.nbctl("lr-list").splitlines()) == 3, "routers"
        )
        yield file


def env(tools: Path = TOOLS) -> Mapping[str, str]:
    path = os.pathsep.join([str(tools), os.environ["PATH"]])
    return {**os.environ, **ENV, "PATH": path}


def completed(*words: str, tools: Path = TOOLS) -> list[str]:
    """Return what bash has for the last of these words."""
    file = str(completion.FILES["bash"])
    done = subprocess.run(
        ["bash", "--norc", "-c", TAB, "bash", file, "gwschedctl", *words],
        env=env(tools),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split("\n")[:-1] if done.stdout.strip() else []


def stub(folder: Path, script: str) -> Path:
    """Make a gwschedctl of a script; return its folder."""
    tool = folder / "gwschedctl"
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    return folder


@pytest.mark.parametrize("shell", completion.FILES)
def test_the_file_is_what_the_command_writes(shell: str) -> None:
    file = completion.FILES[shell]
    assert file.read_text() == completion.script(shell), (
        f"{file.name} is stale: run `{COMMAND}`"
    )


@pytest.mark.parametrize("shell", completion.FILES)
def test_the_shell_can_read_it(shell: str) -> None:
    subprocess.run([shell, "-n", completion.FILES[shell]], check=True)


def test_every_value_that_is_not_free_is_completed() -> None:
    free = {"COLUMN", "SECONDS", "URL"}  # columns are choices
    for parser in commands.verbs(completion.parser()).values():
        for action in parser._actions:
            if isinstance(action.metavar, str) and action.metavar not in free:
                assert hasattr(action, "complete"), action


def test_verbs() -> None:
    assert completed("dr") == ["drain"]
    verbs = [*commands.verbs(commands.gwschedctl())]
    assert completed("") == verbs
    assert completed("--config-file", "x", "-d", "un") == [
        "undrain",
        "uncordon",
        "unpin",
    ]


@pytest.mark.parametrize("verb", commands.verbs(commands.gwschedctl()))
def test_options_of_a_verb(verb: str) -> None:
    parser = commands.verbs(commands.gwschedctl())[verb]
    found = completed(verb, "-")
    assert {*found} == {
        *(s for action in parser._actions for s in action.option_strings),
        *("--config-file", "--config-dir", "-d", "--debug"),
    }


def test_choices() -> None:
    assert completed("chassis", "-c", "he") == ["heartbeat"]
    assert completed("chassis", "-c", "holds", "-f", "") == [
        "table",
        "json",
        "value",
        "csv",
    ]
    assert completed("drain", "--format", "") == ["text", "json"]


def test_files(tmp_path: Path) -> None:
    for name in ("a.conf", "b.conf"):
        (tmp_path / name).touch()
    assert completed("status", "--config-file", f"{tmp_path}/a") == [
        f"{tmp_path}/a.conf"
    ]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("drain", ""), ["gw1", "gw2"]),
        (("drain", "--wait", "gw2"), ["gw2"]),
        (("explain", "lrp-no"), ["lrp-north", "lrp-nowhere"]),
        (("pin", "lrp-s"), ["lrp-south"]),
        (("pin", "lrp-south", ""), ["gw1", "gw2"]),
        (("simulate", "--fail", ""), ["gw1", "gw2"]),
        (("simulate", "--fail", "gw1,"), ["gw1,gw2"]),
    ],
)
def test_names_are_those_of_the_databases(
    cloud: Path, words: tuple[str, ...], names: list[str]
) -> None:
    assert sorted(completed("--config-file", str(cloud), *words)) == names


def test_the_file_may_stand_behind_the_verb(cloud: Path) -> None:
    words = ("drain", "--config-file", str(cloud), "--wait", "gw1")
    assert completed(*words) == ["gw1"]


def test_a_name_is_not_run(tmp_path: Path) -> None:
    folder = stub(tmp_path, f"echo 'a$(touch {tmp_path}/run)b; c'")
    (name,) = completed("drain", "", tools=folder)
    assert not (tmp_path / "run").exists()
    line = subprocess.run(
        ["bash", "-c", f"printf %s {name}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert line.stdout == f"a$(touch {tmp_path}/run)b; c"


def test_databases_that_do_not_answer_have_no_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ENV, PATIENCE, "0.2")
    pid = tmp_path / "pid"
    folder = stub(tmp_path, f"echo gw1; echo $$ > {pid}; exec sleep 600")
    try:
        completed("drain", "x", tools=folder)
        asked = Path(f"/proc/{int(pid.read_text())}")
        wait_for(lambda: not asked.exists(), "what was asked to be ended")
    finally:
        with suppress(ProcessLookupError):
            os.kill(int(pid.read_text()), signal.SIGKILL)


def test_no_databases_no_names(tmp_path: Path) -> None:
    folder = stub(tmp_path, "echo gwschedctl: NB is away >&2; exit 1")
    assert completed("drain", "", tools=folder) == []


def test_zsh(cloud: Path, tmp_path: Path) -> None:
    folder = completion.FILES["zsh"].parent
    (tmp_path / ".zshrc").write_text(ZSHRC.format(folder=folder))
    home = {**env(), "ZDOTDIR": str(tmp_path), "HOME": str(tmp_path)}
    file = f"--config-file {cloud}"
    with Terminal(["zsh", "-i"], home, tmp_path) as zsh:
        zsh.wait_for("ready> ")
        for typed, shown in (
            ("gwschedctl dra", "drain $"),
            ("gwschedctl chassis -c hea", "heartbeat $"),
            ("gwschedctl p", r"ports +-- list the gateway ports"),
            ("gwschedctl audit --ch", "--check $"),
            (f"gwschedctl {file} explain lrp-nor", "lrp-north $"),
            (f"gwschedctl pin {file} lrp-south gw", r"gw1 +gw2"),
            (f"gwschedctl {file} simulate --fail gw1,", "gw1,gw2"),
        ):
            zsh.type(f"{typed}\t")
            zsh.wait_for(shown)
            zsh.type("\x07")  # away with the line
            zsh.wait_for("ready> ")
