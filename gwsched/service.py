# SPDX-License-Identifier: Apache-2.0
"""The daemon ``gwsched``: start, reload, the service manager, the end."""

from __future__ import annotations

import contextlib
import logging
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import replace

import sdnotify

from gwsched import __version__
from gwsched.conf import ConfigurationError, configured, logs, validity
from gwsched.conf.configured import Configured
from gwsched.connection import Database, StoppedError, open_databases
from gwsched.decisions import Health, Plan
from gwsched.loop import LONGEST_WAIT, Loop
from gwsched.memory import heap
from gwsched.memory.garbage import Collector
from gwsched.ovsdb import session, streams
from gwsched.signals import Signals
from gwsched.telemetry.gauges import Configuration
from gwsched.telemetry.metrics import Metrics
from gwsched.web import overview
from gwsched.web.app import App
from gwsched.web.listening import Listening

LOG = logging.getLogger(__name__)

USAGE = 2
# A loop that has not come round for this long is not alive (seconds).
STALE = 6 * LONGEST_WAIT


def main(argv: Sequence[str] | None = None) -> int:
    """Run the daemon; return its exit code."""
    args = sys.argv[1:] if argv is None else list(argv)
    try:
        read = configured.read(args)
        logs.set_up(read.options)
        service = Service(args, read)
    except ConfigurationError as error:
        print(f"gwsched: {error}", file=sys.stderr)  # noqa: T201
        return USAGE
    LOG.info("gwsched %s starts", __version__)
    if not session.is_known():
        LOG.warning(
            "this release of python-ovs is not one that gwsched knows; it "
            "reads by itself, with its parser in %s: large databases may "
            "load many times as slow. Is there a newer gwsched?",
            session.parser(),
        )
    return service.run()


class Service:
    """The process around the loop."""

    def __init__(self, argv: Sequence[str], read: Configured) -> None:
        """Open the listener.

        :raises ConfigurationError: where it cannot, or python-ovs cannot
        """
        streams.prepare(read.settings.tls)
        self._argv = argv
        self._configured = read
        self._metrics = Metrics()
        self._publish(Configuration(read_at=time.time()))
        self._signals = Signals()
        heap.set_apart()
        self._collector = Collector()
        self._databases: tuple[Database, ...] = ()
        self._notifier = sdnotify.SystemdNotifier()
        self._completed_at = time.monotonic()
        app = App(
            self._metrics.registry,
            self._not_live,
            self._not_ready,
            overview.Latest(lambda: self._metrics.view),
        )
        self._listening = Listening(app, read.settings)

    def run(self) -> int:
        """Serve until told to stop; return the exit code."""
        self._signals.handle()
        self._listening.start()
        self._tell_read()
        # A database that is away at boot must not fail the unit.
        self._notifier.notify("READY=1\nSTATUS=connecting")
        try:
            while not self._signals.end:
                self._serve()
        finally:
            self._notifier.notify("STOPPING=1")
            self._listening.stop()
        LOG.info("gwsched ends")
        return 0

    def _serve(self) -> None:
        """Work with one pair of databases, until others are wanted."""
        databases = open_databases(self._configured.settings)
        self._databases = databases
        try:
            self._work(*databases)
        except StoppedError:
            self._heed()
            if self._signals.end:
                LOG.info("stopped before the databases could be reached")
        finally:
            for database in databases:
                database.close()
            self._forget()
            self._collector.resume()

    def _work(self, nb: Database, sb: Database) -> None:
        for database in (nb, sb):
            database.connect(self._signals.attention, self._completed)
        nb.set_lock()
        settings = self._configured.settings
        scheduler = self._configured.scheduler
        loop = Loop(nb, sb, scheduler, settings, self._metrics)

        def completed() -> None:
            self._completed(loop.summary)
            if self._metrics.view.snapshot is not None:
                self._collector.spare()

        with contextlib.closing(loop):
            while True:
                loop.run(
                    self._signals.attention, self._signals.reader, completed
                )
                known = self._configured
                self._heed()
                new = self._configured
                if self._signals.end or configured.needs_other_databases(
                    settings, new.settings
                ):
                    return
                if loop.outdated:
                    LOG.warning(
                        "a database has another schema by now, with other "
                        "columns for us: connecting to both anew"
                    )
                    return
                if new is not known:
                    loop.adopt(new.scheduler, new.settings)

    def _heed(self) -> None:
        """Do what signals have asked for, but for the end."""
        if self._signals.end:
            LOG.info("%s: stopping", self._signals.end.name)
            self._notifier.notify("STOPPING=1")
        elif self._signals.take_hangup():
            self._reload()

    def _reload(self) -> None:
        """Read everything anew; take it over whole, or not at all."""
        LOG.info("SIGHUP: reading the configuration anew")
        self._notifier.notify(
            f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}\n"
            "STATUS=reading the configuration anew"
        )
        try:
            self._take_over(configured.read_again(self._argv))
        except ConfigurationError as error:
            self._refuse(str(error))
        except Exception as error:
            LOG.exception("the configuration could not be read")
            self._refuse(repr(error))
        self._notifier.notify("READY=1")

    def _take_over(self, new: Configured) -> None:
        old = self._configured
        if new.settings.tls != old.settings.tls:
            # With these there would be no connection any more.
            configured.refuse_expired(new.settings)
            streams.prepare(new.settings.tls)
        with self._listening.moving(new.settings):
            logs.renew(old.options, new.options)
        self._configured = new
        self._publish(Configuration(read_at=time.time()))
        changes = configured.changes(old.options, new.options)
        LOG.info("the configuration is taken over: %s", changes)
        self._tell_read()

    def _refuse(self, error: str) -> None:
        known = self._metrics.view.configuration
        self._publish(replace(known, good=False, error=error))
        LOG.error(
            "the configuration is not taken over, what was read before goes "
            "on: %s; mend it and reload",
            error,
        )

    def _tell_read(self) -> None:
        """Say what was read; what is too new, or too old, is no end."""
        read = self._configured
        for name in read.unknown:
            LOG.warning("ignored: %s", name)
        for fault in validity.faults(read.settings):
            LOG.error("%s", fault)
        for warning in validity.warnings(read.settings):
            LOG.warning("%s", warning)
        read.options.log_opt_values(LOG, logging.DEBUG)

    def _publish(self, configuration: Configuration) -> None:
        settings = self._configured.settings
        self._metrics.view = replace(
            self._metrics.view,
            host=socket.gethostname(),
            enforce=settings.enforce,
            scheduler=settings.scheduler,
            configuration=configuration,
            certificates=validity.certificates(settings),
        )

    def _forget(self) -> None:
        """Show nothing of databases that are closed."""
        self._metrics.view = replace(
            self._metrics.view,
            nb_connected=False,
            sb_connected=False,
            vantages={},
            leader=False,
            snapshot=None,
            health=Health(),
            plan=Plan(),
        )

    def _completed(self, status: str = "connecting") -> None:
        """Tell the service manager that the loop has come round."""
        self._completed_at = time.monotonic()
        if not self._metrics.view.configuration.good:
            status += "; the configuration on disk is refused, see the log"
        self._notifier.notify(f"WATCHDOG=1\nSTATUS={status}")

    def _not_live(self) -> str | None:
        age = time.monotonic() - self._completed_at
        if age <= STALE:
            return None
        return f"the loop has not come round for {age:.0f} s"

    def _not_ready(self) -> str | None:
        for database in self._databases:
            if not database.synced:
                progress = database.progress
                return f"{database.label} is not in sync: {progress}"
        if self._metrics.view.snapshot is None:
            return "the databases are loaded; no plan was made yet"
        return None
