# SPDX-License-Identifier: Apache-2.0
"""The section ``[metrics]``: the HTTP listener."""

from __future__ import annotations

from oslo_config import cfg

OPTIONS: list[cfg.Opt] = [
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
