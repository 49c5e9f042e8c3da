# SPDX-License-Identifier: Apache-2.0
"""A python-ovs whose insides are not as known: one identity, or a refusal."""

from pathlib import Path

import pytest
from ovs.stream import SSLStream, Stream

from gwsched.conf import ConfigurationError, Identities, Tls
from gwsched.ovsdb import streams
from tests.pki import Authority

FILES = ("_SSL_private_key_file", "_SSL_certificate_file", "_SSL_ca_cert_file")


@pytest.fixture(autouse=True)
def _unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is set in python-ovs is set back."""
    assert streams.SEVERAL, "python-ovs has changed: see streams.py"
    monkeypatch.setattr(streams, "SEVERAL", False)
    methods = {**Stream._SOCKET_METHODS, "ssl:": SSLStream}
    monkeypatch.setattr(Stream, "_SOCKET_METHODS", methods)
    for name in FILES:
        monkeypatch.setattr(Stream, name, None)


def tls(directory: Path, name: str, options: str) -> Tls:
    files = Authority(directory, "ca").sign(name)
    return Tls(
        files.private_key, files.certificate, files.ca_cert, options=options
    )


def test_one_identity_is_python_ovs_own(tmp_path: Path) -> None:
    ours = tls(tmp_path, "ours", "ovn_nb")
    streams.prepare(Identities(nb=ours, sb=ours))
    used = [getattr(Stream, name) for name in FILES]
    assert used == [ours.private_key, ours.certificate, ours.ca_cert]
    assert Stream._find_method("ssl:192.0.2.1:1") is SSLStream


def test_more_than_one_is_refused_by_name(tmp_path: Path) -> None:
    different = Identities(
        nb=tls(tmp_path, "one", "ovn_nb"), ovs=tls(tmp_path, "two", "ovs")
    )
    with pytest.raises(ConfigurationError, match=r"ovn_nb_\*.*ovs_\* differ"):
        streams.prepare(different)
