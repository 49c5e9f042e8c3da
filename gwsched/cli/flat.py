# SPDX-License-Identifier: Apache-2.0
"""A document as flat rows of a key and a value, for scripts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gwsched.cli.tables import Row, joined

COLUMNS = ("key", "value")
# What is in a list of its own kind is called by what names it.
NAMES = ("name", "chassis", "guard")


def rows(document: Mapping[str, Any]) -> list[Row]:
    """Return a row for each value, its key made of all above it."""
    return [{"key": k, "value": v} for k, v in _pairs(document, "")]


def _pairs(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, below in value.items():
            yield from _pairs(below, f"{key}.{name}" if key else name)
    elif isinstance(value, list) and any(isinstance(v, dict) for v in value):
        for name, below in zip(_names(value), value, strict=True):
            yield from _pairs(below, f"{key}.{name}")
    elif isinstance(value, list):
        yield key, joined(map(str, value))
    else:
        yield key, value


def _names(values: Sequence[Any]) -> list[str]:
    """Return what to call each: its name, or its number if that recurs."""
    for key in NAMES:
        names = [v.get(key) for v in values if isinstance(v, dict)]
        if len({*names} - {None}) == len(values):
            return [str(name) for name in names]
    return [str(number) for number in range(len(values))]
