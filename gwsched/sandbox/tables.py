# SPDX-License-Identifier: Apache-2.0
"""Read what ovn-nbctl and ovn-sbctl print with --format=json."""

import json
from typing import Any

Row = dict[str, Any]


def tables(output: str) -> list[list[Row]]:
    """Parse the tables a ctl program printed, one JSON object a line."""
    return [_rows(json.loads(line)) for line in output.splitlines() if line]


def members(value: Any) -> list[Any]:
    """Return an OVSDB set, or a lone atom, as a list of plain values."""
    if isinstance(value, list) and value[0] == "set":
        return [_atom(item) for item in value[1]]
    return [_atom(value)]


def mapping(value: Any) -> dict[str, str]:
    """Return an OVSDB map of strings."""
    return dict(value[1])


def _rows(table: Any) -> list[Row]:
    return [
        dict(zip(table["headings"], row, strict=True)) for row in table["data"]
    ]


def _atom(value: Any) -> Any:
    return value[1] if isinstance(value, list) else value
