# SPDX-License-Identifier: Apache-2.0
"""Gauges, made in one line."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric


def one(name: str, text: str, value: float) -> Metric:
    """Return a gauge with one value."""
    return GaugeMetricFamily(f"gwsched_{name}", text, value=float(value))


def many(
    name: str,
    text: str,
    labels: tuple[str, ...],
    values: Mapping[tuple[str, ...], float],
) -> Metric:
    """Return a gauge with a value for each set of labels."""
    family = GaugeMetricFamily(f"gwsched_{name}", text, labels=labels)
    for key, value in sorted(values.items()):
        family.add_metric(key, float(value))
    return family
