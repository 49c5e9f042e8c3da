# SPDX-License-Identifier: Apache-2.0
"""What a sandbox remembers between two commands, as JSON."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from gwsched.sandbox.shell import SandboxError


@dataclass
class RouterRecord:
    """A router: its number, for its addresses, its VMs, what it faces."""

    number: int
    vms: list[str]
    network: str = "public"


@dataclass
class State:
    """The size of a sandbox and the routers in it."""

    gateways: int
    computes: int
    zones: int
    # Where they are not the usual ones: physical networks by chassis.
    networks: dict[str, list[str]] = field(default_factory=dict)
    routers: dict[str, RouterRecord] = field(default_factory=dict)

    def vms(self) -> list[str]:
        """List the VMs of all routers."""
        return [vm for record in self.routers.values() for vm in record.vms]


class StateFile:
    """The file, written whole and under a lock."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "state.json"

    def read(self) -> State:
        """Return the current state."""
        try:
            stored = json.loads(self._path.read_text())
            routers = {
                name: RouterRecord(**record)
                for name, record in stored.pop("routers").items()
            }
            return State(**stored, routers=routers)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise SandboxError(f"{self._path}: {error}") from None

    def write(self, state: State) -> None:
        """Replace the file."""
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps(asdict(state), indent=2) + "\n")
        draft.replace(self._path)

    @contextmanager
    def changed(self) -> Iterator[State]:
        """Lend the state for a change and write it back."""
        with self._path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            state = self.read()
            yield state
            self.write(state)
