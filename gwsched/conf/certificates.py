# SPDX-License-Identifier: Apache-2.0
"""The listener's own TLS files, checked while it can still be said."""

from __future__ import annotations

import ssl
from dataclasses import dataclass

from oslo_config import cfg

from gwsched.conf.remotes import ConfigurationError, check_pem


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
    check_pem("[metrics] certificate", files.certificate)
    check_pem("[metrics] private_key", files.private_key)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # An empty password, so that OpenSSL asks for none on the terminal.
        made.load_cert_chain(files.certificate, files.private_key, "")
    except (ssl.SSLError, OSError) as error:
        raise ConfigurationError(
            f"[metrics] certificate {files.certificate} and private_key "
            f"{files.private_key} cannot be used together: {error}"
        ) from error
    if files.ca_cert:
        check_pem("[metrics] ca_cert", files.ca_cert)
        try:
            made.load_verify_locations(files.ca_cert)
        except ssl.SSLError as error:
            raise ConfigurationError(
                f"[metrics] ca_cert: {files.ca_cert} cannot be used: {error}"
            ) from error
        made.verify_mode = ssl.CERT_REQUIRED
    return made
