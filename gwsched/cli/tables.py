# SPDX-License-Identifier: Apache-2.0
"""Rows of named cells, and the formats they are printed in."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence

from prettytable import PrettyTable

# None is for what is not there: null in JSON, a dash wherever it is text.
Cell = str | int | float | bool | None
Row = Mapping[str, Cell]

NOTHING = "-"


def render(rows: Iterable[Row], columns: Sequence[str], form: str) -> str:
    """Return rows as text in one of FORMATS, only with these columns."""
    cells = [[row[column] for column in columns] for row in rows]
    return FORMATS[form](columns, cells)


def joined(parts: Iterable[str], separator: str = ",") -> str | None:
    """Join what is there into the text of one cell; nothing is None."""
    return separator.join(parts) or None


def _table(columns: Sequence[str], rows: list[list[Cell]]) -> str:
    table = PrettyTable(list(columns))
    table.align = "l"
    table.add_rows([_texts(row) for row in rows])
    return f"{table.get_string()}\n"


def _json(columns: Sequence[str], rows: list[list[Cell]]) -> str:
    objects = [dict(zip(columns, row, strict=True)) for row in rows]
    return f"{json.dumps(objects, indent=2)}\n"


def _value(_columns: Sequence[str], rows: list[list[Cell]]) -> str:
    return "".join(f"{' '.join(_texts(row))}\n" for row in rows)


def _csv(columns: Sequence[str], rows: list[list[Cell]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(_texts(row) for row in rows)
    return text.getvalue()


def _texts(row: Iterable[Cell]) -> list[str]:
    return [_text(cell) for cell in row]


def _text(cell: Cell) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return f"{cell:.2f}"
    return NOTHING if cell is None else str(cell)


FORMATS: Mapping[str, Callable[[Sequence[str], list[list[Cell]]], str]] = {
    "table": _table,
    "json": _json,
    "value": _value,
    "csv": _csv,
}
