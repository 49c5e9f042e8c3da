# SPDX-License-Identifier: Apache-2.0
"""Logging as configured, and as configured anew; oslo.log does the work."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from oslo_config import cfg
from oslo_log import log, rate_limit
from ovsdbapp.backend.ovs_idl import vlog

from gwsched import __version__
from gwsched.conf import ConfigurationError
from gwsched.conf.plain import ALL_IN_ONE_LINE


def set_up(options: cfg.ConfigOpts) -> None:
    """Log as configured; :raises ConfigurationError: where that fails."""
    elsewhere = (options.log_file, options.log_dir, options.use_journal)
    if not any(elsewhere):
        options.set_default("use_stderr", True)  # oslo.log's is stdout
    log.set_defaults(
        default_log_levels=[*log.get_default_log_levels(), "ovsdbapp=WARN"]
    )
    try:
        log.setup(options, "gwsched", __version__)
    except (OSError, RuntimeError, ValueError, log.LogConfigError) as error:
        raise ConfigurationError(f"[DEFAULT] cannot log: {error}") from error
    for handler in _handlers(_loggers()):
        handler.addFilter(ALL_IN_ONE_LINE)
    vlog.use_python_logger(max_level=vlog.WARN)


def renew(before: cfg.ConfigOpts, after: cfg.ConfigOpts) -> None:
    """Log by another configuration from now on.

    :raises ConfigurationError: where that fails; logging goes on as before
    """
    if before.log_config_append != after.log_config_append:
        # oslo.log does not take back what such a file has set.
        raise ConfigurationError(
            "[DEFAULT] log_config_append: another file needs a restart"
        )
    with _undone_on_error():
        rate_limit.uninstall_filter()  # it refuses to be there twice
        try:
            set_up(after)
        except ConfigurationError:
            _limit_rate(before)
            raise


def _limit_rate(options: cfg.ConfigOpts) -> None:
    """Limit the rate as before; oslo.log comes to that last."""
    burst, interval = options.rate_limit_burst, options.rate_limit_interval
    if burst and interval and not options.log_config_append:
        rate_limit.uninstall_filter()
        rate_limit.install_filter(
            burst, interval, options.rate_limit_except_level
        )


@contextmanager
def _undone_on_error() -> Iterator[None]:
    """Give all loggers back what they have; close what is left over.

    oslo.log takes the old handlers down before it puts the new ones up.
    """
    kept = {
        logger: (logger.level, logger.propagate, [*logger.handlers])
        for logger in _loggers()
    }
    old = _handlers(kept)
    try:
        yield
    except BaseException:
        new = _handlers(_loggers())
        for logger, (level, propagate, handlers) in kept.items():
            logger.setLevel(level)
            logger.propagate = propagate
            logger.handlers[:] = handlers
        _close(new - old)
        raise
    _close(old - _handlers(_loggers()))


def _loggers() -> list[logging.Logger]:
    named = logging.root.manager.loggerDict.values()
    return [
        logging.root,
        *(logger for logger in named if isinstance(logger, logging.Logger)),
    ]


def _handlers(loggers: Iterable[logging.Logger]) -> set[logging.Handler]:
    return {handler for logger in loggers for handler in logger.handlers}


def _close(handlers: Iterable[logging.Handler]) -> None:
    for handler in handlers:
        handler.close()
