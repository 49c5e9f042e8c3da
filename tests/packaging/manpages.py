# SPDX-License-Identifier: Apache-2.0
"""Bring man/ up to date: ``python -m tests.packaging.manpages``.

The pages are written by hand, but for what stands between a comment that
begins a part and one that ends it: that is made of the parsers and options.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import groupby
from pathlib import Path

from gwsched.cli.forecast import assumed
from tests.packaging import commands, mdoc
from tests.packaging.options import Entry, entries

PAGES = Path(__file__).parents[2] / "man"
PART = re.compile(
    r'^(\.\\" begin (\S+), .*\n)(?:.*\n)*?(\.\\" end \2\n)', re.MULTILINE
)
# Several verbs say this; the page does once.
SHARED = f" {assumed.HELP}"


def page(known: str) -> str:
    """Return a page with all its parts made anew."""
    return PART.sub(lambda part: f"{part[1]}{_made(part[2])}{part[3]}", known)


def _made(part: str) -> str:
    return "".join(f"{line}\n" for line in PARTS[part]())


def daemon_options() -> Iterator[str]:
    """Yield the options of the daemon that are not oslo.log's."""
    yield from mdoc.options(commands.daemon())


def common_options() -> Iterator[str]:
    """Yield the options that any verb of gwschedctl takes."""
    yield from mdoc.options(commands.gwschedctl())


def gwschedctl_verbs() -> Iterator[str]:
    """Yield what gwschedctl can do."""
    yield from verbs(commands.gwschedctl())


def sandbox_options() -> Iterator[str]:
    """Yield the options that any command of gwsched-sandbox takes."""
    parser = commands.sandbox()
    _, leaf = next(commands.leaves(parser))
    every = leaf._option_string_actions.keys()
    yield from mdoc.options(leaf, every - commands.common(parser))


def sandbox_verbs() -> Iterator[str]:
    """Yield what gwsched-sandbox can do."""
    parser = commands.sandbox()
    yield from verbs(parser, commands.common(parser))


def verdicts() -> Iterator[str]:
    """Yield what verbs go by that ask no daemon."""
    yield from mdoc.text(assumed.HELP)


def verbs(
    parser: argparse.ArgumentParser, known: Collection[str] = ()
) -> Iterator[str]:
    """Yield all that a command can do; its known options are left out."""
    yield ".Bl -tag -width Ds"
    for name, verb in commands.leaves(parser):
        synopsis = mdoc.synopsis(verb, known)
        yield f".It Ic {mdoc.escaped(name)} {synopsis}".rstrip()
        about = (verb.description or "").replace(SHARED, "")
        yield from mdoc.text(mdoc.sentence(about))
        if assumed.HELP in (verb.description or ""):
            yield from ("See", '.Sx "VERDICTS" .')
        yield from mdoc.arguments(verb)
        yield from mdoc.options(verb, known)
    yield ".El"


def sections() -> Iterator[str]:
    """Yield the options of the configuration file by section."""
    for group, found in groupby(entries(), key=lambda entry: entry.group):
        yield f".Ss [{group}]"
        yield ".Bl -tag -width Ds"
        for entry in found:
            yield from option(entry)
        yield ".El"


def option(entry: Entry) -> Iterator[str]:
    """Yield one option of the configuration file."""
    yield f".It Cm {mdoc.escaped(entry.name)}"
    yield from mdoc.text(entry.help)
    if entry.choices:
        yield ".Bl -tag -width Ds"
        for value, meaning in entry.choices:
            yield f".It Cm {mdoc.escaped(value)}"
            yield from mdoc.text(meaning)
        yield ".El"
    yield ".Pp"
    kind = entry.kind.replace("following", "above")
    preset = entry.default or "empty"
    yield from mdoc.text(
        mdoc.sentence(
            f"{kind}; default: {preset}; reload: {entry.effect.value}"
        )
    )


PARTS: Mapping[str, Callable[[], Iterator[str]]] = {
    "daemon-options": daemon_options,
    "common-options": common_options,
    "gwschedctl-verbs": gwschedctl_verbs,
    "sandbox-options": sandbox_options,
    "sandbox-verbs": sandbox_verbs,
    "verdicts": verdicts,
    "sections": sections,
}


if __name__ == "__main__":
    for file in sorted(PAGES.iterdir()):
        file.write_text(page(file.read_text()))
