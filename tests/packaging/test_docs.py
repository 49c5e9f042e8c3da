# SPDX-License-Identifier: Apache-2.0
"""README and docs: every command is known, every example can be used.

What can be run is run by tests/functional/test_docs.py.
"""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from oslo_config import cfg

from gwsched import conf
from gwsched.conf.unknown import unknown
from tests.packaging import docblocks, pages, wording
from tests.packaging.docblocks import FILE, REGISTRY, WORDS
from tests.packaging.pages import ROOT, Block
from tests.packaging.wording import TOOLS, WrongError

# These need databases; tests/functional/test_docs_spans.py has some.
RUN = frozenset({"ovn-nbctl", "ovn-sbctl", "ovs-vsctl", "ovsdb-tool"})
SCRIPT = ROOT / "docs/rolling-reboot.sh"


def mentioned() -> Iterator[tuple[str, str]]:
    """Yield what is a command amid the text, with its page."""
    for page in pages.names():
        for span in dict.fromkeys(pages.spans(page)):
            tool = span.split()[0]
            if tool in TOOLS or tool.startswith("tools/"):
                yield page, span


def examples(language: str) -> list[Block]:
    return [
        block
        for page in pages.names()
        for block in pages.blocks(page)
        if block.language == language
    ]


def name(value: object) -> str:
    return str(value) if isinstance(value, (Block, str)) else ""


# -- commands --------------------------------------------------------------


@pytest.mark.parametrize("block", [*docblocks.shell()], ids=name)
def test_somebody_has_said_how_a_block_is_tried(block: Block) -> None:
    assert docblocks.how(block), (
        f"{block} is in no registry: say in docblocks.py how it is tried\n"
        f"{block.text}"
    )


def test_the_registry_has_no_more_than_there_is() -> None:
    found = Counter(block.place for block in docblocks.shell())
    assert {place: len(hows) for place, hows in REGISTRY.items()} == found


@pytest.mark.parametrize("block", docblocks.tried(WORDS), ids=name)
def test_what_cannot_be_run_names_what_is_there(block: Block) -> None:
    for words in wording.simple_commands(block.text):
        wording.check(words)


@pytest.mark.parametrize(("page", "span"), [*mentioned()], ids=name)
def test_a_command_amid_the_text_can_be_given(page: str, span: str) -> None:
    for words in wording.simple_commands(span):
        wording.check(words)


@pytest.mark.parametrize("page", pages.names())
def test_no_command_hides_in_another_block(page: str) -> None:
    """A block without a language is a picture, or the like."""
    for block in pages.blocks(page):
        if block.language in {"", "text"}:
            for line in block.text.splitlines():
                first = line.removeprefix("$ ").split()[:1]
                hidden = set(first) & (TOOLS.keys() | RUN)
                assert not hidden, f"{block}: {line}"


@pytest.mark.parametrize(
    "words",
    [
        ["gwschedctl", "drain", "gw1", "--wate"],
        ["gwschedctl", "tango", "gw1"],
        ["gwsched", "--frobnicate"],
        ["gwsched-sandbox", "fault", "gw1", "flood"],
        ["systemctl", "reload", "gwshed"],
        ["systemctl", "resurrect", "gwsched"],
        ["journalctl", "-u", "gwsched", "--frobnicate"],
        ["ovn-appctl", "-t", "ovn-controller", "connection-stats"],
        ["tox", "-e", "fizz"],
        ["python", "-m", "tests.packaging.no_such_thing"],
        ["python", "-m", "tests.simulation", "--reply", "7"],
        ["tools/test", "tests/unit/test_no_such_thing.py"],
        ["tools/tests"],
        ["make", "install"],
    ],
    ids=" ".join,
)
def test_what_is_not_there_is_found_out(words: list[str]) -> None:
    with pytest.raises(WrongError):
        wording.check(words)


# -- files and examples ----------------------------------------------------


@pytest.mark.parametrize("block", docblocks.tried(FILE), ids=name)
def test_a_script_in_the_docs_is_sound(block: Block, tmp_path: Path) -> None:
    path = tmp_path / "script"
    path.write_text(block.text)
    lint(path)


def test_the_script_in_docs_is_sound() -> None:
    assert SCRIPT.stat().st_mode & 0o111 == 0o111
    lint(SCRIPT)


def lint(path: Path) -> None:
    done = subprocess.run(
        ["shellcheck", path], text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("block", examples("ini"), ids=name)
def test_an_example_of_configuration_is_known(
    block: Block, tmp_path: Path
) -> None:
    """All but the files that it names, which only operators have."""
    if "[Service]" in block.text:
        drop_in_is_valid(block.text, tmp_path)
        return
    path = tmp_path / "gwsched.conf"
    path.write_text(block.text)
    options = cfg.ConfigOpts()
    conf.register(options)
    conf.parse(options, ["--config-file", str(path)], "gwsched")
    assert unknown(options) == []
    for group, _ in conf.list_opts():
        assert dict(options[group])  # reads, and so checks, every value


def drop_in_is_valid(text: str, directory: Path) -> None:
    """Let systemd read the unit with what an administrator adds."""
    unit = (ROOT / "systemd/gwsched.service").read_text()
    path = directory / "gwsched.service"
    path.write_text(unit.replace("/usr/bin/gwsched", "/bin/true"))
    added = directory / "gwsched.service.d"
    added.mkdir()
    (added / "added.conf").write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", path],
        text=True,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("block", examples("yaml"), ids=name)
def test_an_example_in_yaml_can_be_read(block: Block) -> None:
    assert yaml.safe_load(block.text)


# -- links -----------------------------------------------------------------


@pytest.mark.parametrize("page", pages.names())
def test_links_lead_somewhere(page: str) -> None:
    for link in pages.links(page):
        if link.startswith("https://"):
            continue
        file, _, anchor = link.partition("#")
        target = (ROOT / page).parent / file if file else ROOT / page
        assert target.exists(), f"{page}: {link}: no such file"
        if anchor and target.suffix == ".md":
            path = str(target.resolve().relative_to(ROOT))
            assert anchor in pages.anchors(path), f"{page}: {link}"


def test_each_page_can_be_found_from_the_readme() -> None:
    linked = set(pages.links("README.md"))
    for page in pages.names():
        assert page == "README.md" or page in linked, page
