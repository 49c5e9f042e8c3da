# SPDX-License-Identifier: Apache-2.0
"""Who may hold a gateway port, and who does."""

from collections.abc import Iterable, Iterator

from gwsched.sandbox.central import Central
from gwsched.sandbox.routers import gateway_port, inner_port
from gwsched.sandbox.shell import SandboxError
from gwsched.sandbox.tables import Row, mapping, members, tables


def holder(central: Central, router: str) -> str | None:
    """Return the chassis that holds a router's gateway port."""
    return holders(central).get(gateway_port(router))


def holders(central: Central) -> dict[str, str | None]:
    """Return, by gateway port, the chassis SB names; one call for all."""
    return {
        row["logical_port"].removeprefix("cr-"): chassis
        for row, chassis in _bindings(central, "chassisredirect")
    }


def pinned(central: Central, router: str) -> str | None:
    """Return the chassis a router is pinned to, None if it is not."""
    # fmt: off
    [found] = tables(central.nbctl(
        "--format=json", "--columns=options",
        "find", "Logical_Router", f"name={router}",
    ))
    # fmt: on
    if not found:
        raise SandboxError(f"no router {router!r}")
    return mapping(found[0]["options"]).get("chassis")


def pinned_holders(central: Central, router: str) -> dict[str, str | None]:
    """Return who holds the ports of a pinned router, and their peers."""
    own = {gateway_port(router), inner_port(router)}
    return {
        row["logical_port"]: chassis
        for row, chassis in _bindings(central, "l3gateway")
        if own & {row["logical_port"], mapping(row["options"])["peer"]}
    }


def candidates(central: Central, router: str) -> list[tuple[str, int]]:
    """Return (chassis, priority), best first."""
    # fmt: off
    ports, own, groups, shared = tables(central.nbctl(
        "--format=json",
        "--columns=gateway_chassis,ha_chassis_group",
        "find", "Logical_Router_Port", f"name={gateway_port(router)}",
        "--", "--columns=_uuid,chassis_name,priority",
        "list", "Gateway_Chassis",
        "--", "--columns=_uuid,ha_chassis", "list", "HA_Chassis_Group",
        "--", "--columns=_uuid,chassis_name,priority", "list", "HA_Chassis",
    ))
    # fmt: on
    if not ports:
        raise SandboxError(f"no router {router!r}")
    # Where both are set northd goes by the group.
    if group := members(ports[0]["ha_chassis_group"]):
        [row] = _chosen(groups, group)
        return _ranked(_chosen(shared, members(row["ha_chassis"])))
    return _ranked(_chosen(own, members(ports[0]["gateway_chassis"])))


def _bindings(central: Central, kind: str) -> Iterator[tuple[Row, str | None]]:
    """Yield the ports of a type in SB with the chassis it names."""
    # fmt: off
    ports, chassis = tables(central.sbctl(
        "--format=json",
        "--columns=logical_port,chassis,options",
        "find", "Port_Binding", f"type={kind}",
        "--", "--columns=_uuid,name", "list", "Chassis",
    ))
    # fmt: on
    names = {members(row["_uuid"])[0]: row["name"] for row in chassis}
    for row in ports:
        held_by = (names.get(uuid) for uuid in members(row["chassis"]))
        yield row, next(held_by, None)


def _chosen(rows: Iterable[Row], uuids: list[str]) -> list[Row]:
    return [row for row in rows if members(row["_uuid"])[0] in uuids]


def _ranked(rows: Iterable[Row]) -> list[tuple[str, int]]:
    pairs = [(row["chassis_name"], row["priority"]) for row in rows]
    return sorted(pairs, key=lambda pair: pair[1], reverse=True)
