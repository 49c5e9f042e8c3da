# SPDX-License-Identifier: Apache-2.0
"""What foreign text is taken to mean, and that none of it raises."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gwsched import parsing

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


@pytest.mark.parametrize("yes", ["true", "True", "yes", "on", "1", " true "])
def test_an_intent_adopts_a_port(yes: str) -> None:
    external_ids = {"gwsched-adopt-lrp-1": yes, "neutron:x": "true"}
    adopted, wrong = parsing.adopted_ports(external_ids)
    assert adopted == {"lrp-1"}
    assert wrong == ()


@pytest.mark.parametrize("no", ["false", "no", "0", "", "perhaps"])
def test_an_intent_that_says_no_adopts_nothing(no: str) -> None:
    adopted, _ = parsing.adopted_ports({"gwsched-adopt-lrp-1": no})
    assert adopted == frozenset()


@pytest.mark.parametrize("key", ["gwsched-pin-lrp-1", "gwsched-adopt-"])
def test_an_intent_not_known_is_named(key: str) -> None:
    adopted, wrong = parsing.adopted_ports({key: "true"})
    assert adopted == frozenset()
    assert len(wrong) == 1
    assert key in wrong[0]


@unhurried
@given(
    st.dictionaries(
        TEXT | TEXT.map("gwsched-adopt-{}".format), TEXT, max_size=5
    )
)
def test_any_external_ids_are_intents_of_some_kind(
    external_ids: dict[str, str],
) -> None:
    adopted, wrong = parsing.adopted_ports(external_ids)
    assert "" not in adopted
    assert len(adopted) + len(wrong) <= len(external_ids)


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
    ],
)
def test_whole_numbers(text: str | None, number: int) -> None:
    assert parsing.whole_number(text, 7) == number


@unhurried
@given(TEXT | st.integers().map(str))
@example("9" * 5000)
def test_any_text_is_a_number_or_the_default(text: str) -> None:
    assert parsing.whole_number(text, 7) > 0
