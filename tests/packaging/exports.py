# SPDX-License-Identifier: Apache-2.0
"""What gwsched exports, and whether an expression asks for anything else."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from tests.exposed import exported

# Labels whose values the registry knows all of; a reason only on counters.
CLOSED = frozenset(
    {"db", "guard", "mode", "result", "scope", "state", "where"}
)
# What Prometheus itself adds.
TARGET = frozenset({"instance", "job"})
WORDS = frozenset(
    {
        *("absent", "and", "avg", "by", "count", "histogram_quantile"),
        *("increase", "max", "max_over_time", "min", "on", "or", "rate"),
        *("sum", "time", "unless", "vector", "without"),
    }
)

QUOTED = r'"(?:[^"\\]|\\.)*"'
RANGE = r"\[[^\]]*\]"
SELECTOR = re.compile(rf"([a-zA-Z_:][\w:]*)\s*\{{((?:[^}}\"]|{QUOTED})*)\}}")
MATCHER = re.compile(rf"(\w+)\s*(=~|!~|!=|=)\s*({QUOTED})")
GROUPING = re.compile(r"\b(?:by|on|without|ignoring)\s*\(([^)]*)\)")
NAME = re.compile(r"(?<![\w.$])[a-zA-Z_:][\w:]*")


@dataclass(frozen=True)
class Family:
    """One metric: its name as in /metrics, and the values of its labels."""

    name: str
    kind: str
    text: str
    labels: Mapping[str, frozenset[str]]

    def known(self, label: str) -> frozenset[str] | None:
        """All values that a label may have; None where they are open."""
        reasons = self.kind == "counter" and label == "reason"
        return self.labels[label] if reasons or label in CLOSED else None


@cache
def families() -> tuple[Family, ...]:
    """Return every metric of gwsched's own, by name."""
    found = []
    for metric in exported().registry.collect():
        if not metric.name.startswith("gwsched_"):
            continue
        labels = defaultdict(set)
        for sample in metric.samples:
            for label, value in sample.labels.items():
                labels[label].add(value)
        ending = {"counter": "_total", "info": "_info"}.get(metric.type, "")
        found.append(
            Family(
                metric.name + ending,
                "gauge" if metric.type == "info" else metric.type,
                metric.documentation,
                {name: frozenset(values) for name, values in labels.items()},
            )
        )
    return tuple(sorted(found, key=lambda family: family.name))


@cache
def series() -> Mapping[str, Family]:
    """Return what expressions may name: also the parts of histograms."""
    found: dict[str, Family] = {}
    for family in families():
        if family.kind == "histogram":
            for part in ("_bucket", "_count", "_sum"):
                found[family.name + part] = family
        else:
            found[family.name] = family
    for metric in exported().registry.collect():
        if metric.name.startswith("process_"):
            ending = "_total" if metric.type == "counter" else ""
            name = metric.name + ending
            found[name] = Family(name, metric.type, "", {})
    found["up"] = Family("up", "gauge", "", {})
    return found


def used(expression: str) -> set[str]:
    """Return the names of the metrics in an expression."""
    return {n for n in NAME.findall(_bare(expression)) if n not in WORDS}


def complaints(expression: str) -> Iterator[str]:
    """Yield what an expression asks for and nothing exports."""
    known = series()
    for name in sorted(used(expression) - known.keys()):
        yield f"nothing exports {name}"
    for name, matchers in SELECTOR.findall(expression):
        if name in known:
            yield from _mismatches(known[name], matchers)
    labels = {label for f in known.values() for label in f.labels} | TARGET
    for group in GROUPING.findall(expression):
        for label in filter(None, re.split(r"[\s,]+", group)):
            if label not in labels:
                yield f"nothing has a label {label}"


def _mismatches(family: Family, matchers: str) -> Iterator[str]:
    for label, operator, quoted in MATCHER.findall(matchers):
        if label in TARGET:
            continue
        if label not in family.labels:
            yield f"{family.name} has no label {label}"
            continue
        wanted = quoted[1:-1]
        values = family.known(label)
        if values is None or wanted.startswith("$"):
            continue
        each = wanted.split("|") if operator in ("=~", "!~") else [wanted]
        for value in sorted({*each} - values):
            yield f"{family.name} has no {label} {value!r}"


def _bare(expression: str) -> str:
    """Return an expression without matchers, ranges, strings, groupings."""
    bare = SELECTOR.sub(r"\1", expression)
    for pattern in (QUOTED, RANGE, GROUPING.pattern):
        bare = re.sub(pattern, " ", bare)
    return re.sub(r"\b\d[\w.]*", " ", bare)
