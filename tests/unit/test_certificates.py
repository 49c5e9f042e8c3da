# SPDX-License-Identifier: Apache-2.0
"""The listener with TLS: real certificates, real handshakes."""

import http.client
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from oslo_config import cfg
from prometheus_client import CollectorRegistry

from gwsched import conf
from gwsched.conf import certificates
from gwsched.conf.certificates import Certificates
from gwsched.conf.remotes import ConfigurationError
from gwsched.web.app import App, Listener
from tests.pki import Authority, Files


@dataclass(frozen=True)
class Pki:
    """Who signs the server, and who its clients; and a stranger."""

    server: Path
    key: Path
    ca: Path
    clients: Path
    client: tuple[Path, Path]
    stranger: tuple[Path, Path]

    def files(self, ca_cert: str = "") -> Certificates:
        return Certificates(str(self.server), str(self.key), ca_cert)


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    directory = tmp_path_factory.mktemp("pki")
    servers = Authority(directory, "servers")
    clients = Authority(directory, "clients")
    server = servers.sign("server")
    return Pki(
        Path(server.certificate),
        Path(server.private_key),
        servers.file,
        clients.file,
        _pair(clients.sign("client")),
        _pair(servers.sign("stranger")),
    )


def _pair(files: Files) -> tuple[Path, Path]:
    return Path(files.certificate), Path(files.private_key)


@contextmanager
def listening(files: Certificates) -> Iterator[Listener]:
    app = App(CollectorRegistry(), lambda: None, lambda: None, dict)
    listener = Listener(app, "127.0.0.1", 0, certificates.context(files))
    listener.start()
    try:
        yield listener
    finally:
        listener.stop()


def ask(
    listener: Listener, pki: Pki, client: tuple[Path, Path] | None = None
) -> str:
    context = ssl.create_default_context(cafile=str(pki.ca))
    if client:
        context.load_cert_chain(*client)
    with closing(
        http.client.HTTPSConnection(
            "127.0.0.1", listener.port, timeout=10, context=context
        )
    ) as connection:
        connection.request("GET", "/livez")
        return connection.getresponse().read().decode()


def test_with_a_certificate_it_speaks_https(pki: Pki) -> None:
    with listening(pki.files()) as listener:
        assert ask(listener, pki) == "ok\n"
        assert ask(listener, pki, pki.client) == "ok\n"


def test_nothing_is_said_in_the_clear(pki: Pki) -> None:
    with (
        listening(pki.files()) as listener,
        socket.create_connection(("127.0.0.1", listener.port), 10) as client,
    ):
        client.sendall(b"GET /livez HTTP/1.0\r\n\r\n")
        said = b""
        with suppress(ConnectionResetError):
            while more := client.recv(4096):
                said += more
    assert b"HTTP" not in said


def test_with_an_authority_clients_need_its_certificate(pki: Pki) -> None:
    with listening(pki.files(str(pki.clients))) as listener:
        assert ask(listener, pki, pki.client) == "ok\n"
        for nobody in (None, pki.stranger):
            with pytest.raises((ssl.SSLError, OSError)):
                ask(listener, pki, nobody)
        assert ask(listener, pki, pki.client) == "ok\n"


def test_a_handshake_that_does_not_come_holds_up_nobody(pki: Pki) -> None:
    with listening(pki.files()) as listener:
        address = ("127.0.0.1", listener.port)
        silent = [socket.create_connection(address, 10) for _ in range(4)]
        try:
            silent[0].sendall(b"\x16\x03")
            assert ask(listener, pki) == "ok\n"
        finally:
            for client in silent:
                client.close()


def test_failed_handshakes_are_not_written_to_stderr(
    pki: Pki, capfd: pytest.CaptureFixture[str]
) -> None:
    with listening(pki.files(str(pki.clients))) as listener:
        with pytest.raises((ssl.SSLError, OSError)):
            ask(listener, pki)
        assert ask(listener, pki, pki.client) == "ok\n"
    assert capfd.readouterr() == ("", "")


Configure = Callable[..., Certificates | None]


@pytest.fixture
def configure(tmp_path: Path) -> Configure:
    """Return what [metrics] with some options makes."""

    def made(**options: object) -> Certificates | None:
        path = tmp_path / "gwsched.conf"
        lines = [f"{name} = {value}" for name, value in options.items()]
        path.write_text("\n".join(["[metrics]", *lines, ""]))
        found = cfg.ConfigOpts()
        conf.register(found)
        conf.parse(found, ["--config-file", str(path)], "gwsched")
        return certificates.configured(found)

    return made


def test_without_files_it_is_plain_http(configure: Configure) -> None:
    assert configure() is None


def test_files_that_are_of_use(configure: Configure, pki: Pki) -> None:
    for ca_cert in ("", pki.clients):
        found = configure(
            certificate=pki.server, private_key=pki.key, ca_cert=ca_cert
        )
        assert found == pki.files(str(ca_cert))


def test_an_option_that_is_missing_is_named(
    configure: Configure, pki: Pki
) -> None:
    with pytest.raises(ConfigurationError, match=r"\[metrics\] private_key"):
        configure(certificate=pki.server)
    with pytest.raises(ConfigurationError, match=r"\[metrics\] certificate"):
        configure(private_key=pki.key)
    with pytest.raises(ConfigurationError, match=r"\[metrics\] certificate"):
        configure(ca_cert=pki.clients)


def test_a_file_that_is_missing_is_named(
    configure: Configure, pki: Pki, tmp_path: Path
) -> None:
    away = tmp_path / "away.pem"
    whole = {
        "certificate": pki.server,
        "private_key": pki.key,
        "ca_cert": pki.clients,
    }
    for option in whole:
        with pytest.raises(ConfigurationError) as raised:
            configure(**{**whole, option: away})
        assert f"[metrics] {option}" in str(raised.value)
        assert str(away) in str(raised.value)


def test_files_that_do_not_fit(configure: Configure, pki: Pki) -> None:
    _, other = pki.client
    with pytest.raises(ConfigurationError, match="cannot be used together"):
        configure(certificate=pki.server, private_key=other)


def test_an_encrypted_key_asks_for_no_password(
    configure: Configure, pki: Pki, tmp_path: Path
) -> None:
    key = tmp_path / "encrypted.key"
    plain = load_pem_private_key(pki.key.read_bytes(), None)
    key.write_bytes(
        plain.private_bytes(
            Encoding.PEM,
            PrivateFormat.PKCS8,
            BestAvailableEncryption(b"secret"),
        )
    )
    with pytest.raises(ConfigurationError, match="cannot be used together"):
        configure(certificate=pki.server, private_key=key)


def test_an_authority_of_no_use(
    configure: Configure, pki: Pki, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("-----BEGIN CERTIFICATE-----\nno\n")
    with pytest.raises(ConfigurationError, match=r"\[metrics\] ca_cert"):
        configure(certificate=pki.server, private_key=pki.key, ca_cert=broken)


def test_who_does_not_shake_hands_is_hung_up_on(
    pki: Pki, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gwsched.web.serving.PATIENCE", 0.1)
    with (
        listening(pki.files()) as listener,
        socket.create_connection(("127.0.0.1", listener.port), 10) as client,
    ):
        assert client.recv(1) == b""
