# SPDX-License-Identifier: Apache-2.0
"""Values of columns from python-ovs' datums.

A row's attributes would do, but take python-ovs ten times as long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


def reader(column: Any) -> Callable[[Any], Any]:
    """Return what makes a value of a column's datum."""
    if column.type.is_map():
        return lambda datum: {
            key.value: value.value for key, value in datum.values.items()
        }
    refers = column.type.key.ref_table_name is not None
    if column.type.n_max == 1:
        if refers:
            return _first_ref
        return _scalar
    if refers:
        return lambda datum: _sorted(atom.value.int for atom in datum.values)
    return lambda datum: _sorted(atom.value for atom in datum.values)


def _sorted(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(sorted(values))


def _first_ref(datum: Any) -> int | None:
    return next((atom.value.int for atom in datum.values), None)


def _scalar(datum: Any) -> Any:
    value = datum.as_scalar()
    # What python-ovs puts in place of what it could not read is an atom of
    # an atom (data.py, Datum.default).
    return getattr(value, "value", value)
