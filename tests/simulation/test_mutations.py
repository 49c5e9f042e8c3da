# SPDX-License-Identifier: Apache-2.0
"""Faults planted in the daemon: schedules find each of them.

By the invariant that it is against, in a seed that holds without it.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gwsched.health import evidence, guards, verdicts
from tests.simulation.soak import try_seed

# Of how many seeds one must tell.
SEEDS = 500

Patch = pytest.MonkeyPatch


def believe_in_every_death(patch: Patch) -> None:
    """The mass-failure guard is never on."""
    patch.setattr(guards, "is_mass_failure", lambda gone, fleet: False)


def forget_who_keeps_its_ports(patch: Patch) -> None:
    """Who keeps what others could have claimed counts as dead."""
    patch.setattr(evidence, "claimable", lambda unit, holder, up: False)


def trust_who_returns_at_once(patch: Patch) -> None:
    """There is no hold-down."""
    table = [rule for rule in verdicts.TABLE if "hold-down" not in rule.what]
    assert len(table) < len(verdicts.TABLE)
    patch.setattr(verdicts, "TABLE", tuple(table))


@pytest.mark.parametrize(
    ("plant", "name"),
    [
        (believe_in_every_death, "mass"),
        (forget_who_keeps_its_ports, "worse"),
        (trust_who_returns_at_once, "hold_down"),
    ],
)
def test_planted_fault_is_found(
    monkeypatch: Patch, plant: Callable[[Patch], None], name: str
) -> None:
    for seed in range(SEEDS):
        with monkeypatch.context() as patch:
            plant(patch)
            found = try_seed(seed)[2].startswith(f"{name} at ")
        if found and try_seed(seed)[2] == "":
            return
    pytest.fail(f"none of {SEEDS} schedules is against {name!r}")
