# SPDX-License-Identifier: Apache-2.0
"""The section ``[ovn]``: the databases, in Neutron's spellings."""

from __future__ import annotations

from oslo_config import cfg, types

REMOTE = types.String(regex=r"^(unix:/.+|(tcp|ssl):.+:\d+)$")
LOCAL_OVS = "unix:/var/run/openvswitch/db.sock"

OPTIONS: list[cfg.Opt] = [
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
        "is none.",
    ),
    *(
        cfg.StrOpt(
            f"{options}_{part}",
            default="",
            help=f"{what} {whose}: the path of a PEM file.{more}",
        )
        for options, whose, default in (
            ("ovn_nb", "for ssl remotes of the Northbound database", ""),
            ("ovn_sb", "for ssl remotes of the Southbound database", ""),
            (
                "ovs",
                "for ssl remotes of ovs_connections",
                " Without any of the three, those of the Southbound or the "
                "Northbound database are used.",
            ),
        )
        for part, what, more in (
            (
                "private_key",
                "The private key, not encrypted,",
                " A renewed one is used from the next connection on, or from "
                f"a reload.{default}",
            ),
            ("certificate", "The certificate", default),
            (
                "ca_cert",
                "The authorities that may have signed the server's "
                "certificate,",
                default,
            ),
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
