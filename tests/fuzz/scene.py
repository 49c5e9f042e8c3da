# SPDX-License-Identifier: Apache-2.0
"""What is sound at first, and what northd and controllers would do of it."""

from __future__ import annotations

import random
from typing import Any

from tests.fuzz.client import Content, mapped, uuids
from tests.fuzz.values import CHASSIS, NETWORKS, PORTS, Row

EMPTY: list[Any] = ["set", []]
# How often who should do something does it when asked.
LIVELY = 0.9


def northbound() -> list[Row]:
    """Return the operations that make six routers with gateway ports."""
    found: list[Row] = [
        {"op": "insert", "table": "NB_Global", "row": {}},
    ]
    for number, network in enumerate(NETWORKS):
        options = ["map", [["network_name", network]]]
        found.append(
            _insert(
                "Logical_Switch_Port",
                f"ln{number}",
                name=f"ln-{network}",
                type="localnet",
                options=options,
            )
        )
        faced = [_router_port(found, p) for p in PORTS[number::2]]
        ports = ["set", [*faced, ["named-uuid", f"ln{number}"]]]
        found.append(_insert("Logical_Switch", f"ls{number}", ports=ports))
    return found


def _router_port(found: list[Row], port: str) -> Any:
    """Add a router with its port; return the switch's port that faces it."""
    router = f"r{port[1:]}"
    marker = ["map", [["neutron:is_ext_gw", "true"]]]
    own = {"name": port, "mac": "02:00:00:00:00:01"}
    found.append(
        _insert(
            "Logical_Router_Port",
            port,
            **own,
            networks="10.0.0.1/24",
            external_ids=marker,
        )
    )
    ports = ["named-uuid", port]
    found.append(_insert("Logical_Router", router, name=router, ports=ports))
    options = ["map", [["router-port", port]]]
    more = {"name": f"{port}-peer", "type": "router", "options": options}
    found.append(_insert("Logical_Switch_Port", f"peer{port}", **more))
    return ["named-uuid", f"peer{port}"]


def southbound() -> list[Row]:
    """Return the operations that make five gateways, and cr-ports."""
    found: list[Row] = [{"op": "insert", "table": "SB_Global", "row": {}}]
    found.append(_insert("Datapath_Binding", "dp", tunnel_key=1))
    for name in CHASSIS:
        encap = {"type": "geneve", "ip": f"10.9.0.{name[2:]}"}
        found.append(_insert("Encap", f"e{name}", chassis_name=name, **encap))
        config = [
            ["ovn-cms-options", "enable-chassis-as-gw"],
            ["ovn-bridge-mappings", "public:br-ex,dmz:br-dmz"],
        ]
        found.append(
            _insert(
                "Chassis",
                name,
                name=name,
                hostname=name,
                encaps=["named-uuid", f"e{name}"],
                other_config=["map", config],
            )
        )
        found.append(_insert("Chassis_Private", f"cp{name}", name=name))
    for key, port in enumerate(PORTS):
        row = {"logical_port": f"cr-{port}", "type": "chassisredirect"}
        where = {"datapath": ["named-uuid", "dp"], "tunnel_key": key + 1}
        found.append(_insert("Port_Binding", f"cr{port}", **row, **where))
    return found


def vswitch() -> list[Row]:
    """Return the operations that make gw1 see the tunnels to the others."""
    found: list[Row] = []
    for name in CHASSIS[1:]:
        mark = ["map", [["ovn-chassis-id", f"{name}@10.9.0.{name[2:]}"]]]
        session: Row = {
            "bfd": ["map", [["enable", "true"]]],
            "bfd_status": ["map", [["state", "up"]]],
            "external_ids": mark,
            "statistics": ["map", [["rx_packets", 1]]],
        }
        found.append(
            _insert("Interface", f"i{name}", name=f"ovn-{name}", **session)
        )
        faces = ["named-uuid", f"i{name}"]
        found.append(
            _insert(
                "Port",
                f"p{name}",
                name=f"ovn-{name}",
                interfaces=faces,
                external_ids=mark,
            )
        )
    ports = ["set", [["named-uuid", f"p{name}"] for name in CHASSIS[1:]]]
    found.append(_insert("Bridge", "br", name="br-int", ports=ports))
    top = {"external_ids": ["map", [["system-id", CHASSIS[0]]]]}
    bridges = ["named-uuid", "br"]
    found.append(_insert("Open_vSwitch", "top", **top, bridges=bridges))
    return found


def counted(number: int) -> Row:
    """Return the operation by which ovs-vswitchd writes counters."""
    counters = ["map", [["rx_packets", number]]]
    return _update("Interface", {"statistics": counters})


def _insert(table: str, label: str, /, **row: Any) -> Row:
    return {"op": "insert", "table": table, "row": row, "uuid-name": label}


class Others:
    """Do in SB what northd and live controllers would, most of the time."""

    def __init__(self, draw: random.Random) -> None:
        self._draw = draw

    def act(self, nb: Content, sb: Content) -> list[Row]:
        """Return the operations that answer and claim."""
        top = next(iter(nb["NB_Global"].values()), None)
        found: list[Row] = []
        if top is not None:
            found.append(_update("SB_Global", {"nb_cfg": top["nb_cfg"]}))
        for uuid, row in sorted(sb["Chassis_Private"].items()):
            if top is not None and self._draw.random() < LIVELY:
                beat = {"nb_cfg": top["nb_cfg"]}
                if row["nb_cfg"] != beat["nb_cfg"]:
                    found.append(_update("Chassis_Private", beat, uuid))
        lists = _lists(nb)
        named = {row["name"]: uuid for uuid, row in sb["Chassis"].items()}
        for uuid, row in sorted(sb["Port_Binding"].items()):
            port = row["logical_port"].removeprefix("cr-")
            lives = self._draw.random() < LIVELY
            if row["type"] == "chassisredirect" and port in lists and lives:
                found += _carried(sb, uuid, row, lists[port], named)
        return found


def _lists(nb: Content) -> dict[str, list[tuple[int, str]]]:
    """Return the lists of all router ports, best first."""
    found = {}
    for row in nb["Logical_Router_Port"].values():
        table, refs = "Gateway_Chassis", uuids(row["gateway_chassis"])
        for group in uuids(row["ha_chassis_group"]):
            table = "HA_Chassis"
            refs = uuids(nb["HA_Chassis_Group"][group]["ha_chassis"])
        members = [nb[table][ref] for ref in refs]
        ranked = [(m["priority"], m["chassis_name"]) for m in members]
        found[row["name"]] = sorted(ranked, reverse=True)
    return found


def _carried(
    sb: Content,
    uuid: str,
    row: Row,
    ranked: list[tuple[int, str]],
    named: dict[str, str],
) -> list[Row]:
    """Carry a list over to SB and let the best claim, if need be."""
    name = f"carried-{uuid}"
    groups = sb["HA_Chassis_Group"].items()
    group = next((ref for ref, g in groups if g["name"] == name), None)
    members = uuids(
        sb["HA_Chassis_Group"][group]["ha_chassis"] if group else EMPTY
    )
    there = [_member(sb["HA_Chassis"][ref]) for ref in members]
    holders = [named[chassis] for _, chassis in ranked if chassis in named][:1]
    same = group and sorted(there, reverse=True) == ranked
    found: list[Row] = []
    if not same:
        found += _group(uuid, name, group, ranked, named)
    ref = ["uuid", group] if group else ["named-uuid", f"g{_plain(uuid)}"]
    if (
        not same
        or uuids(row["chassis"]) != holders
        or uuids(row["ha_chassis_group"]) != [group]
    ):
        held = ["set", [["uuid", holder] for holder in holders]]
        binding: Row = {"chassis": held, "ha_chassis_group": ref}
        found.append(_update("Port_Binding", binding, uuid))
    return found


def _group(
    uuid: str,
    name: str,
    group: str | None,
    ranked: list[tuple[int, str]],
    named: dict[str, str],
) -> list[Row]:
    """Make or change the group in SB of a port."""
    found = []
    members = []
    for number, (priority, chassis) in enumerate(ranked):
        label = f"m{_plain(uuid)}x{number}"
        known = [["uuid", named[chassis]]] if chassis in named else []
        own = {"priority": priority, "chassis": ["set", known]}
        note = ["map", [["chassis-name", chassis]]]
        found.append(_insert("HA_Chassis", label, **own, external_ids=note))
        members.append(["named-uuid", label])
    new: Row = {"ha_chassis": ["set", members]}
    if group:
        found.append(_update("HA_Chassis_Group", new, group))
    else:
        label = f"g{_plain(uuid)}"
        found.append(_insert("HA_Chassis_Group", label, name=name, **new))
    return found


def _member(row: Row) -> tuple[int, str]:
    chassis = mapped(row["external_ids"]).get("chassis-name", "")
    return row["priority"], chassis


def _plain(uuid: str) -> str:
    return uuid.replace("-", "")


def _update(table: str, row: Row, uuid: str = "") -> Row:
    where = [["_uuid", "==", ["uuid", uuid]]] if uuid else []
    return {"op": "update", "table": table, "where": where, "row": row}
