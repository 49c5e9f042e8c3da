# SPDX-License-Identifier: Apache-2.0
"""What README and docs tell to type amid the text, typed at databases."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.functional.lab import Lab
from tests.functional.ovn import Ovn
from tests.packaging import pages

RUN = ("ovn-nbctl", "ovn-sbctl", "ovs-vsctl", "ovsdb-tool")
MEANT = {
    "CHASSIS": "gw1",
    "KEY": "gwsched-pause",
    "NEXTHOP": "172.16.0.254",
    "PORT": "lrp-r1",
    "PREFIX": "0.0.0.0/0",
    "ROUTER": "r1",
}
# A verb is only mentioned, without what it wants.
MENTION = re.compile(r"command requires at least \d+ arguments")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Databases in which a gateway and a router may come to harm."""
    with Ovn() as ovn:
        ovn.add_router("r1")
        with Lab(tmp_path_factory.mktemp("lab"), ovn) as found:
            yield found


def spans() -> list[str]:
    found = (s for page in pages.names() for s in pages.spans(page))
    commands = (span for span in found if len(span.split()) > 1)
    return sorted({span for span in commands if span.split()[0] in RUN})


@pytest.mark.parametrize("span", spans())
def test_a_command_amid_the_text_can_be_given(bench: Lab, span: str) -> None:
    for word, name in {**MEANT, "REMOTE": bench.ovn.nb}.items():
        span = re.sub(rf"(?<![A-Z_-]){word}\b|(?<=-){word}\b", name, span)
    if not bench.ovn.sbctl("find", "Chassis", "name=gw1"):
        bench.ovn.add_chassis("gw1")
    bench.type("ovs-vsctl set Open_vSwitch . external_ids:system-id=gw1")
    done = bench.type(span)
    assert done.returncode == 0 or MENTION.search(done.stderr), (
        f"{done.stdout}{done.stderr}"
    )
