# SPDX-License-Identifier: Apache-2.0
"""A fleet to be steered by the real gwschedctl, and what it has in NB."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.functional.conftest import Options
from tests.functional.daemon import write_conf
from tests.functional.ovn import Ovn
from tests.functional.test_gwschedctl import ctl

KEYS = [
    *("verb", "subject", "changed", "was", "now"),
    *("said", "refused", "left"),
]
NEUTRONS = ("neutron:revision", "37")
SYSTEM_ID = "3f0c-6a"
HOST = "net1.example.org"


def steerable(ovn: Ovn) -> Ovn:
    """Add three gateways, one with a host name of its own, and two ports."""
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


def conf_of(ovn: Ovn, path: Path, options: Options | None = None) -> Path:
    return write_conf(path / "ctl.conf", ovn.nb, ovn.sb, options or {})


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
