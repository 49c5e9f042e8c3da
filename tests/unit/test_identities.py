# SPDX-License-Identifier: Apache-2.0
"""Which TLS files each database gets, and what is said of bad ones."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from oslo_config import cfg

from gwsched import conf
from gwsched.conf import ConfigurationError, Settings, configured, validity
from gwsched.conf.identities import PARTS
from tests.pki import Authority, Files

SSL = {
    "ovn_nb": ("ovn_nb_connection", "ssl:10.0.0.1:6641"),
    "ovn_sb": ("ovn_sb_connection", "ssl:10.0.0.1:6642"),
    "ovs": ("ovs_connections", "ssl:10.0.0.9:6640"),
}
VANTAGE = dict([SSL["ovs"]])
NOW = datetime.now(UTC)

Load = Callable[..., Settings]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load options of [ovn]."""

    def loaded(*options: dict[str, object] | dict[str, str]) -> Settings:
        path = tmp_path / "gwsched.conf"
        lines = [f"{k} = {v}" for some in options for k, v in some.items()]
        path.write_text("\n".join(["[ovn]", *lines, ""]))
        found = cfg.ConfigOpts()
        conf.register(found)
        conf.parse(found, ["--config-file", str(path)], "gwsched")
        return conf.settings(found)

    return loaded


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("pki"), "ca")


@pytest.fixture(scope="module")
def files(authority: Authority) -> Files:
    return authority.sign("one")


@pytest.fixture(scope="module")
def others(authority: Authority) -> Files:
    return authority.sign("two")


def complaint(load: Load, *options: dict[str, object]) -> str:
    """Return the one line that is said of a wrong configuration."""
    with pytest.raises(ConfigurationError) as caught:
        load(*options)
    said = str(caught.value)
    assert len(said.splitlines()) == 1, said
    return said


def shown(settings: Settings, used_by: str) -> str | None:
    """Return the certificate that a database is shown."""
    tls = getattr(settings.tls, used_by)
    return tls.certificate if tls else None


def ssl_to(options: str) -> dict[str, object]:
    return dict([SSL[options]])


# -- whose files -----------------------------------------------------------


def test_each_database_has_files_of_its_own(
    load: Load, authority: Authority, files: Files, others: Files
) -> None:
    third = authority.sign("three")
    settings = load(
        *map(ssl_to, SSL),
        files.options("ovn_nb"),
        others.options("ovn_sb"),
        third.options("ovs"),
    )
    assert shown(settings, "nb") == files.certificate
    assert shown(settings, "sb") == others.certificate
    assert shown(settings, "ovs") == third.certificate


def test_who_has_no_ssl_remotes_needs_no_files(
    load: Load, files: Files
) -> None:
    settings = load(ssl_to("ovn_sb"), files.options("ovn_sb"))
    assert shown(settings, "sb") == files.certificate
    assert settings.tls.nb is settings.tls.ovs is None
    nowhere = {"ovn_nb_private_key": "/nowhere"}
    assert load(nowhere).tls == conf.Identities()


@pytest.mark.parametrize("named", [("ovn_nb",), ("ovn_sb",)])
def test_vantage_points_take_the_files_of_either_database(
    load: Load, files: Files, named: tuple[str, ...]
) -> None:
    settings = load(ssl_to("ovs"), *map(files.options, named))
    assert shown(settings, "ovs") == files.certificate


def test_vantage_points_take_the_files_that_are_in_use(
    load: Load, files: Files
) -> None:
    unused = Files("/a.pem", "/b.pem", "/c.pem").options("ovn_sb")
    settings = load(
        ssl_to("ovs"), ssl_to("ovn_nb"), unused, files.options("ovn_nb")
    )
    assert shown(settings, "ovs") == files.certificate


# -- what is wrong ---------------------------------------------------------


@pytest.mark.parametrize("options", SSL)
@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_is_not_given_is_named(
    load: Load, files: Files, options: str, part: str
) -> None:
    given = files.options(options)
    del given[f"{options}_{part}"]
    said = complaint(load, ssl_to(options), given)
    assert f"[ovn] {options}_{part} is needed" in said
    assert SSL[options][0] in said


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("length", [10, 300])
def test_a_file_that_is_not_there_is_named(
    load: Load, files: Files, part: str, length: int
) -> None:
    missing = f"/{'x' * length}.pem"
    given = files.options("ovn_nb") | {f"ovn_nb_{part}": missing}
    said = complaint(load, ssl_to("ovn_nb"), given)
    assert f"[ovn] ovn_nb_{part}: cannot read {missing}" in said


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(
    "text", ["no PEM\n", "-----BEGIN CERTIFICATE-----\nx\n"]
)
def test_a_file_that_is_of_no_use_is_named(
    load: Load, files: Files, tmp_path: Path, part: str, text: str
) -> None:
    junk = tmp_path / "junk.pem"
    junk.write_text(text)
    given = files.options("ovn_nb") | {f"ovn_nb_{part}": junk}
    said = complaint(load, ssl_to("ovn_nb"), given)
    assert "[ovn] ovn_nb_" in said
    assert str(junk) in said


def test_a_key_that_is_anothers(
    load: Load, files: Files, others: Files
) -> None:
    mixed = replace(files, private_key=others.private_key)
    said = complaint(load, ssl_to("ovn_sb"), mixed.options("ovn_sb"))
    assert "the key is another certificate's" in said
    assert files.certificate in said
    assert others.private_key in said


@pytest.mark.parametrize("part", PARTS)
def test_text_where_a_path_should_be_is_not_told(
    load: Load, files: Files, part: str
) -> None:
    """It is the key itself that somebody has pasted."""
    text = Path(files.private_key).read_text().replace("\n", "\n  ")
    given = files.options("ovn_nb") | {f"ovn_nb_{part}": text}
    said = complaint(load, ssl_to("ovn_nb"), given)
    assert f"[ovn] ovn_nb_{part} is PEM text" in said
    assert "BEGIN" not in said


# -- renewal ---------------------------------------------------------------


def test_a_renewed_file_makes_another_identity(
    load: Load, tmp_path: Path
) -> None:
    authority = Authority(tmp_path, "ca")
    options = authority.sign("gwsched").options("ovn_nb")
    before = load(ssl_to("ovn_nb"), options).tls
    assert load(ssl_to("ovn_nb"), options).tls == before
    authority.sign("gwsched")
    assert load(ssl_to("ovn_nb"), options).tls != before


# -- validity --------------------------------------------------------------


def faults(load: Load, files: Files) -> list[str]:
    return validity.faults(load(ssl_to("ovn_nb"), files.options("ovn_nb")))


def test_the_expired_and_those_of_the_future_are_named(
    load: Load, authority: Authority
) -> None:
    assert faults(load, authority.sign("good")) == []
    [old] = faults(load, authority.sign("old", -9, -2))
    assert "[ovn] ovn_nb_certificate: " in old
    assert f"old.pem has expired at {NOW - timedelta(2):%Y-%m-%d}" in old
    [early] = faults(load, authority.sign("early", 2, 9))
    assert f"not valid before {NOW + timedelta(2):%Y-%m-%d}" in early
    settings = load(
        ssl_to("ovn_nb"), authority.sign("old", -9, -2).options("ovn_nb")
    )
    with pytest.raises(ConfigurationError, match="has expired"):
        configured.refuse_expired(settings)


def test_of_several_authorities_one_is_enough(
    load: Load, tmp_path: Path
) -> None:
    old = Authority(tmp_path, "old", (-9, -2))
    new = Authority(tmp_path, "new")
    files = new.sign("gwsched")
    [said] = faults(load, replace(files, ca_cert=str(old.file)))
    assert "[ovn] ovn_nb_ca_cert" in said
    both = tmp_path / "both.pem"
    both.write_bytes(old.file.read_bytes() + new.file.read_bytes())
    assert faults(load, replace(files, ca_cert=str(both))) == []


def test_what_soon_expires_is_said_before(
    load: Load, authority: Authority
) -> None:
    def warnings(days: float) -> list[str]:
        files = authority.sign("short", -1, days)
        return validity.warnings(
            load(ssl_to("ovn_nb"), files.options("ovn_nb"))
        )

    assert warnings(8) == []
    assert ["short.pem expires at" in said for said in warnings(6)] == [True]
    assert warnings(-0.5) == []  # a fault, which is said otherwise


def test_when_each_file_expires(load: Load, tmp_path: Path) -> None:
    files = Authority(tmp_path, "ca", (-1, 20)).sign("gwsched", -1, 5)
    settings = load(ssl_to("ovn_sb"), files.options("ovn_sb"))
    found = {
        (c.used_by, c.part): c.expires()
        for c in validity.certificates(settings)
    }
    left = {key: end - NOW.timestamp() for key, end in found.items()}
    assert left == {
        ("sb", "certificate"): pytest.approx(5 * 86400, abs=600),
        ("sb", "ca_cert"): pytest.approx(20 * 86400, abs=600),
    }
    Path(files.certificate).unlink()
    [certificate, _] = validity.certificates(settings)
    assert certificate.expires() == 0
