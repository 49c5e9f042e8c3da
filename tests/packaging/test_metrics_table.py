# SPDX-License-Identifier: Apache-2.0
"""docs/metrics.md, and what it is made of."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.packaging.exports import Family, complaints, families, used

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/metrics.md"
COMMAND = (sys.executable, "-m", "tests.packaging.metrics_table")


def name(family: Family) -> str:
    return family.name


def test_the_page_is_what_the_command_prints() -> None:
    done = subprocess.run(
        COMMAND, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert PAGE.read_text() == done.stdout, (
        f"{PAGE.relative_to(ROOT)} is stale: run `python "
        f"{' '.join(COMMAND[1:])} > docs/metrics.md`"
    )


@pytest.mark.parametrize("family", families(), ids=name)
def test_a_help_text_is_a_sentence(family: Family) -> None:
    assert family.text[0].isupper() or family.text[0].isdigit()
    assert family.text.endswith(".")
    assert "|" not in family.text


def test_a_metric_that_the_example_leaves_empty_would_be_noticed() -> None:
    unlabelled = {
        family.name
        for family in families()
        if not family.labels and family.kind == "gauge"
    }
    assert unlabelled == {
        "gwsched_config_last_reload_success_timestamp_seconds",
        "gwsched_config_last_reload_successful",
        "gwsched_last_successful_plan_timestamp_seconds",
        "gwsched_leader",
        "gwsched_ports",
        "gwsched_ports_mismatched",
        "gwsched_ports_unclaimed",
        "gwsched_ports_underreplicated",
        "gwsched_survivable_failures",
    }


def test_the_names_in_an_expression_are_found() -> None:
    expression = (
        'sum by (job, le) (rate(gwsched_a_bucket{le="5", x=~"a|b"}[5m])) > 1'
        " unless on (job) max_over_time(up[1h]) == 0 or time() - b_seconds"
    )
    assert used(expression) == {"gwsched_a_bucket", "up", "b_seconds"}


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("gwshed_leader == 1", "nothing exports gwshed_leader"),
        (
            "rate(gwsched_cycle_duration_seconds[5m])",
            "nothing exports gwsched_cycle_duration_seconds",
        ),
        ("gwsched_moves", "nothing exports gwsched_moves"),
        (
            'gwsched_guard_active{guard="paused"}',
            "gwsched_guard_active has no guard 'paused'",
        ),
        (
            'gwsched_transactions_total{result=~"failed|lost"}',
            "gwsched_transactions_total has no result 'lost'",
        ),
        (
            'gwsched_moves_total{reason="whim", result="claimed"}',
            "gwsched_moves_total has no reason 'whim'",
        ),
        (
            'gwsched_leader{chassis="gw1"}',
            "gwsched_leader has no label chassis",
        ),
        (
            "max by (job, router) (gwsched_leader)",
            "nothing has a label router",
        ),
    ],
)
def test_what_is_not_exported_is_complained_of(
    expression: str, said: str
) -> None:
    assert list(complaints(expression)) == [said]
