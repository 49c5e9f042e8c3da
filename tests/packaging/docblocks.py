# SPDX-License-Identifier: Apache-2.0
"""How each block of commands in README and docs is tried."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping

from tests.packaging import pages
from tests.packaging.pages import Block


class How(enum.Enum):
    """What is done with a block of commands.

    ``LAB``: it is run as it stands, by tests/functional/test_docs.py.
    ``WORDS``: it needs an init system, a mirror, a checkout's tests or
    hours; what it names is looked up.
    ``FILE``: it is a script, and shellcheck reads it.
    """

    LAB = enum.auto()
    WORDS = enum.auto()
    FILE = enum.auto()


LAB, WORDS, FILE = How.LAB, How.WORDS, How.FILE

# By page and heading, one for each block below it.
REGISTRY: Mapping[str, tuple[How, ...]] = {
    "CONTRIBUTING.md#build-and-test": (WORDS,),
    "README.md#gwsched": (WORDS,),
    "README.md#use-it": (LAB,),
    "docs/beside.md#by-hand-or-by-scripts-of-your-own": (LAB,),
    "docs/beside.md#neutron": (LAB,),
    "docs/beside.md#somebody-else-who-writes": (LAB,),
    "docs/beside.md#what-is-gwscheds": (LAB,),
    "docs/compatibility.md#which-ovn": (WORDS,),
    "docs/install.md#configure": (LAB,),
    "docs/install.md#enforce": (LAB,),
    "docs/install.md#install": (WORDS, LAB, WORDS),
    "docs/install.md#taking-it-away-again": (LAB,),
    "docs/install.md#the-first-week-observe": (LAB, LAB),
    "docs/install.md#with-the-least-rights": (LAB,),
    "docs/operations.md#adding-a-gateway": (LAB, LAB),
    "docs/operations.md#all-gateways-one-after-another": (FILE, LAB),
    "docs/operations.md#another-configuration": (LAB,),
    "docs/operations.md#cordon": (LAB,),
    "docs/operations.md#intents-backup-and-restore": (LAB, LAB),
    "docs/operations.md#looking": (LAB,),
    "docs/operations.md#losing-one": (LAB,),
    "docs/operations.md#maintenance-of-one-gateway": (LAB, LAB),
    "docs/operations.md#pause": (LAB,),
    "docs/operations.md#pin": (LAB,),
    "docs/operations.md#rebalance": (LAB,),
    "docs/operations.md#several-controllers": (LAB,),
    "docs/operations.md#the-decision-log": (LAB,),
    "docs/operations.md#upgrading-gwsched": (WORDS, LAB),
    "docs/operations.md#upgrading-ovn": (WORDS,),
}


def shell() -> Iterator[Block]:
    """Yield every block of commands there is."""
    for page in pages.names():
        for block in pages.blocks(page):
            if block.language in pages.SHELL:
                yield block


def how(block: Block) -> How | None:
    """Return how a block is tried, None where nobody has said."""
    below = [b for b in pages.blocks(block.page) if b.place == block.place]
    ours = [b for b in below if b.language in pages.SHELL]
    known = REGISTRY.get(block.place, ())
    index = ours.index(block)
    return known[index] if index < len(known) else None


def tried(which: How, page: str = "") -> list[Block]:
    """Return the blocks that are tried in one way, of one page or all."""
    return [
        block
        for block in shell()
        if how(block) is which and page in ("", block.page)
    ]
