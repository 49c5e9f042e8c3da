# SPDX-License-Identifier: Apache-2.0
"""From when to when the certificates are good that gwsched was given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gwsched.conf.identities import Tls
from gwsched.conf.loading import Settings

# How long before the end it is said at each start and reload.
SOON = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Certificates:
    """A file with the certificates that an option names.

    ``used_by`` is what they are for: nb, sb, ovs or metrics.
    """

    used_by: str
    part: str
    option: str
    path: str

    def period(self) -> tuple[datetime, datetime] | None:
        """From when to when it is of use, None where it cannot be read.

        Of authorities the one counts that is good for longest.
        """
        # 16 MiB that only those need who use TLS.
        from cryptography import x509

        try:
            found = x509.load_pem_x509_certificates(
                Path(self.path).read_bytes()
            )
        except (OSError, ValueError):
            return None
        if self.part == "certificate":
            del found[1:]  # the others are between it and its authority
        return max(
            ((c.not_valid_before_utc, c.not_valid_after_utc) for c in found),
            key=lambda period: period[1],
        )

    def expires(self) -> float:
        """When it expires, in seconds; 0 where it cannot be read."""
        period = self.period()
        return period[1].timestamp() if period else 0.0

    def fault(self, now: datetime) -> str:
        """Say why it is of no use now, "" where it is of use."""
        period = self.period()
        if period is None:
            return f"{self.option}: {self.path} has no certificate in it"
        begin, end = period
        if now < begin:
            return (
                f"{self.option}: {self.path} is not valid before "
                f"{begin:%Y-%m-%d %H:%M} UTC; is the clock of this host right?"
            )
        if now > end:
            return (
                f"{self.option}: {self.path} has expired at "
                f"{end:%Y-%m-%d %H:%M} UTC; put a renewed one in its place"
            )
        return ""

    def warning(self, now: datetime) -> str:
        """Say that it will soon be of no use, "" where it will not."""
        period = self.period()
        if period is None or period[1] - now > SOON:
            return ""
        return (
            f"{self.option}: {self.path} expires at "
            f"{period[1]:%Y-%m-%d %H:%M} UTC; put a renewed one in its place"
        )


def of(tls: Tls, used_by: str = "") -> Iterator[Certificates]:
    """List those of an identity."""
    for part in ("certificate", "ca_cert"):
        path = getattr(tls, part)
        yield Certificates(used_by, part, tls.option(part), path)


def certificates(settings: Settings) -> tuple[Certificates, ...]:
    """List all that the settings name and use."""
    found: list[Certificates] = []
    for used_by in ("nb", "sb", "ovs"):
        tls = getattr(settings.tls, used_by)
        found += of(tls, used_by) if tls else ()
    for part in ("certificate", "ca_cert"):
        path = getattr(settings.metrics_tls, part, "")
        option = f"[metrics] {part}"
        found += [Certificates("metrics", part, option, path)] if path else []
    return tuple(found)


def faults(settings: Settings) -> list[str]:
    """Say which certificates are of no use just now, each option once."""
    now = datetime.now(UTC)
    found = {c.fault(now): None for c in certificates(settings)}
    return [fault for fault in found if fault]


def warnings(settings: Settings) -> list[str]:
    """Say which certificates of use will soon be of none."""
    now = datetime.now(UTC)
    found = {
        c.warning(now): None
        for c in certificates(settings)
        if not c.fault(now)
    }
    return [warning for warning in found if warning]
