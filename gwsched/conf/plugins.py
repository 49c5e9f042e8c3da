# SPDX-License-Identifier: Apache-2.0
"""The scheduler of a name, found by stevedore among what is installed."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import NoReturn, cast

from stevedore import DriverManager
from stevedore.exception import MultipleMatches

from gwsched.conf import ConfigurationError
from gwsched.schedulers import Scheduler

NAMESPACE = "gwsched.schedulers"


def load_scheduler(name: str) -> Scheduler:
    """Return the scheduler installed under a name.

    :raises ConfigurationError: where there is none, or it cannot be loaded;
        never is another one taken instead
    """
    if name not in installed():
        raise ConfigurationError(
            f"[scheduler] ovn_l3_scheduler: there is no scheduler {name!r}; "
            f"installed are {', '.join(installed())}"
        )
    try:
        manager: DriverManager[Scheduler] = DriverManager(
            NAMESPACE,
            name,
            invoke_on_load=True,
            on_load_failure_callback=_fail,
        )
    except AssertionError as error:  # stevedore hands only this one on
        _fail(None, name, error)
    except MultipleMatches as error:
        raise ConfigurationError(
            f"[scheduler] ovn_l3_scheduler: several packages have a "
            f"scheduler {name!r}"
        ) from error
    scheduler: object = manager.driver
    if not callable(getattr(scheduler, "choose", None)):
        raise ConfigurationError(
            f"[scheduler] ovn_l3_scheduler: {name!r} is no scheduler: it "
            f"has no method choose(request, ledger)"
        )
    return cast(Scheduler, scheduler)


def installed() -> list[str]:
    """Return the names of all schedulers installed, sorted."""
    # Not through stevedore: to name a plug-in it would import it.
    return sorted({point.name for point in entry_points(group=NAMESPACE)})


def _fail(
    _manager: object, entry_point: object, error: BaseException
) -> NoReturn:
    raise ConfigurationError(
        f"[scheduler] ovn_l3_scheduler: {entry_point} cannot be loaded: "
        f"{error!r}"
    ) from error
