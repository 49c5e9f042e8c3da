# SPDX-License-Identifier: Apache-2.0
"""The manual pages: made anew, linted, and held against the commands."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gwsched import conf, service
from gwsched.cli import answer, main
from gwsched.sandbox.faults import FAULTS
from tests.packaging import commands, manpages, mdoc
from tests.packaging.options import entries

COMMAND = "python -m tests.packaging.manpages"
FILES = sorted(manpages.PAGES.iterdir())
TOOLS = Path(sys.executable).parent
PARSERS = {
    "gwschedctl": commands.gwschedctl(),
    "gwsched-sandbox": commands.sandbox(),
}
LITERAL = re.compile(r"^\.Bd -literal.*\n((?:.*\n)*?)\.Ed$", re.MULTILINE)


def name(file: Path) -> str:
    return file.name


def source(page: str) -> str:
    return (manpages.PAGES / page).read_text()


def lines(pattern: str, said: str) -> list[str]:
    """Return what a pattern finds in the lines of a page."""
    return re.findall(rf"^{pattern}$", said, re.MULTILINE)


def examples() -> Iterator[str]:
    """Yield the lines that the pages show to be typed."""
    for file in FILES:
        if file.suffix == ".8":
            for block in LITERAL.findall(file.read_text()):
                yield from block.splitlines()


def exit_codes(page: str) -> set[int]:
    status = source(page).split(".Sh EXIT STATUS")[1].split(".El")[0]
    return {int(code) for code in lines(r"\.It (\d+)", status)}


def test_all_pages_are_there() -> None:
    assert [*map(name, FILES)] == [
        "gwsched-sandbox.8",
        "gwsched.8",
        "gwsched.conf.5",
        "gwschedctl.8",
    ]


@pytest.mark.parametrize("file", FILES, ids=name)
def test_a_page_is_up_to_date(file: Path) -> None:
    known = file.read_text()
    assert manpages.page(known) == known, (
        f"{file.name} is stale: run `{COMMAND}`"
    )


def test_every_part_has_its_place() -> None:
    begun = [m for f in FILES for m in manpages.PART.finditer(f.read_text())]
    assert sorted(part[2] for part in begun) == sorted(manpages.PARTS)
    said = "".join(file.read_text() for file in FILES)
    assert said.count('.\\" begin ') == len(begun), "a part without an end"


@pytest.mark.parametrize("file", FILES, ids=name)
def test_mandoc_finds_nothing_wrong(file: Path) -> None:
    lint = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "warning", file],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (lint.returncode, lint.stdout) == (0, "")


@pytest.mark.parametrize("file", FILES, ids=name)
def test_groff_finds_nothing_wrong(file: Path) -> None:
    shown = subprocess.run(
        ["groff", "-mdoc", "-ww", "-T", "utf8", "-z", file],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (shown.returncode, shown.stderr) == (0, "")


def test_every_verb_and_its_options_are_there() -> None:
    for command, parser in PARSERS.items():
        said = source(f"{command}.8").replace("\\-", "-")
        common = commands.common(parser)
        for words, verb in commands.leaves(parser):
            (entry,) = lines(rf"\.It Ic {words}\b(.*)", said)
            for action in verb._actions:
                for option in action.option_strings[-1:]:
                    assert option in common or f"Fl {option[1:]}" in entry


def test_every_option_of_the_file_is_there() -> None:
    said = source("gwsched.conf.5").replace("\\-", "-")
    for entry in entries():
        section = said.split(f".Ss [{entry.group}]\n")[1].split(".Ss")[0]
        assert f".It Cm {entry.name}\n" in section
        for value, _ in entry.choices:
            assert f".It Cm {value}\n" in section


def test_every_fault_is_there() -> None:
    said = source("gwsched-sandbox.8").split(".Ss Faults")[1].split(".El")[0]
    kinds = lines(r"\.It Cm (.+)", said)
    assert ", ".join(kinds).replace(" ,", ",") == ", ".join(FAULTS)


def test_exit_codes_are_those_of_the_code() -> None:
    assert exit_codes("gwschedctl.8") == {
        answer.DONE,
        answer.FAILED,
        main.FAILED,
        main.USAGE,
        answer.REFUSED,
        main.INTERRUPTED,
    }
    assert service.USAGE in exit_codes("gwsched.8")


@pytest.mark.parametrize("line", [*examples()])
def test_an_example_can_be_typed(line: str) -> None:
    command, *words = line.split()
    if command in PARSERS:
        PARSERS[command].parse_args(words)
    else:
        assert line == "OS_SCHEDULER__MODE=observe gwsched"


def test_the_example_of_a_file_can_be_used(tmp_path: Path) -> None:
    (shown,) = LITERAL.findall(source("gwsched.conf.5"))
    file = tmp_path / "gwsched.conf"
    file.write_text(shown)
    _, settings = conf.load(["--config-file", str(file)])
    assert len(settings.nb) == len(settings.sb) == 3
    assert not settings.enforce


def test_options_that_are_written_by_hand_exist() -> None:
    usage = subprocess.run(
        [TOOLS / "gwsched", "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for option in lines(r"\.Fl (\S+).*", source("gwsched.8")):
        assert f"-{option}".replace("\\-", "-") in usage, option


def test_common_options_are_taken_before_a_verb_and_behind_it(
    tmp_path: Path,
) -> None:
    file = tmp_path / "gwsched.conf"
    file.touch()
    common: list[str | Path] = [
        "--config-file",
        file,
        "--config-dir",
        tmp_path,
        "--debug",
    ]
    for words in ([*common, "check-config"], ["check-config", *common]):
        subprocess.run([TOOLS / "gwschedctl", *words], check=True)


def test_text_is_no_request() -> None:
    assert [*mdoc.text("See this.\n'Tis \\fBnot. .so x -y")] == [
        "See this.",
        "\\&'Tis \\efBnot.",
        "\\&.so x \\-y",
    ]


def test_a_word_is_no_macro() -> None:
    assert [mdoc.word(word) for word in ("Ar", "PORT", "|", "a-b")] == [
        "\\&Ar",
        "PORT",
        "\\&|",
        "a\\-b",
    ]
