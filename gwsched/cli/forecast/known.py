# SPDX-License-Identifier: Apache-2.0
"""What a daemon knows of the chassis, or the databases in its stead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gwsched.cli.daemon.asking import Report
from gwsched.cli.forecast import assumed
from gwsched.cli.forecast.assumed import EVER
from gwsched.decisions import Health, State, Uplinks, Verdict
from gwsched.model import Snapshot, frozen_map


def health(snapshot: Snapshot, report: Report | None) -> Health:
    """Return the daemon's verdicts, and assume those it does not have."""
    found = assumed.health(snapshot)
    if report is None:
        return found
    told = dict(_verdicts(report))
    bad = {
        (chassis["name"], network): f"the uplink to {network} is dead"
        for chassis in report.document["chassis"]
        for network in chassis["bad_uplinks"]
    }
    return replace(
        found,
        verdicts=frozen_map({**found.verdicts, **told}),
        uplinks=Uplinks(bad=frozen_map(bad)),
    )


def _verdicts(report: Report) -> Iterator[tuple[str, Verdict]]:
    """Yield the verdicts that this version has a word for."""
    words = {state.value: state for state in State}
    for chassis in report.document["chassis"]:
        state = words.get(chassis["verdict"])
        if state is not None and chassis["name"]:
            why, advice = (chassis[key] or "" for key in ("why", "advice"))
            yield chassis["name"], Verdict(state, EVER, why, advice)
