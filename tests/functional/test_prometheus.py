# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus scrapes the real daemon, and tells what goes wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.functional.conftest import StartDaemon
from tests.functional.controllers import Controllers
from tests.functional.daemon import Daemon
from tests.functional.ovn import Ovn, wait_for
from tests.functional.prometheus import Prometheus

BOARD = Path(__file__).parents[2] / "etc/grafana/gwsched.json"
ALL = ["gw1", "gw2", "gw3", "gw4"]

Watch = Callable[[dict[str, Daemon]], Prometheus]


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    """Watch daemons by a Prometheus that finds nothing wrong with them."""
    with ExitStack() as stack:

        def watching(daemons: dict[str, Daemon]) -> Prometheus:
            home = tmp_path / "prometheus"
            home.mkdir()
            ports = {name: daemon.port for name, daemon in daemons.items()}
            found = stack.enter_context(Prometheus(home, ports))
            wait_for(lambda: _scraped(found) == {*daemons}, "all are scraped")
            over(found)
            return found

        yield watching


def _scraped(prometheus: Prometheus) -> set[str]:
    found = prometheus.get("query", query="up == 1")["result"]
    return {sample["metric"]["instance"] for sample in found}


def fired(prometheus: Prometheus, name: str, **labels: str) -> dict[str, Any]:
    """Wait until an alert fires, and return it."""

    def found() -> list[dict[str, Any]]:
        return [
            alert
            for alert in prometheus.firing().get(name, [])
            if labels.items() <= alert["labels"].items()
        ]

    [alert] = wait_for(found, f"{name} {labels} to fire")
    for text in alert["annotations"].values():
        assert "<no value>" not in text
        assert "error" not in text.lower()
    return dict(alert)


def over(prometheus: Prometheus) -> None:
    """Wait until nothing fires any more."""
    try:
        wait_for(lambda: not prometheus.firing(), "all is well")
    except AssertionError as error:
        raise AssertionError([*prometheus.firing()]) from error


@pytest.fixture
def placed(ovn: Ovn, gateways: Controllers) -> str:
    """A port with all four gateways as its candidates."""
    return ovn.add_router("r1", *ALL)


def test_a_gateway_that_does_not_answer(
    ovn: Ovn,
    gateways: Controllers,
    placed: str,
    start: StartDaemon,
    watch: Watch,
) -> None:
    prometheus = watch({"controller1": start()})
    gateways.silence(["gw4"])
    alert = fired(prometheus, "GwschedChassisDead", chassis="gw4")
    assert alert["labels"]["severity"] == "warning"
    assert alert["labels"]["job"] == "gwsched"
    assert alert["annotations"]["summary"] == "Gateway gw4 of gwsched is dead"
    gateways.silence([])
    over(prometheus)


def test_a_port_that_nobody_can_host(
    ovn: Ovn,
    gateways: Controllers,
    placed: str,
    start: StartDaemon,
    watch: Watch,
) -> None:
    prometheus = watch({"controller1": start()})
    ovn.add_router("r2", network="private")
    alert = fired(prometheus, "GwschedPortsUnscheduled")
    assert alert["labels"]["reason"] == "physical_network"
    assert alert["annotations"]["summary"].startswith("1 gateway ports")
    assert "GwschedPortsUnclaimed" not in prometheus.firing()
    for name in ALL:
        mappings = '"public:br-ex,private:br-priv"'
        ovn.sbctl(
            *("set", "Chassis", name),
            f"other_config:ovn-bridge-mappings={mappings}",
        )
    over(prometheus)


def test_a_daemon_is_killed_and_nobody_takes_over(
    placed: str, start: StartDaemon, watch: Watch
) -> None:
    daemon = start()
    prometheus = watch({"controller1": daemon})
    daemon.kill()
    fired(prometheus, "GwschedDown", instance="controller1")
    fired(prometheus, "GwschedAbsent")
    daemon.start()
    prometheus.scrape({"controller1": daemon.port})
    over(prometheus)


def test_a_daemon_is_killed_and_another_takes_over(
    placed: str, start: StartDaemon, watch: Watch
) -> None:
    first = start()
    first.wait_log("took the lock")
    second = start(name="second")
    prometheus = watch({"controller1": first, "controller2": second})
    first.kill()
    second.wait_log("took the lock")
    fired(prometheus, "GwschedDown", instance="controller1")
    wait_for(lambda: [*prometheus.firing()] == ["GwschedDown"], "only that")
    first.start()
    prometheus.scrape({"controller1": first.port, "controller2": second.port})
    over(prometheus)


def test_a_pause_that_is_forgotten(
    ovn: Ovn, placed: str, start: StartDaemon, watch: Watch
) -> None:
    prometheus = watch({"controller1": start()})
    ovn.intend("pause")
    fired(prometheus, "GwschedPaused")
    ovn.intend("pause", "false")
    over(prometheus)


def test_prometheus_understands_every_rule_and_every_panel(
    placed: str, start: StartDaemon, watch: Watch
) -> None:
    prometheus = watch({"controller1": start()})
    groups = prometheus.get("rules")["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) > 30
    assert {rule["name"]: rule.get("lastError") for rule in rules} == (
        dict.fromkeys((rule["name"] for rule in rules), None)
    )
    board = json.loads(BOARD.read_text())
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            expression = target["expr"]
            for name, value in (
                ("$__rate_interval", "1m"),
                ("$instance", "controller1"),
                ("$job", "gwsched"),
            ):
                expression = expression.replace(name, value)
            prometheus.get("query", query=expression)  # else HTTP 400
