# SPDX-License-Identifier: Apache-2.0
"""The names of things, and which of them are allowed."""

import re
from pathlib import Path

from gwsched.sandbox.namespaces import Namespace, existing
from gwsched.sandbox.shell import SandboxError

DEFAULT_NAME = "sandbox"
DEFAULT_BASE = Path("/run/gwsched-sandbox")

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,19}")
_SOCKET_PATH_LIMIT = 107
_LONGEST_SOCKET = "gw999/ovn-controller.4194304.ctl"


def check(name: str, what: str) -> None:
    """Refuse a name that would not do everywhere."""
    if not _NAME.fullmatch(name):
        raise SandboxError(
            f"{what} name {name!r}: at most 20 of a-z, 0-9 and -, "
            "no - in front"
        )


def directory(name: str, base: Path | None) -> Path:
    """Return the directory of a sandbox, if sockets can live in it."""
    check(name, "sandbox")
    path = (base or DEFAULT_BASE).absolute() / name
    longest = len(str(path / _LONGEST_SOCKET))
    if longest > _SOCKET_PATH_LIMIT:
        raise SandboxError(
            f"{path} is {longest - _SOCKET_PATH_LIMIT} characters too long "
            "for the unix sockets in it"
        )
    return path


def central(sandbox: str) -> Namespace:
    """Return the namespace of the fabric and the databases."""
    return Namespace(f"gws-{sandbox}-central")


def chassis(sandbox: str, name: str) -> Namespace:
    """Return the namespace of a chassis."""
    return Namespace(f"gws-{sandbox}-{name}")


def vm(sandbox: str, name: str) -> Namespace:
    """Return the namespace of a VM."""
    # The dot, in no name, tells VM "x-gw1" of sandbox "a" from chassis
    # "gw1" of a sandbox "a-x".
    return Namespace(f"gws-{sandbox}-vm.{name}")


def namespaces(sandbox: str) -> list[Namespace]:
    """List the existing namespaces of one sandbox and no other."""
    mine = re.compile(
        rf"gws-{re.escape(sandbox)}-(central|gw\d+|hv\d+|vm\..+)"
    )
    return [Namespace(name) for name in existing() if mine.fullmatch(name)]
