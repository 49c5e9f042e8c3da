# SPDX-License-Identifier: Apache-2.0
"""What only a running daemon knows: its status, fetched over HTTP.

Verdicts rest on what was seen before, guards and decisions on what was done;
the databases have none of it.
"""

from __future__ import annotations

import argparse
import http.client
import ipaddress
import json
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

from gwsched.cli.daemon import contract
from gwsched.cli.daemon.contract import Document, NonsenseError
from gwsched.cli.output import UsageError, complain
from gwsched.conf import Settings

# A daemon of the same host answers at once or not at all (seconds).
PATIENCE = 2.0
LONGEST = 16 * 1024 * 1024
CHUNK = 64 * 1024
PATH = "/api/status"
ASSUMED = "verdicts below are assumed from the databases alone"


class UnheardError(Exception):
    """A daemon that does not answer, or not as one; one clear line."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a daemon says of itself, and where it was asked."""

    url: str
    document: Document

    @property
    def stands_by(self) -> bool:
        """Whether another daemon is the one that writes."""
        return bool(self.document["role"] != "leader")


def add_options(verb: argparse.ArgumentParser) -> None:
    """Add the options that say which daemon to ask."""
    verb.add_argument(
        "--daemon",
        metavar="URL",
        help="the daemon to ask, such as http://controller1:9977 (default: "
        "the one on this host, by [metrics] bind and port)",
    )
    verb.add_argument(
        "--ca-cert",
        metavar="FILE",
        help="the CA certificates to verify an https daemon by (default: "
        "those of the system)",
    )


def ask(asked: argparse.Namespace, settings: Settings) -> Report | None:
    """Return what the daemon says; complain in a line where it does not.

    :raises UsageError: where the options make no sense
    """
    trust = _trust(asked.ca_cert)
    url = base(asked.daemon) if asked.daemon else here(settings)
    if url is None:
        complain(
            f"[metrics] port is 0, so nobody knows where gwsched listens: "
            f"use --daemon URL; {ASSUMED}"
        )
        return None
    try:
        report = fetch(url, trust)
    except UnheardError as error:
        complain(f"no gwsched answers at {url}: {error}; {ASSUMED}")
        return None
    if report.stands_by:
        role = report.document["role"] or "of an unknown role"
        complain(
            f"the gwsched at {url} is {role}: decisions, guards and budget "
            f"are its own, not those of the leader"
        )
    return report


def here(settings: Settings) -> str | None:
    """Return where the daemon of this host listens, if that is fixed."""
    if not settings.metrics_port:
        return None
    host = settings.metrics_bind
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return f"http://{host}:{settings.metrics_port}"
    if address.is_unspecified:  # all addresses: loopback is one of them
        host = "127.0.0.1" if address.version == 4 else "::1"
    shown = f"[{host}]" if address.version == 6 else host
    return f"http://{shown}:{settings.metrics_port}"


def base(url: str) -> str:
    """Return a URL given by an operator, without what follows the host.

    :raises UsageError: where it is none
    """
    try:
        parts = urllib.parse.urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname
        _ = parts.port  # parsed only when asked for
    except ValueError:
        good = False
    if not good or parts.path not in ("", "/", PATH) or parts.query:
        raise UsageError(
            f"--daemon: {url!r} is no URL such as http://controller1:9977"
        )
    return f"{parts.scheme}://{parts.netloc}"


def fetch(url: str, trust: ssl.SSLContext | None = None) -> Report:
    """Ask a daemon for its status; :raises UnheardError: where it fails."""
    handlers: list[Any] = [urllib.request.ProxyHandler({})]
    if trust:
        handlers.append(urllib.request.HTTPSHandler(context=trust))
    opener = urllib.request.build_opener(*handlers)
    deadline = time.monotonic() + PATIENCE
    try:
        with opener.open(url + PATH, timeout=PATIENCE) as answer:
            document = json.loads(
                _body(answer, deadline), parse_constant=_no_number
            )
        return Report(url, contract.checked(document))
    except urllib.error.HTTPError as error:
        error.close()
        raise UnheardError(_not_found(error)) from error
    except NonsenseError as error:
        raise UnheardError(str(error)) from error
    except (ValueError, RecursionError) as error:
        raise UnheardError(f"its answer is no JSON: {error}") from error
    except (OSError, http.client.HTTPException) as error:
        raise UnheardError(_reason(error)) from error


def _body(answer: http.client.HTTPResponse, deadline: float) -> bytes:
    """Read all there is, but no more than is sensible, nor for long."""
    body = bytearray()
    while chunk := answer.read1(CHUNK):
        body += chunk
        if len(body) > LONGEST:
            raise OSError(f"its answer is longer than {LONGEST} bytes")
        if time.monotonic() > deadline:
            raise TimeoutError(f"its answer took more than {PATIENCE:g} s")
    return bytes(body)


def _trust(ca_cert: str | None) -> ssl.SSLContext | None:
    if ca_cert is None:
        return None
    try:
        return ssl.create_default_context(cafile=ca_cert)
    except OSError as error:
        raise UsageError(
            f"--ca-cert: cannot read {ca_cert}: {error.strerror or error}"
        ) from error


def _not_found(error: urllib.error.HTTPError) -> str:
    said = f"HTTP {error.code} {error.reason}"
    if error.code != http.client.NOT_FOUND:
        return said
    return f"{said}: is it an older gwsched, or something else?"


def _reason(error: Exception) -> str:
    cause = getattr(error, "reason", error)
    if isinstance(cause, TimeoutError):
        return (
            str(cause)
            if "took" in str(cause)
            else (f"no answer within {PATIENCE:g} s")
        )
    if isinstance(cause, OSError) and cause.strerror:
        return str(cause.strerror)
    return " ".join(str(cause).split()) or type(cause).__name__


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")
