# SPDX-License-Identifier: Apache-2.0
"""The configuration: oslo.config options in, one frozen Settings out.

Options are read once, here; nothing else in gwsched sees oslo.config.
``[ovn]`` has Neutron's spellings, so that the section can be pasted.
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from oslo_config import cfg
from oslo_log import log

from gwsched import __version__
from gwsched.model import Form, Policy
from gwsched.options import GROUPS


class ConfigurationError(Exception):
    """A configuration that cannot be used; one clear line."""


@dataclass(frozen=True, slots=True)
class Tls:
    """The files of the one TLS identity of this process."""

    private_key: str
    certificate: str
    ca_cert: str


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that was configured, checked and frozen."""

    nb: tuple[str, ...]
    sb: tuple[str, ...]
    tls: Tls | None
    timeout: float
    probe_ms: int
    scheduler: str
    enforce: bool
    form: Form | None
    adopt_localnet: bool
    policy: Policy
    metrics_bind: str
    metrics_port: int


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """List the options by group, for oslo-config-generator."""
    return list(GROUPS.items())


def register(conf: cfg.ConfigOpts) -> None:
    """Register gwsched's options and oslo.log's on a ConfigOpts."""
    log.register_options(conf)
    for group, options in GROUPS.items():
        conf.register_opts(options, group=group)


def load(
    argv: Sequence[str], prog: str = "gwsched"
) -> tuple[cfg.ConfigOpts, Settings]:
    """Parse the command line and the files it names into Settings.

    :raises ConfigurationError: where a value is wrong or a file is missing
    """
    conf = cfg.ConfigOpts()
    register(conf)
    parse(conf, argv, prog)
    return conf, settings(conf)


def parse(conf: cfg.ConfigOpts, argv: Sequence[str], prog: str) -> None:
    """Let oslo.config parse argv; its complaints become ours.

    :raises ConfigurationError: where a value is wrong or a file is missing
    """
    try:
        conf(
            argv,
            project="gwsched",
            prog=prog,
            version=__version__,
            # Of every command the daemon's, whatever its own name is.
            default_config_files=cfg.find_config_files("gwsched", "gwsched"),
            default_config_dirs=cfg.find_config_dirs("gwsched", "gwsched"),
        )
    except (cfg.Error, ValueError) as error:
        raise ConfigurationError(_one_line(error)) from error


def settings(conf: cfg.ConfigOpts) -> Settings:
    """Read every option once, and freeze what they say.

    :raises ConfigurationError: where a value is wrong
    """
    try:
        return _settings(conf)
    except (cfg.Error, ValueError) as error:
        raise ConfigurationError(_one_line(error)) from error


def _settings(conf: cfg.ConfigOpts) -> Settings:
    table = conf.scheduler.table
    return Settings(
        nb=_remotes(conf, "ovn_nb_connection"),
        sb=_remotes(conf, "ovn_sb_connection"),
        tls=_tls(conf),
        timeout=conf.ovn.ovsdb_connection_timeout,
        probe_ms=conf.ovn.ovsdb_probe_interval,
        scheduler=conf.scheduler.ovn_l3_scheduler,
        enforce=conf.scheduler.mode == "enforce",
        form=None if table == "auto" else Form(table),
        adopt_localnet=conf.scheduler.adopt == "localnet",
        policy=Policy(
            max_candidates=conf.scheduler.max_candidates,
            probe_interval=conf.health.probe_interval,
            dead_after=conf.health.dead_after,
            hold_down=conf.failover.hold_down,
        ),
        metrics_bind=str(conf.metrics.bind),
        metrics_port=conf.metrics.port,
    )


def _remotes(conf: cfg.ConfigOpts, option: str) -> tuple[str, ...]:
    remotes = tuple(conf.ovn[option])
    if not remotes:
        raise ConfigurationError(f"[ovn] {option} names no database server")
    for remote in remotes:
        protocol, _, address = remote.partition(":")
        if protocol != "unix":
            _check_address(option, address.rpartition(":")[0])
    return remotes


def _check_address(option: str, host: str) -> None:
    """Refuse host names: python-ovs cannot resolve them by itself."""
    try:
        ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        raise ConfigurationError(
            f"[ovn] {option}: {host!r} is no IP address (an IPv6 one goes "
            f"in brackets); names are not resolved"
        ) from None


def _tls(conf: cfg.ConfigOpts) -> Tls | None:
    """The identity for ssl remotes, checked while it can still be said."""
    files: dict[str, str] = {}
    for db in ("nb", "sb"):
        if not any(r.startswith("ssl:") for r in conf.ovn[_connection(db)]):
            continue
        for part in ("private_key", "certificate", "ca_cert"):
            option = f"ovn_{db}_{part}"
            path = conf.ovn[option]
            if not path:
                raise ConfigurationError(
                    f"[ovn] {option} is needed for the ssl remotes of "
                    f"{_connection(db)}"
                )
            if files.setdefault(part, path) != path:
                raise ConfigurationError(
                    f"[ovn] ovn_nb_{part} and ovn_sb_{part} differ: "
                    f"python-ovs has one TLS identity in a process"
                )
    if not files:
        return None
    _check_tls(files)
    return Tls(**files)


def _check_tls(files: dict[str, str]) -> None:
    for path in files.values():
        if not Path(path).is_file():
            raise ConfigurationError(f"[ovn] there is no file {path}")
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_cert_chain(files["certificate"], files["private_key"])
        context.load_verify_locations(files["ca_cert"])
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"[ovn] the TLS files cannot be used: {error}"
        ) from error


def _connection(db: str) -> str:
    return f"ovn_{db}_connection"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
