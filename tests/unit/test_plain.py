# SPDX-License-Identifier: Apache-2.0
"""Values from JSON are those that python-ovs' datums come to."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ovs.db import error
from ovs.db.data import Datum
from ovs.db.types import Type

from gwsched.reading import datums, plain

A, B = (f"{letter}1234567-89ab-cdef-0123-456789abcdef" for letter in "ab")
TEXTS = {"key": "string", "value": "string", "min": 0, "max": "unlimited"}
REF = {"type": "uuid", "refTable": "Chassis"}
KINDS: dict[str, Any] = {
    "text": "string",
    "perhaps a text": {"key": "string", "min": 0},
    "texts": {"key": "string", "min": 0, "max": "unlimited"},
    "map": TEXTS,
    "number": {
        "key": {"type": "integer", "minInteger": 0, "maxInteger": 32767}
    },
    "perhaps a number": {"key": "integer", "min": 0},
    "choice": {"key": {"type": "string", "enum": ["set", ["up", "down"]]}},
    "switch": "boolean",
    "ref": {"key": REF, "min": 0},
    "refs": {"key": REF, "min": 0, "max": "unlimited"},
}
VALUES: list[Any] = [
    "",
    "up",
    "a text",
    7,
    -7,
    40000,
    True,
    None,
    {},
    [],
    ["set", []],
    ["set", ["a", "b"]],
    ["set", ["a", "a"]],
    ["set", 5],
    ["set"],
    ["set", [["uuid", B], ["uuid", A]]],
    ["set", [["uuid", A], ["uuid", A]]],
    ["set", [["uuid", A]]],
    ["set", ["a", 1]],
    ["uuid", A],
    ["uuid", A.upper()],
    ["uuid", "no uuid"],
    ["uuid", "_" * 36],
    ["map", []],
    ["map", [["a", "b"], ["c", ""]]],
    ["map", [["a", "b"], ["a", "c"]]],
    ["map", [["a", 1]]],
    ["map", [["a"]]],
    ["map", 1],
    ["map"],
]


@pytest.mark.parametrize("json", VALUES, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_a_value_is_as_python_ovs_reads_it(kind: str, json: Any) -> None:
    column = SimpleNamespace(type=Type.from_json(KINDS[kind]))
    try:
        datum = Datum.from_json(column.type, json)
    except error.Error:
        with pytest.raises((TypeError, ValueError)):
            _read(column, json)
        return
    assert _read(column, json) == datums.reader(column)(datum)
    assert Datum.from_json(column.type, _again(column, json)) == datum


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_left_out_has_its_default(kind: str) -> None:
    column = SimpleNamespace(type=Type.from_json(KINDS[kind]))
    default = datums.reader(column)(Datum.default(column.type))
    assert plain.reader(column)(None) == default


def _read(column: Any, json: Any) -> Any:
    if json is None:  # which no server sends, and which means left out here
        raise ValueError(json)
    return plain.reader(column)(json)


def _again(column: Any, json: Any) -> Any:
    """Return the JSON that is made of what was read."""
    record = SimpleNamespace(a=_read(column, json))
    return plain.writer({"a": column})(record)["a"]
