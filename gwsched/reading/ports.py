# SPDX-License-Identifier: Apache-2.0
"""The gateway ports among all logical router ports, from records."""

from __future__ import annotations

from collections.abc import Mapping

from gwsched.conf import Settings
from gwsched.model import (
    GatewayPort,
    Intents,
    NextHop,
    Problem,
    Session,
    frozen_map,
)
from gwsched.reading import nat, parsing, records
from gwsched.reading.memo import Key, remembered
from gwsched.reading.networks import Networks
from gwsched.reading.records import Binding, Ref, Router, RouterPort
from gwsched.reading.rows import Rows

MARKER = "neutron:is_ext_gw"
ZONE_HINTS = "neutron:availability_zone_hints"
SESSIONS = frozenset(map(str, Session))


class Ports:
    """Makes gateway ports of router ports that are ours."""

    def __init__(
        self, rows: Rows, networks: Networks, settings: Settings
    ) -> None:
        self.memo = rows.memo
        self._rows = rows
        self._networks = networks
        self._settings = settings
        self._intents = Intents()

    def follow(self, intents: Intents) -> set[Key]:
        """Heed other intents; return the keys of what is different."""
        old, self._intents = self._intents, intents
        weights = old.weights.items() ^ intents.weights.items()
        names = (old.adopted ^ intents.adopted) | {name for name, _ in weights}
        return {(Intents, name) for name in names}

    @remembered
    def port(self, ref: Ref) -> GatewayPort | None:
        """Return the gateway port of a row, if it is one and ours."""
        row = self._rows.get(RouterPort, ref)
        owner = self._owner(ref)
        router = self._rows.get(Router, owner)
        # An L3 gateway router is pinned, not scheduled.
        if row is None or router is None or "chassis" in router.options:
            return None
        if not self._is_ours(row):
            return None
        return GatewayPort(
            row.name,
            router.name,
            self._networks.of(row.name),
            parsing.zone_hints(router.external_ids.get(ZONE_HINTS, "")),
            self._holder(row.name),
            self._weight(row.name, owner),
            self._next_hops(row.name),
        )

    def problems(self, ref: Ref) -> list[Problem]:
        """Return what is wrong about a gateway port."""
        row = self._rows.get(RouterPort, ref)
        if row is None:
            return []
        found = [
            Problem(
                "SB",
                f"BFD {row.name} {session.dst_ip}",
                f"status: cannot read {session.status!r}",
            )
            for session in self._sessions(row.name)
            if session.status not in SESSIONS
        ]
        if len(self._rows.refs(records.ROUTERS_WITH_PORT, ref)) > 1:
            what = "is a port of several routers; the first by name counts"
            found.append(Problem("NB", row.name, what))
        return found

    def group(self, row: RouterPort) -> Ref | None:
        """Return the group that a router port follows, if it is there."""
        group = self._rows.get(records.Group, row.ha_chassis_group)
        return row.ha_chassis_group if group else None

    def listed(self, row: RouterPort) -> list[records.GatewayChassis]:
        """Return the Gateway_Chassis rows of a router port."""
        return self._rows.those(records.GatewayChassis, row.gateway_chassis)

    def binding(self, name: str) -> Binding | None:
        """Return the SB twin of a gateway port."""
        found = self._rows.under(records.DISTRIBUTED_BINDINGS, name)
        return min(found, key=lambda row: row.logical_port, default=None)

    def _owner(self, port: Ref) -> Ref | None:
        """Return the router of a port; of several the first by name."""
        routers = self._rows.refs(records.ROUTERS_WITH_PORT, port)
        named = [
            (row.name, ref)
            for ref in routers
            if (row := self._rows.get(Router, ref))
        ]
        return min(named)[1] if named else None

    def _is_ours(self, row: RouterPort) -> bool:
        """Whether a router port is a gateway port entitled to candidates."""
        self.memo.look(Intents, row.name)
        marker = row.external_ids.get(MARKER)
        if row.name in self._intents.adopted or parsing.is_true(marker or ""):
            return True
        if any(key.startswith("neutron:") for key in row.external_ids):
            return False  # one of Neutron's that is no gateway
        if self.listed(row) or self.group(row):
            return True
        if not self._settings.adopt_localnet:
            return False
        return bool(self._networks.of(row.name))

    def _holder(self, name: str) -> str | None:
        binding = self.binding(name)
        ref = binding.chassis if binding else None
        holder = self._rows.get(records.ChassisName, ref)
        return holder.name if holder else None

    def _weight(self, name: str, router: Ref | None) -> int:
        self.memo.look(Intents, name)
        asked = self._intents.weights.get(name)
        if asked is not None or router is None:
            return asked or 1
        if not self._settings.load_nat:
            return 1
        return 1 + self._loads(router).get(name, 0)

    @remembered
    def _loads(self, ref: Ref) -> Mapping[str, int]:
        """Count the NAT rows that pass each gateway port of a router."""
        router = self._rows.get(Router, ref)
        if router is None:
            return frozen_map({})
        gateways = {
            row.name: row.networks
            for row in self._rows.those(RouterPort, router.ports)
            if self._is_ours(row)
        }
        rows = self._rows.those(records.Nat, router.nat)
        named = [self._rows.get(RouterPort, r.gateway_port) for r in rows]
        return nat.passing(
            [
                (row, port.name if port else None)
                for row, port in zip(rows, named, strict=True)
            ],
            gateways,
        )

    def _sessions(self, name: str) -> list[records.Bfd]:
        return self._rows.under(records.SESSIONS_OF_PORT, name)

    def _next_hops(self, name: str) -> tuple[NextHop, ...]:
        found = [
            NextHop(session.dst_ip, Session(session.status))
            for session in self._sessions(name)
            if session.status in SESSIONS
        ]
        return tuple(sorted(found, key=lambda h: (h.address, h.session)))
