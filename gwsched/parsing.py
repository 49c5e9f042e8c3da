# SPDX-License-Identifier: Apache-2.0
"""Foreign text from the databases, parsed without ever raising.

Each parser returns what it understood and a sentence on what it did not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ADOPT = "gwsched-adopt-"
INTENT = "gwsched-"
TRUE = frozenset({"true", "yes", "on", "1"})


@dataclass(frozen=True, slots=True)
class CmsOptions:
    """What ``other_config:ovn-cms-options`` says of a chassis."""

    is_gateway: bool
    zones: frozenset[str]


def bridge_mappings(text: str) -> tuple[frozenset[str], str | None]:
    """Parse ``network:bridge,...`` into the networks a chassis carries.

    Like ovn-controller (controller/patch.c): white space counts, and an
    entry it cannot read ends the list, so what follows is not carried.
    """
    networks: set[str] = set()
    for entry in text.split(","):
        network, _, bridge = entry.partition(":")
        if entry and not (network and bridge):
            return frozenset(networks), _complaint(
                "ovn-bridge-mappings", [entry]
            )
        if not entry:
            break
        networks.add(network)
    return frozenset(networks), None


def cms_options(text: str) -> tuple[CmsOptions, str | None]:
    """Parse ``ovn-cms-options``: the gateway flag and the zones.

    Options of other programs are none of our business; only a malformed
    one of ours is worth a complaint.
    """
    is_gateway = False
    zones: frozenset[str] = frozenset()
    wrong = []
    for entry in (e.strip() for e in text.split(",")):
        key, equals, value = (p.strip() for p in entry.partition("="))
        if key == "enable-chassis-as-gw":
            is_gateway = is_gateway or not equals  # the bare word, as Neutron
        elif key == "availability-zones":
            found = frozenset(z.strip() for z in value.split(":")) - {""}
            if equals and found:
                zones = found
            else:
                wrong.append(entry)
    complaint = _complaint("ovn-cms-options", wrong)
    return CmsOptions(is_gateway, zones), complaint


def zone_hints(text: str) -> frozenset[str]:
    """Parse Neutron's comma-separated availability zone hints."""
    return frozenset(z.strip() for z in text.split(",")) - {""}


def adopted_ports(
    external_ids: Mapping[str, str],
) -> tuple[frozenset[str], tuple[str, ...]]:
    """Parse NB_Global's intents: ``gwsched-adopt-<port>=true``."""
    adopted = set()
    wrong = []
    for key, value in sorted(external_ids.items()):
        if key.startswith(ADOPT) and key != ADOPT:
            if value.strip().lower() in TRUE:
                adopted.add(key.removeprefix(ADOPT))
        elif key.startswith(INTENT):
            wrong.append(f"this version knows no intent {key}={value}")
    return frozenset(adopted), tuple(wrong)


def whole_number(text: str | None, default: int) -> int:
    """Parse a positive whole number as OVN does: nonsense is the default."""
    try:
        number = int(text or "")
    except ValueError:
        return default
    return number if number > 0 else default


def _complaint(option: str, wrong: list[str]) -> str | None:
    if not wrong:
        return None
    return f"{option}: cannot read {', '.join(map(repr, wrong))}"
