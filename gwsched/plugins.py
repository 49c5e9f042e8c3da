# SPDX-License-Identifier: Apache-2.0
"""The scheduler of a name, found by stevedore among what is installed."""

from __future__ import annotations

from importlib.metadata import entry_points

from stevedore import DriverManager
from stevedore.exception import MultipleMatches, NoMatches

from gwsched.conf import ConfigurationError
from gwsched.schedulers import Scheduler

NAMESPACE = "gwsched.schedulers"


def load_scheduler(name: str) -> Scheduler:
    """Return the scheduler installed under a name.

    :raises ConfigurationError: where there is none, or it cannot be loaded;
        never is another one taken instead
    """
    try:
        manager: DriverManager[Scheduler] = DriverManager(
            NAMESPACE,
            name,
            invoke_on_load=True,
            warn_on_missing_entrypoint=False,
            on_load_failure_callback=_fail,
        )
    except MultipleMatches as error:
        raise ConfigurationError(
            f"[scheduler] ovn_l3_scheduler: several packages have a "
            f"scheduler {name!r}"
        ) from error
    except NoMatches as error:
        raise ConfigurationError(
            f"[scheduler] ovn_l3_scheduler: there is no scheduler {name!r}; "
            f"installed are {', '.join(installed())}"
        ) from error
    scheduler = manager.driver
    if callable(scheduler) or not hasattr(scheduler, "choose"):
        raise ConfigurationError(
            f"[scheduler] ovn_l3_scheduler: {name!r} is no scheduler: it "
            f"has no method choose(request, ledger)"
        )
    return scheduler


def installed() -> list[str]:
    """Return the names of all schedulers installed, sorted."""
    # Not through stevedore: to name a plug-in it would import it.
    return sorted({point.name for point in entry_points(group=NAMESPACE)})


def _fail(_manager: object, entry_point: object, error: BaseException) -> None:
    raise ConfigurationError(
        f"[scheduler] ovn_l3_scheduler: {entry_point} cannot be loaded: "
        f"{error!r}"
    ) from error
