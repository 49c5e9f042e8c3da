# SPDX-License-Identifier: Apache-2.0
"""Every option there is, with its help, unit and bounds."""

from __future__ import annotations

from oslo_config import cfg, types

from gwsched.parsing import HIGHEST_CAPACITY

REMOTE = types.String(regex=r"^(unix:/.+|(tcp|ssl):.+:\d+)$")
LOCAL_OVS = "unix:/var/run/openvswitch/db.sock"

OVN_OPTS: list[cfg.Opt] = [
    cfg.ListOpt(
        "ovn_nb_connection",
        default=["unix:/var/run/ovn/ovnnb_db.sock"],
        item_type=REMOTE,
        help="Remotes of the OVN Northbound database, comma separated: "
        "unix:PATH, tcp:HOST:PORT or ssl:HOST:PORT. Name every server of a "
        "cluster; gwsched stays with its leader.",
    ),
    cfg.ListOpt(
        "ovn_sb_connection",
        default=["unix:/var/run/ovn/ovnsb_db.sock"],
        item_type=REMOTE,
        help="Remotes of the OVN Southbound database, comma separated. It "
        "is only read; any server of a cluster, or a relay, will do.",
    ),
    cfg.ListOpt(
        "ovs_connections",
        default=[LOCAL_OVS],
        item_type=REMOTE,
        help="Remotes of the Open_vSwitch databases of chassis whose tunnel "
        "BFD is to be read, comma separated; OVN's databases have none of "
        "it. With one of them a dead chassis is known to be dead within a "
        "second of BFD's own verdict, else by its silence. Several vote. "
        "The default is the local one, which is used where it exists; empty "
        "is none. ssl remotes take the TLS files of the other databases.",
    ),
    *(
        cfg.StrOpt(
            f"ovn_{db}_{part}",
            default="",
            help=f"The {what} for ssl remotes of the {long} database: the "
            "path of a PEM file. python-ovs has one TLS identity in a "
            "process, so the two databases must name the same file.",
        )
        for db, long in (("nb", "Northbound"), ("sb", "Southbound"))
        for part, what in (
            ("private_key", "private key"),
            ("certificate", "certificate"),
            ("ca_cert", "certificate authority"),
        )
    ),
    cfg.IntOpt(
        "ovsdb_connection_timeout",
        default=10,
        min=1,
        max=180,
        help="How long to wait for one answer of a database, in seconds, "
        "before connecting anew. Neutron's default of 180 is for an API "
        "server; a daemon that repairs must not hang that long.",
    ),
    cfg.IntOpt(
        "ovsdb_probe_interval",
        default=5000,
        min=0,
        max=600000,
        help="After how much silence a database is probed, in milliseconds; "
        "without an answer for as long again the connection is lost. 0 "
        "switches the probe off. Neutron's default is 60000.",
    ),
]

SCHEDULER_OPTS: list[cfg.Opt] = [
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

HEALTH_OPTS: list[cfg.Opt] = [
    cfg.IntOpt(
        "probe_interval",
        default=10,
        min=1,
        max=600,
        help="How often every ovn-controller is asked for a sign of life by "
        "a bump of nb_cfg, in seconds. Bumps of others count.",
    ),
    cfg.IntOpt(
        "dead_after",
        default=20,
        min=1,
        max=3600,
        help="How long a chassis must leave such a bump unanswered while "
        "others answer, in seconds, before it can be dead.",
    ),
]

FAILOVER_OPTS: list[cfg.Opt] = [
    cfg.IntOpt(
        "hold_down",
        default=30,
        min=1,
        max=86400,
        help="How long a chassis must be dead before it leaves the lists it "
        "serves with others, and how long a chassis that comes back must "
        "answer before it is used again, in seconds. A port left with no "
        "live candidate does not wait.",
    ),
    cfg.StrOpt(
        "failback",
        default="never",
        choices=[
            (
                "never",
                "A returned chassis gets back what evening out the load "
                "gives it, and nothing more.",
            ),
            (
                "delayed",
                "What a failure has taken from a chassis goes back to it "
                "when it has been live for failback_delay, move by move, "
                "within the budget. A restart of gwsched forgets what that "
                "was.",
            ),
        ],
        help="Whether ports go back to a chassis that has returned. OVN's "
        "own way is at once, unless it is demoted while it is away; it "
        "always is.",
    ),
    cfg.IntOpt(
        "failback_delay",
        default=300,
        min=0,
        max=86400,
        help="How long a returned chassis must have been live before ports "
        "go back to it, in seconds, after its hold_down.",
    ),
    cfg.StrOpt(
        "controller_dead",
        default="keep",
        choices=[
            ("keep", "Raise an alarm; its ports work on as they are."),
            (
                "move",
                "Take it for dead. Two gateways then answer for each of its "
                "ports until the old one's OVS is stopped.",
            ),
        ],
        help="What to do about a chassis whose ovn-controller is dead or "
        "cut off from the Southbound database while its data plane works.",
    ),
]

REBALANCE_OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        "mode",
        default="auto",
        choices=[
            ("auto", "Whenever the load is uneven past the threshold."),
            (
                "manual",
                "Only when an operator asks for it (gwschedctl rebalance).",
            ),
            ("off", "Never."),
        ],
        help="When primaries are moved only to even out the load.",
    ),
    cfg.IntOpt(
        "threshold",
        default=10,
        min=0,
        max=1000,
        help="How far above or below the even share the load of a gateway "
        "must be before evening out starts, in percent of that share. It "
        "must differ by at least 2 ports in any case.",
    ),
    cfg.IntOpt(
        "moves_per_minute",
        default=10,
        min=1,
        max=6000,
        help="How many moves may be made in a minute where nothing is "
        "broken. A move that rescues a port is not held up by this.",
    ),
]

METRICS_OPTS: list[cfg.Opt] = [
    cfg.HostAddressOpt(
        "bind",
        default="127.0.0.1",
        help="The address on which metrics and health are served.",
    ),
    cfg.PortOpt(
        "port",
        default=9977,
        min=0,
        max=65535,
        help="The TCP port number of that listener; 0 takes any free one "
        "and logs it.",
    ),
    cfg.StrOpt(
        "certificate",
        default="",
        help="The certificate of that listener, with those between it and "
        "the authority's: the path of a PEM file. With it the listener "
        "speaks HTTPS and nothing else.",
    ),
    cfg.StrOpt(
        "private_key",
        default="",
        help="The private key of that certificate: the path of a PEM file, "
        "not encrypted.",
    ),
    cfg.StrOpt(
        "ca_cert",
        default="",
        help="The authority that must have signed the certificate of every "
        "client, probes and Prometheus among them: the path of a PEM file. "
        "Without it clients need none.",
    ),
]

GROUPS: dict[str, list[cfg.Opt]] = {
    "ovn": OVN_OPTS,
    "scheduler": SCHEDULER_OPTS,
    "health": HEALTH_OPTS,
    "failover": FAILOVER_OPTS,
    "rebalance": REBALANCE_OPTS,
    "metrics": METRICS_OPTS,
}
for _options in GROUPS.values():
    for _option in _options:
        _option.mutable = True  # by SIGHUP; the sample says so
