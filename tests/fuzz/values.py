# SPDX-License-Identifier: Apache-2.0
"""Random values of OVSDB's types: what means something, and what hurts."""

from __future__ import annotations

import math
import random
from typing import Any

Row = dict[str, Any]
CHASSIS = ("gw1", "gw2", "gw3", "gw4", "gw5")
PORTS = tuple(f"p{number}" for number in range(1, 7))
ROUTERS = tuple(f"r{number}" for number in range(1, 7))
NETWORKS = ("public", "dmz")
GROUPS = ("g1", "p1", "gwsched-p2", "gwsched-p3", "gwsched-")
YES = ("true", "True", "1", "yes", "", "false", " TRUE ", "maybe")
NUMBERS = (
    *("0", "1", "2", "-1", "007", "1e3", "0x10", "1_000", " 3 ", "٣", "²"),
    *("2147483648", "9" * 19, "9" * 400, "9" * 5000, "nan", "1.5"),
)
# What no parser, log, page or table may stumble over.
UGLY = (
    *("", " ", "\t", "a b", ".", "..", "../../etc/passwd", "-", "--", "=="),
    *("ü", "名前", "🦄", "\u202egw1", "gw1\u200b", "e\u0301", "\ufeffx", "İ"),
    *("\n", "a\nb: WARNING forged", "\r", "\x1b[31mred", "\x7f", "\x85"),
    *("%s%d%n", "{0}", "$(reboot)", "'; --", '"', "\\", "<b>&amp;</b>"),
    *("null", "None", "true", "[]", "{}", "0", "-1", "_uuid", "__class__"),
    *("cr-", "cr-cr-p1", "gwsched-", "neutron:", "p1_gw1", "lrp-", "*", "?"),
    *("x" * 300, "y" * 20_000, "\U0010ffff", "\ud7ff\ue000", "a,b", "a:b"),
)
MAPPINGS = (
    *("public:br-ex", "dmz:br-dmz,public:br-ex", "public:", ":br", ":", ","),
    *("public", "public:br:ex", " public : br-ex ", "a:b," * 2000, "ü:🦄"),
)
CMS = (
    *("enable-chassis-as-gw", "enable-chassis-as-gw=1", "=", ",,,", "a=b=c"),
    *("enable-chassis-as-gw,availability-zones=z1", "availability-zones"),
    *("availability-zones=", "availability-zones=:::", "gwsched-capacity=2"),
    *("enable-chassis-as-gw,availability-zones=z1:z2", "gwsched-capacity=-1"),
    *("enable-chassis-as-gw,gwsched-capacity=" + "9" * 5000,),
)
HINTS = ("", "z1", "z1,z2", ",", "z9", " z1 ", "z1," * 999)
ADDRESSES = ("10.0.0.1/24", "::/0", "fd00::9/64", "10.0.0.1/99", "1.2.3", "/")
MARKS = (
    *("gw2@10.0.0.2", "gw3@10.0.0.3%10.0.0.1", "gw4@", "@", "gw5", "%@%"),
    *("@10.0.0.2", "gw2@gw3@gw4", "x" * 3000 + "@1", "🦄@10.0.0.9"),
)
# What the known keys of maps may be set to.
KEYS: dict[str, tuple[str, ...]] = {
    "neutron:is_ext_gw": YES,
    "neutron:router_name": UGLY,
    "neutron:network_id": UGLY,
    "neutron:availability_zone_hints": HINTS,
    "chassis": (*CHASSIS, "nobody", ""),
    "chassis-name": (*CHASSIS, "nobody", ""),
    "network_name": (*NETWORKS, ""),
    "router-port": PORTS,
    "gwsched-moved": NUMBERS,
    "ovn-bridge-mappings": MAPPINGS,
    "ovn-cms-options": CMS,
    "ovn-chassis-mac-mappings": UGLY,
    "is-remote": YES,
    "enable_chassis_nb_cfg_update": YES,
    "bfd-min-rx": NUMBERS,
    "bfd-min-tx": NUMBERS,
    "bfd-mult": NUMBERS,
    "ovn-chassis-id": MARKS,
    "system-id": (*CHASSIS, ""),
    "stats-update-interval": NUMBERS,
    "enable": YES,
    "state": ("up", "down", "init", "admin_down", "", "UP"),
    "diagnostic": UGLY,
}
# The keys that belong into maps of columns that have few.
FITTING: dict[str, tuple[str, ...]] = {
    "bfd": ("enable",),
    "bfd_status": ("state", "state", "diagnostic"),
}
COLUMNS: dict[str, tuple[str, ...]] = {
    "chassis_name": (*CHASSIS, *CHASSIS, "nobody"),
    "hostname": CHASSIS,
    "logical_port": (*PORTS, *(f"cr-{port}" for port in PORTS), "cr-", "cr"),
    "networks": ADDRESSES,
    "external_ip": ADDRESSES,
    "logical_ip": ADDRESSES,
    "dst_ip": ADDRESSES,
}
NAMES: dict[str, tuple[str, ...]] = {
    "Logical_Router": ROUTERS,
    "Logical_Router_Port": PORTS,
    "Logical_Switch_Port": PORTS,
    "Chassis": CHASSIS,
    "Chassis_Private": CHASSIS,
    "HA_Chassis_Group": GROUPS,
    "Gateway_Chassis": tuple(f"{p}_{c}" for p in PORTS for c in CHASSIS),
}
TYPES = {
    "Port_Binding": ("chassisredirect", "chassisredirect", "l3gateway", "x"),
    "Logical_Switch_Port": ("router", "localnet", "external", "", "x"),
}
VERBS = ("adopt", "cordon", "drain", "pin", "weight", "failover", "fly", "")
WIDEST = (1 << 63) - 1


class Values:
    """Draws values; now and then an ugly one in the place of a fitting."""

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw

    def text(self, table: str, column: str) -> str:
        """Return a text for a column."""
        fitting = COLUMNS.get(column, ())
        if column == "name":
            fitting = NAMES.get(table, ())
        elif column == "type":
            fitting = TYPES.get(table, ())
        if fitting and self.draw.random() < 0.8:
            return self.draw.choice(fitting)
        return self.ugly()

    def ugly(self) -> str:
        """Return a text that nobody expects."""
        if self.draw.random() < 0.7:
            return self.draw.choice(UGLY)
        signs = "ag1-_,:=\n\t \"'\\é中🦄\u202e\x01%{}"
        length = self.draw.choice((1, 2, 5, 40))
        return "".join(self.draw.choices(signs, k=length))

    def pair(self, column: str) -> tuple[str, str]:
        """Return a key and a value of a map of texts."""
        kind = self.draw.random()
        if kind < 0.75:
            key = self.draw.choice(FITTING.get(column, tuple(KEYS)))
            value = self.draw.choice(KEYS[key])
        elif kind < 0.9:
            return self.intent()
        else:
            key, value = self.ugly(), self.ugly()
        if self.draw.random() < 0.1:
            value = self.ugly()
        return key, value

    def intent(self) -> tuple[str, str]:
        """Return an intent of an operator who may be drunk."""
        verb = self.draw.choice(VERBS)
        names = (*PORTS, *CHASSIS, *ROUTERS)
        name = self.draw.choice(names)
        if self.draw.random() < 0.1:
            name = self.ugly()
        values: tuple[str, ...] = YES
        if verb == "pin":
            values = (*CHASSIS, "nobody")
        elif verb == "weight":
            values = NUMBERS
        if self.draw.random() < 0.1:
            plain = self.draw.choice(("pause", "rebalance"))
            return f"gwsched-{plain}", self.draw.choice(YES)
        return f"gwsched-{verb}-{name}", self.draw.choice(values)

    def number(self, base: Row) -> int:
        """Return an integer within the bounds of a type."""
        low: int = base.get("minInteger", -WIDEST - 1)
        high: int = base.get("maxInteger", WIDEST)
        if high - low < 1 << 24 and self.draw.random() < 0.7:
            return self.draw.randint(low, min(high, low + 40))
        usual = (0, 1, -1, 2, 5, 1 << 31, -(1 << 31), low, high)
        return max(low, min(high, self.draw.choice(usual)))

    def real(self) -> float:
        """Return a real number."""
        return self.draw.choice((0.0, -1.5, 1e300, math.pi, 5e-324))
