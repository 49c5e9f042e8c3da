# SPDX-License-Identifier: Apache-2.0
"""Others write our lists: wait a moment, never fight, and forget."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from gwsched.decisions import Change, Reason
from gwsched.model import (
    Candidate,
    Chassis,
    Form,
    GatewayPort,
    Snapshot,
    Unit,
    frozen_map,
)
from gwsched.placement.rivals import (
    BACK_OFF,
    LONGEST_BACK_OFF,
    PEACE,
    SETTLE,
    Feud,
    Rivals,
    attempted,
    follow,
    wrote,
)
from gwsched.sharing.layered import Layered

FLEET = frozen_map({f"gw{i}": Chassis(f"gw{i}") for i in range(1, 10)})

OURS, THEIRS, WRITTEN = "gw1 gw2", "gw3 gw4", "gw9"


def unit(order: str, name: str = "lrp") -> Unit:
    names = order.split()
    listed = [Candidate(c, len(names) - i) for i, c in enumerate(names)]
    port = GatewayPort(name)
    return Unit(name, Form.HA_CHASSIS_GROUP, (port,), tuple(listed))


class Story:
    """What we and somebody else do to one list, second by second."""

    def __init__(self, order: str = WRITTEN, name: str = "lrp") -> None:
        self.now = 1000.0
        self.unit = unit(order, name)
        self.rivals = Rivals()
        self.look()

    def look(self, *units: Unit) -> None:
        seen = Snapshot(FLEET, units or (self.unit,))
        self.rivals = follow(self.rivals, seen, self.now)

    def we(self, order: str = OURS, after: float = 0.0) -> None:
        """Let us write, and see it."""
        self.now += after
        after_it = unit(order, self.unit.name)
        change = Change(
            self.unit,
            Form.HA_CHASSIS_GROUP,
            after_it.order,
            Reason.REBALANCE,
            "",
        )
        assert change.candidates == after_it.candidates
        self.rivals = wrote(self.rivals, (change,))
        self.unit = after_it
        self.look()

    def try_to(self, order: str, *, made: bool) -> None:
        """Let us write, and never hear whether it was done."""
        names = tuple(order.split())
        form = Form.HA_CHASSIS_GROUP
        change = Change(self.unit, form, names, Reason.REBALANCE, "")
        self.rivals = attempted(self.rivals, (change,))
        if made:
            self.unit = unit(order, self.unit.name)
        self.look()

    def they(self, order: str = THEIRS, after: float = 10.0) -> None:
        """Let somebody else write, and see it."""
        self.now += after
        self.unit = unit(order, self.unit.name)
        self.look()

    def quarrel(self, times: int) -> None:
        """Let both write one after the other so often."""
        for _ in range(times):
            self.we()
            self.they()

    @property
    def feud(self) -> Feud | None:
        return self.rivals.feuds.get(self.unit.name)

    def wait(self, order: str = OURS) -> float:
        """How long must the list not be given this order?"""
        wanted = tuple(order.split())
        return max(self.rivals.waits(self.unit, wanted) - self.now, 0)


def test_what_is_seen_first_was_written_by_nobody() -> None:
    story = Story()
    assert story.rivals.foreign_writes == 0
    assert story.wait() == 0


def test_what_we_write_is_not_foreign() -> None:
    story = Story()
    for order in ("gw1 gw2", "gw2 gw1", "gw2"):
        story.we(order, after=1)
    assert story.rivals.foreign_writes == 0
    assert story.feud is None
    assert story.wait() == 0


def test_who_writes_what_we_wrote_does_us_no_harm() -> None:
    story = Story()
    story.we()
    story.they()
    story.they(OURS)
    assert story.rivals.foreign_writes == 1


def test_a_list_that_only_looks_the_same_was_not_rewritten() -> None:
    story = Story()
    story.we()
    story.they(OURS)
    assert story.rivals.foreign_writes == 0


def test_a_port_that_is_new_was_not_rewritten() -> None:
    story = Story()
    story.look(story.unit, unit(THEIRS, "new"))
    assert story.rivals.foreign_writes == 0


def test_a_foreign_write_is_counted_and_let_settle() -> None:
    story = Story()
    story.we()
    story.they()
    assert story.rivals.foreign_writes == 1
    assert story.wait(OURS) == SETTLE == 2.0
    assert story.wait("gw7") == SETTLE
    story.now += SETTLE
    assert story.wait() == 0


def test_each_step_of_a_foreign_writer_starts_the_moment_anew() -> None:
    """Neutron writes several times when a chassis goes."""
    story = Story()
    story.we()
    story.they("gw3 gw4")
    story.they("gw3 gw5", after=1)
    assert story.wait() == SETTLE
    assert story.feud == Feud(
        story.now, ("gw1", "gw2"), ("gw3", "gw5"), rewrites=1
    )


def test_a_feud_says_who_wanted_what() -> None:
    story = Story()
    story.quarrel(2)
    assert story.feud == Feud(
        changed_at=story.now,
        wanted=("gw1", "gw2"),
        theirs=("gw3", "gw4"),
        rewrites=2,
        until=story.now + BACK_OFF,
    )


def test_after_two_rewrites_theirs_stays_for_twice_as_long_each_time() -> None:
    story = Story()
    waits = []
    for _ in range(10):
        story.quarrel(1)
        waits.append(story.wait())
    doubling = [60, 120, 240, 480, 960, 1920]
    assert waits == [SETTLE, *doubling, *[LONGEST_BACK_OFF] * 3]


def test_something_else_may_be_written_meanwhile() -> None:
    story = Story()
    story.quarrel(3)
    assert story.wait(OURS) == 2 * BACK_OFF
    assert story.wait("gw5 gw6") == SETTLE


def test_for_another_list_of_ours_the_count_starts_anew() -> None:
    story = Story()
    story.quarrel(3)
    story.we("gw5 gw6", after=300)
    story.they()
    assert story.feud is not None
    assert story.feud.rewrites == 1
    assert story.wait("gw5 gw6") == SETTLE


def test_a_list_we_never_wrote_is_theirs_to_write() -> None:
    story = Story()
    for order in (THEIRS, WRITTEN) * 5:
        story.they(order)
    assert story.rivals.foreign_writes == 10
    assert story.feud is not None
    assert story.feud.rewrites == 0
    assert story.wait() == SETTLE


def test_who_writes_twice_has_rewritten_once() -> None:
    story = Story()
    story.we()
    for order in (THEIRS, WRITTEN, THEIRS, WRITTEN):
        story.they(order)
    assert story.feud is not None
    assert story.feud.rewrites == 1


def test_after_a_peace_all_is_forgotten() -> None:
    story = Story()
    story.quarrel(4)
    story.we()
    assert story.feud is not None
    story.now += PEACE - 1
    story.look()
    assert story.feud is not None
    story.now += 1
    story.look()
    assert story.feud is None


def test_after_a_peace_in_which_nothing_happened_the_count_starts_anew() -> (
    None
):
    """Nobody looks while nothing changes in the databases."""
    story = Story()
    story.quarrel(4)
    story.we()
    story.they(after=PEACE)
    assert story.feud is not None
    assert story.feud.rewrites == 1
    assert story.feud.until == -math.inf


def test_who_stays_foreign_for_long_is_not_forgotten_before_its_time() -> None:
    story = Story()
    story.quarrel(9)
    story.now += LONGEST_BACK_OFF - 1
    story.look()
    assert story.wait() == 1


def test_a_port_that_is_gone_is_forgotten() -> None:
    story = Story()
    story.quarrel(3)
    story.look(unit(THEIRS, "other"))
    assert not story.rivals.feuds
    assert "lrp" not in story.rivals.seen
    assert "lrp" not in story.rivals.ours


def test_ports_are_not_mistaken_for_each_other() -> None:
    story = Story()
    story.we()
    other = unit(THEIRS, "other")
    story.look(story.unit, other)
    story.look(story.unit, unit(WRITTEN, "other"))
    assert story.rivals.feuds.keys() == {"other"}


@pytest.mark.parametrize("name", ["lrp", "gwsched-lrp"])
def test_a_list_is_ours_while_it_is_as_we_wrote_it(name: str) -> None:
    story = Story(name=name)
    story.we()
    assert story.rivals.is_ours(story.unit)
    story.they()
    assert not story.rivals.is_ours(story.unit)
    story.we()
    assert story.rivals.is_ours(story.unit)


def test_a_list_that_was_there_before_us_is_ours_if_the_group_is() -> None:
    """After a restart nothing else tells who wrote it."""
    assert not Story().rivals.is_ours(unit(WRITTEN))
    own = Story(name="gwsched-lrp")
    assert own.rivals.is_ours(own.unit)
    own.they()
    assert not own.rivals.is_ours(own.unit)


@pytest.mark.parametrize("theirs", ["gw1 gw2 gw9", "gw1 gw9", "gw1 gw2"])
def test_what_neutron_does_when_a_chassis_goes_and_returns_is_no_quarrel(
    theirs: str,
) -> None:
    """It takes out who is gone, and puts who returns at the end."""
    left = frozen_map({n: c for n, c in FLEET.items() if n != "gw2"})
    ours, after = unit(OURS), unit(theirs)
    last = replace(after.candidates[-1], priority=0)
    after = replace(after, candidates=(*after.candidates[:-1], last))
    found = follow(Rivals(), Snapshot(left, (ours,)), 0.0)
    found = replace(found, ours=Layered({ours.name: ours.candidates}))
    found = follow(found, Snapshot(left, (after,)), 1.0)
    assert found.feuds[ours.name].rewrites == 0
    assert found.foreign_writes == 1


# -- where the server's answer got lost --


def test_what_was_written_without_an_answer_is_no_rivals() -> None:
    story = Story()
    story.we()
    story.try_to("gw2 gw1", made=True)
    assert story.feud is None
    assert story.rivals.foreign_writes == 0
    assert story.rivals.is_ours(story.unit)


def test_what_was_not_written_is_forgotten_with_the_next_write() -> None:
    story = Story()
    story.try_to("gw2 gw1", made=False)
    story.they()
    assert story.rivals.foreign_writes == 1
    story.they("gw2 gw1")
    assert story.rivals.foreign_writes == 2


def test_it_may_show_late() -> None:
    story = Story()
    story.try_to("gw2 gw1", made=False)
    story.they("gw2 gw1")
    assert story.rivals.foreign_writes == 0


def test_we_write_again_what_was_not_written() -> None:
    story = Story()
    story.try_to("gw2 gw1", made=False)
    story.we()
    story.they("gw2 gw1")
    assert story.rivals.foreign_writes == 1


def test_who_puts_a_list_back_before_we_look_has_overruled_us() -> None:
    story = Story()
    order = tuple(OURS.split())
    form, reason = Form.HA_CHASSIS_GROUP, Reason.REBALANCE
    change = Change(story.unit, form, order, reason, "")
    story.rivals = wrote(story.rivals, (change,))
    story.look()  # at the very same unit
    assert story.rivals.foreign_writes == 1
    assert story.feud is not None
    story.look()
    assert story.rivals.foreign_writes == 1
