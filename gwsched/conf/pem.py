# SPDX-License-Identifier: Apache-2.0
"""TLS files, loaded or refused with one clear line; no content is told."""

from __future__ import annotations

import ssl
from pathlib import Path

from gwsched.conf.remotes import ConfigurationError

BEGIN = "-----BEGIN "


def read(option: str, path: str) -> bytes:
    """Return a PEM file's content; the option is named with its section.

    :raises ConfigurationError: where it is none, or cannot be read
    """
    if BEGIN in path:
        # Of all mistakes the one whose message would show the key.
        raise ConfigurationError(
            f"{option} is PEM text; it is to be the path of a file with it"
        )
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{option}: cannot read {path}: {error.strerror}"
        ) from error
    if BEGIN.encode() not in content:
        raise ConfigurationError(f"{option}: {path} is no PEM file")
    return content


def load_pair(
    context: ssl.SSLContext, prefix: str, certificate: str, key: str
) -> None:
    """Load a certificate and the key to it.

    :param prefix: what the names of their options begin with

    :raises ConfigurationError: where they cannot be used
    """
    try:
        # An empty password, so that OpenSSL asks for none on the terminal.
        context.load_cert_chain(certificate, key, "")
    except (ssl.SSLError, OSError) as error:
        why = str(error)
        if getattr(error, "reason", None) == "KEY_VALUES_MISMATCH":
            why = "the key is another certificate's"
        raise ConfigurationError(
            f"{prefix}certificate {certificate} and private_key {key} "
            f"cannot be used together: {why}"
        ) from error


def load_authority(context: ssl.SSLContext, option: str, path: str) -> None:
    """Load the authorities by whom the other end must be signed.

    :raises ConfigurationError: where the file cannot be used
    """
    try:
        context.load_verify_locations(path)
    except (ssl.SSLError, OSError) as error:
        raise ConfigurationError(
            f"{option}: {path} cannot be used: {error}"
        ) from error
