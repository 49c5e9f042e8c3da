# SPDX-License-Identifier: Apache-2.0
"""The real gwschedctl writing intents into real databases, no daemon."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.functional.conftest import Options
from tests.functional.ovn import Ovn
from tests.functional.steering import (
    HOST,
    SYSTEM_ID,
    as_json,
    asked,
    conf_of,
    external_ids_of,
    said,
    steerable,
)
from tests.functional.test_gwschedctl import ctl, one_line


@pytest.fixture
def fleet(ovn: Ovn) -> Ovn:
    return steerable(ovn)


@pytest.fixture
def conf(fleet: Ovn, tmp_path: Path) -> Path:
    return conf_of(fleet, tmp_path)


# -- what each verb writes -------------------------------------------------

BOTH_WAYS = [
    (("cordon", "gw1"), ("uncordon", "gw1"), {"cordon-gw1": "true"}),
    (("drain", "gw1"), ("undrain", "gw1"), {"drain-gw1": "true"}),
    (("pin", "lrp-r1", "gw2"), ("unpin", "lrp-r1"), {"pin-lrp-r1": "gw2"}),
    (("pause",), ("resume",), {"pause": "true"}),
]


@pytest.mark.parametrize(("on", "off", "keys"), BOTH_WAYS)
def test_on_and_off_again(
    fleet: Ovn,
    conf: Path,
    on: tuple[str, ...],
    off: tuple[str, ...],
    keys: dict[str, str],
) -> None:
    before = external_ids_of(fleet)
    first = as_json(conf, *on)
    assert asked(fleet) == keys
    assert (first["changed"], first["was"]) == (True, None)
    assert [first["now"]] == list(keys.values())
    again = as_json(conf, *on)
    assert asked(fleet) == keys
    assert (again["changed"], again["was"]) == (False, first["now"])
    assert "already" in again["said"]
    last = as_json(conf, *off)
    assert (last["changed"], last["was"]) == (True, first["now"])
    assert last["now"] is None
    assert external_ids_of(fleet) == before
    nothing = as_json(conf, *off)
    assert (nothing["changed"], nothing["was"]) == (False, None)
    assert " was not " in nothing["said"]
    assert external_ids_of(fleet) == before


def test_what_is_so_already_is_not_written(fleet: Ovn, conf: Path) -> None:
    fleet.intend("drain-gw1", "yes")
    before = fleet.transactions()
    for args in (
        ("drain", "gw1"),
        ("undrain", "gw2"),
        ("uncordon", "gw1"),
        ("unpin", "lrp-r1"),
        ("resume",),
    ):
        assert as_json(conf, *args)["changed"] is False
    assert fleet.transactions() == before


def test_for_people_it_is_one_sentence(fleet: Ovn, conf: Path) -> None:
    assert said(conf, "cordon", "gw2").startswith("gw2 is cordoned: ")
    assert said(conf, "cordon", "gw2") == "gw2 is cordoned already\n"
    assert said(conf, "uncordon", "gw2") == "gw2 is not cordoned any more\n"
    assert said(conf, "pin", "lrp-r1", "gw2") == (
        "lrp-r1 is pinned to gw2 now; it moves there from gw1\n"
    )
    assert said(conf, "pin", "lrp-r1", "gw1") == (
        "lrp-r1 is pinned to gw1 now, and not to gw2 any more\n"
    )
    assert said(conf, "unpin", "lrp-r1") == (
        "lrp-r1 is not pinned to gw1 any more, and stays there\n"
    )
    drained = said(conf, "drain", "gw1")
    assert drained.startswith("gw1 is draining now: 1 move to make, in about")
    assert "1 port left there" in said(conf, "drain", "gw1")
    assert "nothing moves back by that" in said(conf, "undrain", "gw1")


def test_undrain_names_what_does_come_back(fleet: Ovn, conf: Path) -> None:
    said(conf, "pin", "lrp-r1", "gw1")
    said(conf, "drain", "gw1")
    assert "pinned to it, and back soon: lrp-r1" in said(
        conf, "undrain", "gw1"
    )


def test_a_key_that_says_nothing_is_replaced_and_taken_away(
    fleet: Ovn, conf: Path
) -> None:
    fleet.intend("cordon-gw1", "perhaps")
    fleet.intend("drain-gw1", "no")
    assert as_json(conf, "cordon", "gw1")["was"] == "perhaps"
    assert as_json(conf, "drain", "gw1")["was"] == "no"
    assert asked(fleet) == {"cordon-gw1": "true", "drain-gw1": "true"}
    fleet.intend("pin-lrp-r1", " ")
    assert as_json(conf, "unpin", "lrp-r1")["changed"] is True
    assert "pin-lrp-r1" not in asked(fleet)


def test_rebalance_is_asked_for_once(fleet: Ovn, conf: Path) -> None:
    assert as_json(conf, "rebalance")["changed"] is True
    assert asked(fleet) == {"rebalance": "true"}
    assert "already" in said(conf, "rebalance")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"rebalance": {"mode": "off"}}, "[rebalance] mode is off"),
        ({"scheduler": {"ovn_l3_scheduler": "chance"}}, "chance, evens out"),
    ],
)
def test_a_rebalance_that_would_do_nothing_is_refused(
    fleet: Ovn, tmp_path: Path, options: Options, why: str
) -> None:
    done = ctl("--config-file", conf_of(fleet, tmp_path, options), "rebalance")
    assert (done.returncode, done.stdout) == (3, "")
    assert why in done.stderr
    assert asked(fleet) == {}


def test_in_observe_mode_it_is_said_that_nothing_follows(
    fleet: Ovn, tmp_path: Path
) -> None:
    conf = conf_of(fleet, tmp_path, {"scheduler": {"mode": "observe"}})
    done = ctl("--config-file", conf, "drain", "gw1")
    assert done.returncode == 0
    assert "mode is observe here" in done.stderr


# -- names -----------------------------------------------------------------


def test_a_host_name_stands_for_its_chassis(fleet: Ovn, conf: Path) -> None:
    done = ctl("--config-file", conf, "cordon", HOST)
    assert done.returncode == 0
    assert done.stderr == f"gwschedctl: {HOST} is the chassis {SYSTEM_ID}\n"
    assert asked(fleet) == {f"cordon-{SYSTEM_ID}": "true"}
    assert ctl("--config-file", conf, "uncordon", HOST).returncode == 0
    assert asked(fleet) == {}


def test_a_host_name_of_two_chassis_is_nobodys(fleet: Ovn, conf: Path) -> None:
    fleet.sbctl("set", "Chassis", "gw1", f"hostname={HOST}")
    text = one_line(ctl("--config-file", conf, "cordon", HOST), code=2)
    assert f"{SYSTEM_ID}, gw1; name one of them" in text


@pytest.mark.parametrize(
    ("args", "texts"),
    [
        (("drain", "gw11"), ("no chassis 'gw11'", "did you mean gw1?")),
        (("cordon", "net1"), (f"{SYSTEM_ID} ({HOST})", "known gateways are")),
        (("undrain", "gw9"), ("no chassis 'gw9'",)),
        (("pin", "lrp-r9", "gw1"), ("no gateway port 'lrp-r9'", "lrp-r1")),
        (("pin", "lrp-r1", "gw9"), ("no chassis 'gw9'",)),
        (("unpin", "lrp-r9"), ("no gateway port 'lrp-r9'",)),
    ],
)
def test_who_is_unknown(
    fleet: Ovn, conf: Path, args: tuple[str, ...], texts: tuple[str, ...]
) -> None:
    text = one_line(ctl("--config-file", conf, *args), code=2)
    for wanted in texts:
        assert wanted in text
    assert asked(fleet) == {}


def test_what_is_gone_can_be_taken_back(fleet: Ovn, conf: Path) -> None:
    for intent in ("drain-gone", "cordon-gone", "pin-lrp-gone"):
        fleet.intend(intent)
    for args in (
        ("undrain", "gone"),
        ("uncordon", "gone"),
        ("unpin", "lrp-gone"),
    ):
        assert as_json(conf, *args)["changed"] is True
    assert asked(fleet) == {}


def test_who_is_down_may_be_cordoned_before_it_comes_back(
    fleet: Ovn, conf: Path
) -> None:
    fleet.remove_chassis("gw2")
    assert as_json(conf, "cordon", "gw2")["changed"] is True
