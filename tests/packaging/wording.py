# SPDX-License-Identifier: Apache-2.0
"""Commands in the docs that are not run: whether there is what they name.

They need an init system, a mirror of packages, or hours.  So it is looked
up whether tool, verb, option, module and file exist.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from configparser import ConfigParser
from functools import cache, partial
from pathlib import Path

from tests.functional import schemas
from tests.packaging import commands
from tests.packaging.pages import ROOT

# What ends a simple command.
SEPARATORS = frozenset({"|", "||", "&&", ";", "\n"})
# Which server a tool of OVS or OVN talks to, and where its commands are.
SERVERS: Mapping[str, str] = {
    "ovn-controller": "/usr/bin/ovn-controller",
    "ovn-northd": "/usr/bin/ovn-northd",
    "ovs-vswitchd": "/usr/sbin/ovs-vswitchd",
    "ovsdb-server": "/usr/sbin/ovsdb-server",
}
UNITS = frozenset(
    {
        "gwsched",
        "ovn-central",
        "ovn-controller",
        "ovn-ovsdb-server-nb",
        "openvswitch-switch",
    }
)


class WrongError(Exception):
    """A command that names something that is not there."""


def simple_commands(text: str) -> Iterator[list[str]]:
    """Yield the words of each simple command; comments are left out."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars="|&;\n")
    lexer.whitespace = " \t"
    lexer.whitespace_split = True
    words: list[str] = []
    for word in [*lexer, "\n"]:
        if set(word) <= {"\n"} or word in SEPARATORS:
            if words:
                yield words
            words = []
        else:
            words.append(word)


def check(words: Sequence[str]) -> None:
    """Look up everything in a command; :raises WrongError: for what is not.

    Of a tool alone only its being known is asked.
    """
    name, given, value = words[0].partition("=")
    if given and name == schemas.CHOICE and value in schemas.NB:
        words = words[1:]
    tool = words[0].removeprefix("/opt/gwsched/bin/")
    if tool not in TOOLS and not _is_ours(tool):
        raise WrongError(f"nobody has said how to check {tool!r}")
    if tool in TOOLS and len(words) > 1:
        TOOLS[tool](words[1:])
    elif _is_ours(tool):
        _paths(words[1:])


def _is_ours(tool: str) -> bool:
    """Whether it is a script of the checkout."""
    path = ROOT / tool
    return "/" in tool and path.is_file() and bool(path.stat().st_mode & 0o100)


def _parsed(
    make: Callable[[], argparse.ArgumentParser], words: Sequence[str]
) -> None:
    """Let the real parser read it; a verb alone is only to be one."""
    parser = make()
    if [*words] in [[verb] for verb in commands.verbs(parser)]:
        return
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            parser.parse_args(words)
    except SystemExit as leaving:
        if leaving.code:
            raise WrongError(said.getvalue()) from leaving


@cache
def _help(*command: str) -> str:
    done = subprocess.run(
        [*command, "--help"],
        text=True,
        capture_output=True,
        check=False,
        cwd=ROOT,
    )
    return done.stdout + done.stderr


def _in_help(words: Sequence[str], *command: str) -> None:
    """Let a tool's own help know each option, and the first other word."""
    known = _help(*command)
    options = [word for word in words if word.startswith("-")]
    others = [word for word in words if not word.startswith("-")]
    for word in options:
        if not re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", known):
            raise WrongError(f"{command} has no option {word}")
    for word in others[:1]:
        if not re.search(rf"^\s*{re.escape(word)}\b", known, re.MULTILINE):
            raise WrongError(f"{command} knows no {word}")


def _systemctl(words: Sequence[str]) -> None:
    _in_help(words, "systemctl")
    units = [word for word in words if not word.startswith("-")][1:]
    if strange := set(units) - UNITS:
        raise WrongError(f"there is no unit {strange}")


def _journalctl(words: Sequence[str]) -> None:
    _in_help([w for w in words if w.startswith("-")], "journalctl")


def _appctl(default: str, words: Sequence[str]) -> None:
    """Look for a command in the server that is to understand it."""
    server, rest = default, [*words]
    if rest[0] == "-t":
        server = rest[1]
        rest = rest[2:]
        if server.endswith(".ctl"):
            server = "ovsdb-server"
    program = Path(SERVERS[server]).read_bytes()
    if not rest or rest[0].encode() + b"\0" not in program:
        raise WrongError(f"{server} has no command {rest}")


def _python(words: Sequence[str]) -> None:
    if words[:2] == ["-m", "venv"]:
        return
    if words[0] != "-m" or not importlib.util.find_spec(words[1]):
        raise WrongError(f"there is no module {words[1:2]}")
    options = [word for word in words[2:] if word.startswith("-")]
    if options:
        _in_help(options, sys.executable, "-m", words[1])


def _tox(words: Sequence[str]) -> None:
    ini = ConfigParser()
    ini.read(ROOT / "tox.ini")
    named = [word for word in words if word != "-e"]
    listed = re.split(r"[,\s]+", ini["tox"]["env_list"])
    known = {name.removeprefix("testenv:") for name in ini.sections()}
    if words[0] != "-e" or set(named) - known - set(listed):
        raise WrongError(f"tox.ini has no {named}")


def _pip(words: Sequence[str]) -> None:
    if words[0] != "install" or words[-1] != ".":
        raise WrongError("only this checkout can be installed by pip")
    _in_help(
        [w for w in words[1:] if w.startswith("-")],
        *(sys.executable, "-m", "pip", "install"),
    )


def _paths(words: Sequence[str]) -> None:
    """Let relative paths be there in the checkout."""
    for word in words:
        looks_so = "/" in word and not word.startswith(("/", "-"))
        if looks_so and not (ROOT / word).exists():
            raise WrongError(f"there is no {word}")


def _pytest(words: Sequence[str]) -> None:
    """Let the files be there; several on a line share their directory."""
    files = [word for word in words if word.endswith(".py")]
    folder = Path(files[0]).parent if files else Path()
    for name in files:
        if not (ROOT / folder / Path(name).name).exists():
            raise WrongError(f"there is no {name}")


def _man(words: Sequence[str]) -> None:
    if not [*(ROOT / "man").glob(f"{words[-1]}.[58]")]:
        raise WrongError(f"there is no manual page {words[-1]}")


def _exists(tool: str, _words: Sequence[str]) -> None:
    if not shutil.which(tool):
        raise WrongError(f"there is no {tool}")


TOOLS: Mapping[str, Callable[[Sequence[str]], None]] = {
    "gwsched": partial(_parsed, commands.daemon),
    "gwschedctl": partial(_parsed, commands.gwschedctl),
    "gwsched-sandbox": partial(_parsed, commands.sandbox),
    "systemctl": _systemctl,
    "journalctl": _journalctl,
    "ovn-appctl": partial(_appctl, "ovn-controller"),
    "ovs-appctl": partial(_appctl, "ovs-vswitchd"),
    "python": _python,
    "python3": _python,
    "tox": _tox,
    "pip": _pip,
    "pytest": _pytest,
    "man": _man,
    **{
        tool: partial(_exists, tool)
        for tool in ("chgrp", "grep", "sed", "systemd-sysusers")
    },
}
