# SPDX-License-Identifier: Apache-2.0
"""Who gwsched is to each database, checked while it can still be said."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field

from oslo_config import cfg

from gwsched.conf import pem
from gwsched.conf.remotes import ConfigurationError

PARTS = ("private_key", "certificate", "ca_cert")


@dataclass(frozen=True, slots=True)
class Tls:
    """The files of one TLS identity.

    ``options`` is what the names of their options begin with, and
    ``content`` is another where a file was renewed.
    """

    private_key: str
    certificate: str
    ca_cert: str
    options: str
    content: str = field(default="", repr=False)

    def option(self, part: str) -> str:
        """Name the option of a part, with its section."""
        return f"[ovn] {self.options}_{part}"

    def context(self) -> ssl.SSLContext:
        """Load the files as they are now.

        :raises ConfigurationError: where one cannot be used
        """
        for part in PARTS:
            pem.read(self.option(part), getattr(self, part))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        pem.load_authority(context, self.option("ca_cert"), self.ca_cert)
        prefix = self.option("")
        pem.load_pair(context, prefix, self.certificate, self.private_key)
        return context


@dataclass(frozen=True, slots=True)
class Identities:
    """The identity for each database; None where no remote is ssl."""

    nb: Tls | None = None
    sb: Tls | None = None
    ovs: Tls | None = None

    def __iter__(self) -> Iterator[Tls]:
        return (tls for tls in (self.nb, self.sb, self.ovs) if tls)


def configured(conf: cfg.ConfigOpts) -> Identities:
    """Return the TLS identities that ssl remotes need.

    :raises ConfigurationError: where one is incomplete or cannot be used
    """
    return Identities(
        nb=_identity(conf, "ovn_nb", "ovn_nb_connection"),
        sb=_identity(conf, "ovn_sb", "ovn_sb_connection"),
        ovs=_identity(conf, _of_vantages(conf), "ovs_connections"),
    )


def _of_vantages(conf: cfg.ConfigOpts) -> str:
    """Say whose files are shown to vantage points.

    Their own; else, for chassis know the authority of the databases, those
    of a database that uses some, or could.
    """
    named = [o for o in ("ovs", "ovn_sb", "ovn_nb") if _any_part(conf, o)]
    used = [o for o in named if o == "ovs" or _is_ssl(conf, f"{o}_connection")]
    return next(iter(used + named), "ovs")


def _any_part(conf: cfg.ConfigOpts, options: str) -> bool:
    return any(conf.ovn[f"{options}_{part}"] for part in PARTS)


def _is_ssl(conf: cfg.ConfigOpts, option: str) -> bool:
    return any(remote.startswith("ssl:") for remote in conf.ovn[option])


def _identity(conf: cfg.ConfigOpts, options: str, remotes: str) -> Tls | None:
    if not _is_ssl(conf, remotes):
        return None
    files = {}
    content = hashlib.sha256()
    for part in PARTS:
        option = f"{options}_{part}"
        files[part] = str(conf.ovn[option])
        if not files[part]:
            raise ConfigurationError(
                f"[ovn] {option} is needed for the ssl remotes of {remotes}"
            )
        content.update(pem.read(f"[ovn] {option}", files[part]))
    tls = Tls(**files, options=options, content=content.hexdigest())
    tls.context()
    return tls
