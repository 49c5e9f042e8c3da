# SPDX-License-Identifier: Apache-2.0
"""Who has answered a heartbeat is asked for, and not told of."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from ovs.poller import Poller

from gwsched.connection import Database
from tests.functional.impostor import Impostor
from tests.functional.ovn import Ovn, wait_for
from tests.functional.reading import catch_up, databases, settings_for
from tests.functional.relay import Relay

CHASSIS = [f"gw{n}" for n in range(20)]


@contextmanager
def through(
    impostor: Impostor, ovn: Ovn
) -> Iterator[tuple[Database, Database]]:
    """NB, and SB as somebody in between passes it on."""
    settings = replace(settings_for(ovn), sb=(impostor.remote,), timeout=5.0)
    with databases(ovn, settings=settings) as both:
        yield both


def beat(ovn: Ovn) -> int:
    """Make a heartbeat, and carry it to SB."""
    ovn.nbctl("--wait=sb", "sync")
    return int(ovn.sbctl("get", "SB_Global", ".", "nb_cfg"))


def answered(nb: Database, sb: Database, ovn: Ovn) -> Mapping[str, int]:
    return sb.answers


def hears(
    nb: Database, sb: Database, ovn: Ovn, expected: Mapping[str, int]
) -> None:
    """Do as the loop does until these are the answers; wake for no less."""

    def turn() -> bool:
        nb.run()
        sb.run()
        if sb.synced and answered(nb, sb, ovn) == expected:
            return True
        poller = Poller()
        sb.wait(poller)
        poller.timer_wait(2000)
        poller.block()
        return False

    wait_for(turn, f"{len(expected)} answers")


def is_told_of(message: dict[str, Any]) -> bool:
    """Whether a message is one that a monitor makes of an answer."""
    told = str(message.get("method")).startswith("update")
    return told and "Chassis_Private" in json.dumps(message["params"])


def is_an_answer(message: dict[str, Any]) -> bool:
    """Whether a message has what a select has found."""
    found = message.get("result")
    return isinstance(found, list) and bool(found) and "rows" in str(found[0])


def test_all_have_answered_in_few_messages(ovn: Ovn) -> None:
    """No message is of one answer, and who has all asks no more."""
    ovn.add_chassis(*CHASSIS)
    messages: list[dict[str, Any]] = []

    def note(message: dict[str, Any]) -> bytes:
        messages.append(message)
        return json.dumps(message).encode()

    with Impostor(ovn.unix("sb")) as impostor:
        impostor.twist = note
        with through(impostor, ovn) as (nb, sb):
            last = beat(ovn)
            for name in CHASSIS:
                ovn.answer(name)
            hears(nb, sb, ovn, dict.fromkeys(CHASSIS, last))
            assert not any(map(is_told_of, messages))
            polling = sb.replica.polling
            assert not polling.is_waiting
            assert polling.due == float("inf")


def test_who_owes_an_answer_is_asked_for_until_it_comes(ovn: Ovn) -> None:
    ovn.add_chassis("gw1", "gw2")
    with databases(ovn) as (nb, sb):
        last = beat(ovn)
        ovn.answer("gw1")
        hears(nb, sb, ovn, {"gw1": last, "gw2": 0})
        polling = sb.replica.polling
        assert polling.is_waiting or polling.due < float("inf")
        ovn.answer("gw2")
        hears(nb, sb, ovn, {"gw1": last, "gw2": last})


def test_chassis_come_and_go(ovn: Ovn) -> None:
    ovn.add_chassis("gw1")
    with databases(ovn) as (nb, sb):
        last = beat(ovn)
        ovn.answer("gw1")
        hears(nb, sb, ovn, {"gw1": last})
        ovn.add_chassis("gw2", nb_cfg=last)
        hears(nb, sb, ovn, {"gw1": last, "gw2": last})
        # No monitor tells of this one, but the next heartbeat does.
        ovn.sbctl("destroy", "Chassis_Private", "gw1")
        beat(ovn)
        hears(nb, sb, ovn, {"gw2": last})


def test_a_new_session_asks_anew(ovn: Ovn) -> None:
    ovn.add_chassis("gw1", "gw2")
    with databases(ovn) as (nb, sb):
        last = beat(ovn)
        ovn.answer("gw1", "gw2")
        hears(nb, sb, ovn, dict.fromkeys(("gw1", "gw2"), last))
        sb.replica.force_reconnect()
        sb.run()
        assert not sb.synced
        ovn.sbctl("set", "Chassis_Private", "gw1", f"nb_cfg={last + 1}")
        ovn.sbctl("destroy", "Chassis_Private", "gw2")
        catch_up(nb, sb)
        assert answered(nb, sb, ovn) == {"gw1": last + 1}


def test_a_relay_answers_by_itself(ovn: Ovn) -> None:
    ovn.add_chassis("gw1")
    with Relay(ovn, "OVN_Southbound", ovn.sb) as relay:
        settings = replace(settings_for(ovn), sb=(relay.remote,))
        with databases(ovn, settings=settings) as (nb, sb):
            last = beat(ovn)
            ovn.answer("gw1")
            hears(nb, sb, ovn, {"gw1": last})


@pytest.mark.parametrize(
    "result",
    [
        [],
        [None],
        [{"error": "not allowed"}],
        [{"rows": 5}],
        [{"rows": [{"name": "gw1"}]}],
        [{"rows": [{"name": "gw1", "nb_cfg": [1]}]}],
        [{"rows": [{"name": "gw1", "nb_cfg": "many"}]}],
    ],
)
def test_an_answer_that_is_none(
    ovn: Ovn, result: object, caplog: pytest.LogCaptureFixture
) -> None:
    """Named; connected anew; all is well when the server is."""
    ovn.add_chassis("gw1")

    def twist(message: dict[str, Any]) -> bytes:
        if is_an_answer(message):
            message = {**message, "result": result}
        return json.dumps(message).encode()

    with (
        Impostor(ovn.unix("sb")) as impostor,
        through(impostor, ovn) as (nb, sb),
    ):
        impostor.twist = twist
        last = beat(ovn)
        ovn.answer("gw1")

        def named() -> bool:
            sb.run()
            return "asked for Chassis_Private, it answers" in caplog.text

        wait_for(named, "the word about it")
        impostor.twist = None
        impostor.hang_up()
        hears(nb, sb, ovn, {"gw1": last})


def test_answers_that_never_come_end_the_session(ovn: Ovn) -> None:
    """A server that is alive, but says nothing of what it was asked."""
    ovn.add_chassis("gw1")

    def swallow(message: dict[str, Any]) -> bytes | None:
        if is_an_answer(message):
            return None
        return json.dumps(message).encode()

    with (
        Impostor(ovn.unix("sb")) as impostor,
        through(impostor, ovn) as (nb, sb),
    ):
        seen = impostor.connections
        impostor.twist = swallow
        beat(ovn)

        def again() -> bool:
            sb.run()
            return impostor.connections > seen

        wait_for(again, "another connection")
        assert not sb.synced
        impostor.twist = None
        impostor.hang_up()
        last = beat(ovn)
        ovn.answer("gw1")
        hears(nb, sb, ovn, {"gw1": last})
