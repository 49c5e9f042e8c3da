# SPDX-License-Identifier: Apache-2.0
"""Decisions of a real daemon: in its log, and in /api/status."""

from __future__ import annotations

import json
from typing import Any

from tests.functional.conftest import StartDaemon
from tests.functional.controllers import Controllers
from tests.functional.daemon import Daemon
from tests.functional.ovn import Ovn, wait_for


def decisions(daemon: Daemon) -> list[dict[str, Any]]:
    status: dict[str, Any] = json.loads(daemon.get("/api/status")[1])
    found: list[dict[str, Any]] = status["decisions"]
    return found


def decided(daemon: Daemon, kind: str, result: str) -> dict[str, Any]:
    """Wait for a decision of a kind that ended like that."""

    def found() -> dict[str, Any] | None:
        for one in decisions(daemon):
            if (one["kind"], one["result"]) == (kind, result):
                return one
        return None

    decision = wait_for(found, f"{kind} to be {result}")
    assert isinstance(decision, dict)
    return decision


def test_a_decision_says_what_why_and_how_it_ended(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    port = ovn.add_router("r1")
    daemon = start()
    placed = decided(daemon, "place", "claimed")
    order = ovn.order(port)
    assert placed["ports"] == [port]
    assert (placed["from"], placed["to"]) == ([], order)
    assert placed["reason"] == "new"
    assert set(placed["evidence"]) == set(order)
    assert placed["seconds"] < 30
    ovn.intend(f"drain-{order[0]}")
    moved = decided(daemon, "move", "claimed")
    assert moved["reason"] == "drain"
    assert moved["from"][0] == order[0] != moved["to"][0]
    assert moved["evidence"][order[0]].startswith("live: ")


def test_a_primary_that_does_not_claim_is_not_said_to_have(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    gateways.refuse(["gw1", "gw2", "gw3", "gw4"])
    ovn.add_router("r1")
    daemon = start()
    assert decided(daemon, "place", "written")["seconds"] is None


def test_what_is_only_observed_is_there_too(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    port = ovn.add_router("r1")
    daemon = start({"scheduler": {"mode": "observe"}})
    observed = decided(daemon, "place", "observed")
    assert len(observed["to"]) == 4
    assert ovn.order(port) == []
    assert len(decisions(daemon)) == 1


def test_in_json_each_change_is_one_line_with_its_parts(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    port = ovn.add_router("r1")
    daemon = start({"DEFAULT": {"use_json": "true"}})
    decided(daemon, "place", "claimed")
    lines = [json.loads(line) for line in daemon.log.splitlines()]
    (line,) = (line for line in lines if line["extra"].get("what") == "place")
    extra = line["extra"]
    assert extra["unit"] in line["message"]
    assert (extra["ports"], extra["from"]) == ([port], [])
    assert extra["to"] == ovn.order(port)
    assert extra["reason"] == "new"
    assert set(extra["evidence"]) == set(extra["to"])
