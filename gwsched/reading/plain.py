# SPDX-License-Identifier: Apache-2.0
"""Values of columns from JSON and back, without python-ovs' objects between.

Of what is not as the schema wants it, nothing is made here: python-ovs then
says what is wrong, and what stands in its place.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping
from itertools import chain
from types import MappingProxyType
from typing import Any
from uuid import UUID

Columns = Mapping[str, Any]
NOTHING: Mapping[Any, Any] = MappingProxyType({})
# Up to here a text is likely to be in other rows as well.
SHORT = 20
TYPES = {"string": str, "integer": int, "boolean": bool}


class UnfitError(ValueError):
    """A value is not as the schema wants it."""


def reader(
    column: Any, known: Mapping[int, int] = NOTHING
) -> Callable[[Any], Any]:
    """Return what makes a value of what JSON has for a column.

    None stands for a column that was left out: it has its default.

    :param known: the UUIDs that there are, to use the same objects
    """
    if column.type.is_map():
        return _map
    atom = _atom(column.type.key, known)
    if column.type.n_max > 1:
        return lambda json: _set(atom, _members(json))
    kind = TYPES.get(_name(column.type.key))
    if column.type.n_min == 0 or kind is None:
        return lambda json: _perhaps(atom, _members(json))
    default = kind()
    return lambda json: default if json is None else atom(json)


def _perhaps(atom: Callable[[Any], Any], members: list[Any]) -> Any:
    if len(members) > 1:
        raise UnfitError(members)
    return atom(members[0]) if members else None


def _set(atom: Callable[[Any], Any], members: list[Any]) -> tuple[Any, ...]:
    found = tuple(sorted(map(atom, members)))
    if len(found) > 1 and len({*found}) != len(found):
        raise UnfitError(members)
    return found


def _members(json: Any) -> list[Any]:
    """Return the members of a set; one alone need not be called one."""
    if json is None:
        return []
    if type(json) is list and json and json[0] == "set":
        _, members = json
        if type(members) is list:
            return members
        raise UnfitError(json)
    return [json]


def _map(json: Any) -> dict[str, str]:
    if json is None:
        return {}
    kind, pairs = json
    if kind != "map":
        raise UnfitError(json)
    found = dict(pairs)
    if len(found) != len(pairs) or any(
        type(text) is not str for text in chain(found, found.values())
    ):
        raise UnfitError(json)
    if len(found) == 1:
        return _alone(*found.popitem())
    return {sys.intern(key): _shared(value) for key, value in found.items()}


@functools.lru_cache(maxsize=1024)
def _alone(key: str, value: str) -> dict[str, str]:
    """Return a map of one; that of a candidate's name is in many rows."""
    return {sys.intern(key): value}


def _shared(text: str) -> str:
    """Return the same object for the same short text: names of chassis."""
    return sys.intern(text) if len(text) <= SHORT else text


def _atom(base: Any, known: Mapping[int, int]) -> Callable[[Any], Any]:
    """Return what makes one value; its type has no more bounds than these."""
    name = _name(base)
    if name == "uuid":
        return lambda json: _ref(json, known)
    kind = TYPES[name]
    allowed = base.enum and {atom.value for atom in base.enum.values}
    least, most = base.min, base.max

    def make(json: Any) -> Any:
        if (
            not isinstance(json, kind)
            or (allowed and json not in allowed)
            or (least is not None and json < least)
            or (most is not None and json > most)
        ):
            raise UnfitError(json)
        return _shared(json) if isinstance(json, str) else json

    return make


def _ref(json: Any, known: Mapping[int, int]) -> int:
    kind, uuid = json
    if kind != "uuid" or len(uuid) != 36:
        raise UnfitError(json)
    ref = int(uuid.replace("-", ""), 16)
    return known.get(ref, ref)


def _name(base: Any) -> str:
    name: str = base.type.to_string()
    return name


def writer(columns: Mapping[str, Any]) -> Callable[[Any], dict[str, Any]]:
    """Return what makes the JSON of a row of its values, again."""
    writers = {name: _json_of(column) for name, column in columns.items()}
    return lambda record: {
        name: write(getattr(record, name)) for name, write in writers.items()
    }


def _json_of(column: Any) -> Callable[[Any], Any]:
    if column.type.is_map():
        return lambda value: ["map", [list(pair) for pair in value.items()]]
    is_ref = _name(column.type.key) == "uuid"
    atom = _json_of_ref if is_ref else _itself
    if column.type.n_max > 1:
        return lambda value: ["set", [atom(member) for member in value]]
    return lambda value: ["set", []] if value is None else atom(value)


def _json_of_ref(ref: int) -> list[str]:
    return ["uuid", str(UUID(int=ref))]


def _itself(value: Any) -> Any:
    return value
