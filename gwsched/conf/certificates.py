# SPDX-License-Identifier: Apache-2.0
"""The listener's own TLS files, checked while it can still be said."""

from __future__ import annotations

import ssl
from dataclasses import dataclass

from oslo_config import cfg

from gwsched.conf import pem
from gwsched.conf.remotes import ConfigurationError


@dataclass(frozen=True, slots=True)
class Certificates:
    """What the listener shows, and by whom a client's must be signed.

    Without ``ca_cert`` nobody is asked for one.
    """

    certificate: str
    private_key: str
    ca_cert: str = ""


def configured(conf: cfg.ConfigOpts) -> Certificates | None:
    """Return the files that [metrics] names; None where it is plain HTTP.

    :raises ConfigurationError: where they are incomplete or of no use
    """
    metrics = conf.metrics
    if not (metrics.certificate or metrics.private_key or metrics.ca_cert):
        return None
    for part in ("certificate", "private_key"):
        if not metrics[part]:
            raise ConfigurationError(
                f"[metrics] {part} is needed as well: a listener with TLS "
                f"has a certificate and its private_key"
            )
    found = Certificates(
        metrics.certificate, metrics.private_key, metrics.ca_cert
    )
    context(found)
    return found


def context(files: Certificates) -> ssl.SSLContext:
    """Return what a server needs to shake hands.

    :raises ConfigurationError: where a file cannot be used
    """
    pem.read("[metrics] certificate", files.certificate)
    pem.read("[metrics] private_key", files.private_key)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    pem.load_pair(made, "[metrics] ", files.certificate, files.private_key)
    if files.ca_cert:
        pem.read("[metrics] ca_cert", files.ca_cert)
        pem.load_authority(made, "[metrics] ca_cert", files.ca_cert)
        made.verify_mode = ssl.CERT_REQUIRED
    return made
