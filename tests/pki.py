# SPDX-License-Identifier: Apache-2.0
"""Authorities made for a test, and what they sign."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Files:
    """The files of one identity; OVSDB servers take the same."""

    private_key: str
    certificate: str
    ca_cert: str

    def options(self, begin: str) -> dict[str, object]:
        """Return the options that name them."""
        return {
            f"{begin}_private_key": self.private_key,
            f"{begin}_certificate": self.certificate,
            f"{begin}_ca_cert": self.ca_cert,
        }


@dataclass
class Authority:
    """An authority with files of its own in a directory."""

    directory: Path
    name: str
    days: tuple[float, float] = (-1, 30)
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def __post_init__(self) -> None:
        self.file = self.directory / f"{self.name}.pem"
        made = self._certificate(self.name, self.key, self.days, ca=True)
        self.file.write_bytes(made)

    def sign(self, name: str, *days: float) -> Files:
        """Make a key and a certificate for this machine.

        :param days: from now to its begin and its end
        """
        key = ec.generate_private_key(ec.SECP256R1())
        period = (days[0], days[1]) if days else (-1.0, 30.0)
        made = self._certificate(name, key, period, ca=False)
        found = Files(
            f"{self.directory}/{name}.key",
            f"{self.directory}/{name}.pem",
            str(self.file),
        )
        Path(found.certificate).write_bytes(made)
        Path(found.private_key).write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return found

    def _certificate(
        self,
        name: str,
        key: ec.EllipticCurvePrivateKey,
        days: tuple[float, float],
        *,
        ca: bool,
    ) -> bytes:
        now = datetime.now(UTC)
        extensions: Mapping[x509.ExtensionType, bool] = {
            x509.BasicConstraints(ca=ca, path_length=None): True,
            x509.SubjectAlternativeName(
                [x509.IPAddress(ip_address("127.0.0.1"))]
            ): False,
        }
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(_name(self.name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + days[0] * DAY)
            .not_valid_after(now + days[1] * DAY)
        )
        for extension, critical in extensions.items():
            builder = builder.add_extension(extension, critical)
        signed = builder.sign(self.key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM)


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
