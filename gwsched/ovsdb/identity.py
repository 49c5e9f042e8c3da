# SPDX-License-Identifier: Apache-2.0
"""Who gwsched is to the servers of one database, and why one refuses that.

python-ovs opens its streams deep inside; it is told here on whose behalf.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

from gwsched.conf import Tls, validity

# What OpenSSL says of the server's certificate (x509_vfy.h), by its codes.
EXPIRED, NOT_YET_VALID = 10, 9
# What OpenSSL, or the server's alert (RFC 8446, 6.2), is called then.
NO_VERSION = ("PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL")


class Identity:
    """The TLS files for one database, None where no remote is ssl.

    ``troubles`` says of each remote why the last connection had no use.
    """

    def __init__(self, tls: Tls | None) -> None:
        self.tls = tls
        self.troubles: dict[str, str] = {}
        self._told: dict[str, str] = {}

    @contextmanager
    def assumed(self) -> Iterator[None]:
        """Let every stream that is opened meanwhile be of this identity."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)

    def news(self) -> list[str]:
        """Return the troubles that were not returned before."""
        fresh = {
            remote: why
            for remote, why in self.troubles.items()
            if self._told.get(remote) != why
        }
        self._told |= fresh
        return [f"{remote}: {why}" for remote, why in fresh.items()]

    def note_heard(self, remote: str) -> None:
        """Note that a server speaks with us: all is well."""
        self.troubles.pop(remote, None)
        self._told.pop(remote, None)

    def note_failure(self, remote: str, error: OSError) -> None:
        """Note why there is no TLS session with a server."""
        self.troubles[remote] = self._why(error)

    def note_silence(self, remote: str) -> None:
        """Note a server that took a connection and closed it unheard."""
        why = "the server closed the connection without a word; "
        if not remote.startswith("ssl:"):
            why += "is it one that wants TLS (ssl:)?"
        else:
            # With TLS 1.3 it may have hung up before its alert was read.
            why += f"does it not accept our certificate? {self._ours()}"
        self.troubles[remote] = why

    def _why(self, error: OSError) -> str:
        if isinstance(error, ssl.SSLCertVerificationError):
            return self._not_theirs(error)
        reason = getattr(error, "reason", None) or ""
        if reason.endswith(NO_VERSION):
            return "the server has no version of TLS that we have (1.2, 1.3)"
        if "ALERT" in reason:
            alert = reason.rpartition("ALERT_")[2].lower().replace("_", " ")
            return f"the server refuses us ({alert}): {self._ours()}"
        if isinstance(error, ssl.SSLEOFError | ConnectionResetError):
            return (
                "the server broke off the TLS handshake; is it one that "
                "speaks plain tcp: there, or not an ovsdb-server?"
            )
        if reason == "WRONG_VERSION_NUMBER":
            return "the server does not speak TLS; is it a plain tcp: one?"
        return f"no TLS session: {error}"

    def _not_theirs(self, error: ssl.SSLCertVerificationError) -> str:
        if error.verify_code in (EXPIRED, NOT_YET_VALID):
            return (
                f"the server's certificate, or an authority's, cannot be used "
                f"now: {error.verify_message}; renew it there, and "
                f"{self._file('ca_cert')} if it is that, or set the clocks"
            )
        return (
            f"the server's certificate is not signed by an authority in "
            f"{self._file('ca_cert')}: {error.verify_message}; is that the "
            f"right server, and the file that belongs to it?"
        )

    def _ours(self) -> str:
        """Say what is wrong with our certificate, or what may be."""
        if self.tls is None:
            return ""
        for found in validity.of(self.tls):
            fault = found.fault(datetime.now(UTC))
            if fault:
                return fault
        return (
            f"{self._file('certificate')} must be signed by an authority that "
            f"the server knows; the server's log says more"
        )

    def _file(self, part: str) -> str:
        tls = self.tls
        return f"{tls.option(part)} ({getattr(tls, part)})" if tls else part


_current: ContextVar[Identity | None] = ContextVar("identity", default=None)


def current() -> Identity | None:
    """Return on whose behalf a stream is opened; None for nobody's."""
    return _current.get()


def trouble(remote: str, error: OSError) -> str:
    """Say why a remote could not be reached on behalf of who tries it."""
    identity = _current.get()
    known = identity.troubles.get(remote) if identity else None
    return known or error.strerror or str(error)
