# SPDX-License-Identifier: Apache-2.0
"""Claims are counted for ever, as long as their port is there."""

from __future__ import annotations

from gwsched.ovsdb.claimed import Claims


def test_each_claim_counts() -> None:
    claims = Claims()
    assert claims.seen == {}
    for chassis in ("gw1", "gw2", "gw1"):
        claims.add("lrp", chassis)
    claims.add("other", "gw1")
    assert claims.seen == {"lrp": {"gw1": 2, "gw2": 1}, "other": {"gw1": 1}}


def test_it_is_the_same_object_until_a_claim_is_seen() -> None:
    claims = Claims()
    claims.add("lrp", "gw1")
    before = claims.seen
    claims.went("other")
    claims.came("lrp")
    assert claims.seen is before
    claims.add("lrp", "gw1")
    assert before == {"lrp": {"gw1": 1}}
    assert claims.seen == {"lrp": {"gw1": 2}}


def test_ports_that_are_gone_are_forgotten_some_day() -> None:
    claims = Claims()
    for port in ("gone", "back", "lrp"):
        claims.add(port, "gw1")
    claims.went("gone")
    claims.went("back")
    claims.came("back")
    claims.add("back", "gw1")
    assert claims.seen == {"back": {"gw1": 2}, "lrp": {"gw1": 1}}
