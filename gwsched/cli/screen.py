# SPDX-License-Identifier: Apache-2.0
"""Text for a terminal: columns, bars and sentences that fit its width."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gwsched.conf.plain import printable

# Narrower terminals get lines of this length all the same.
NARROWEST = 60
LABEL = 14
GAP = "  "
# From rank 1 on; all ranks below share the last one.
BLOCKS = "█▓▒░"
LETTERS = "#=-."


class Clipped(str):
    """Text of a last column that is cut where it does not fit."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Screen:
    """How wide it is, and whether it can show blocks."""

    width: int = 80
    blocks: bool = True

    @classmethod
    def of_terminal(cls) -> Screen:
        """Return what stdout can show."""
        width = shutil.get_terminal_size().columns
        try:
            f"{BLOCKS}…".encode(sys.stdout.encoding or "ascii")
        except (UnicodeEncodeError, LookupError):
            return cls(max(width, NARROWEST), blocks=False)
        return cls(max(width, NARROWEST))

    @property
    def glyphs(self) -> str:
        """What bars are made of, a glyph for each rank."""
        return BLOCKS if self.blocks else LETTERS

    def clip(self, text: str, width: int) -> str:
        """Cut a text to a width, and show that it was cut."""
        if len(text) <= width:
            return text
        dots = "…" if self.blocks else "..."
        return text[: max(width - len(dots), 0)] + dots

    def bar(self, parts: Sequence[int], full: int, width: int) -> str:
        """Return a bar of parts, as long as their part of the full."""
        glyphs, found, sum_so_far = self.glyphs, "", 0
        for rank, part in enumerate(parts):
            sum_so_far += part
            end = round(width * sum_so_far / full) if full else 0
            glyph = glyphs[min(rank, len(glyphs) - 1)]
            found += glyph * (end - len(found))
        return found

    def fact(self, label: str, text: str) -> list[str]:
        """Return lines with a label before them."""
        indent = " " * LABEL
        return self._wrapped(printable(text), f"{label:<{LABEL}}", indent)

    def item(self, text: str) -> list[str]:
        """Return lines of which all but the first are indented."""
        return self._wrapped(printable(text), "  ", "    ")

    def grid(
        self, headers: Sequence[str], rows: Iterable[Sequence[str]]
    ) -> list[str]:
        """Return a table whose last column takes what room is left."""
        cells = [list(headers), *(_all_printable(row) for row in rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        left = sum(widths[:-1]) + len(GAP) * (len(widths) - 1)
        lines = []
        for row in cells:
            padded = [f"{c:<{w}}" for c, w in zip(row, widths, strict=True)]
            head = GAP.join([*padded[:-1], ""])
            lines += self._last(head, row[-1], left)
        return lines

    def _last(self, head: str, last: str, left: int) -> list[str]:
        """Put the last cell of a row behind the others."""
        room = self.width - left
        if isinstance(last, Clipped):
            return [(head + self.clip(last, max(room, 1))).rstrip()]
        if room < NARROWEST // 4:  # below them, then, where there is room
            folded = self.item(last) if last else []
            return [self.clip(head.rstrip(), self.width), *folded]
        return self._wrapped(last, head, " " * left)

    def _wrapped(self, text: str, first: str, others: str) -> list[str]:
        lines = textwrap.wrap(
            text,
            self.width,
            initial_indent=first,
            subsequent_indent=others,
            break_on_hyphens=False,
        )
        return lines or [first.rstrip()]


def _all_printable(row: Iterable[str]) -> list[str]:
    found = list(row)
    return [
        cell if cell.isprintable() else type(cell)(printable(cell))
        for cell in found
    ]


def period(seconds: float | None) -> str:
    """Return a time in one unit: 12s, 5m, 3h, 2d."""
    if seconds is None:
        return "-"
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f}{unit}"
    return f"{max(seconds, 0):.0f}s"


def moment(iso: str | None) -> str:
    """Return an ISO 8601 time for people, to the second."""
    return iso[:19].replace("T", " ") if iso else "-"
