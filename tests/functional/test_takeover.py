# SPDX-License-Identifier: Apache-2.0
"""Three controllers of which one fails, ends, or is of another version."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial

import pytest

from tests.functional import harm, raftlog
from tests.functional.harm import Harm
from tests.functional.ovn import wait_for
from tests.functional.takeover import Operator, World

pytestmark = pytest.mark.packets

FORMER = (sys.executable, "-m", "tests.functional.unguarded", "former")


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Two controllers of today, and one from before there were tenures."""
    with World((), (), FORMER) as found:
        yield found


def in_order(world: World) -> None:
    """Nobody wrote who had been replaced, and no chassis seemed dead."""
    entries = world.entries()
    assert sum(entry.author is not None for entry in entries) > 10
    assert raftlog.intruders(entries) == []
    assert raftlog.unannounced(entries) == []
    assert world.false_deaths() == []


def restart_servers(world: World) -> None:
    """One after the other, as docs/operations.md has it."""
    for server in range(3):
        world.down.add(server)
        world.spread.stop(server)
        world.spread.leader()
        world.spread.start(server)
        wait_for(partial(world.spread.is_in_step, server), "it to join")
        world.down.discard(server)


def test_an_upgrade_while_an_operator_works(world: World) -> None:
    first, second, former = world.daemons
    with Operator(world, 1) as operator:
        first.terminate()
        world.holder(first)
        second.terminate()
        former.wait_log("gwsched-lrp-r.*pin: ", 60)
        first.start()
        second.start()
        former.terminate()
        former.program = ()
        former.start()
        world.holder()
        restart_servers(world)
    assert operator.lost() == []
    in_order(world)


@pytest.mark.parametrize(
    "what",
    [Harm("holder", "stop"), Harm("both", "cut")],
    ids=str,
)
def test_a_take_over(world: World, what: Harm) -> None:
    outcome = harm.run(world, what, seed=1)
    assert outcome.transactions > 0
    assert (outcome.intruders, outcome.lost, outcome.deaths) == (0, 0, 0)


def test_who_does_not_see_sb_is_replaced(world: World) -> None:
    blind = world.holder()
    blind.lose_sb()
    try:
        world.holder(blind)
    finally:
        blind.find_sb()
    in_order(world)
