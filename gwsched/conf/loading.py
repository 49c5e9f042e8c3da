# SPDX-License-Identifier: Apache-2.0
"""The command line and the files, read into one frozen Settings.

Options are read once, here; nothing else in gwsched sees oslo.config.
``[ovn]`` has Neutron's spellings, so that the section can be pasted.
"""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from oslo_config import cfg, types
from oslo_log import log

from gwsched import __version__
from gwsched.conf import certificates, identities, remotes
from gwsched.conf.certificates import Certificates
from gwsched.conf.identities import Identities
from gwsched.conf.options import GROUPS
from gwsched.conf.patterns import Patterns
from gwsched.conf.remotes import ConfigurationError
from gwsched.decisions import ControllerDead, Failback, Policy, Rebalance
from gwsched.model import Form


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that was configured, checked and frozen."""

    nb: tuple[str, ...]
    sb: tuple[str, ...]
    ovs: tuple[str, ...]
    tls: Identities
    timeout: float
    probe_ms: int
    scheduler: str
    enforce: bool
    adopt_localnet: bool
    load_nat: bool
    capacities: tuple[tuple[str, int], ...]
    usable_chassis: Patterns
    usable_routers: Patterns
    policy: Policy
    metrics_bind: str
    metrics_port: int
    metrics_tls: Certificates | None


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
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            conf(
                argv,
                project="gwsched",
                prog=prog,
                version=__version__,
                # Of every command the daemon's, whatever its own name is.
                default_config_files=_default(cfg.find_config_files),
                default_config_dirs=_default(cfg.find_config_dirs),
            )
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"{_undecodable(argv)} is no UTF-8 text: {error}"
        ) from error
    except (cfg.Error, ValueError, OSError) as error:
        raise ConfigurationError(_one_line(error)) from error
    except SystemExit as leaving:
        # argparse's way; 1 is what oslo.config makes of a wrong value of
        # one of oslo.log's options in a file.
        if leaving.code == 1:
            raise ConfigurationError(_one_line(said.getvalue())) from leaving
        sys.stderr.write(said.getvalue())
        raise


def _default(find: Callable[[str, str], list[str]]) -> list[str]:
    return find("gwsched", "gwsched")


def settings(conf: cfg.ConfigOpts) -> Settings:
    """Read every option once, and freeze what they say.

    :raises ConfigurationError: where a value is wrong
    """
    try:
        return _settings(conf)
    except (cfg.Error, ValueError) as error:
        raise ConfigurationError(_one_line(error)) from error


def _settings(conf: cfg.ConfigOpts) -> Settings:
    _numbers(conf)
    return Settings(
        nb=remotes.addresses(conf, "ovn_nb_connection"),
        sb=remotes.addresses(conf, "ovn_sb_connection"),
        ovs=remotes.addresses(conf, "ovs_connections", needed=False),
        tls=identities.configured(conf),
        timeout=conf.ovn.ovsdb_connection_timeout,
        probe_ms=conf.ovn.ovsdb_probe_interval,
        scheduler=conf.scheduler.ovn_l3_scheduler,
        enforce=conf.scheduler.mode == "enforce",
        adopt_localnet=conf.scheduler.adopt == "localnet",
        load_nat=conf.scheduler.load == "nat",
        capacities=_capacities(conf),
        usable_chassis=_patterns(conf, "chassis"),
        usable_routers=_patterns(conf, "routers"),
        policy=_policy(conf),
        metrics_bind=str(conf.metrics.bind),
        metrics_port=conf.metrics.port,
        metrics_tls=certificates.configured(conf),
    )


def _policy(conf: cfg.ConfigOpts) -> Policy:
    table = conf.scheduler.table
    return Policy(
        max_candidates=conf.scheduler.max_candidates,
        probe_interval=conf.health.probe_interval,
        dead_after=conf.health.dead_after,
        hold_down=conf.failover.hold_down,
        rebalance=Rebalance(conf.rebalance.mode),
        threshold=conf.rebalance.threshold / 100,
        moves_per_minute=conf.rebalance.moves_per_minute,
        scatter_width=conf.scheduler.scatter_width,
        table=None if table == "auto" else Form(table),
        failback=Failback(conf.failover.failback),
        failback_delay=conf.failover.failback_delay,
        controller_dead=ControllerDead(conf.failover.controller_dead),
    )


def _capacities(conf: cfg.ConfigOpts) -> tuple[tuple[str, int], ...]:
    found: dict[str, int | None] = conf.scheduler.chassis_capacity
    capacities = []
    for name, number in sorted(found.items()):
        # oslo.config takes "a,b:2" for one name, and "a:" for a number.
        if number is None or "," in name:
            raise ConfigurationError(
                "[scheduler] chassis_capacity: there is no number for "
                f"{name.partition(',')[0]!r}"
            )
        capacities.append((name, number))
    return tuple(capacities)


def _patterns(conf: cfg.ConfigOpts, kind: str) -> Patterns:
    allow, deny = (
        tuple(filter(None, conf.scheduler[f"{verb}_{kind}"]))
        for verb in ("allow", "deny")
    )
    return Patterns(kind, allow, deny)


def _numbers(conf: cfg.ConfigOpts) -> None:
    """Refuse numbers left empty: to oslo.config those are None."""
    for group, options in GROUPS.items():
        for option in options:
            number = isinstance(option.type, types.Number)
            if number and conf[group][option.dest] is None:
                raise ConfigurationError(
                    f"[{group}] {option.name} is left empty; it is a number"
                )


def _undecodable(argv: Sequence[str]) -> str:
    """Name the configuration file that is no UTF-8."""
    words = [word for arg in argv for word in arg.split("=", 1)]
    for word in [*words, *cfg.find_config_files("gwsched", "gwsched")]:
        try:
            Path(word).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            return word
        except OSError:
            continue
    return "a configuration file"


def _one_line(error: object) -> str:
    return " ".join(str(error).split())
