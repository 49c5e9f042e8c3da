# SPDX-License-Identifier: Apache-2.0
"""One short history, the same every time; ``tox -e fuzz`` for others."""

from __future__ import annotations

from pathlib import Path

from tests.fuzz.client import Content
from tests.fuzz.history import live
from tests.fuzz.journal import Record
from tests.fuzz.ours import OURS, foreign, owned
from tests.fuzz.values import Row

SEED, STEPS = 1, 40


def test_nothing_crashes_and_nothing_is_written_that_is_not_ours(
    tmp_path: Path,
) -> None:
    told = live(SEED, STEPS, tmp_path)
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
