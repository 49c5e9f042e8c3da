# SPDX-License-Identifier: Apache-2.0
"""Fixtures: real databases, stand-ins for controllers, the real daemon."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.functional.controllers import Controllers
from tests.functional.daemon import Daemon
from tests.functional.ovn import Ovn

Options = Mapping[str, Mapping[str, object]]
StartDaemon = Callable[..., Daemon]


@pytest.fixture
def ovn() -> Iterator[Ovn]:
    """NB, SB and northd, empty."""
    with Ovn() as found:
        yield found


@pytest.fixture
def gateways(ovn: Ovn) -> Iterator[Controllers]:
    """Four gateways gw1..gw4 that answer and claim."""
    ovn.add_chassis("gw1", "gw2", "gw3", "gw4")
    with Controllers(ovn.sb) as controllers:
        yield controllers


@pytest.fixture
def start(ovn: Ovn, tmp_path: Path) -> Iterator[StartDaemon]:
    """Start daemons on the databases; they end with the test."""
    with ExitStack() as stack:

        def starting(
            options: Options | None = None, name: str = "gwsched"
        ) -> Daemon:
            daemon = Daemon(tmp_path, ovn.nb, ovn.sb, options, name)
            return stack.enter_context(daemon)

        yield starting
