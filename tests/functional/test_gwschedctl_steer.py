# SPDX-License-Identifier: Apache-2.0
"""The real gwschedctl writing intents into real databases, no daemon."""

from __future__ import annotations

import json
import subprocess
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gwsched.cli.answer import REFUSED
from gwsched.cli.databases import Connections, opened
from gwsched.cli.intentions import VERBS
from gwsched.cli.steering import Steering
from gwsched.cli.steps import Scene, Step
from gwsched.schedulers.leastloaded import LeastLoaded
from tests.functional.cluster import Cluster
from tests.functional.conftest import Options
from tests.functional.daemon import write_conf
from tests.functional.ovn import SCHEMAS, Ovn, wait_for
from tests.functional.reading import settings_for
from tests.functional.test_gwschedctl import GWSCHEDCTL, Done, ctl, one_line

KEYS = [
    *("verb", "subject", "changed", "was", "now"),
    *("said", "refused", "left"),
]
NEUTRONS = ("neutron:revision", "37")
SYSTEM_ID = "3f0c-6a"
HOST = "net1.example.org"


def asked(ovn: Ovn) -> dict[str, str]:
    """The intents in NB, without the prefix; the port's own left out."""
    external_ids = external_ids_of(ovn)
    prefix = "gwsched-"
    return {
        key.removeprefix(prefix): value
        for key, value in external_ids.items()
        if key.startswith(prefix) and not key.startswith(f"{prefix}adopt-")
    }


def external_ids_of(ovn: Ovn) -> dict[str, str]:
    shown = ovn.nbctl("--format=json", "--columns=external_ids", "list", "nb")
    _, pairs = json.loads(shown)["data"][0][0]
    return dict(pairs)


@pytest.fixture
def fleet(ovn: Ovn) -> Ovn:
    """Three gateways and two ports; one chassis has a host name of its own."""
    ovn.add_chassis("gw1", "gw2", SYSTEM_ID)
    ovn.sbctl("set", "Chassis", SYSTEM_ID, f"hostname={HOST}")
    ovn.add_chassis("hv7", options="", mappings="")
    ovn.add_router("r1", "gw1", "gw2", SYSTEM_ID)
    ovn.add_router("r2", "gw2", "gw1")
    ovn.nbctl("--wait=sb", "sync")
    ovn.claim("lrp-r1", "gw1")
    ovn.claim("lrp-r2", "gw2")
    ovn.answer("gw1", "gw2", "hv7", SYSTEM_ID)
    key, value = NEUTRONS
    ovn.nbctl("set", "NB_Global", ".", f'external_ids:"{key}"={value}')
    return ovn


def conf_of(ovn: Ovn, path: Path, options: Options | None = None) -> Path:
    return write_conf(path / "ctl.conf", ovn.nb, ovn.sb, options or {})


@pytest.fixture
def conf(fleet: Ovn, tmp_path: Path) -> Path:
    return conf_of(fleet, tmp_path)


def said(conf: Path, *args: str) -> str:
    """Run a verb that is to succeed; return its one sentence."""
    done = ctl("--config-file", conf, *args)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1
    return done.stdout


def as_json(conf: Path, *args: str, code: int = 0) -> dict[str, Any]:
    done = ctl("--config-file", conf, *args, "-f", "json")
    assert done.returncode == code, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert list(found) == KEYS
    assert found["verb"] == args[0]
    return found


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


# -- what is refused -------------------------------------------------------


def refused(done: Done, *lines: str) -> None:
    assert (done.returncode, done.stdout) == (3, "")
    for line in lines:
        assert f"gwschedctl: {line}\n" in done.stderr, done.stderr


def test_the_last_one_that_can_host_a_port_is_not_drained(
    fleet: Ovn, conf: Path
) -> None:
    fleet.add_chassis("gw4", mappings="dmz:br-dmz")
    fleet.add_router("d1", "gw4", network="dmz")
    fleet.add_router("d2", "gw4", network="dmz")
    fleet.nbctl("--wait=sb", "sync")
    fleet.answer("gw4")
    before = fleet.transactions()
    done = ctl("--config-file", conf, "drain", "gw4")
    why = f"{SYSTEM_ID}: ovn-bridge-mappings has no dmz; "
    refused(done, "refused to drain gw4:")
    for port in ("lrp-d1", "lrp-d2"):
        assert f"gwschedctl: {port}: {why}gw1: " in done.stderr
    assert "verdicts are assumed" in done.stderr
    found = as_json(conf, "drain", "gw4", code=3)
    assert [o["port"] for o in found["refused"]] == ["lrp-d1", "lrp-d2"]
    assert (found["changed"], found["was"], found["now"]) == (
        False,
        None,
        None,
    )
    assert fleet.transactions() == before


def test_by_force_it_is_drained_even_so(fleet: Ovn, conf: Path) -> None:
    fleet.add_chassis("gw4", mappings="dmz:br-dmz")
    fleet.add_router("d1", "gw4", network="dmz")
    fleet.nbctl("--wait=sb", "sync")
    fleet.answer("gw4")
    done = ctl("--config-file", conf, "drain", "gw4", "--force")
    assert done.returncode == 0
    assert "lrp-d1: " in done.stderr
    assert asked(fleet) == {"drain-gw4": "true"}


def test_the_last_one_beside_those_that_drain_is_not_drained(
    fleet: Ovn, conf: Path
) -> None:
    said(conf, "drain", "gw1")
    said(conf, "drain", "gw2")
    done = ctl("--config-file", conf, "drain", SYSTEM_ID)
    why = "gw1: it is draining; gw2: it is draining"
    refused(done, f"lrp-r1: {why}")
    assert asked(fleet) == {"drain-gw1": "true", "drain-gw2": "true"}


def test_the_only_backup_that_answers_is_not_drained(
    fleet: Ovn, conf: Path
) -> None:
    for _ in range(3):
        fleet.nbctl("--wait=sb", "sync")
        fleet.answer("gw1", "hv7")
    done = ctl("--config-file", conf, "drain", "gw1")
    refused(done, f"lrp-r2: {SYSTEM_ID}: it is suspect; gw2: it is suspect")


def test_what_configuration_leaves_alone_is_not_drained(
    fleet: Ovn, tmp_path: Path
) -> None:
    conf = conf_of(fleet, tmp_path, {"scheduler": {"deny_routers": "r1"}})
    done = ctl("--config-file", conf, "drain", "gw1")
    refused(
        done, "lrp-r1: deny_routers of the configuration names router r1 (r1)"
    )


def test_what_gwsched_does_not_move_is_named(fleet: Ovn, conf: Path) -> None:
    fleet.nbctl("lr-add", "edge", "--", "set", "Logical_Router", "edge",
                "options:chassis=gw1")  # fmt: skip
    port = fleet.add_router("alien", "gw1", marker="none")
    fleet.nbctl("set", "Logical_Router_Port", port,
                'external_ids:"neutron:router_name"=alien')  # fmt: skip
    fleet.nbctl("--wait=sb", "sync")
    fleet.claim(port, "gw1")
    done = ctl("--config-file", conf, "drain", "gw1")
    assert done.returncode == 0
    assert (
        "gw1 also has what gwsched does not move: L3 gateway router edge, "
        "port lrp-alien\n"
    ) in done.stderr


def test_a_pin_onto_who_may_not_host_the_port(fleet: Ovn, conf: Path) -> None:
    said(conf, "cordon", "gw2")
    for name, why in (("gw2", "it is cordoned"), ("hv7", "ovn-cms-options")):
        done = ctl("--config-file", conf, "pin", "lrp-r1", name)
        refused(done, "refused to pin lrp-r1:")
        assert f"lrp-r1: {name}: {why}" in done.stderr
    found = as_json(conf, "pin", "lrp-r1", "gw2", code=3)
    assert found["refused"] == [
        {"port": "lrp-r1", "why": "gw2: it is cordoned"}
    ]
    assert asked(fleet) == {"cordon-gw2": "true"}


# -- two at once, and others -----------------------------------------------


def together(conf: Path, *verbs: tuple[str, ...]) -> Iterator[int]:
    """Run several at once; yield their exit codes in order."""
    runs = [
        subprocess.Popen(
            [GWSCHEDCTL, "--config-file", conf, *args],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for args in verbs
    ]
    try:
        for process in runs:
            yield process.wait(timeout=60)
    finally:
        for process in runs:
            process.kill()
            process.wait()


def test_several_at_once_lose_nobodys_keys(fleet: Ovn, conf: Path) -> None:
    verbs = [
        ("cordon", "gw1"),
        ("cordon", "gw2"),
        ("pin", "lrp-r2", SYSTEM_ID),
        ("rebalance",),
        ("pause",),
    ]
    assert list(together(conf, *verbs)) == [0] * len(verbs)
    assert asked(fleet) == {
        "cordon-gw1": "true",
        "cordon-gw2": "true",
        "pin-lrp-r2": SYSTEM_ID,
        "rebalance": "true",
        "pause": "true",
    }
    key, value = NEUTRONS
    assert external_ids_of(fleet)[key] == value


def test_of_two_that_drain_the_last_two_one_is_refused(
    fleet: Ovn, conf: Path
) -> None:
    said(conf, "drain", SYSTEM_ID)
    codes = together(conf, ("drain", "gw1"), ("drain", "gw2"))
    assert sorted(codes) == [0, 3]
    assert len(asked(fleet)) == 2


def test_what_changes_meanwhile_is_judged_anew(fleet: Ovn) -> None:
    """Until nothing has; a refusal then is one."""
    settings = settings_for(fleet)
    drain = VERBS["drain"]
    asked_for = Namespace(
        name="drain",
        chassis=SYSTEM_ID,
        steers=drain,
        wait=False,
        force=False,
        format="json",
    )
    meanwhile = ["drain-gw1", "drain-gw2"]

    def judge(found: Connections, there: Mapping[str, str]) -> Step:
        scene = Scene(found.read(), there, settings, LeastLoaded())
        step = drain.judge(scene, asked_for)
        if meanwhile:
            assert not step.obstacles
            fleet.intend(meanwhile.pop())
        return step

    with opened(settings, leader_only=True) as found:
        answer = Steering(found, settings, asked_for).run(judge)
    assert answer.code == REFUSED
    assert asked(fleet) == {"drain-gw1": "true", "drain-gw2": "true"}


def test_on_a_cluster(tmp_path: Path) -> None:
    with Cluster() as cluster, Ovn(nb=cluster.remotes) as ovn:
        ovn.add_chassis("gw1")
        conf = conf_of(ovn, tmp_path)
        assert as_json(conf, "cordon", "gw1")["changed"] is True
        assert asked(ovn) == {"cordon-gw1": "true"}


@contextmanager
def standby(ovn: Ovn) -> Iterator[str]:
    """A server that copies NB and takes no writes; yield its remote."""
    there = ovn.directory
    database, socket = there / "standby.db", there / "standby.sock"
    schema = SCHEMAS / "ovn-nb.ovsschema"
    subprocess.run(["ovsdb-tool", "create", database, schema], check=True)
    server = subprocess.Popen(
        [
            "ovsdb-server",
            "-vconsole:off",
            f"--unixctl={there}/standby.ctl",
            f"--sync-from={ovn.unix('nb')}",
            f"--remote=punix:{socket}",
            database,
        ]
    )
    try:
        wait_for(socket.exists, "the standby to listen")
        yield f"unix:{socket}"
    finally:
        server.kill()
        server.wait()


def test_a_server_that_takes_no_writes(fleet: Ovn, tmp_path: Path) -> None:
    with standby(fleet) as remote:
        conf = write_conf(tmp_path / "c", remote, fleet.sb, {})
        copied = ("ovn-nbctl", f"--db={remote}", "get", "nb", ".", "_uuid")
        wait_for(
            lambda: not subprocess.run(copied, capture_output=True).returncode,
            "the copy",
        )
        done = ctl("--config-file", conf, "pause")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nothing was written to NB: " in done.stderr
    assert "read only" in done.stderr
    assert asked(fleet) == {}
