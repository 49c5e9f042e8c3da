# SPDX-License-Identifier: Apache-2.0
"""Reserve a sandbox's place on the machine and give it back."""

import logging
import shutil
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from gwsched.sandbox import machine, names
from gwsched.sandbox.fabric import UPLINKS
from gwsched.sandbox.shell import SandboxError
from gwsched.sandbox.state import State, StateFile

LOG = logging.getLogger(__name__)

_LARGEST = 200


def check_size(state: State) -> None:
    """Refuse a sandbox of a size that cannot be built."""
    for what, count, least in (
        ("gateways", state.gateways, 1),
        ("computes", state.computes, 0),
        ("zones", state.zones, 1),
    ):
        if not least <= count <= _LARGEST:
            raise SandboxError(
                f"{count} {what}: must be {least} to {_LARGEST}"
            )


def check_networks(state: State, chassis: Collection[str]) -> None:
    """Refuse networks that are not there, or for who is not there."""
    for name, networks in state.networks.items():
        if name not in chassis:
            raise SandboxError(f"networks for no chassis {name!r}")
        if unknown := set(networks) - set(UPLINKS):
            known = ", ".join(UPLINKS)
            raise SandboxError(f"no network {min(unknown)!r}: one of {known}")


def claim(name: str, directory: Path, state: State) -> None:
    """Make the sandbox's directory, which nobody may have."""
    if names.namespaces(name):
        raise SandboxError(
            f"sandbox {name!r} is up, or half-built: 'down' removes it"
        )
    try:
        _make(directory)
    except FileExistsError:
        raise SandboxError(f"{directory} exists already") from None
    except OSError as error:
        raise SandboxError(f"{directory}: {error.strerror}") from None
    StateFile(directory).write(state)


def tear_down(name: str, base_dir: Path | None = None) -> None:
    """Leave nothing of a sandbox, whole, half-built or not there."""
    directory = names.directory(name, base_dir)
    machine.require_root()
    _check_ours(directory)
    for namespace in names.namespaces(name):
        LOG.info("deleting %s", namespace.name)
        namespace.delete()
    if directory.exists():
        shutil.rmtree(directory)
    if directory.parent == names.DEFAULT_BASE:
        with suppress(OSError):  # others may live there
            directory.parent.rmdir()


def _make(directory: Path) -> None:
    while True:
        directory.parent.mkdir(parents=True, exist_ok=True)
        # Another sandbox's end may have taken the empty parent away.
        with suppress(FileNotFoundError):
            directory.mkdir()
            return


def _check_ours(directory: Path) -> None:
    """Refuse to delete a directory that no sandbox made."""
    if not directory.exists() or (directory / "state.json").exists():
        return
    if not directory.is_dir() or any(directory.iterdir()):
        raise SandboxError(f"{directory} is not a sandbox's directory")
