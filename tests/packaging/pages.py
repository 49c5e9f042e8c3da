# SPDX-License-Identifier: Apache-2.0
"""README and docs as they are written: blocks, spans, headings, links."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(\w*)$")
HEADING = re.compile(r"^#{1,6} (.+)$")
SPAN = re.compile(r"(`+)(.+?)\1")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
SHELL = frozenset({"sh", "bash", "shell", "console"})


@dataclass(frozen=True)
class Block:
    """What stands between two fences, and below which heading."""

    page: str
    anchor: str
    number: int
    language: str
    text: str

    @property
    def place(self) -> str:
        """The page and the heading, as a link would have it."""
        return f"{self.page}#{self.anchor}"

    def __str__(self) -> str:
        return f"{self.place}, block {self.number}"


class Page:
    """A page, taken apart line by line."""

    def __init__(self, name: str) -> None:
        self.blocks: list[Block] = []
        self.anchors: list[str] = [""]
        self.text: list[str] = []
        self._name = name
        self._headings: Counter[str] = Counter()
        self._below: Counter[str] = Counter()
        self._language = ""
        self._inside: list[str] | None = None
        for line in (ROOT / name).read_text().splitlines():
            self._take(line)
        assert self._inside is None, f"{name}: a fence is not closed"

    def _take(self, line: str) -> None:
        if self._inside is None:
            self._take_text(line)
        elif line == "```":
            self._close(self._inside)
            self._inside = None
        else:
            self._inside.append(line)

    def _take_text(self, line: str) -> None:
        if fence := FENCE.match(line):
            self._language, self._inside = fence[1], []
            return
        self.text.append(line)
        if heading := HEADING.match(line):
            slug = _slug(heading[1])
            again = self._headings[slug]
            self._headings[slug] += 1
            self.anchors.append(f"{slug}-{again}" if again else slug)

    def _close(self, lines: list[str]) -> None:
        anchor = self.anchors[-1]
        self._below[anchor] += 1
        number, text = self._below[anchor], "\n".join(lines) + "\n"
        self.blocks.append(
            Block(self._name, anchor, number, self._language, text)
        )


def names() -> list[str]:
    """Return the pages, by their paths in the checkout."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    return sorted(str(path.relative_to(ROOT)) for path in found)


@cache
def page(name: str) -> Page:
    """Return a page, read once."""
    return Page(name)


def blocks(name: str) -> list[Block]:
    """Return the fenced blocks of a page, from its top."""
    return page(name).blocks


def anchors(name: str) -> list[str]:
    """Return what links can lead to in a page, as GitHub names it."""
    return page(name).anchors


def prose(name: str) -> str:
    """Return a page without its fenced blocks."""
    return "\n".join(page(name).text)


def spans(name: str) -> Iterator[str]:
    """Yield what is set as code amid the text."""
    for _, text in SPAN.findall(prose(name)):
        yield text


def links(name: str) -> Iterator[str]:
    """Yield where a page leads to."""
    yield from LINK.findall(SPAN.sub("", prose(name)))


def _slug(heading: str) -> str:
    """Return the anchor that GitHub makes of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
