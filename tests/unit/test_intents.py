# SPDX-License-Identifier: Apache-2.0
"""What operators may ask for in NB_Global, and that no text of it raises."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gwsched.model import Intents, frozen_map
from gwsched.reading import intents

# Other tests run beside; how long an example takes proves nothing.
unhurried = settings(deadline=None)

TEXT = st.text() | st.text("ab-= \n\0é1", max_size=20)
VERBS = [
    "adopt-",
    "cordon-",
    "drain-",
    "pin-",
    "weight-",
    "pause",
    "rebalance",
]
KEYS = st.builds("gwsched-{}{}".format, st.sampled_from(VERBS), TEXT)


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("adopt-lrp-1", "true", Intents(adopted=frozenset({"lrp-1"}))),
        ("cordon-gw-1", "yes", Intents(cordoned=frozenset({"gw-1"}))),
        ("drain-gw-1", "on", Intents(draining=frozenset({"gw-1"}))),
        ("pin-lrp-1", "gw-1", Intents(pins=frozen_map({"lrp-1": "gw-1"}))),
        ("pin-lrp-1", " gw-1 ", Intents(pins=frozen_map({"lrp-1": "gw-1"}))),
        ("weight-lrp-1", "1", Intents(weights=frozen_map({"lrp-1": 1}))),
        (
            "weight-lrp-1",
            "1000000",
            Intents(weights=frozen_map({"lrp-1": 1000000})),
        ),
        ("pause", "1", Intents(paused=True)),
        ("rebalance", " True", Intents(rebalance=True)),
        # Names are taken as they are.
        ("adopt--", "true", Intents(adopted=frozenset({"-"}))),
        ("drain-a b", "true", Intents(draining=frozenset({"a b"}))),
        ("cordon-pause", "true", Intents(cordoned=frozenset({"pause"}))),
    ],
)
def test_an_intent(key: str, value: str, expected: Intents) -> None:
    assert intents.parse({f"gwsched-{key}": value}) == (expected, ())


KEYS_KNOWN = [
    "gwsched-adopt-lrp-1",
    "gwsched-cordon-gw1",
    "gwsched-drain-gw1",
    "gwsched-pin-lrp-1",
    "gwsched-weight-lrp-1",
    "gwsched-pause",
    "gwsched-rebalance",
]


@pytest.mark.parametrize("key", KEYS_KNOWN)
@pytest.mark.parametrize("no", ["false", "No", "off", "0", "", " "])
def test_an_intent_that_says_no_is_not_set(key: str, no: str) -> None:
    assert intents.parse({key: no}) == (Intents(), ())


@pytest.mark.parametrize(
    ("key", "value", "wants"),
    [
        ("adopt-lrp-1", "perhaps", "true or false"),
        ("cordon-gw1", "2", "true or false"),
        ("drain-gw1", "gw1", "true or false"),
        ("pause", "30s", "true or false"),
        ("rebalance", "now", "true or false"),
        ("weight-lrp-1", "-1", "a whole number from 1 to 1000000"),
        ("weight-lrp-1", "1000001", "a whole number from 1 to 1000000"),
        ("weight-lrp-1", "1.5", "a whole number from 1 to 1000000"),
        ("weight-lrp-1", "true", "a whole number from 1 to 1000000"),
    ],
)
def test_a_value_that_is_none_is_named(
    key: str, value: str, wants: str
) -> None:
    said = f"cannot read gwsched-{key}={value}: it wants {wants}"
    assert intents.parse({f"gwsched-{key}": value}) == (Intents(), (said,))


@pytest.mark.parametrize(
    "key",
    [
        "gwsched-",
        "gwsched-fly",
        "gwsched-fly-lrp-1",
        "gwsched-adopt",
        "gwsched-adopt-",
        "gwsched-pin-",
        "gwsched-pause-",
        "gwsched-pause-gw1",
        "gwsched-rebalance-gw1",
        "gwsched-Adopt-lrp-1",
    ],
)
@pytest.mark.parametrize("value", ["true", "false"])
def test_an_intent_not_known_is_named(key: str, value: str) -> None:
    said = f"this version knows no intent {key}={value}"
    assert intents.parse({key: value}) == (Intents(), (said,))


def test_what_is_wrong_takes_nothing_from_the_rest() -> None:
    found, wrong = intents.parse(
        {
            "neutron:x": "true",
            "gwsched": "true",
            "xgwsched-pause": "true",
            "gwsched-drain-gw2": "true",
            "gwsched-drain-gw1": "true",
            "gwsched-drain-gw3": "perhaps",
            "gwsched-weight-a": "5",
            "gwsched-weight-b": "many",
            "gwsched-what": "ever",
        }
    )
    assert found == Intents(
        draining=frozenset({"gw1", "gw2"}), weights=frozen_map({"a": 5})
    )
    assert [text.split("=")[0].split()[-1] for text in wrong] == [
        "gwsched-drain-gw3",
        "gwsched-weight-b",
        "gwsched-what",
    ]


@unhurried
@given(st.dictionaries(TEXT | KEYS, TEXT | st.sampled_from(["true", "7"])))
@example({"gwsched-weight-x": "9" * 5000})
def test_any_external_ids_are_intents_of_some_kind(
    external_ids: dict[str, str],
) -> None:
    found, wrong = intents.parse(external_ids)
    named = [*found.adopted, *found.cordoned, *found.draining]
    named += [*found.pins, *found.pins.values(), *found.weights]
    assert "" not in named
    assert all(1 <= w <= intents.HEAVIEST for w in found.weights.values())
    assert all(len(text.splitlines()) == 1 for text in wrong)
    ours = [key for key in external_ids if key.startswith(intents.PREFIX)]
    assert len(wrong) <= len(ours)
