# SPDX-License-Identifier: Apache-2.0
"""A whole sandbox: the centre, the chassis, the routers."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from gwsched.sandbox import (
    fabric,
    faults,
    lifecycle,
    machine,
    names,
    placement,
)
from gwsched.sandbox.central import Central
from gwsched.sandbox.chassis import Chassis
from gwsched.sandbox.fabric import UPLINKS
from gwsched.sandbox.pinger import Ping
from gwsched.sandbox.registry import Registry
from gwsched.sandbox.routers import Router, Traits, Vm, gateway_port
from gwsched.sandbox.shell import SandboxError, wait_until
from gwsched.sandbox.state import State, StateFile
from gwsched.sandbox.upstream import Upstream
from gwsched.sandbox.vms import boot

LOG = logging.getLogger(__name__)


class Sandbox:
    """Real OVN in namespaces; made by `up`, found again by `load`."""

    def __init__(self, name: str, directory: Path, state: State) -> None:
        self.name = name
        self.directory = directory
        self.gateways = _numbered("gw", state.gateways)
        self.computes = _numbered("hv", state.computes)
        self._registry = Registry(StateFile(directory))
        self.central = Central(names.central(name), directory)
        self.nb = self.central.nb
        self.sb = self.central.sb
        self.upstream = Upstream(self.central.namespace, directory)
        self._chassis = {
            chassis: self._make_chassis(chassis, number, state)
            for number, chassis in enumerate(self.gateways + self.computes)
        }

    @classmethod
    def up(
        cls,
        name: str = names.DEFAULT_NAME,
        gateways: int = 4,
        computes: int = 1,
        zones: int = 1,
        base_dir: Path | None = None,
        networks: Mapping[str, Sequence[str]] | None = None,
    ) -> Self:
        """Build a sandbox; leave nothing behind if that fails.

        Of the physical networks each gateway has "public" and each compute
        none, unless networks says otherwise by the name of the chassis.
        """
        directory = names.directory(name, base_dir)
        machine.require_everything()
        wired = {name: list(found) for name, found in (networks or {}).items()}
        state = State(gateways, computes, zones, wired)
        lifecycle.check_size(state)
        lifecycle.check_networks(
            state, _numbered("gw", gateways) + _numbered("hv", computes)
        )
        lifecycle.claim(name, directory, state)
        try:
            box = cls(name, directory, state)
            box._build()
        except BaseException:
            lifecycle.tear_down(name, base_dir)
            raise
        return box

    @classmethod
    def load(
        cls, name: str = names.DEFAULT_NAME, base_dir: Path | None = None
    ) -> Self:
        """Return a sandbox that is already up."""
        directory = names.directory(name, base_dir)
        machine.require_everything()
        if not directory.is_dir():
            raise SandboxError(f"no sandbox {name!r} in {directory.parent}")
        return cls(name, directory, StateFile(directory).read())

    def down(self) -> None:
        """Leave nothing of the sandbox."""
        lifecycle.tear_down(self.name, self.directory.parent)

    @property
    def chassis(self) -> tuple[Chassis, ...]:
        """Return every chassis."""
        return tuple(self._chassis.values())

    def add_router(
        self,
        name: str,
        vms: Sequence[str] | None = None,
        candidates: Sequence[str] = (),
        marker: str = "intent",
        network: str = "public",
        bfd: bool | Mapping[str, int] = False,
        pinned_to: str | None = None,
    ) -> None:
        """Add a router, with VMs behind it and a gateway port in front.

        With bfd OVN watches the next hop; a mapping sets columns of that BFD
        row, min_rx and the like.  Pinned to a chassis it is an L3 gateway
        router, which has no candidates.
        """
        wanted = Traits(candidates, marker, network, bfd, pinned_to)
        new_vms = (f"{name}-vm1",) if vms is None else tuple(vms)
        self._check(wanted, new_vms)
        with self._registry.adding(name, new_vms, wanted) as (router, older):
            LOG.info("adding router %s", name)
            if wanted.bfd is not False:
                self.upstream.expect(network, router.outside)
            self.nbctl(*router.commands())
        for count, vm in enumerate(router.vms, older):
            self._boot(vm, self.computes[count % len(self.computes)])
        wait_until(
            lambda: self._all_bound(router), 20, f"the VMs of {name} to bind"
        )

    def ping(
        self, whence: str, interval: float = 0.05, count: int | None = None
    ) -> Ping:
        """Ping the upstream router from a VM, or a router's first VM."""
        vm, network = self._registry.find_vm(whence)
        namespace = names.vm(self.name, vm)
        target = str(UPLINKS[network].centre)
        return Ping(namespace, target, interval, count)

    def fault(self, chassis: str, kind: str) -> None:
        """Do one kind of harm to a chassis."""
        faults.inject(self._find(chassis), kind)

    def heal(self, chassis: str, ovs_only: bool = False) -> None:
        """Undo all harm to a chassis."""
        for peer in faults.lost(self._find(chassis)):
            self.rejoin(chassis, peer)
        faults.heal(self._find(chassis), ovs_only)

    def part(self, one: str, other: str) -> None:
        """Let two chassis lose each other, and nobody else, on the tunnels."""
        faults.part(self._find(one), self._find(other))

    def rejoin(self, one: str, other: str) -> None:
        """Let two chassis see each other again."""
        faults.rejoin(self._find(one), self._find(other))

    def next_hop_down(self, network: str = "public") -> None:
        """Let the upstream router die on a network, and nothing else."""
        self.upstream.cut(network)

    def next_hop_up(self, network: str = "public") -> None:
        """Let the upstream router live again on a network."""
        self.upstream.restore(network)

    def execute(self, chassis: str, *argv: str) -> str:
        """Run a command as if logged in to a chassis."""
        return self._find(chassis).execute(*argv)

    def nbctl(self, *arguments: str) -> str:
        """Run ovn-nbctl on this sandbox."""
        return self.central.nbctl(*arguments)

    def sbctl(self, *arguments: str) -> str:
        """Run ovn-sbctl on this sandbox."""
        return self.central.sbctl(*arguments)

    def pause(self, daemon: str) -> None:
        """Freeze "nb", "sb" or "ovn-northd"."""
        self.central.daemon(daemon).pause()

    def resume(self, daemon: str) -> None:
        """Let a frozen "nb", "sb" or "ovn-northd" go on."""
        self.central.daemon(daemon).resume()

    def stop(self, daemon: str) -> None:
        """End "nb", "sb" or "ovn-northd"; the database's file stays."""
        self.central.daemon(daemon).stop()

    def start(self, daemon: str) -> None:
        """Start "nb", "sb" or "ovn-northd" again."""
        self.central.daemon(daemon).start()

    def holder(self, router: str) -> str | None:
        """Return the chassis that holds a router's gateway port."""
        return placement.holder(self.central, router)

    def holders(self) -> dict[str, str | None]:
        """Return the chassis that holds each gateway port."""
        return placement.holders(self.central)

    def next_hop(self, router: str) -> str | None:
        """Return what SB says of a router's BFD with its next hop.

        A holder that never had a session up says nothing: "up" may be what
        the one before it saw.
        """
        port = f"logical_port={gateway_port(router)}"
        status = self.sbctl("--bare", "--columns=status", "find", "BFD", port)
        return status.strip() or None

    def pinned(self, router: str) -> str | None:
        """Return the chassis a router is pinned to."""
        return placement.pinned(self.central, router)

    def pinned_holders(self, router: str) -> dict[str, str | None]:
        """Return who holds the ports of a pinned router, and their peers."""
        return placement.pinned_holders(self.central, router)

    def ovs_remote(self, chassis: str) -> str:
        """Return the remote of a chassis' own Open_vSwitch database."""
        return self._find(chassis).ovs_remote

    def candidates(self, router: str) -> list[tuple[str, int]]:
        """Return a router's candidates and priorities, best first."""
        return placement.candidates(self.central, router)

    def _build(self) -> None:
        self.central.namespace.add()
        LOG.info("building the fabric")
        fabric.build(self.central.namespace)
        LOG.info("starting the databases and ovn-northd")
        self.central.build(self._networks())
        for chassis in self.chassis:
            LOG.info("starting %s", chassis.name)
            chassis.build()
        wait_until(self._all_registered, 30, "every chassis to register")
        LOG.info("%s is up: NB %s SB %s", self.name, self.nb, self.sb)

    def _check(self, wanted: Traits, vms: Sequence[str]) -> None:
        """Refuse a router that could not be here."""
        for chassis in filter(None, (*wanted.candidates, wanted.pinned_to)):
            self._find(chassis)
        if wanted.candidates and wanted.pinned_to:
            raise SandboxError("a pinned router has no candidates")
        if wanted.network not in self._networks():
            raise SandboxError(f"no chassis has a network {wanted.network!r}")
        if vms and not self.computes:
            raise SandboxError("a VM needs a compute, and there is none")
        if wanted.bfd is not False:
            machine.require_bfdd()

    def _all_registered(self) -> bool:
        rows = self.sbctl("--bare", "--columns=name", "list", "Chassis")
        return set(self._chassis) <= set(rows.split())

    def _all_bound(self, router: Router) -> bool:
        # fmt: off
        bound = self.sbctl(
            "--bare", "--columns=logical_port",
            "find", "Port_Binding", "type=\"\"", "chassis!=[]",
        )
        # fmt: on
        return {vm.name for vm in router.vms} <= set(bound.split())

    def _boot(self, vm: Vm, compute: str) -> None:
        LOG.info("starting %s on %s", vm.name, compute)
        boot(self.name, vm, self._chassis[compute])

    def _find(self, name: str) -> Chassis:
        try:
            return self._chassis[name]
        except KeyError:
            known = ", ".join(self._chassis)
            raise SandboxError(f"no chassis {name!r}: {known}") from None

    def _networks(self) -> list[str]:
        found = {n for chassis in self.chassis for n in chassis.networks}
        return [network for network in UPLINKS if network in found]

    def _make_chassis(self, name: str, number: int, state: State) -> Chassis:
        usual = ["public"] if name in self.gateways else []
        return Chassis(
            name,
            number,
            f"az{number % state.zones + 1}",
            state.networks.get(name, usual),
            self.central.namespace,
            names.chassis(self.name, name),
            self.directory / name,
        )


def _numbered(prefix: str, count: int) -> tuple[str, ...]:
    return tuple(f"{prefix}{number}" for number in range(1, count + 1))
