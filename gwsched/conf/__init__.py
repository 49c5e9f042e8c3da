# SPDX-License-Identifier: Apache-2.0
"""The configuration: options and files in, one frozen Settings out.

``options`` are all there are, by section; ``loading`` reads them, with
``remotes``, ``identities``, ``certificates`` and ``patterns`` for what needs
a closer look.
``configured`` is all that a daemon takes from it at once: the settings, the
scheduler (``plugins``) and what nothing here knows (``unknown``); ``logs``
is what it makes of oslo.log's options.
"""

from gwsched.conf.identities import Identities, Tls
from gwsched.conf.loading import (
    Settings,
    list_opts,
    load,
    parse,
    register,
    settings,
)
from gwsched.conf.remotes import ConfigurationError

__all__ = [
    "ConfigurationError",
    "Identities",
    "Settings",
    "Tls",
    "list_opts",
    "load",
    "parse",
    "register",
    "settings",
]
