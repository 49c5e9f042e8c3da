# SPDX-License-Identifier: Apache-2.0
"""What the configuration files name that nothing here knows.

oslo.config ignores it.  Its own validator only logs, knows no near name, and
would refuse Neutron's section, which may be pasted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import entry_points
from pathlib import Path

from oslo_config import cfg

DEFAULT = "DEFAULT"
# What Neutron knows in [ovn] and gwsched has no use for, of the releases
# from 2022 (20.0) to 2026 (29.0).
NEUTRONS = frozenset(
    {
        "allow_stateless_action_supported",
        "bfd_min_rx",
        "bfd_min_tx",
        "bfd_mult",
        "broadcast_arps_to_all_routers",
        "dhcp_default_lease_time",
        "disable_ovn_dhcp_for_baremetal_ports",
        "dns_records_ovn_owned",
        "dns_servers",
        "enable_distributed_floating_ip",
        "fdb_age_threshold",
        "ha_failover_strategy",
        "live_migration_activation_strategy",
        "localnet_learn_fdb",
        "logical_switch_per_vlan_segment",
        "mac_binding_age_threshold",
        "neutron_sync_mode",
        "ovn_dhcp4_global_options",
        "ovn_dhcp6_global_options",
        "ovn_emit_need_to_frag",
        "ovn_l3_mode",
        "ovn_l3_scheduler",
        "ovn_metadata_enabled",
        "ovn_router_indirect_snat",
        "ovs_create_tap",
        "ovsdb_log_level",
        "ovsdb_retry_max_interval",
        "stateless_nat_enabled",
        "vhost_sock_dir",
        "vif_type",
    }
)

# The names of the options by section.
Names = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Unknown:
    """A section, or an option in one that is known, and what may be meant."""

    file: Path
    section: str
    option: str = ""
    near: str = ""

    def __str__(self) -> str:
        what = f"option {self.option!r} in " if self.option else ""
        near = f"; did you mean {self.near}?" if self.near else ""
        return f"{self.file}: there is no {what}[{self.section}]{near}"


def unknown(options: cfg.ConfigOpts) -> list[Unknown]:
    """Return what the files that were parsed name in vain, in their order."""
    known = _known(options)
    return [
        found
        for file in _files(options)
        for found in _unknown_in(file, known, {*options.config_source})
    ]


def _files(options: cfg.ConfigOpts) -> Iterator[Path]:
    """Yield the files in the order in which oslo.config reads them."""
    yield from map(Path, options.config_file)
    for directory in options.config_dirs:
        yield from sorted(Path(directory).glob("*.conf"))


def _known(options: cfg.ConfigOpts) -> Names:
    known = {
        name: frozenset(options[name])
        for name in options
        if isinstance(options[name], cfg.ConfigOpts.GroupAttr)
    }
    known[DEFAULT] = frozenset({*options} - {*known}) | _renamed()
    return known


def _renamed() -> frozenset[str]:
    """Return oslo.log's names that work still, or not in here."""
    (point,) = entry_points(group="oslo.config.opts", name="oslo.log")
    ours = [opt for _, opts in point.load()() for opt in opts]
    names = {opt.dest for opt in ours}
    names |= {old.name for opt in ours for old in opt.deprecated_opts}
    return frozenset(name.replace("-", "_") for name in names if name)


def _unknown_in(
    file: Path, known: Names, elsewhere: set[str]
) -> Iterator[Unknown]:
    """Compare one file, but for the sections of other sources.

    As oslo.config does: it folds the case of sections, not of options.
    """
    sections: dict[str, dict[str, list[str]]] = {}
    cfg.ConfigParser(str(file), sections).parse()
    for section, assigned in sections.items():
        folded = section if section == DEFAULT else section.lower()
        if section in elsewhere:
            continue
        if folded not in known:
            yield Unknown(file, section, near=_near_section(section, known))
            continue
        pasted = NEUTRONS if folded == "ovn" else frozenset()
        for option in assigned:
            if option not in known[folded] | pasted:
                near = _near_option(folded, option, known)
                yield Unknown(file, section, option, near)


def _near_section(section: str, known: Names) -> str:
    names = {name.lower(): name for name in known}
    near = get_close_matches(section.strip().lower(), names, n=1)
    return f"[{names[near[0]]}]" if near else ""


def _near_option(section: str, option: str, known: Names) -> str:
    """Return what may be meant: in this section, else in another."""
    spelt = option.lower().replace("-", "_")
    for other in (section, *sorted(known)):
        if spelt in known[other]:
            return spelt if other == section else f"[{other}] {spelt}"
    near = get_close_matches(spelt, sorted(known[section]), n=1)
    return near[0] if near else ""
