# SPDX-License-Identifier: Apache-2.0
"""The daemon ``gwsched``: start, signals, the service manager, the end."""

from __future__ import annotations

import contextlib
import logging
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence

import sdnotify
from oslo_config import cfg
from oslo_log import log
from ovsdbapp.backend.ovs_idl import vlog

from gwsched import __version__, conf, plugins
from gwsched.conf import ConfigurationError, Settings
from gwsched.connection import Database, StoppedError, open_databases
from gwsched.loop import LONGEST_WAIT, Loop
from gwsched.metrics import Metrics
from gwsched.schedulers import Scheduler
from gwsched.web import App, Listener

LOG = logging.getLogger(__name__)

USAGE = 2
# A loop that has not come round for this long is not alive (seconds).
STALE = 6 * LONGEST_WAIT


def main(argv: Sequence[str] | None = None) -> int:
    """Run the daemon; return its exit code."""
    args = sys.argv[1:] if argv is None else list(argv)
    try:
        options, settings = conf.load(args)
        scheduler = plugins.load_scheduler(settings.scheduler)
        _set_up_logging(options)
        service = Service(settings, scheduler)
    except ConfigurationError as error:
        print(f"gwsched: {error}", file=sys.stderr)  # noqa: T201
        return USAGE
    LOG.info("gwsched %s starts", __version__)
    options.log_opt_values(LOG, logging.DEBUG)
    return service.run()


class Service:
    """The process around the loop."""

    def __init__(self, settings: Settings, scheduler: Scheduler) -> None:
        """Open the listener; :raises ConfigurationError: where it cannot."""
        self._settings = settings
        self._scheduler = scheduler
        self._metrics = Metrics()
        self._wakeup = _Wakeup()
        self._stopping = self._wakeup.stopping
        self._notifier = sdnotify.SystemdNotifier()
        self._completed_at = time.monotonic()
        app = App(self._metrics.registry, self._not_live, self._not_ready)
        bind, port = settings.metrics_bind, settings.metrics_port
        try:
            self._listener = Listener(app, bind, port)
        except OSError as error:
            raise ConfigurationError(
                f"[metrics] cannot listen on {bind} port {port}: {error}"
            ) from error

    def run(self) -> int:
        """Serve until told to stop; return the exit code."""
        self._handle_signals()
        self._listener.start()
        bind = self._settings.metrics_bind
        LOG.info(
            "metrics and health on http://%s:%d",
            f"[{bind}]" if ":" in bind else bind,
            self._listener.port,
        )
        # A database that is away at boot must not fail the unit.
        self._notifier.notify("READY=1\nSTATUS=connecting")
        databases = open_databases(self._settings)
        try:
            self._serve(*databases)
        except StoppedError:
            LOG.info("stopped before the databases could be reached")
        finally:
            self._notifier.notify("STOPPING=1")
            for database in databases:
                database.close()
            self._listener.stop()
        LOG.info("gwsched ends")
        return 0

    def _serve(self, nb: Database, sb: Database) -> None:
        for database in (nb, sb):
            database.connect(self._stopping, self._completed)
        nb.set_lock()
        loop = Loop(nb, sb, self._scheduler, self._settings, self._metrics)

        def completed() -> None:
            self._completed(loop.summary)

        with contextlib.closing(loop):
            loop.run(self._stopping, self._wakeup.reader, completed)

    def _completed(self, status: str = "connecting") -> None:
        """Tell the service manager that the loop has come round."""
        self._completed_at = time.monotonic()
        self._notifier.notify(f"WATCHDOG=1\nSTATUS={status}")

    def _not_live(self) -> str | None:
        age = time.monotonic() - self._completed_at
        if age <= STALE:
            return None
        return f"the loop has not come round for {age:.0f} s"

    def _not_ready(self) -> str | None:
        view = self._metrics.view
        for db, there in (
            ("NB", view.nb_connected),
            ("SB", view.sb_connected),
        ):
            if not there:
                return f"{db} is not in sync"
        return None

    def _handle_signals(self) -> None:
        """Let signals set flags only, and wake the loop by a socket."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGHUP, self._ignore)

    def _stop(self, number: int, _frame: object) -> None:
        LOG.info("%s: stopping", signal.Signals(number).name)
        self._stopping.set()

    def _ignore(self, _number: int, _frame: object) -> None:
        LOG.info("SIGHUP is reserved for reload, which is not there yet")


class _Flag(threading.Event):
    """An event that a signal handler may set, for it takes no lock."""

    def __init__(self, reader: socket.socket) -> None:
        super().__init__()
        self._reader = reader
        self._raised = False

    def set(self) -> None:
        """Raise the flag; the signal itself wakes who waits."""
        self._raised = True

    def is_set(self) -> bool:
        """Whether the flag was raised."""
        return self._raised

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for a signal, any signal, or the timeout (seconds)."""
        if not self._raised:
            select.select([self._reader], [], [], timeout)
            with contextlib.suppress(BlockingIOError):
                self._reader.recv(1024)  # else the next wait would not wait
        return self._raised


class _Wakeup:
    """The socket that Python writes to on every signal."""

    def __init__(self) -> None:
        self.reader, self._writer = socket.socketpair()
        self.reader.setblocking(False)
        self._writer.setblocking(False)
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self.stopping = _Flag(self.reader)


def _set_up_logging(options: cfg.ConfigOpts) -> None:
    """Log as configured; :raises ConfigurationError: where that fails."""
    elsewhere = (options.log_file, options.log_dir, options.use_journal)
    if not any(elsewhere):
        options.set_default("use_stderr", True)  # oslo.log's is stdout
    log.set_defaults(
        default_log_levels=[*log.get_default_log_levels(), "ovsdbapp=WARN"]
    )
    try:
        log.setup(options, "gwsched", __version__)
    except (OSError, log.LogConfigError) as error:
        raise ConfigurationError(f"[DEFAULT] cannot log: {error}") from error
    vlog.use_python_logger(max_level=vlog.WARN)
