# SPDX-License-Identifier: Apache-2.0
"""Run commands and wait for conditions; every failure is one line."""

import subprocess
import textwrap
import time
from collections.abc import Callable, Mapping

POLL_SECONDS = 0.02


class SandboxError(Exception):
    """What the sandbox could not do, in one line."""


def run(
    *argv: str,
    env: Mapping[str, str] | None = None,
    stdin: str | None = None,
    timeout: float = 30,
) -> str:
    """Run a command and return its standard output."""
    command = textwrap.shorten(" ".join(argv), 160)
    try:
        done = subprocess.run(
            argv,
            env=env,
            input=stdin,
            timeout=timeout,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise SandboxError(f"{argv[0]} is not installed") from None
    except subprocess.TimeoutExpired:
        raise SandboxError(f"{command}: no end in {timeout:g} s") from None
    if done.returncode:
        reason = one_line(done.stderr) or f"exit status {done.returncode}"
        raise SandboxError(f"{command}: {reason}")
    return done.stdout


def one_line(text: str) -> str:
    """Fold a message of several lines into one."""
    return "; ".join(line.strip() for line in text.splitlines() if line)


def wait_until(
    condition: Callable[[], bool], timeout: float, what: str
) -> None:
    """Poll until the condition holds; name it in the error if it never does.

    A condition that raises SandboxError does not hold yet.
    """
    deadline = time.monotonic() + timeout
    while True:
        reason = ""
        try:
            if condition():
                return
        except SandboxError as error:
            reason = f" ({error})"
        if time.monotonic() > deadline:
            raise SandboxError(
                f"waited {timeout:g} s in vain for {what}{reason}"
            )
        time.sleep(POLL_SECONDS)
