# SPDX-License-Identifier: Apache-2.0
"""Foreign text from the databases, parsed without ever raising.

Each parser returns what it understood and a sentence on what it did not.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from gwsched.model import HIGHEST_CAPACITY

TRUE = frozenset({"true", "yes", "on", "1"})
FALSE = frozenset({"false", "no", "off", "0", ""})
CAPACITY = "gwsched-capacity"
HIGHEST_INT = (1 << 31) - 1


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
    for entry, key, value in _cms_entries(text):
        if key == "enable-chassis-as-gw":
            # The bare word, as Neutron.
            is_gateway = is_gateway or value is None
        elif key == "availability-zones":
            named = (value or "").split(":")
            found = frozenset(z.strip() for z in named) - {""}
            if found:
                zones = found
            else:
                wrong.append(entry)
    complaint = _complaint("ovn-cms-options", wrong)
    return CmsOptions(is_gateway, zones), complaint


def capacity(text: str) -> tuple[int, str | None]:
    """Parse ``gwsched-capacity=N`` among ``ovn-cms-options``; 1 is usual."""
    found = 1
    wrong = []
    for entry, key, value in _cms_entries(text):
        if key == CAPACITY:
            number = number_up_to(HIGHEST_CAPACITY, value or "")
            if number is None:
                wrong.append(entry)
            else:
                found = number
    return found, _complaint("ovn-cms-options", wrong)


def _cms_entries(text: str) -> Iterator[tuple[str, str, str | None]]:
    """Part ``ovn-cms-options``: each entry, its key, and its value if any."""
    for entry in (e.strip() for e in text.split(",")):
        key, equals, value = (p.strip() for p in entry.partition("="))
        yield entry, key, value if equals else None


@functools.lru_cache(maxsize=1024)
def zone_hints(text: str) -> frozenset[str]:
    """Parse Neutron's comma-separated availability zone hints."""
    return frozenset(z.strip() for z in text.split(",")) - {""}


def is_true(text: str) -> bool:
    """Whether a text says yes."""
    return text.strip().lower() in TRUE


def is_false(text: str) -> bool:
    """Whether a text says no, be it by saying nothing."""
    return text.strip().lower() in FALSE


def number_up_to(highest: int, text: str) -> int | None:
    """Parse a whole number from 1, plain digits only; None if it is none."""
    if not re.fullmatch(r"[0-9]{1,9}", text):
        return None
    number = int(text)
    return number if 1 <= number <= highest else None


def whole_number(text: str | None, default: int) -> int:
    """Parse a positive whole number as OVN does: nonsense is the default.

    So is what does not fit into an int of C (lib/util.c, str_to_int).
    """
    if not re.fullmatch(r"\s*\+?[0-9]{1,20}", text or "", re.ASCII):
        return default
    number = int(text or "")
    return number if 0 < number <= HIGHEST_INT else default


def _complaint(option: str, wrong: list[str]) -> str | None:
    if not wrong:
        return None
    return f"{option}: cannot read {', '.join(map(repr, wrong))}"
