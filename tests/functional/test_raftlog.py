# SPDX-License-Identifier: Apache-2.0
"""Who wrote when he had been replaced is found in the log of a cluster."""

from __future__ import annotations

from gwsched.ovsdb.tenure import KEY
from tests.functional.raftlog import Entry, intruders, unannounced


def entries(*written: tuple[str, str | None]) -> list[Entry]:
    """Transactions by author; with the name that each puts into NB."""
    return [
        Entry(
            index,
            float(index),
            f"gwsched: heartbeat, by {author}" if author else "",
            {
                "NB_Global": {
                    "row": {"external_ids": ["map", [[KEY, taken]]]}
                    if taken
                    else {"nb_cfg": index}
                }
            },
        )
        for index, (author, taken) in enumerate(written, 1)
    ]


def test_one_after_the_other() -> None:
    log = entries(("a", "a"), ("a", None), ("", None), ("b", "b"), ("b", None))
    assert intruders(log) == unannounced(log) == []


def test_one_that_was_replaced_writes_again() -> None:
    log = entries(("a", "a"), ("b", "b"), ("a", None), ("b", None))
    assert [e.index for e in intruders(log)] == [3]
    assert [e.index for e in unannounced(log)] == [3]


def test_one_that_takes_it_back_in_its_old_name() -> None:
    log = entries(("a", "a"), ("b", "b"), ("a", "a"))
    assert [e.index for e in intruders(log)] == [3]
    assert unannounced(log) == []


def test_one_that_was_never_announced() -> None:
    log = entries(("a", "a"), ("b", None))
    assert intruders(log) == []
    assert [e.index for e in unannounced(log)] == [2]
