# SPDX-License-Identifier: Apache-2.0
"""The configuration sample, and what an option must say in it."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from oslo_config import cfg, types

from gwsched import conf

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "etc/gwsched/gwsched.conf.sample"

UNIT = re.compile(
    r"\b(seconds|milliseconds|minutes|port number|per cent|percent"
    r"|chassis|candidates|gateway ports|ports|moves|transactions)\b",
    re.IGNORECASE,
)


def options() -> Iterator[tuple[str, cfg.Opt]]:
    """Yield every option of gwsched's own, with its name for messages."""
    for group, opts in conf.list_opts():
        for opt in opts:
            yield f"{getattr(group, 'name', group)}.{opt.dest}", opt


ALL = [pytest.param(opt, id=name) for name, opt in options()]
NUMBERS = [
    pytest.param(opt, id=name)
    for name, opt in options()
    if isinstance(opt.type, types.Number)
]


def ours(sample: Path) -> dict[str, str]:
    """The sections of a sample by name, but for [DEFAULT].

    That one is oslo.log's, and differs from release to release.
    """
    heading = re.compile(r"^\[(\w+)\]$", re.MULTILINE)
    sections = heading.split(sample.read_text())[1:]
    found = dict(zip(sections[::2], sections[1::2], strict=True))
    return {name: text for name, text in found.items() if name != "DEFAULT"}


def test_the_sample_is_up_to_date(tmp_path: Path) -> None:
    fresh = tmp_path / "sample"
    subprocess.run(
        [
            Path(sys.executable).with_name("oslo-config-generator"),
            "--config-file",
            "etc/oslo-config-generator/gwsched.conf",
            "--output-file",
            fresh,
        ],
        check=True,
        cwd=ROOT,
    )
    assert ours(SAMPLE) == ours(fresh), (
        f"{SAMPLE.relative_to(ROOT)} is stale: run `tox -e genconfig`"
    )


def test_there_are_options() -> None:
    assert ALL
    assert NUMBERS


@pytest.mark.parametrize("opt", ALL)
def test_help_is_made_of_sentences(opt: cfg.Opt) -> None:
    assert opt.help
    assert opt.help[0].isupper()
    assert opt.help.endswith(".")


@pytest.mark.parametrize("opt", NUMBERS)
def test_a_number_has_bounds_and_a_unit(opt: cfg.Opt) -> None:
    assert isinstance(opt.type, types.Number)
    assert opt.type.min is not None
    assert opt.type.max is not None
    assert UNIT.search(opt.help or ""), opt.help
