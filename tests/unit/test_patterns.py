# SPDX-License-Identifier: Apache-2.0
"""Whom the patterns of a configuration leave out, and the reason given."""

import fnmatch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gwsched.conf.patterns import Patterns

# Other tests run beside; how long an example takes proves nothing.
unhurried = settings(deadline=None)

TEXT = st.text("gw1*?[]!-.\\\n", max_size=8)


@pytest.mark.parametrize(
    ("allow", "deny", "why"),
    [
        ((), (), ""),
        (("gw*",), (), ""),
        (("gw1",), (), ""),
        (("edge", "gw[0-9]"), (), ""),
        (("host1.*",), (), ""),
        (("gw",), (), "allow_chassis of the configuration does not name it"),
        (("GW*",), (), "allow_chassis of the configuration does not name it"),
        ((), ("edge*",), ""),
        ((), ("gw*",), "deny_chassis of the configuration names it (gw*)"),
        (
            (),
            ("x", "host?.*"),
            "deny_chassis of the configuration names it (host?.*)",
        ),
        (
            ("gw1",),
            ("gw*",),
            "deny_chassis of the configuration names it (gw*)",
        ),
    ],
)
def test_patterns(
    allow: tuple[str, ...], deny: tuple[str, ...], why: str
) -> None:
    patterns = Patterns("chassis", allow, deny)
    assert patterns.against("it", "gw1", "host1.example") == why


def test_a_reason_names_the_subject() -> None:
    denied = Patterns("routers", deny=("r*",)).against("router r1", "r1")
    assert denied == "deny_routers of the configuration names router r1 (r*)"
    missing = Patterns("routers", ("x",)).against("router r1", "r1")
    assert missing == (
        "allow_routers of the configuration does not name router r1"
    )


@unhurried
@given(st.lists(TEXT), st.lists(TEXT), st.lists(TEXT, min_size=1))
def test_patterns_are_what_fnmatchcase_makes_of_them(
    allow: list[str], deny: list[str], names: list[str]
) -> None:
    def listed(patterns: list[str]) -> bool:
        return any(
            fnmatch.fnmatchcase(name, pattern)
            for name in names
            for pattern in patterns
        )

    usable = not listed(deny) and (not allow or listed(allow))
    patterns = Patterns("chassis", tuple(allow), tuple(deny))
    assert (patterns.against("it", *names) == "") == usable
