# SPDX-License-Identifier: Apache-2.0
"""The databases' remotes and TLS files, checked while it can still be said."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

from oslo_config import cfg

PARTS = ("private_key", "certificate", "ca_cert")


class ConfigurationError(Exception):
    """A configuration that cannot be used; one clear line."""


@dataclass(frozen=True, slots=True)
class Tls:
    """The files of the one TLS identity of this process."""

    private_key: str
    certificate: str
    ca_cert: str


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


def identity(conf: cfg.ConfigOpts) -> Tls | None:
    """Return the TLS identity that ssl remotes need, if there are any.

    :raises ConfigurationError: where it is incomplete or cannot be used
    """
    files: dict[str, str] = {}
    for db in ("nb", "sb"):
        if _names_ssl(conf, f"ovn_{db}_connection"):
            for part in PARTS:
                path = _path(conf, f"ovn_{db}_{part}")
                if files.setdefault(part, path) != path:
                    raise _difference(part)
    if not files and _names_ssl(conf, "ovs_connections"):
        files = {part: _either_path(conf, part) for part in PARTS}
    if not files:
        return None
    for part, path in files.items():
        check_pem(f"[ovn] ovn_nb_{part} and ovn_sb_{part}", path)
    tls = Tls(**files)
    _check_identity(tls)
    return tls


def _names_ssl(conf: cfg.ConfigOpts, option: str) -> bool:
    return any(remote.startswith("ssl:") for remote in conf.ovn[option])


def _difference(part: str) -> ConfigurationError:
    return ConfigurationError(
        f"[ovn] ovn_nb_{part} and ovn_sb_{part} differ: python-ovs has one "
        f"TLS identity in a process"
    )


def _either_path(conf: cfg.ConfigOpts, part: str) -> str:
    """Return the file of the databases for who has no option of his own."""
    named = {str(conf.ovn[f"ovn_{db}_{part}"]) for db in ("nb", "sb")} - {""}
    if not named:
        raise ConfigurationError(
            f"[ovn] ovn_nb_{part} or ovn_sb_{part} is needed for the ssl "
            f"remotes of ovs_connections"
        )
    if len(named) > 1:
        raise _difference(part)
    return named.pop()


def _path(conf: cfg.ConfigOpts, option: str) -> str:
    path = str(conf.ovn[option])
    if not path:
        raise ConfigurationError(f"[ovn] {option} is needed for ssl remotes")
    return path


def check_pem(option: str, path: str) -> None:
    """Refuse a file that is no PEM; the option is named with its section.

    :raises ConfigurationError: where it is none, or cannot be read
    """
    try:
        text = Path(path).read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{option}: cannot read {path}: {error.strerror}"
        ) from error
    if b"-----BEGIN " not in text:
        raise ConfigurationError(f"{option}: {path} is no PEM file")


def _check_identity(tls: Tls) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(tls.ca_cert)
    except ssl.SSLError as error:
        raise ConfigurationError(
            f"[ovn] ca_cert: {tls.ca_cert} cannot be used: {error}"
        ) from error
    try:
        context.load_cert_chain(tls.certificate, tls.private_key)
    except ssl.SSLError as error:
        raise ConfigurationError(
            f"[ovn] certificate {tls.certificate} and private_key "
            f"{tls.private_key} cannot be used together: {error}"
        ) from error
