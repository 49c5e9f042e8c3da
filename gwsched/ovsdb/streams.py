# SPDX-License-Identifier: Apache-2.0
"""python-ovs' streams over the network, each of the identity it is opened in.

python-ovs has one TLS identity in a process, kept where its class is, and
makes a context of it for each connection; ours is put there just before.
And it keeps an errno of what OpenSSL has to say, which is noted here.
"""

from __future__ import annotations

import errno
import inspect
import ssl
from typing import Any

from ovs.poller import POLLIN, Poller
from ovs.stream import SSLStream, Stream, TCPStream

from gwsched.conf import ConfigurationError, Identities, Tls
from gwsched.ovsdb import identity

# Of another python-ovs nothing is known; its one identity will do for one.
SEVERAL = list(inspect.signature(SSLStream._open).parameters) == [
    "suffix",
    "dscp",
]


def prepare(identities: Identities) -> None:
    """Have python-ovs open streams of these identities.

    :raises ConfigurationError: where it cannot have so many
    """
    if SEVERAL:
        Stream.register_method("ssl", Secured)
        Stream.register_method("tcp", Plain)
        return
    files = {(t.private_key, t.certificate, t.ca_cert) for t in identities}
    if len(files) > 1:
        names = ", ".join(f"[ovn] {tls.options}_*" for tls in identities)
        raise ConfigurationError(
            f"{names} differ, and this release of python-ovs can have only "
            f"one TLS identity in a process; name the same files in all"
        )
    for tls in identities:
        _use(tls)


class _Listened:
    """Notes whether the other end ever said anything."""

    name: str

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.identity = identity.current() or identity.Identity(None)
        self.heard = False

    def send(self, data: Any) -> int:
        """Send as python-ovs does; who has hung up may have said why."""
        sent = int(super().send(data))  # type: ignore[misc]
        if sent < 0 and sent != -errno.EAGAIN and not self.heard:
            self.recv(1)
            self.note(errno.EPIPE, "")
            return -errno.EPROTO
        return sent

    def recv(self, n: int) -> tuple[int, Any]:
        """Receive as python-ovs does."""
        error, data = super().recv(n)  # type: ignore[misc]
        self.note(error, data)
        return error, data

    def note(self, error: int, data: object) -> None:
        """Note what came of reading."""
        if self.heard or error == errno.EAGAIN:
            return
        if data:
            self.heard = True
            self.identity.note_heard(self.name)
        elif self.name not in self.identity.troubles:
            self.identity.note_silence(self.name)


class Plain(_Listened, TCPStream):  # type: ignore[misc]
    """A stream without TLS."""

    @staticmethod
    def _open(suffix: str, dscp: int) -> tuple[int, Any]:
        """Begin to connect."""
        _forget(f"tcp:{suffix}")
        opened: tuple[int, Any] = TCPStream._open(suffix, dscp)
        return opened


class Secured(_Listened, SSLStream):  # type: ignore[misc]
    """A stream with TLS."""

    _shaken = _wants_to_read = False

    @staticmethod
    def _open(suffix: str, dscp: int) -> tuple[int, Any]:
        """Begin to connect, with the files as they are now."""
        ours = _forget(f"ssl:{suffix}")
        if ours is not None and ours.tls is not None:
            try:
                ours.tls.context()
            except ConfigurationError as error:
                ours.troubles[f"ssl:{suffix}"] = str(error)
                return errno.EACCES, None
            _use(ours.tls)
        opened: tuple[int, Any] = SSLStream._open(suffix, dscp)
        return opened

    def connect(self) -> int:
        """Connect and shake hands, or go on with it."""
        error = int(Stream.connect(self))
        if error or self._shaken:
            return error
        try:
            self.socket.do_handshake()
        except ssl.SSLWantReadError:
            self._wants_to_read = True
            return errno.EAGAIN
        except ssl.SSLWantWriteError:
            self._wants_to_read = False
            return errno.EAGAIN
        except OSError as failure:
            self.identity.note_failure(self.name, failure)
            return _number(failure)
        self._shaken = True
        return 0

    def recv(self, n: int) -> tuple[int, Any]:
        """Receive; what comes first may be that we are refused."""
        try:
            error, data = self._recv(n)
        except ssl.SSLWantReadError:
            return errno.EAGAIN, ""
        except ssl.SSLZeroReturnError:
            error, data = 0, ""
        except OSError as failure:
            if "ALERT" in (getattr(failure, "reason", None) or ""):
                self.identity.note_failure(self.name, failure)
            error, data = _number(failure), ""
        self.note(error, data)
        return error, data

    def wait(self, poller: Poller, wait: int) -> None:
        """Wait for what OpenSSL waits for; python-ovs would spin."""
        if wait == Stream.W_CONNECT and self._wants_to_read:
            poller.fd_wait(self.socket, POLLIN)
        elif wait == Stream.W_RECV and self._shaken and self.socket.pending():
            poller.immediate_wake()
        else:
            super().wait(poller, wait)


def _forget(remote: str) -> identity.Identity | None:
    """Forget what came of the last connection; return whose this one is."""
    ours = identity.current()
    if ours is not None:
        ours.troubles.pop(remote, None)
    return ours


def _number(failure: OSError) -> int:
    """Return an errno; OpenSSL's numbers are others."""
    if isinstance(failure, ssl.SSLError) or not failure.errno:
        return errno.EPROTO
    return failure.errno


def _use(tls: Tls) -> None:
    Stream.ssl_set_private_key_file(tls.private_key)
    Stream.ssl_set_certificate_file(tls.certificate)
    Stream.ssl_set_ca_cert_file(tls.ca_cert)
