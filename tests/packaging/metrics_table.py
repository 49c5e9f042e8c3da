# SPDX-License-Identifier: Apache-2.0
"""Print docs/metrics.md: ``python -m tests.packaging.metrics_table``."""

from __future__ import annotations

import sys

from tests.packaging.exports import Family, families

HEAD = """\
# Metrics

What `http://127.0.0.1:9977/metrics` exports (`[metrics] bind` and `port`),
made from the registry by `python -m tests.packaging.metrics_table`.
[alerts.md](alerts.md) says what to do about it.

- Every gwsched exports what it sees, the one that leads and those that stand
  by; only the leader counts moves and transactions. Of several, ask the
  leader: `gwsched_ports_unclaimed and on (job, instance) gwsched_leader == 1`.
- `chassis` is the name in SB. `gwsched_chassis_info` has the host's name and
  zones to join with: `gwsched_chassis_active_ports * on (job, instance,
  chassis) group_left (hostname) gwsched_chassis_info`.
- Series are of chassis that are gateways or are used as such. None is of a
  router or a port: their number does not grow with the cloud.
- What the databases are needed for is absent until both were read once.

| metric | type | labels | what it says |
|---|---|---|---|
"""

TAIL = """
Beside these there are `process_*` and `python_info` of prometheus_client:
CPU, memory, descriptors, start time.
"""


def row(family: Family) -> str:
    """Return one line of the table."""
    labels = []
    for name in family.labels:
        if name == "le":
            continue
        values = family.known(name)
        said = ", ".join(f"`{v}`" for v in sorted(values or ()))
        labels.append(f"`{name}`: {said}" if values else f"`{name}`")
    return (
        f"| `{family.name}` | {family.kind} | {'; '.join(labels)} "
        f"| {family.text} |\n"
    )


def page() -> str:
    """Return the whole page."""
    return HEAD + "".join(map(row, families())) + TAIL


if __name__ == "__main__":
    sys.stdout.write(page())
