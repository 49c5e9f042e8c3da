# SPDX-License-Identifier: Apache-2.0
"""The listener's move, with its TLS files, as a client sees it."""

import http.client
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from gwsched import conf
from gwsched.conf import ConfigurationError, Settings
from gwsched.conf.certificates import Certificates
from gwsched.web.app import App
from gwsched.web.listening import Listening


def made(directory: Path, name: str) -> Certificates:
    """Make a certificate that signs itself, where another may have been."""
    key, certificate = directory / "key.pem", directory / "cert.pem"
    subprocess.run(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
        f"-nodes -subj /CN={name} -addext subjectAltName=IP:127.0.0.1 "
        f"-keyout {key} -out {certificate}".split(),
        check=True,
        capture_output=True,
    )
    return Certificates(str(certificate), str(key))


@pytest.fixture
def settings() -> Settings:
    return replace(conf.load([])[1], metrics_port=0)


@pytest.fixture
def listening(settings: Settings) -> Iterator[Listening]:
    app = App(CollectorRegistry(), lambda: None, lambda: None, dict)
    there = Listening(app, settings)
    there.start()
    yield there
    there.stop()


def subject(port: int, trusted: Certificates) -> str:
    """Ask by HTTPS; return who answered."""
    context = ssl.create_default_context(cafile=trusted.certificate)
    with closing(
        http.client.HTTPSConnection(
            "127.0.0.1", port, timeout=10, context=context
        )
    ) as connection:
        connection.request("GET", "/livez")
        assert isinstance(connection.sock, ssl.SSLSocket)
        shown: Any = connection.sock.getpeercert()
        assert connection.getresponse().read() == b"ok\n"
    names = dict(pair for (pair,) in shown["subject"])
    return str(names["commonName"])


def plain(port: int) -> bytes:
    with closing(
        http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    ) as connection:
        connection.request("GET", "/livez")
        return connection.getresponse().read()


def test_from_http_to_https_and_back_on_the_same_port(
    listening: Listening,
    settings: Settings,
    tmp_path: Path,
) -> None:
    first = listening.port
    files = made(tmp_path, "one")
    with listening.moving(replace(settings, metrics_tls=files)):
        pass
    assert listening.port == first
    assert subject(first, files) == "one"
    with listening.moving(settings):
        pass
    assert plain(first) == b"ok\n"


def test_a_renewed_certificate_is_shown(
    listening: Listening,
    settings: Settings,
    tmp_path: Path,
) -> None:
    files = made(tmp_path, "one")
    secured = replace(settings, metrics_tls=files)
    with listening.moving(secured):
        pass
    assert subject(listening.port, files) == "one"
    made(tmp_path, "two")
    with listening.moving(secured):
        pass
    assert subject(listening.port, files) == "two"


def test_what_is_the_same_is_not_touched(
    listening: Listening,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    with listening.moving(replace(settings, timeout=7)):
        pass
    assert caplog.messages == []
    assert plain(listening.port) == b"ok\n"


def test_files_that_are_of_no_use_leave_it_as_it_was(
    listening: Listening,
    settings: Settings,
    tmp_path: Path,
) -> None:
    secured = replace(settings, metrics_tls=made(tmp_path, "one"))
    (tmp_path / "key.pem").write_text("no key\n")
    with (
        pytest.raises(ConfigurationError, match="key"),
        listening.moving(secured),
    ):
        pass
    assert plain(listening.port) == b"ok\n"


def test_it_comes_back_by_the_next_move_where_it_could_not_go_back(
    listening: Listening,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Somebody has taken the port in the meantime."""

    def never(*_: object) -> None:
        raise OSError("in use")

    with monkeypatch.context() as taken:
        taken.setattr("gwsched.web.listening.Listener", never)
        with (
            pytest.raises(ConfigurationError, match="in use"),
            listening.moving(replace(settings, metrics_bind="127.0.0.2")),
        ):
            pass
    assert caplog.records[-1].levelname == "CRITICAL"
    assert listening.port == 0
    with listening.moving(settings):
        pass
    assert plain(listening.port) == b"ok\n"
