# SPDX-License-Identifier: Apache-2.0
"""The screen of ``gwschedctl status``, and the rows it is to scripts."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import pytest

from gwsched.cli import flat, tables
from gwsched.cli.daemon import contract
from gwsched.cli.looking import status
from gwsched.cli.screen import Clipped, Screen, moment, period
from tests.status_server import DOCUMENT, chassis, decision

PLAIN = Screen(80, blocks=False)


def shown(screen: Screen = PLAIN, **facts: object) -> str:
    document = contract.checked({**DOCUMENT, **facts})
    return status.render(document, screen)


def order(*rows: dict[str, Any]) -> list[str]:
    """Return the chassis of the table from the top."""
    lines = shown(chassis=list(rows)).split("\n\n")[1].splitlines()
    names = {row["name"] for row in rows}
    return [line.split()[0] for line in lines if line.split()[0] in names]


BUSY: dict[str, Any] = {
    "vantages": {"unix:/run/db.sock": True, "tcp:192.0.2.9:6640": False},
    "paused": True,
    "guards": [
        {"guard": "pause", "why": "an operator has paused it", "blocks": True},
        {
            "guard": "budget",
            "why": "3 moves wait for their turn, 10 a minute",
            "blocks": False,
        },
    ],
    "ports": {
        "total": 120,
        "unscheduled": 1,
        "underreplicated": 0,
        "mismatched": 2,
        "unclaimed": 0,
    },
    "imbalance": {"n": 1.5, "n_minus_1_worst": 2.0},
    "uneven": True,
    "waiting": {"budget": 3},
    "chassis": [
        chassis("gw1", holds=12, ranks=[12, 10, 9, 2], seconds=86400.0 * 3),
        chassis("gw2", holds=8, ranks=[8, 9, 8], intents=["draining"]),
        chassis(
            "gw3",
            verdict="dead",
            seconds=130.0,
            why="silent for 25 s while others answer, and it holds nothing",
            evidence=[],
            holds=0,
            ranks=[4, 5, 0],
        ),
        chassis(
            "gw4",
            verdict="suspect",
            seconds=7.0,
            why="silent for 7 s, but its data plane lives",
            advice="restart its ovn-controller",
            holds=4,
            ranks=[],
        ),
        chassis("gw5", bad_uplinks=["public"], penalty=1000.0),
        chassis("hv1", gateway=False, holds=0, ranks=[0, 0]),
        chassis("hv2", gateway=False, holds=0, ranks=[], verdict="unknown"),
    ],
    "attention": [
        {"port": "lrp-7", "unit": "lrp-7", "what": "no chassis holds it"}
    ],
    "attention_left_out": 3,
    "refusals": [
        {
            "unit": "lrp-7",
            "reason": "verdict",
            "why": "told above",
            "served": False,
        },
        {
            "unit": "lrp-9",
            "reason": "physical_network",
            "why": "gw1: ovn-bridge-mappings has no dmz",
            "served": False,
        },
    ],
    "problems": [f"NB row{i}: is odd" for i in range(5)],
    "decisions": [decision(f"lrp-{i}") for i in range(9)],
}

GOLDEN = """\
gwsched       0.1.0 on ctl1: leader, mode enforce, scheduler leastloaded
last pass     2026-03-04 05:06:07 UTC
databases     Northbound in sync, Southbound in sync, tunnels seen from 1 of 2
              vantages, tcp:192.0.2.9:6640 AWAY
configuration as read at 2026-03-04 00:00:00 UTC
STOPPED BY    guard pause: an operator has paused it
waiting for   guard budget: 3 moves wait for their turn, 10 a minute
ports         120, 1 unscheduled, 2 mismatched
load          the most loaded carries 1.50 times the least possible, 2.00 after
              the worst failure of one; being evened out; 3 changes wait for
              guard budget

CHASSIS  VERDICT  SINCE  HOLDS  LISTS            BECAUSE
gw3      dead     2m     0      ##==             silent for 25 s while others
                                                 answer, and it holds nothing
gw4      suspect  7s     4                       silent for 7 s, but its data
                                                 plane lives; restart its
                                                 ovn-controller
gw5      live     60m    1      =                no uplink to public; has
                                                 flapped (penalty 1000);
                                                 answered a heartbeat 2 s ago;
                                                 tunnels up
gw2      live     60m    8      ####====---      DRAINING; answered a heartbeat
                                                 2 s ago; tunnels up
gw1      live     3d     12     #####=====----.  answered a heartbeat 2 s ago...
  lists: # primary, = second, - third, . below
  and no gateways: 1 live, 1 unknown

NEEDS ATTENTION
  lrp-7: no chassis holds it
  lrp-9: gw1: ovn-bridge-mappings has no dmz
  and 3 more: gwschedctl ports
  NB row0: is odd
  NB row1: is odd
  NB row2: is odd
  and 2 more: gwschedctl audit

LAST DECISIONS (UTC)
  2026-03-04 05:06:00 move lrp-0: [gw1, gw2] -> [gw2, gw1], claimed after 0.2 s
    (rebalance: gw1 carries 6, gw2 0)
"""  # noqa: E501


def test_a_busy_day() -> None:
    assert shown(**BUSY).startswith(GOLDEN)


def test_a_quiet_day_is_short() -> None:
    text = shown(chassis=[chassis("gw1"), chassis("gw2")])
    assert "3, all well" in text
    assert "ATTENTION" not in text
    assert "DECISIONS" not in text
    assert "guard" not in text
    assert len(text.splitlines()) <= 12


def test_only_the_last_decisions_are_shown() -> None:
    text = shown(**BUSY)
    assert "lrp-4" in text
    assert "lrp-5" not in text


@pytest.mark.parametrize("width", [60, 80, 100, 200])
@pytest.mark.parametrize("blocks", [True, False])
def test_it_fits(width: int, blocks: bool) -> None:
    uuids = [
        chassis(f"{i:08}-1111-2222-3333-444444444444", ranks=[i, 2 * i])
        for i in range(10)
    ]
    rows = [*BUSY["chassis"], *uuids]
    text = shown(Screen(width, blocks), **{**BUSY, "chassis": rows})
    assert max(map(len, text.splitlines())) <= width


def test_a_screen_of_ten_gateways_is_eighty_wide_and_a_line_each() -> None:
    rows = [chassis(f"gateway-{i:02}", ranks=[9, 9, 9]) for i in range(10)]
    table = shown(chassis=rows).split("\n\n")[1].splitlines()
    assert len(table) == 12
    assert max(map(len, table)) <= 80


def test_trouble_comes_first() -> None:
    assert order(
        chassis("a"),
        chassis("b", intents=["cordoned"]),
        chassis("c", verdict="returning"),
        chassis("d", verdict="unknown"),
        chassis("e", verdict="suspect"),
        chassis("g", verdict="dead"),
        chassis("f", verdict="dead"),
        chassis("h", penalty=900.0, intents=["draining"]),
    ) == ["f", "g", "e", "d", "c", "h", "b", "a"]


def test_a_host_name_where_the_name_is_too_long() -> None:
    name = "0b8e4bd4-44a1-4c1c-9d0e-7f3ac0a7b5f1"
    text = shown(chassis=[chassis(name, hostname="net-node-3")])
    assert "net-node-3" in text
    assert name not in text
    assert name[:20] in shown(chassis=[chassis(name, hostname="")])


def test_control_characters_do_not_reach_the_terminal() -> None:
    text = shown(
        chassis=[chassis("gw\x1b[31m", why="a\nb", verdict="dead")],
        problems=["NB x\ty: \x07"],
    )
    assert text.replace("\n", "").isprintable()
    assert r"\x1b[31m" in text
    assert r"NB x\ty: \x07" in text


def test_a_bad_reload() -> None:
    read = {"read_at": "2026-03-04T00:00:00Z", "good": False, "error": "no X"}
    text = " ".join(shown(configuration=read).split())
    assert "the last one was BAD, that of 2026-03-04 00:00:00 UTC is" in text
    assert "in force: no X" in text


def test_a_daemon_without_databases() -> None:
    text = shown(
        role="connecting",
        databases={"nb": True, "sb": False},
        ports={},
        imbalance={},
        time=None,
    )
    assert "Northbound in sync, Southbound AWAY" in text
    assert "not known" in text
    assert "last pass" not in text


def test_a_pause_is_shown_though_no_guard_says_so() -> None:
    text = shown(paused=True)
    assert "PAUSED        by an operator; nothing is changed" in text


# -- the parts of a screen -------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "full", "bar"),
    [
        ((), 10, ""),
        ((0, 0), 0, ""),
        ((10,), 10, "##########"),
        ((5, 3, 2), 10, "#####===--"),
        ((1, 1, 1, 1, 1), 10, "#=-.."[:5]),
        ((0, 10), 10, "=========="),
        ((333, 333, 333), 999, "###====---"),
    ],
)
def test_bars(parts: tuple[int, ...], full: int, bar: str) -> None:
    assert PLAIN.bar(parts, full, 10) == bar


def test_blocks_where_the_terminal_has_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "132")
    for encoding, blocks in (("utf-8", True), ("latin-1", False)):
        out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        monkeypatch.setattr(sys, "stdout", out)
        assert Screen.of_terminal() == Screen(132, blocks)
    assert Screen(80).bar((1, 1, 1, 1), 4, 4) == "█▓▒░"


def test_the_last_column_is_folded_or_cut() -> None:
    text = "word " * 20
    screen = Screen(60, blocks=False)
    folded = screen.grid(("A", "B"), [["a" * 20, text]])
    assert len(folded) > 2
    assert folded[2].startswith(" " * 22 + "word")
    cut = screen.grid(("A", "B"), [["a" * 20, Clipped(text)]])
    assert len(cut) == 2
    assert cut[1].endswith("...")
    assert len(cut[1]) == 60


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (0.2, "0s"),
        (-3.0, "0s"),
        (119.0, "119s"),
        (120.0, "2m"),
        (7200.0, "2h"),
        (200_000.0, "2d"),
    ],
)
def test_periods(seconds: float | None, text: str) -> None:
    assert period(seconds) == text


def test_moments() -> None:
    assert moment("2026-03-04T05:06:07.891Z") == "2026-03-04 05:06:07"
    assert moment(None) == "-"


# -- for scripts -----------------------------------------------------------


def test_flat_rows_name_what_has_a_name() -> None:
    document = contract.checked({**DOCUMENT, **BUSY}) | {"daemon": None}
    rows = {row["key"]: row["value"] for row in flat.rows(document)}
    assert rows["role"] == "leader"
    assert rows["ports.total"] == 120
    assert rows["chassis.gw3.verdict"] == "dead"
    assert rows["chassis.gw1.ranks"] == "12,10,9,2"
    assert rows["chassis.gw4.ranks"] is None
    assert rows["guards.budget.blocks"] is False
    assert rows["refusals.1.unit"] == "lrp-9"
    assert rows["decisions.0.evidence.gw2"] == "live: answers heartbeats"
    assert rows["daemon"] is None
    assert all(set(row) == {"key", "value"} for row in flat.rows(document))


def test_what_has_one_name_twice_is_numbered() -> None:
    twice = [{"chassis": "gw1", "rank": 1}, {"chassis": "gw1", "rank": 2}]
    assert flat.rows({"candidates": twice})[2:] == [
        {"key": "candidates.1.chassis", "value": "gw1"},
        {"key": "candidates.1.rank", "value": 2},
    ]


def test_flat_rows_can_be_printed() -> None:
    text = tables.render(
        flat.rows({"a": {"b": True}, "c": []}), flat.COLUMNS, "csv"
    )
    assert text == "key,value\na.b,yes\nc,-\n"


def test_the_document_is_json() -> None:
    document = contract.checked({**DOCUMENT, **BUSY})
    assert json.loads(json.dumps(document)) == document
