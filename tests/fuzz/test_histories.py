# SPDX-License-Identifier: Apache-2.0
"""Short histories, the same ones every time; ``tox -e fuzz`` for others."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.client import Content
from tests.fuzz.history import live
from tests.fuzz.journal import Record
from tests.fuzz.ours import OURS, foreign, owned
from tests.fuzz.values import Row

STEPS = 30


@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_crashes_and_nothing_is_written_that_is_not_ours(
    seed: int, tmp_path: Path
) -> None:
    told = live(seed, STEPS, tmp_path)
    assert told.written == STEPS
    assert told.ours > 0


def test_the_judge_sees_what_is_not_ours() -> None:
    """Of two ports alike one is Neutron's and no gateway."""
    before: Content = {"Logical_Router_Port": {}, "Gateway_Chassis": {}}
    for name, marker in (("p1", "is_ext_gw"), ("p2", "router_name")):
        before["Logical_Router_Port"][name] = {
            "name": name,
            "external_ids": ["map", [[f"neutron:{marker}", "true"]]],
        }
    for name, wrong in (("p1", 0), ("p2", 1)):
        row = {"gateway_chassis": ["uuid", "new"]}
        changes: dict[str, dict[str, Row | None]] = {
            "Logical_Router_Port": {name: row},
            "Gateway_Chassis": {"new": {"chassis_name": "gw1"}},
        }
        after = {
            "Logical_Router_Port": {
                **before["Logical_Router_Port"],
                name: {**before["Logical_Router_Port"][name], **row},
            },
            "Gateway_Chassis": {"new": {"chassis_name": "gw1"}},
        }
        record = Record(f"{OURS}1 lists", changes, False)
        found = foreign(record, before, after, [owned(before)])
        assert bool(found) is bool(wrong)
