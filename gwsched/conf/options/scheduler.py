# SPDX-License-Identifier: Apache-2.0
"""The section ``[scheduler]``: what is scheduled, where, and how."""

from __future__ import annotations

from oslo_config import cfg, types

from gwsched.model import HIGHEST_CAPACITY

OPTIONS: list[cfg.Opt] = [
    cfg.StrOpt(
        "ovn_l3_scheduler",
        default="leastloaded",
        help="The scheduler that chooses chassis: leastloaded (even now and "
        "after any single failure), chance (random, but the same after a "
        "restart), or the name of any installed plug-in (entry point group "
        "gwsched.schedulers).",
    ),
    cfg.IntOpt(
        "max_candidates",
        default=5,
        min=1,
        max=32,
        help="How many chassis a gateway port's list may have. Beside "
        "Neutron leave it at 5: it fills shorter lists up again.",
    ),
    cfg.StrOpt(
        "mode",
        default="enforce",
        choices=[
            ("enforce", "Write what is planned."),
            (
                "observe",
                "Write no placement, log what would be written. The "
                "heartbeat (nb_cfg) goes on: without it nothing is known.",
            ),
        ],
        help="Whether plans are carried out.",
    ),
    cfg.StrOpt(
        "table",
        default="auto",
        choices=[
            (
                "auto",
                "A list stays in the table it is in. A port that has none "
                "gets the form most gateway ports have already, "
                "ha_chassis_group where there is none.",
            ),
            ("gateway_chassis", "Gateway_Chassis rows of the port."),
            ("ha_chassis_group", "An HA_Chassis_Group for the port."),
        ],
        help="The Northbound table that candidate lists are kept in. A list "
        "in the other table is switched over, unless it is Neutron's or "
        "shared by several ports; the switch interrupts nothing.",
    ),
    cfg.StrOpt(
        "adopt",
        default="marked",
        choices=[
            (
                "marked",
                "Ports with candidates, with Neutron's marker, or named by "
                "an intent (NB_Global external_ids:gwsched-adopt-PORT=true).",
            ),
            (
                "localnet",
                "Also every router port that faces a switch with a localnet "
                "port; for OVN without Neutron.",
            ),
        ],
        help="Which router ports are gateway ports.",
    ),
    cfg.StrOpt(
        "load",
        default="ports",
        choices=[
            ("ports", "Every gateway port weighs 1."),
            (
                "nat",
                "A gateway port weighs 1, and 1 more for each NAT rule that "
                "passes its gateway. Distributed floating IPs do not.",
            ),
        ],
        help="What is spread evenly. An intent (NB_Global "
        "external_ids:gwsched-weight-PORT=NUMBER) beats both. With nat the "
        "Northbound NAT table is monitored as well.",
    ),
    cfg.Opt(
        "chassis_capacity",
        type=types.Dict(types.Integer(min=1, max=HIGHEST_CAPACITY)),
        default={},
        help="How much a chassis can carry beside others, as CHASSIS:NUMBER, "
        "comma separated: one with 2 gets twice the load of one with 1. "
        "CHASSIS is a Southbound Chassis name or hostname, NUMBER from 1 to "
        f"{HIGHEST_CAPACITY}. Chassis not named have what "
        "gwsched-capacity=NUMBER in their ovn-cms-options says, or 1.",
    ),
    cfg.IntOpt(
        "scatter_width",
        default=-1,
        min=-1,
        max=1000,
        help="With how many other chassis a gateway may share candidate "
        "lists: tunnel BFD runs between all that share one, so with any "
        "number it runs between all gateways. 0 is any number, -1 is any "
        "number up to 32 gateways and 16 above.",
    ),
    cfg.ListOpt(
        "allow_chassis",
        default=[],
        help="The only chassis to be used, as shell patterns for a "
        "Southbound Chassis name or hostname, comma separated. Empty allows "
        "all.",
    ),
    cfg.ListOpt(
        "deny_chassis",
        default=[],
        help="Chassis not to be used, whatever allow_chassis says, as such "
        "patterns.",
    ),
    cfg.ListOpt(
        "allow_routers",
        default=[],
        help="The only routers whose gateway ports are scheduled, as shell "
        "patterns for a Northbound Logical_Router name (Neutron's are "
        "neutron-UUID), comma separated. Empty allows all.",
    ),
    cfg.ListOpt(
        "deny_routers",
        default=[],
        help="Routers whose gateway ports are left alone, whatever "
        "allow_routers says, as such patterns.",
    ),
]
