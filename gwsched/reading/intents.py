# SPDX-License-Identifier: Apache-2.0
"""What operators ask for in ``NB_Global.external_ids``, parsed.

``gwsched-<verb>`` or ``gwsched-<verb>-<port or chassis>``.  What says no is
not set; what cannot be understood is named and otherwise ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gwsched.model import Intents, frozen_map
from gwsched.reading import parsing

PREFIX = "gwsched-"
HEAVIEST = 1_000_000


@dataclass(frozen=True, slots=True)
class _Value:
    """What the value of an intent has to be."""

    what: str
    accepts: Callable[[str], bool]


_TRUTH = _Value("true or false", parsing.is_true)
_CHASSIS = _Value("the name of a chassis", bool)
_WEIGHT = _Value(
    f"a whole number from 1 to {HEAVIEST}",
    lambda text: parsing.number_up_to(HEAVIEST, text) is not None,
)

# By verb, and whether it is about one port or chassis.
_KNOWN = {
    ("adopt", True): _TRUTH,
    ("cordon", True): _TRUTH,
    ("drain", True): _TRUTH,
    ("pin", True): _CHASSIS,
    ("weight", True): _WEIGHT,
    ("pause", False): _TRUTH,
    ("rebalance", False): _TRUTH,
    ("failover", True): _TRUTH,
}


def key_of(verb: str, name: str = "") -> str:
    """Return the key of an intent, about one port or chassis or none."""
    return f"{PREFIX}{verb}-{name}" if name else PREFIX + verb


def parse(
    external_ids: Mapping[str, str],
) -> tuple[Intents, tuple[str, ...]]:
    """Return what is asked for, and a sentence on all that is not clear."""
    found: dict[str, dict[str, str]] = {verb: {} for verb, _ in _KNOWN}
    wrong = []
    for key, text in sorted(external_ids.items()):
        if not key.startswith(PREFIX):
            continue
        verb, dash, name = key.removeprefix(PREFIX).partition("-")
        wanted = _KNOWN.get((verb, bool(name)))
        value = text.strip()
        if wanted is None or (dash and not name):
            said = _in_one_line(f"{key}={text}")
            wrong.append(f"this version knows no intent {said}")
        elif parsing.is_false(value):
            continue
        elif wanted.accepts(value):
            found[verb][name] = value
        else:
            said = _in_one_line(f"{key}={text}")
            wrong.append(f"cannot read {said}: it wants {wanted.what}")
    return _intents(found), tuple(wrong)


def _intents(found: Mapping[str, Mapping[str, str]]) -> Intents:
    return Intents(
        adopted=frozenset(found["adopt"]),
        cordoned=frozenset(found["cordon"]),
        draining=frozenset(found["drain"]),
        pins=frozen_map(found["pin"]),
        weights=frozen_map({n: int(w) for n, w in found["weight"].items()}),
        paused=bool(found["pause"]),
        rebalance=bool(found["rebalance"]),
        failover=frozenset(found["failover"]),
    )


def _in_one_line(text: str) -> str:
    return text if text.isprintable() else repr(text)
