# SPDX-License-Identifier: Apache-2.0
"""What a soak has found, for a reader; and what is kept to study."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from tests.soak.explaining import windows
from tests.soak.history import History
from tests.soak.samples import Sample, longest_lived
from tests.soak.streams import INTERVAL, Outage

# How much of the past belongs to an outage (s).
_PAST = 90.0


@dataclass
class Findings:
    """Outages with the rules that explain them, and samples."""

    explained: list[tuple[Outage, list[str]]] = field(default_factory=list)
    unexplained: list[Outage] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    packets: int = 0
    lost: int = 0


def lines(findings: Findings, history: History) -> Iterator[str]:
    """Yield the report."""
    kinds = Counter(fault.kind for fault in history.faults)
    total = f"{len(history.faults)} faults"
    yield f"{total}: {_counted(kinds)}"
    explained = [found for found, _ in findings.explained]
    in_outages = sum(o.lost for o in explained + findings.unexplained)
    yield (
        f"{findings.packets} packets answered, {findings.lost} lost, of them "
        f"{findings.lost - in_outages} in no outage"
    )
    outages = len(explained) + len(findings.unexplained)
    rules = Counter(" + ".join(rules) for _, rules in findings.explained)
    yield f"{outages} outages, {len(explained)} explained: {_counted(rules)}"
    for rule in rules:
        times = sorted(
            outage.lost * INTERVAL
            for outage, found in findings.explained
            if " + ".join(found) == rule
        )
        median = times[len(times) // 2]
        yield f"  {rule}: median {median:.2f} s, longest {times[-1]:.2f} s"
    yield f"not explained: {len(findings.unexplained)}"
    yield from (f"  {_clock(o.begin)} {o}" for o in findings.unexplained)
    yield from _process(findings.samples)


def _process(samples: list[Sample]) -> Iterator[str]:
    lived = longest_lived(samples)
    if lived:
        first, last = lived[0], lived[-1]
        yield (
            f"gwsched {last.at - first.at:.0f} s: memory "
            f"{first.resident:.1f} to {last.resident:.1f} MiB, "
            f"at most {max(s.resident for s in lived):.1f}; descriptors "
            f"{first.descriptors} to {last.descriptors}"
        )


def keep(outage: Outage, history: History, log: str, place: Path) -> None:
    """Write down all that belongs to an outage that no rule explains."""
    place.mkdir(parents=True, exist_ok=True)
    name = f"{_clock(outage.begin).replace(':', '')}-{outage.router}.txt"
    since = outage.begin - _PAST
    told = [
        f"{_clock(outage.begin)} to {_clock(outage.end)} {outage}",
        "",
        *_faults(history, since, outage.end),
        "",
        *_timelines(history, outage.router, since, outage.end + 5),
        "",
        *(
            f"window {_clock(w.begin)} to {_clock(w.end)} {w.rule}"
            for w in windows(outage, history)
            if w.end > since and w.begin < outage.end
        ),
        "",
        *_since(log, since, outage.end + 5),
    ]
    (place / name).write_text("\n".join(told) + "\n")


def _faults(history: History, begin: float, end: float) -> Iterator[str]:
    for fault in history.faults:
        if fault.touches(begin, end):
            ended = _clock(fault.ended) if fault.ended < end else "later"
            where = " ".join(fault.where)
            began = f"{_clock(fault.begin)} ({_clock(fault.begun)})"
            yield f"fault {began} to {ended}: {fault.kind} {where}"


def _timelines(
    history: History, router: str, begin: float, end: float
) -> Iterator[str]:
    found = []
    for what, all_of in (
        ("held by", history.holders),
        ("list", history.lists),
        ("next hop", history.hops),
    ):
        for name, line in all_of.items():
            mine = name == router or what == "next hop"
            if mine:
                was = (begin, line.at(begin))
                for at, value in (was, *line.changes(begin, end)):
                    found.append((at, f"{name} {what} {value}"))
    yield from (f"{_clock(at)} {text}" for at, text in sorted(found))


def _since(log: str, begin: float, end: float) -> Iterator[str]:
    for line in log.splitlines():
        try:
            at = datetime.fromisoformat(line[:23]).timestamp()
        except ValueError:
            continue
        if begin <= at <= end:
            yield line


def _clock(at: float) -> str:
    try:
        return datetime.fromtimestamp(at).strftime("%H:%M:%S.%f")[:-3]
    except OverflowError:
        return "never"


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{n} {what}" for what, n in counts.most_common())
