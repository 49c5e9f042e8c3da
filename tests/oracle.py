# SPDX-License-Identifier: Apache-2.0
"""The best possible, found by max-flow: what placements are held against."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping

import networkx

# Who may carry a port, and for how many ports that is so.
Classes = Mapping[frozenset[str], int]


def least_peak(classes: Classes, standing: Mapping[str, int]) -> int:
    """Return the least possible load of the most loaded chassis.

    :param standing: what each chassis carries already, whatever is done
    """
    total = sum(classes.values())
    most = max(standing.values(), default=0)
    low = max(
        most, math.ceil((total + sum(standing.values())) / len(standing))
    )
    high = most + total
    while low < high:
        middle = (low + high) // 2
        if _fits(classes, standing, middle):
            high = middle
        else:
            low = middle + 1
    return low


def _fits(classes: Classes, standing: Mapping[str, int], peak: int) -> bool:
    graph = networkx.DiGraph()
    graph.add_node("to")
    for number, (allowed, ports) in enumerate(classes.items()):
        graph.add_edge("from", number, capacity=ports)
        for chassis in allowed:
            graph.add_edge(number, chassis)
    for chassis, load in standing.items():
        graph.add_edge(chassis, "to", capacity=peak - load)
    if "from" not in graph:
        return True
    flow = networkx.maximum_flow_value(graph, "from", "to")
    return bool(flow == sum(classes.values()))


def classes_of(allowed: Iterable[frozenset[str]]) -> Classes:
    """Gather ports by who may carry them; who has nobody is left out."""
    return Counter(each for each in allowed if each)
