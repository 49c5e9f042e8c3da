# SPDX-License-Identifier: Apache-2.0
"""The alert rules: valid, tested, made of what exists, and explained."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from gwsched.telemetry.gauges import View
from tests.exposed import VIEW, exported, exposition
from tests.packaging.exports import complaints, series

ROOT = Path(__file__).parents[2]
RULES = ROOT / "etc/prometheus/gwsched.rules.yml"
TESTS = ROOT / "etc/prometheus/tests/gwsched.test.yml"
RUNBOOK = ROOT / "docs/alerts.md"

PARTS = ("Means", "Users feel", "Look at", "Do", "Ends by itself")
TEMPLATED = re.compile(r"\$labels\.(\w+)")
BY = re.compile(r"\bby \(([^)]*)\)")


def promtool(
    *args: str | Path, said: str | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["promtool", *args],
        input=said,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@cache
def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


@cache
def cases() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(TESTS.read_text())["tests"]
    return found


def names() -> list[str]:
    return [rule["alert"] for rule in rules()]


def rule_id(rule: dict[str, Any]) -> str:
    return str(rule["alert"])


each_rule = pytest.mark.parametrize("rule", rules(), ids=rule_id)


@cache
def sections() -> dict[str, str]:
    """The sections of the runbook by their headings."""
    text = RUNBOOK.read_text().split("\n## ")[1:]
    return dict(section.split("\n", 1) for section in text)


# -- promtool --------------------------------------------------------------


@pytest.mark.parametrize("view", [View(), VIEW])
def test_promtool_finds_nothing_in_the_metrics(view: View) -> None:
    done = promtool("check", "metrics", said=exposition(exported(view)))
    assert (done.returncode, done.stdout) == (0, "")


def test_promtool_finds_nothing_in_the_rules() -> None:
    done = promtool("check", "rules", RULES)
    assert done.returncode == 0, done.stdout
    assert f"SUCCESS: {len(rules())} rules found" in done.stdout


def test_every_alert_fires_and_does_not_fire() -> None:
    done = promtool("test", "rules", TESTS)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", names())
def test_an_alert_is_tested_both_ways(name: str) -> None:
    own = next(test for test in cases() if test["name"] == name)
    answers = [
        " ".join(sample["labels"] for sample in query["exp_samples"])
        for query in own["promql_expr_test"]
    ]
    fires = [f'alertname="{name}"' in answer for answer in answers]
    assert fires[0] is False, "it fires before anything is wrong"
    assert any(fires), "it never fires"
    assert fires[-1] is False, "it fires when all is well again"


def test_the_tests_are_of_what_is_exported() -> None:
    known = series()
    for test in cases():
        for found in test["input_series"]:
            name = found["series"].partition("{")[0]
            assert name in known, found["series"]
            assert list(complaints(found["series"])) == []


# -- what a rule has to be -------------------------------------------------


def test_there_are_no_two_of_a_name() -> None:
    assert len(set(names())) == len(names())


@each_rule
def test_a_rule_asks_for_what_is_exported(rule: dict[str, Any]) -> None:
    assert list(complaints(rule["expr"])) == []


@each_rule
def test_a_rule_says_what_why_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["alert"].startswith("Gwsched")
    assert rule["labels"]["severity"] in ("critical", "warning", "info")
    said = rule["annotations"]
    assert said.keys() == {"summary", "description", "runbook_url"}
    assert not said["summary"].endswith(".")
    assert said["description"].endswith(".")
    assert len(said["summary"]) < 120
    assert said["description"].count(". ") + 1 >= 2


@each_rule
def test_a_rule_quotes_only_labels_it_has(rule: dict[str, Any]) -> None:
    text = " ".join(rule["annotations"].values())
    first = BY.search(rule["expr"])
    if first:
        kept = set(re.split(r"[\s,]+", first[1]))
    else:
        [name] = re.findall(r"\b(?:gwsched_\w+|up)\b", rule["expr"])[:1]
        kept = {"job", "instance", *series()[name].labels}
    assert {*TEMPLATED.findall(text)} <= kept


# -- the runbook -----------------------------------------------------------


def test_each_alert_has_a_section_and_each_section_an_alert() -> None:
    assert list(sections()) == names()


@each_rule
def test_a_rule_points_at_its_section(rule: dict[str, Any]) -> None:
    anchor = rule["alert"].lower()
    assert rule["annotations"]["runbook_url"] == f"docs/alerts.md#{anchor}"


@each_rule
def test_a_section_says_what_the_rule_does(rule: dict[str, Any]) -> None:
    when = f"after {rule['for']}" if "for" in rule else "at once"
    section = sections()[rule["alert"]]
    assert section.split("\n")[1] == f"{rule['labels']['severity']}, {when}"
    found = re.findall(r"^- \*\*([^*]+):\*\* \S", section, re.MULTILINE)
    assert tuple(found) == PARTS


def test_the_runbook_names_only_alerts_and_metrics_that_exist() -> None:
    text = RUNBOOK.read_text()
    assert {*re.findall(r"\bGwsched\w+", text)} <= {*names()}
    assert {*re.findall(r"\bgwsched_\w+", text)} <= series().keys()


def test_the_runbook_tells_only_of_verbs_that_exist() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "gwsched.cli.main", "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    verbs = re.search(r"\{([a-z,-]+)\}", told.split("\nverbs:\n")[1])
    assert verbs
    named = re.findall(r"`gwschedctl ([a-z-]+)", RUNBOOK.read_text())
    assert named
    assert {*named} <= {*verbs[1].split(",")}
