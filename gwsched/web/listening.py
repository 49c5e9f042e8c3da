# SPDX-License-Identifier: Apache-2.0
"""The listener where configuration wants it, and its move elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from gwsched.conf import ConfigurationError, Settings, certificates
from gwsched.conf.certificates import Certificates
from gwsched.web.app import App, Listener

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where to listen, and by which TLS files, as they are just now."""

    bind: str
    port: int
    tls: Certificates | None
    files: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return what settings ask for."""
        tls = settings.metrics_tls
        paths = (tls.certificate, tls.private_key, tls.ca_cert) if tls else ()
        return cls(
            settings.metrics_bind,
            settings.metrics_port,
            tls,
            tuple(_signature(path) for path in filter(None, paths)),
        )

    def open(self, app: App) -> Listener:
        """Listen here; :raises ConfigurationError: where it cannot."""
        tls = certificates.context(self.tls) if self.tls else None
        try:
            return Listener(app, self.bind, self.port, tls)
        except OSError as error:
            raise ConfigurationError(
                f"[metrics] cannot listen on {self.bind} port {self.port}: "
                f"{error}"
            ) from error

    def begin(self, listener: Listener) -> None:
        """Begin to answer, and say where."""
        listener.start()
        LOG.info(
            "metrics and health on %s://%s:%d",
            "https" if self.tls else "http",
            f"[{self.bind}]" if ":" in self.bind else self.bind,
            listener.port,
        )


class Listening:
    """Answers at one place, until it is moved to another."""

    def __init__(self, app: App, settings: Settings) -> None:
        """Open the port; :raises ConfigurationError: where it cannot."""
        self._app = app
        self._place = _Place.of(settings)
        self._listener: Listener | None = self._place.open(app)

    @property
    def port(self) -> int:
        """The port it has; 0 where it has none any more."""
        return self._listener.port if self._listener else 0

    def start(self) -> None:
        """Begin to answer, and say where."""
        if self._listener is not None:
            self._place.begin(self._listener)

    def stop(self) -> None:
        """Close the port."""
        if self._listener is not None:
            self._listener.stop()

    @contextmanager
    def moving(self, settings: Settings) -> Iterator[None]:
        """Listen by other settings from now on, unless the block raises.

        :raises ConfigurationError: where they cannot be listened by; then,
            too, all is as before
        """
        place, old = _Place.of(settings), self._listener
        if old is not None and place == self._place:
            yield
            return
        if old is not None and place.port in (old.port, self._place.port):
            with self._in_place_of(old, replace(place, port=old.port)) as new:
                yield
        else:
            with self._opened(place) as new:
                yield
            if old is not None:
                old.stop()
        self._listener, self._place = new, place

    @contextmanager
    def _opened(self, place: _Place) -> Iterator[Listener]:
        """Open a listener that is closed again if the block raises."""
        listener = place.open(self._app)
        place.begin(listener)
        try:
            yield listener
        except BaseException:
            listener.stop()
            raise

    @contextmanager
    def _in_place_of(self, old: Listener, place: _Place) -> Iterator[Listener]:
        """Close the old one first.

        All addresses and one of them cannot have the same port at once.
        """
        old.stop()
        try:
            with self._opened(place) as listener:
                yield listener
        except BaseException:
            self._listener = self._back(replace(self._place, port=old.port))
            raise

    def _back(self, place: _Place) -> Listener | None:
        """Return a listener where the old one was; None if that is taken."""
        try:
            listener = place.open(self._app)
        except ConfigurationError as error:
            LOG.critical(
                "metrics and health are not to be had any more: %s; free the "
                "port and reload",
                error,
            )
            return None
        place.begin(listener)
        return listener


def _signature(path: str) -> tuple[int, ...]:
    """Return what is another when a file is; a renewed certificate is."""
    try:
        found = Path(path).stat()
    except OSError:
        return ()  # opening it says why
    return found.st_ino, found.st_size, found.st_mtime_ns
