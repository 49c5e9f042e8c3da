# SPDX-License-Identifier: Apache-2.0
"""Which routers and VMs a sandbox has, and what the next may be called."""

from collections.abc import Iterator
from contextlib import contextmanager

from gwsched.sandbox import names
from gwsched.sandbox.routers import MARKERS, Router, Traits, Vm
from gwsched.sandbox.shell import SandboxError
from gwsched.sandbox.state import RouterRecord, State, StateFile

_MOST_VMS = 200


class Registry:
    """The routers of one sandbox."""

    def __init__(self, file: StateFile) -> None:
        self._file = file

    @contextmanager
    def adding(
        self, name: str, vms: tuple[str, ...], traits: Traits
    ) -> Iterator[tuple[Router, int]]:
        """Lend a new router and the number of earlier VMs.

        It is entered only if the block that makes it succeeds.
        """
        if traits.marker not in MARKERS:
            known = ", ".join(MARKERS)
            raise SandboxError(f"no marker {traits.marker!r}: one of {known}")
        with self._file.changed() as state:
            earlier = len(state.vms())
            _check_new(state, name, vms)
            number = len(state.routers)
            router = Router(
                name,
                number,
                tuple(Vm(vm, number, index) for index, vm in enumerate(vms)),
                traits,
            )
            yield router, earlier
            state.routers[name] = RouterRecord(
                number, list(vms), traits.network
            )

    def find_vm(self, name: str) -> tuple[str, str]:
        """Return a VM, or the first VM of a router, and what it faces."""
        state = self._file.read()
        for record in state.routers.values():
            if name in record.vms:
                return name, record.network
        if name not in state.routers:
            raise SandboxError(f"no router or VM {name!r}")
        record = state.routers[name]
        if not record.vms:
            raise SandboxError(f"router {name!r} has no VM to ping from")
        return record.vms[0], record.network


def _check_new(state: State, name: str, vms: tuple[str, ...]) -> None:
    if len(vms) > _MOST_VMS:
        raise SandboxError(f"a router has addresses for {_MOST_VMS} VMs")
    taken = {*state.routers, *state.vms()}
    for what, new in (("router", name), *(("VM", vm) for vm in vms)):
        names.check(new, what)
        if new in taken:
            raise SandboxError(f"{new!r} exists already")
        taken.add(new)
