# SPDX-License-Identifier: Apache-2.0
"""Intents are written key by key, and only over what was judged."""

from __future__ import annotations

import threading
from contextlib import closing

import pytest

from gwsched.apply import Result
from gwsched.cli.steering import wishes
from gwsched.cli.steering.wishes import Wish
from gwsched.connection import open_databases
from tests.functional.ovn import Ovn
from tests.functional.reading import catch_up, databases, settings_for

PAUSE = Wish("gwsched-pause", "true")
OURS = "external_ids:gwsched-pause"


def value(ovn: Ovn, key: str) -> str:
    return ovn.nbctl("--if-exists", "get", "NB_Global", ".", key).strip('"')


def test_a_key_comes_changes_and_goes(ovn: Ovn) -> None:
    ovn.nbctl("set", "NB_Global", ".", "external_ids:others=theirs")
    with databases(ovn) as (nb, sb):
        for wanted in ("true", "1", None):
            wish = Wish(PAUSE.key, wanted)
            seen = wishes.there(nb)
            result, _ = wishes.write(nb, wish, seen, 10)
            assert result is Result.COMMITTED
            catch_up(nb, sb)
            assert wishes.there(nb).get(PAUSE.key) == wanted
            assert value(ovn, OURS) == (wanted or "")
    assert value(ovn, "external_ids:others") == "theirs"


def test_it_is_written_while_another_holds_the_lock(ovn: Ovn) -> None:
    """The daemon does, on whichever controller that may be."""
    nb, sb = open_databases(settings_for(ovn))
    with databases(ovn) as (holder, _), closing(nb), closing(sb):
        for database in (nb, sb):
            database.connect(threading.Event(), lambda: None)
        catch_up(nb, sb, with_lock=False)
        assert holder.has_lock
        seen = wishes.there(nb)
        assert wishes.write(nb, PAUSE, seen, 10)[0] is Result.COMMITTED
    assert value(ovn, OURS) == "true"


@pytest.mark.parametrize("noticed", [True, False])
def test_what_was_judged_by_other_intents_is_not_written(
    ovn: Ovn, noticed: bool
) -> None:
    """Whether our replica shows that already, or only the server knows."""
    with databases(ovn) as (nb, sb):
        seen = wishes.there(nb)
        ovn.intend("drain-gw1")
        if noticed:
            catch_up(nb, sb)
        assert wishes.write(nb, PAUSE, seen, 10)[0] is Result.STALE
        assert value(ovn, OURS) == ""
        catch_up(nb, sb)
        seen = wishes.there(nb)
        assert seen == {"gwsched-drain-gw1": "true"}
        assert wishes.write(nb, PAUSE, seen, 10)[0] is Result.COMMITTED
    assert value(ovn, OURS) == "true"


def test_a_heartbeat_in_between_is_no_matter(ovn: Ovn) -> None:
    with databases(ovn) as (nb, _):
        seen = wishes.there(nb)
        ovn.nbctl("--wait=sb", "sync")
        assert wishes.write(nb, PAUSE, seen, 10)[0] is Result.COMMITTED


def test_nb_without_its_row(ovn: Ovn) -> None:
    ovn.pause("northd")  # it would make another one
    try:
        ovn.nbctl("destroy", "NB_Global", ".")
        with databases(ovn) as (nb, _):
            assert wishes.there(nb) == {}
            result, why = wishes.write(nb, PAUSE, {}, 10)
    finally:
        ovn.resume("northd")
    assert (result, why) == (Result.STALE, "NB_Global has no row")
