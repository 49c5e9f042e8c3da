# SPDX-License-Identifier: Apache-2.0
"""The databases' remotes, checked while it can still be said."""

from __future__ import annotations

import ipaddress

from oslo_config import cfg


class ConfigurationError(Exception):
    """A configuration that cannot be used; one clear line."""


def addresses(
    conf: cfg.ConfigOpts, option: str, *, needed: bool = True
) -> tuple[str, ...]:
    """Return the remotes that an option names, each once.

    :raises ConfigurationError: where one can never be connected to
    """
    remotes = tuple(dict.fromkeys(conf.ovn[option]))
    if needed and not remotes:
        raise ConfigurationError(f"[ovn] {option} names no database server")
    for remote in remotes:
        protocol, _, address = remote.partition(":")
        if protocol != "unix":
            _check_address(f"[ovn] {option}: {remote}", address)
    return remotes


def _check_address(subject: str, address: str) -> None:
    """Refuse host names: python-ovs cannot resolve them by itself."""
    host, _, port = address.rpartition(":")
    if not 0 < int(port) < 1 << 16:
        raise ConfigurationError(f"{subject}: there is no port {port}")
    try:
        ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        raise ConfigurationError(
            f"{subject}: {host!r} is no IP address (an IPv6 one goes in "
            f"brackets); names are not resolved"
        ) from None
