# SPDX-License-Identifier: Apache-2.0
"""Options in, frozen Settings out, and one clear line where it fails."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from gwsched import conf
from gwsched.conf import ConfigurationError, Identities, Settings
from gwsched.conf.patterns import Patterns
from gwsched.decisions import ControllerDead, Failback, Policy, Rebalance
from gwsched.model import Form
from tests.pki import Authority

Load = Callable[[str], Settings]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load a text as the only configuration file there is."""
    (tmp_path / "empty.d").mkdir()

    def loaded(text: str) -> Settings:
        path = tmp_path / "gwsched.conf"
        path.write_text(text)
        nothing = str(tmp_path / "empty.d")
        argv = ["--config-file", str(path), "--config-dir", nothing]
        return conf.load(argv)[1]

    return loaded


def complaint(load: Load, text: str) -> str:
    """Return the one line that is said of a wrong configuration."""
    with pytest.raises(ConfigurationError) as caught:
        load(text)
    said = str(caught.value)
    assert len(said.splitlines()) == 1, said
    return said


def ovn(**options: object) -> str:
    lines = [f"{name} = {value}" for name, value in options.items()]
    return "\n".join(["[ovn]", *lines, ""])


def test_defaults(load: Load) -> None:
    assert load("") == Settings(
        nb=("unix:/var/run/ovn/ovnnb_db.sock",),
        sb=("unix:/var/run/ovn/ovnsb_db.sock",),
        ovs=("unix:/var/run/openvswitch/db.sock",),
        tls=Identities(),
        timeout=10,
        probe_ms=5000,
        scheduler="leastloaded",
        enforce=True,
        adopt_localnet=False,
        load_nat=False,
        capacities=(),
        usable_chassis=Patterns("chassis"),
        usable_routers=Patterns("routers"),
        policy=Policy(
            max_candidates=5,
            probe_interval=10,
            dead_after=20,
            hold_down=30,
            rebalance=Rebalance.AUTO,
            threshold=0.1,
            moves_per_minute=10,
            scatter_width=-1,
            table=None,
            failback=Failback.NEVER,
            failback_delay=300,
            controller_dead=ControllerDead.KEEP,
        ),
        metrics_bind="127.0.0.1",
        metrics_port=9977,
        metrics_tls=None,
    )


def test_every_option_arrives(load: Load) -> None:
    settings = load(
        ovn(
            ovn_nb_connection="tcp:10.0.0.1:6641, tcp:[fd00::2]:6641",
            ovn_sb_connection="unix:/run/sb.sock",
            ovs_connections="tcp:10.0.0.9:6640, unix:/run/ovs.sock",
            ovsdb_connection_timeout=7,
            ovsdb_probe_interval=0,
        )
        + "[scheduler]\novn_l3_scheduler = chance\nmax_candidates = 3\n"
        "mode = observe\ntable = gateway_chassis\nadopt = localnet\n"
        "load = nat\nchassis_capacity = gw2:4, gw1:2\nscatter_width = 7\n"
        "allow_chassis = gw*, edge-?\ndeny_chassis = gw9\n"
        "allow_routers = neutron-*\ndeny_routers = lab-[0-9],x\n"
        "[health]\nprobe_interval = 1\ndead_after = 2\n"
        "[failover]\nhold_down = 1\nfailback = delayed\n"
        "failback_delay = 9\ncontroller_dead = move\n"
        "[rebalance]\nmode = manual\nthreshold = 25\n"
        "moves_per_minute = 60\n"
        "[metrics]\nbind = ::1\nport = 0\n"
    )
    assert settings == Settings(
        nb=("tcp:10.0.0.1:6641", "tcp:[fd00::2]:6641"),
        sb=("unix:/run/sb.sock",),
        ovs=("tcp:10.0.0.9:6640", "unix:/run/ovs.sock"),
        tls=Identities(),
        timeout=7,
        probe_ms=0,
        scheduler="chance",
        enforce=False,
        adopt_localnet=True,
        load_nat=True,
        capacities=(("gw1", 2), ("gw2", 4)),
        usable_chassis=Patterns("chassis", ("gw*", "edge-?"), ("gw9",)),
        usable_routers=Patterns("routers", ("neutron-*",), ("lab-[0-9]", "x")),
        policy=Policy(
            max_candidates=3,
            probe_interval=1,
            dead_after=2,
            hold_down=1,
            rebalance=Rebalance.MANUAL,
            threshold=0.25,
            moves_per_minute=60,
            scatter_width=7,
            table=Form.GATEWAY_CHASSIS,
            failback=Failback.DELAYED,
            failback_delay=9,
            controller_dead=ControllerDead.MOVE,
        ),
        metrics_bind="::1",
        metrics_port=0,
        metrics_tls=None,
    )


def test_settings_are_frozen(load: Load) -> None:
    settings = load("")
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.enforce = False  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.policy.hold_down = 1  # type: ignore[misc]
    assert isinstance(hash(settings), int)


@pytest.mark.parametrize(
    ("section", "option", "value", "choices"),
    [
        ("scheduler", "mode", "Enforced", "enforce, observe"),
        (
            "scheduler",
            "table",
            "gateways",
            "auto, gateway_chassis, ha_chassis_group",
        ),
        ("scheduler", "adopt", "all", "marked, localnet"),
        ("scheduler", "load", "flows", "ports, nat"),
        ("rebalance", "mode", "always", "auto, manual, off"),
    ],
)
def test_a_bad_choice_is_named_with_the_good_ones(
    load: Load, section: str, option: str, value: str, choices: str
) -> None:
    said = complaint(load, f"[{section}]\n{option} = {value}\n")
    assert option in said
    assert value in said
    assert choices in said


NUMBERS = [
    ("ovn", "ovsdb_connection_timeout", 1, 180),
    ("ovn", "ovsdb_probe_interval", 0, 600000),
    ("scheduler", "max_candidates", 1, 32),
    ("scheduler", "scatter_width", -1, 1000),
    ("health", "probe_interval", 1, 600),
    ("health", "dead_after", 1, 3600),
    ("failover", "hold_down", 1, 86400),
    ("rebalance", "threshold", 0, 1000),
    ("rebalance", "moves_per_minute", 1, 6000),
    ("metrics", "port", 0, 65535),
]


@pytest.mark.parametrize(("section", "option", "low", "high"), NUMBERS)
def test_a_number_out_of_bounds_is_named(
    load: Load, section: str, option: str, low: int, high: int
) -> None:
    for good in (low, high):
        load(f"[{section}]\n{option} = {good}\n")
    for bad in (low - 1, high + 1, "many", "1.5"):
        assert option in complaint(load, f"[{section}]\n{option} = {bad}\n")


@pytest.mark.parametrize(
    ("section", "option"), [(section, name) for section, name, *_ in NUMBERS]
)
def test_a_number_left_out_is_named(
    load: Load, section: str, option: str
) -> None:
    assert option in complaint(load, f"[{section}]\n{option} =\n")


@pytest.mark.parametrize(
    ("text", "capacities"),
    [
        ("", ()),
        ("gw1:1", (("gw1", 1),)),
        ("b:1000000 , a : 1", (("a", 1), ("b", 1000000))),
    ],
)
def test_capacities(
    load: Load, text: str, capacities: tuple[tuple[str, int], ...]
) -> None:
    settings = load(f"[scheduler]\nchassis_capacity = {text}\n")
    assert settings.capacities == capacities


@pytest.mark.parametrize(
    "bad",
    [
        "gw1",
        "gw1:",
        "gw1:,gw2:3",
        "gw1,gw2:3",
        "gw1:2,gw2",
        "gw1:2,",
        ":2",
        "gw1:0",
        "gw1:-1",
        "gw1:1000001",
        "gw1:1.5",
        "gw1:much",
        "gw1:2,gw1:3",
        "gw1=2",
    ],
)
def test_a_bad_capacity_is_named(load: Load, bad: str) -> None:
    said = complaint(load, f"[scheduler]\nchassis_capacity = {bad}\n")
    assert "chassis_capacity" in said


@pytest.mark.parametrize("what", ["chassis", "routers"])
@pytest.mark.parametrize("nothing", ["", ",", " , ,"])
def test_an_empty_list_of_patterns_names_nobody(
    load: Load, what: str, nothing: str
) -> None:
    settings = load(
        f"[scheduler]\nallow_{what} = {nothing}\ndeny_{what} = {nothing}\n"
    )
    assert settings == load("")


CONNECTIONS = ["ovn_nb_connection", "ovn_sb_connection", "ovs_connections"]


@pytest.mark.parametrize("option", CONNECTIONS)
@pytest.mark.parametrize(
    "bad",
    [
        "10.0.0.1",
        "tcp:10.0.0.1",
        "tcp::6641",
        "tcp:10.0.0.1:db",
        "tcp:10.0.0.1:66410",
        "unix:relative.sock",
        "punix:/run/nb.sock",
        "tcp:10.0.0.1:6641,ssl",
    ],
)
def test_a_bad_remote_is_named(load: Load, option: str, bad: str) -> None:
    said = complaint(load, f"[ovn]\n{option} = {bad}\n")
    assert option in said
    assert bad.split(",")[-1] in said


@pytest.mark.parametrize("option", CONNECTIONS)
@pytest.mark.parametrize("host", ["nb.example.org", "localhost", "10.0.0"])
def test_the_name_of_a_host_is_refused(
    load: Load, option: str, host: str
) -> None:
    # python-ovs cannot resolve it.
    said = complaint(load, f"[ovn]\n{option} = tcp:{host}:6641\n")
    assert option in said
    assert host in said


@pytest.mark.parametrize("nothing", ["", ",", " , "])
def test_there_may_be_no_vantage_point(load: Load, nothing: str) -> None:
    assert load(ovn(ovs_connections=nothing)).ovs == ()


def test_a_remote_named_twice_is_one(load: Load) -> None:
    twice = "unix:/run/b.sock, unix:/run/a.sock,unix:/run/b.sock"
    settings = load(ovn(ovs_connections=twice, ovn_nb_connection=twice))
    assert settings.ovs == ("unix:/run/b.sock", "unix:/run/a.sock")
    assert settings.nb == settings.ovs


@pytest.mark.parametrize("db", ["nb", "sb"])
@pytest.mark.parametrize("nothing", ["", ","])
def test_no_remote_at_all_is_named(load: Load, db: str, nothing: str) -> None:
    said = complaint(load, f"[ovn]\novn_{db}_connection = {nothing}\n")
    assert f"ovn_{db}_connection" in said


@pytest.mark.parametrize("bad", ["not a host", "256.0.0.1", "::g", "a\n b"])
def test_a_bad_address_to_listen_on_is_named(load: Load, bad: str) -> None:
    assert "bind" in complaint(load, f"[metrics]\nbind = {bad}\n")


def test_a_bad_value_for_logging_is_named(load: Load) -> None:
    assert "debug" in complaint(load, "[DEFAULT]\ndebug = perhaps\n")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.conf")
    with pytest.raises(ConfigurationError) as caught:
        conf.load(["--config-file", missing])
    assert missing in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    "content", [b"no assignment\n", b"[ovn\n", b"[ovn]\nx = \xff\xfe\n"]
)
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "broken.conf"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        conf.load(["--config-file", str(path)])
    assert str(path) in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_directory_for_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        conf.load(["--config-file", str(tmp_path)])
    assert str(tmp_path) in str(caught.value)


def test_a_directory_of_files_has_the_last_word(tmp_path: Path) -> None:
    path = tmp_path / "gwsched.conf"
    path.write_text("[scheduler]\nmax_candidates = 3\nmode = observe\n")
    (tmp_path / "gwsched.conf.d").mkdir()
    (tmp_path / "gwsched.conf.d" / "10.conf").write_text(
        "[scheduler]\nmax_candidates = 4\n"
    )
    argv = ["--config-file", str(path)]
    argv += ["--config-dir", str(path.with_suffix(".conf.d"))]
    settings = conf.load(argv)[1]
    assert settings.policy.max_candidates == 4
    assert not settings.enforce


def test_neutrons_section_can_be_pasted(load: Load, tmp_path: Path) -> None:
    files = Authority(tmp_path, "ca").sign("gwsched")
    settings = load(
        ovn(
            ovn_nb_connection="ssl:10.0.0.1:6641,ssl:10.0.0.2:6641",
            **files.options("ovn_nb"),
            ovn_sb_connection="ssl:10.0.0.1:6642,ssl:10.0.0.2:6642",
            **files.options("ovn_sb"),
            ovsdb_connection_timeout=180,
            ovsdb_retry_max_interval=180,
            ovsdb_probe_interval=60000,
            neutron_sync_mode="log",
            ovn_metadata_enabled="True",
            ovn_l3_scheduler="chance",
            dns_servers="8.8.8.8,1.1.1.1",
            dhcp_default_lease_time=43200,
            ovn_dhcp4_global_options="ntp_server:1.2.3.4,wpad:1.2.3.5",
            ovn_emit_need_to_frag="true",
            disable_ovn_dhcp_for_baremetal_ports="false",
        )
    )
    assert settings.nb == ("ssl:10.0.0.1:6641", "ssl:10.0.0.2:6641")
    assert settings.sb == ("ssl:10.0.0.1:6642", "ssl:10.0.0.2:6642")
    assert (settings.timeout, settings.probe_ms) == (180, 60000)
    for tls in (settings.tls.nb, settings.tls.sb):
        assert tls
        assert (tls.certificate, tls.ca_cert) == (
            files.certificate,
            files.ca_cert,
        )
    # Neutron's scheduler is Neutron's; ours is in [scheduler].
    assert settings.scheduler == "leastloaded"


def test_options_and_sections_not_known_are_ignored(load: Load) -> None:
    text = "[scheduler]\nmax_candidate = 3\n[nobodys]\nx = 1\n"
    assert load(text) == load("")
