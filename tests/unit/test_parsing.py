# SPDX-License-Identifier: Apache-2.0
"""What foreign text is taken to mean, and that none of it raises."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gwsched.model import HIGHEST_CAPACITY
from gwsched.reading import parsing

# Other tests run beside; how long an example takes proves nothing.
unhurried = settings(deadline=None)

# Text with an eye for what the parsers split at.
TEXT = st.text() | st.text("ab:,= \n\0é=", max_size=30)


@pytest.mark.parametrize(
    ("text", "networks"),
    [
        ("", set()),
        ("public:br-ex", {"public"}),
        ("public:br-ex,dc:br-dc", {"public", "dc"}),
        ("public:br-ex,public:br-2", {"public"}),
        ("public:br-ex,", {"public"}),
        (" public:br-ex, dc:br-dc", {" public", " dc"}),
        ("public:br:ex", {"public"}),
        ("public:br-ex,,dc:br-dc", {"public"}),
        (",public:br-ex", set()),
    ],
)
def test_bridge_mappings_are_what_ovn_makes_of_them(
    text: str, networks: set[str]
) -> None:
    assert parsing.bridge_mappings(text) == (frozenset(networks), None)


@pytest.mark.parametrize("bad", ["dc", ":br-dc", "dc:", ":", " "])
def test_a_malformed_mapping_ends_the_list_and_is_named(bad: str) -> None:
    networks, complaint = parsing.bridge_mappings(
        f"public:br-ex,{bad},more:br-more"
    )
    assert networks == {"public"}
    assert complaint is not None
    assert complaint.startswith("ovn-bridge-mappings: ")
    assert repr(bad) in complaint
    assert "more" not in complaint


@unhurried
@given(TEXT)
def test_any_text_is_bridge_mappings_of_some_kind(text: str) -> None:
    networks, complaint = parsing.bridge_mappings(text)
    assert "" not in networks
    for network in networks:
        assert f"{network}:" in text
    if complaint is not None:
        assert len(complaint.splitlines()) == 1


@unhurried
@given(TEXT, TEXT)
def test_nothing_behind_a_malformed_mapping_counts(
    text: str, more: str
) -> None:
    before = parsing.bridge_mappings(text)
    if before[1] is not None:
        assert parsing.bridge_mappings(f"{text},{more}") == before


@pytest.mark.parametrize(
    ("text", "is_gateway", "zones"),
    [
        ("", False, set()),
        ("enable-chassis-as-gw", True, set()),
        ("  enable-chassis-as-gw  ", True, set()),
        ("enable-chassis-as-gateway", False, set()),
        ("enable-chassis-as-gw=false", False, set()),
        ("availability-zones=az1:az2", False, {"az1", "az2"}),
        (
            "enable-chassis-as-gw,availability-zones=az1",
            True,
            {"az1"},
        ),
        (
            "card-serial-number=42, availability-zones = az1 : az2 ,"
            " enable-chassis-as-gw",
            True,
            {"az1", "az2"},
        ),
        ("availability-zones=az1::az2:", False, {"az1", "az2"}),
        ("somebody-elses", False, set()),
        ("somebody=elses,=,,", False, set()),
    ],
)
def test_cms_options_are_what_neutron_makes_of_them(
    text: str, is_gateway: bool, zones: set[str]
) -> None:
    expected = parsing.CmsOptions(is_gateway, frozenset(zones))
    assert parsing.cms_options(text) == (expected, None)


@pytest.mark.parametrize(
    "bad",
    ["availability-zones", "availability-zones=", "availability-zones=::"],
)
def test_zones_that_name_none_are_complained_of(bad: str) -> None:
    options, complaint = parsing.cms_options(f"enable-chassis-as-gw,{bad}")
    assert options == parsing.CmsOptions(True, frozenset())
    assert complaint == f"ovn-cms-options: cannot read {bad!r}"


@unhurried
@given(TEXT | TEXT.map("availability-zones={}".format))
def test_any_text_is_cms_options_of_some_kind(text: str) -> None:
    options, complaint = parsing.cms_options(text)
    assert "" not in options.zones
    if complaint is not None:
        assert len(complaint.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "hints"),
    [
        ("", set()),
        ("az1", {"az1"}),
        (" az1 ,, az2,", {"az1", "az2"}),
    ],
)
def test_zone_hints(text: str, hints: set[str]) -> None:
    assert parsing.zone_hints(text) == hints


@unhurried
@given(TEXT)
def test_any_text_is_zone_hints_of_some_kind(text: str) -> None:
    assert "" not in parsing.zone_hints(text)


@pytest.mark.parametrize(
    ("text", "capacity"),
    [
        ("", 1),
        ("enable-chassis-as-gw", 1),
        ("gwsched-capacity=4", 4),
        ("enable-chassis-as-gw, gwsched-capacity = 1000000 ,x", 1000000),
        ("gwsched-capacity=2,gwsched-capacity=3", 3),
        ("gwsched-capacity=007", 7),
        ("gwsched-capacity-x=4", 1),
        ("x-gwsched-capacity=4", 1),
    ],
)
def test_capacities(text: str, capacity: int) -> None:
    assert parsing.capacity(text) == (capacity, None)


@pytest.mark.parametrize(
    "bad",
    [
        "gwsched-capacity",
        "gwsched-capacity=",
        "gwsched-capacity=0",
        "gwsched-capacity=-1",
        "gwsched-capacity=+1",
        "gwsched-capacity=1.5",
        "gwsched-capacity=1_0",
        "gwsched-capacity=\u0663",
        "gwsched-capacity=0x10",
        "gwsched-capacity=1000001",
        "gwsched-capacity=2=3",
        "gwsched-capacity=much",
    ],
)
def test_a_malformed_capacity_is_one_and_named(bad: str) -> None:
    complaint = f"ovn-cms-options: cannot read {bad!r}"
    text = f"enable-chassis-as-gw,{bad},availability-zones=az1"
    assert parsing.capacity(text) == (1, complaint)
    # It is nobody else's trouble: flag and zones are as certain as before.
    expected = parsing.CmsOptions(True, frozenset({"az1"}))
    assert parsing.cms_options(text) == (expected, None)


def test_bad_zones_are_no_trouble_of_the_capacity() -> None:
    text = "availability-zones=,gwsched-capacity=2"
    assert parsing.capacity(text) == (2, None)


@unhurried
@given(TEXT | TEXT.map("gwsched-capacity={}".format))
@example("gwsched-capacity=" + "9" * 5000)
def test_any_text_is_a_capacity_of_some_kind(text: str) -> None:
    capacity, complaint = parsing.capacity(text)
    assert 1 <= capacity <= HIGHEST_CAPACITY
    if complaint is not None:
        assert capacity == 1 or "," in text
        assert len(complaint.splitlines()) == 1


@pytest.mark.parametrize("yes", ["true", "True", "yes", "ON", "1", " true "])
def test_what_says_yes(yes: str) -> None:
    assert parsing.is_true(yes)
    assert not parsing.is_false(yes)


@pytest.mark.parametrize("no", ["false", "No", "off", "0", "", " ", " no "])
def test_what_says_no(no: str) -> None:
    assert parsing.is_false(no)
    assert not parsing.is_true(no)


@pytest.mark.parametrize("neither", ["perhaps", "2", "truefalse", "-"])
def test_what_says_neither(neither: str) -> None:
    assert not parsing.is_true(neither)
    assert not parsing.is_false(neither)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1),
        ("007", 7),
        ("50", 50),
        ("51", None),
        ("0", None),
        ("", None),
        (" 5", None),
        ("5\n", None),
        ("5.0", None),
        ("9" * 5000, None),
    ],
)
def test_numbers_up_to_fifty(text: str, number: int | None) -> None:
    assert parsing.number_up_to(50, text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1000", 1000),
        ("1", 1),
        ("0", 7),
        ("-5", 7),
        ("", 7),
        (None, 7),
        ("1.5", 7),
        ("soon", 7),
        # No int of C holds it, nor does OVN read it so.
        ("2147483647", 2147483647),
        ("2147483648", 7),
        ("9" * 400, 7),
        ("1_000", 7),
        ("٣", 7),
    ],
)
def test_whole_numbers(text: str | None, number: int) -> None:
    assert parsing.whole_number(text, 7) == number


@unhurried
@given(TEXT | st.integers().map(str))
@example("9" * 5000)
def test_any_text_is_a_number_or_the_default(text: str) -> None:
    assert parsing.whole_number(text, 7) > 0
