# SPDX-License-Identifier: Apache-2.0
"""What operators wish, in ``NB_Global.external_ids``: written for them.

A wish is one key.  It is written as a mutation and never as the whole map,
which Neutron and others write to as well, and only if the map is still the
one that the wish was judged by: of two operators who drain the last two
gateways at once the second is heard, and refused.

This needs no OVSDB lock: an intent is no placement, any controller may ask
for one, and waiting for the lock would mean to wait for the daemon to end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gwsched.apply import Result, mutate_global
from gwsched.connection import Database


@dataclass(frozen=True, slots=True)
class Wish:
    """A key and the value it is to have; None: the key is to be gone."""

    key: str
    value: str | None


def there(nb: Database) -> Mapping[str, str]:
    """Return all that is in the map, whoever has written it."""
    row = next(iter(nb.rows["NB_Global"].rows.values()), None)
    return dict(row.external_ids) if row else {}


def write(
    nb: Database, wish: Wish, seen: Mapping[str, str], timeout: float
) -> tuple[Result, str]:
    """Let a wish be there; return what became of it and a detail.

    :param seen: what :func:`there` said when the wish was judged; where it
        has changed since nothing is written, and the result is stale
    """
    # "insert" leaves a key as it is that is there already (RFC 7047, 5.1).
    mutations: list[list[Any]] = [
        ["external_ids", "delete", ["set", [wish.key]]]
    ]
    if wish.value is not None:
        pair = ["map", [[wish.key, wish.value]]]
        mutations.append(["external_ids", "insert", pair])
    unchanged = {"external_ids": ["map", [[k, v] for k, v in seen.items()]]}
    return mutate_global(nb, mutations, _comment(wish), timeout, unchanged)


def _comment(wish: Wish) -> str:
    if wish.value is None:
        return f"an operator takes back {wish.key}"
    return f"an operator asks for {wish.key}={wish.value}"
