# SPDX-License-Identifier: Apache-2.0
"""The sandbox does what it says, with real OVN and real packets."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from gwsched.sandbox import Sandbox, SandboxError, wait_until
from gwsched.sandbox.pinger import PingReport, account

pytestmark = pytest.mark.packets

NUMBERS = count()
FAILOVER_SECONDS = 10


def fresh_name() -> str:
    return f"t{os.getpid()}-{next(NUMBERS)}"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    # Not pytest's own directory: sockets' paths must be short.
    path = Path(f"/run/gws-test-{os.getpid()}")
    yield path
    if path.exists():
        path.rmdir()  # fails unless every sandbox left nothing


@pytest.fixture
def up(base: Path) -> Iterator[Callable[..., Sandbox]]:
    """Build sandboxes that are gone after the test."""
    boxes: list[Sandbox] = []

    def build(gateways: int = 1, computes: int = 1, zones: int = 1) -> Sandbox:
        box = Sandbox.up(fresh_name(), gateways, computes, zones, base)
        boxes.append(box)
        return box

    yield build
    for box in boxes:
        box.down()


@pytest.fixture(scope="module")
def shared(base: Path) -> Iterator[Sandbox]:
    """One sandbox for the tests that leave it as it was."""
    box = Sandbox.up(fresh_name(), gateways=2, zones=2, base_dir=base)
    box.add_router("r0", candidates=("gw1",))
    yield box
    box.down()


def command(
    *arguments: str, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return run_python("-m", "gwsched.sandbox.main", *arguments, env=env)


def run_python(
    *arguments: str,
    env: dict[str, str] | None = None,
    prefix: tuple[str, ...] = (),
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*prefix, sys.executable, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **(env or {})},
    )


def namespaces(name: str) -> set[str]:
    """Name every namespace that looks like this sandbox's."""
    listing = Path("/run/netns")
    return (
        {path.name for path in listing.iterdir() if f"-{name}-" in path.name}
        if listing.exists()
        else set()
    )


def processes(directory: Path) -> list[str]:
    """List the command lines that name a sandbox's directory."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode()
        except OSError:  # ended meanwhile
            continue
        if f"{directory}/" in line:
            lines.append(line)
    return lines


def is_error_of_one_line(done: subprocess.CompletedProcess[str]) -> bool:
    return done.returncode == 1 and (
        done.stderr.startswith("gwsched-sandbox: ")
        and done.stderr.count("\n") == 1
    )


# --- up and down -----------------------------------------------------------


def test_down_leaves_nothing(up: Callable[..., Sandbox]) -> None:
    box = up(gateways=1)
    box.add_router("r1", candidates=("gw1",))
    with box.ping("r1") as run:
        run.wait_replies(3, 20)
    assert namespaces(box.name) == {
        f"gws-{box.name}-{thing}"
        for thing in ("central", "gw1", "hv1", "vm.r1-vm1")
    }
    assert len(processes(box.directory)) == 3 + 2 * 3

    box.down()

    assert namespaces(box.name) == set()
    assert processes(box.directory) == []
    assert not box.directory.exists()
    box.down()  # is no error


def test_root_namespace_sees_no_link(up: Callable[..., Sandbox]) -> None:
    before = sorted(path.name for path in Path("/sys/class/net").iterdir())
    up()
    after = sorted(path.name for path in Path("/sys/class/net").iterdir())
    assert before == after


def test_failed_up_leaves_nothing(base: Path, tmp_path: Path) -> None:
    name = fresh_name()
    (tmp_path / "ovn-controller").symlink_to(str(shutil.which("false")))
    path = f"{tmp_path}:{os.environ['PATH']}"

    done = command(
        "up", "--name", name, "--base-dir", str(base), env={"PATH": path}
    )

    assert done.returncode == 1
    assert "ovn-controller" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert namespaces(name) == set()
    assert processes(base / name) == []
    assert not (base / name).exists()


def test_down_of_half_built(up: Callable[..., Sandbox]) -> None:
    box = up()
    shutil.rmtree(box.directory)
    box.down()
    assert namespaces(box.name) == set()
    assert processes(box.directory) == []


def test_second_up_refused_and_harmless(shared: Sandbox) -> None:
    with pytest.raises(SandboxError, match="is up, or half-built"):
        Sandbox.up(shared.name, base_dir=shared.directory.parent)
    assert shared.sbctl("--bare", "--columns=name", "list", "Chassis")


def test_down_refuses_a_directory_not_its_own(tmp_path: Path) -> None:
    precious = tmp_path / "home" / "file"
    precious.parent.mkdir()
    precious.touch()
    done = command("down", "--name", "home", "--base-dir", str(tmp_path))
    assert is_error_of_one_line(done)
    assert precious.exists()


def test_two_side_by_side(up: Callable[..., Sandbox]) -> None:
    one, two = up(), up()
    for box in (one, two):
        box.add_router("r1", candidates=("gw1",))
    with one.ping("r1") as first, two.ping("r1") as second:
        first.wait_replies(5, 20)
        second.wait_replies(5, 20)
        one.fault("gw1", "power")
        second.wait_replies(20, 20)
    assert second.report.lost == 0
    one.down()
    with two.ping("r1") as run:
        run.wait_replies(5, 20)


# --- routers and traffic ---------------------------------------------------


def test_native_failover(up: Callable[..., Sandbox]) -> None:
    box = up(gateways=3)
    box.add_router("r1", candidates=("gw1", "gw2", "gw3"))
    assert box.candidates("r1") == [("gw1", 3), ("gw2", 2), ("gw3", 1)]
    wait_until(lambda: tunnels_up(box, "hv1") == 3, 20, "BFD")
    with box.ping("r1-vm1") as run:
        run.wait_replies(10, 20)
        wait_until(lambda: box.holder("r1") == "gw1", 20, "gw1 to hold it")
        box.fault("gw1", "power")
        wait_until(lambda: box.holder("r1") == "gw2", 20, "gw2 to take over")
        run.wait_replies(10, 20)
    assert 0 < run.report.longest_gap < FAILOVER_SECONDS
    assert run.report.received >= 20


def tunnels_up(box: Sandbox, chassis: str) -> int:
    # fmt: off
    status = box.execute(
        chassis, "ovs-vsctl", "--bare", "--columns=bfd_status",
        "list", "Interface",
    )
    # fmt: on
    return status.count("forwarding=true")


def test_router_without_candidates_has_no_holder(shared: Sandbox) -> None:
    shared.add_router("r-bare")
    assert shared.holder("r-bare") is None
    assert shared.candidates("r-bare") == []


def test_markers(shared: Sandbox) -> None:
    for marker in ("intent", "neutron", "none"):
        shared.add_router(f"r-{marker}", marker=marker)
    intents = shared.nbctl("get", "NB_Global", ".", "external_ids")
    assert 'gwsched-adopt-lrp-r-intent="true"' in intents
    assert "lrp-r-neutron" not in intents
    assert "lrp-r-none" not in intents
    for marker, expected in (
        ("neutron", '{"neutron:is_ext_gw"=True}'),
        ("none", "{}"),
    ):
        port = f"lrp-r-{marker}"
        facts = shared.nbctl(
            "get", "Logical_Router_Port", port, "external_ids"
        )
        assert facts.strip() == expected


def test_candidates_of_a_shared_group(shared: Sandbox) -> None:
    shared.add_router("r-group", vms=())
    # fmt: off
    shared.nbctl(
        "ha-chassis-group-add", "g",
        "--", "ha-chassis-group-add-chassis", "g", "gw1", "10",
        "--", "ha-chassis-group-add-chassis", "g", "gw2", "20",
    )
    group = shared.nbctl(
        "--bare", "--columns=_uuid", "find", "HA_Chassis_Group", "name=g"
    ).strip()
    shared.nbctl(
        "set", "Logical_Router_Port", "lrp-r-group",
        f"ha_chassis_group={group}",
    )
    # fmt: on
    assert shared.candidates("r-group") == [("gw2", 20), ("gw1", 10)]


def test_zones_go_round(shared: Sandbox) -> None:
    for chassis, zone in (("gw1", "az1"), ("gw2", "az2")):
        options = shared.sbctl(
            "get", "Chassis", chassis, "other_config:ovn-cms-options"
        )
        assert f"enable-chassis-as-gw,availability-zones={zone}" in options
    options = shared.sbctl(
        "get", "Chassis", "hv1", "other_config:ovn-cms-options"
    )
    assert options.strip() == '""'


def test_refused_router_leaves_no_trace(shared: Sandbox) -> None:
    with pytest.raises(SandboxError, match="no chassis 'gw9'"):
        shared.add_router("r-bad", candidates=("gw9",))
    shared.nbctl("lr-add", "r-clash")
    with pytest.raises(SandboxError, match="r-clash"):
        shared.add_router("r-clash")
    shared.nbctl("lr-del", "r-clash")
    shared.add_router("r-clash")


@pytest.mark.parametrize(
    ("answered", "transmitted", "report"),
    [
        (range(1, 11), 10, PingReport(10, 10, 0, 0.0, 0)),
        (range(4, 11), 10, PingReport(7, 7, 0, 0.0, 3)),
        ({1, 2, 6, 7, 9}, 9, PingReport(9, 5, 4, 1.5, 0)),
        ({1, 2}, 8, PingReport(8, 2, 6, 3.0, 0)),
        ({1, 2}, 1, PingReport(2, 2, 0, 0.0, 0)),
        (set(), 4, PingReport(4, 0, 4, 2.0, 0)),
        (set(), 0, PingReport(0, 0, 0, 0.0, 0)),
    ],
)
def test_ping_account(
    answered: set[int], transmitted: int, report: PingReport
) -> None:
    assert account(answered, transmitted, interval=0.5) == report


# --- faults ----------------------------------------------------------------


def daemon_states(box: Sandbox) -> tuple[str, ...]:
    [gateway] = [each for each in box.chassis if each.name == "gw1"]
    return tuple(daemon.state() for daemon in gateway.daemons)


def carrier(box: Sandbox, device: str) -> bool:
    link = box.execute("gw1", "ip", "-o", "link", "show", device)
    return "LOWER_UP" in link


def has_row(box: Sandbox) -> bool:
    names = box.sbctl("--bare", "--columns=name", "list", "Chassis")
    return "gw1" in names.split()


RUNNING = ("running", "running", "running")


@pytest.mark.parametrize(
    ("kind", "states"),
    [
        ("power", ("down", "down", "down")),
        ("controller", ("running", "running", "down")),
        ("vswitchd", ("running", "down", "running")),
        ("hang", ("running", "running", "stopped")),
        ("graceful", ("down", "down", "down")),
    ],
)
def test_process_fault(
    shared: Sandbox, kind: str, states: tuple[str, ...]
) -> None:
    shared.fault("gw1", kind)
    assert daemon_states(shared) == states
    assert has_row(shared) == (kind != "graceful")
    assert f"faults {kind}" in status_line(shared, "gw1")

    shared.heal("gw1")
    assert daemon_states(shared) == RUNNING
    assert "faults -" in status_line(shared, "gw1")
    wait_until(lambda: has_row(shared), 20, "the chassis row")
    with shared.ping("r0") as run:
        run.wait_replies(3, 20)


@pytest.mark.parametrize(
    ("kind", "device"),
    [("management", "mgmt"), ("tunnel", "tun"), ("uplink", "ext")],
)
def test_link_fault(shared: Sandbox, kind: str, device: str) -> None:
    shared.fault("gw1", kind)
    assert not carrier(shared, device)
    assert f"faults {kind}" in status_line(shared, "gw1")
    shared.heal("gw1")
    assert carrier(shared, device)
    assert daemon_states(shared) == RUNNING
    with shared.ping("r0") as run:
        run.wait_replies(3, 20)


def test_open_vswitch_back_before_its_controller(
    up: Callable[..., Sandbox],
) -> None:
    box = up(gateways=2)
    box.add_router("r1", candidates=("gw1", "gw2"))
    wait_until(lambda: tunnels_up(box, "hv1") == 2, 20, "BFD")
    with box.ping("r1") as run:
        run.wait_replies(3, 20)
        box.fault("gw1", "power")
        wait_until(lambda: box.holder("r1") == "gw2", 20, "gw2 to take over")
        box.heal("gw1", ovs_only=True)
        # Its tunnels come up again, and nobody is there to route.
        wait_until(lambda: tunnels_up(box, "hv1") == 2, 20, "BFD")
        wait_until(lambda: unanswered(box, "r1"), 20, "a black hole")
        wait_until(lambda: box.holder("r1") is None, 20, "nobody to hold it")
        box.heal("gw1")
        wait_until(lambda: box.holder("r1") == "gw1", 20, "gw1 to take over")
        run.wait_replies(3, 20)


def unanswered(box: Sandbox, router: str) -> bool:
    with box.ping(router, interval=0.02, count=20) as run:
        run.wait()
    return run.report.received == 0


def test_remote_of_open_vswitch(shared: Sandbox) -> None:
    # fmt: off
    name = subprocess.run(
        ["ovs-vsctl", f"--db={shared.ovs_remote('gw2')}",
         "get", "Open_vSwitch", ".", "external_ids:system-id"],
        capture_output=True, text=True, check=True,
    )
    # fmt: on
    assert name.stdout.strip() == "gw2"


def test_tunnel_address_survives_vswitchd(shared: Sandbox) -> None:
    show = ("ip", "-o", "-4", "address", "show", "dev", "br-tun")
    before = shared.execute("gw1", *show)
    shared.fault("gw1", "vswitchd")
    shared.heal("gw1")
    assert "172.30." in before
    assert "172.30." in shared.execute("gw1", *show)


def test_heal_ovs_only(shared: Sandbox) -> None:
    shared.fault("gw1", "power")
    shared.heal("gw1", ovs_only=True)
    assert daemon_states(shared) == ("running", "running", "down")
    assert "faults controller" in status_line(shared, "gw1")
    shared.heal("gw1")
    assert daemon_states(shared) == RUNNING


def test_faults_add_up_and_heal_together(shared: Sandbox) -> None:
    for kind in ("uplink", "tunnel", "hang", "power", "power"):
        shared.fault("gw1", kind)
    assert "faults uplink,tunnel,hang,power" in status_line(shared, "gw1")
    shared.heal("gw1")
    assert daemon_states(shared) == RUNNING
    assert carrier(shared, "ext")
    assert carrier(shared, "tun")


def test_a_compute_has_no_uplink(shared: Sandbox) -> None:
    with pytest.raises(SandboxError, match="hv1 has no uplink"):
        shared.fault("hv1", "uplink")


def test_database_goes_and_comes_back(shared: Sandbox) -> None:
    shared.stop("sb")
    assert "SB" in status_text(shared)
    assert "holds ?" in status_line(shared, "gw1")
    shared.start("sb")
    wait_until(lambda: shared.holder("r0") == "gw1", 20, "the holder")
    for daemon in ("nb", "sb", "ovn-northd"):
        shared.pause(daemon)
        assert shared.central.daemon(daemon).state() == "stopped"
        shared.resume(daemon)
    wait_until(lambda: shared.holder("r0") == "gw1", 20, "the holder")


# --- the command -----------------------------------------------------------


def of(box: Sandbox) -> tuple[str, ...]:
    return "--name", box.name, "--base-dir", str(box.directory.parent)


def status_text(box: Sandbox) -> str:
    done = command("status", *of(box))
    assert done.returncode == 0, done.stderr
    return done.stdout


def status_line(box: Sandbox, chassis: str) -> str:
    [line] = [
        line
        for line in status_text(box).splitlines()
        if line.startswith(chassis)
    ]
    return line


def test_commands(base: Path) -> None:
    name = ("--name", fresh_name(), "--base-dir", str(base))
    try:
        done = command("up", "--gateways", "1", *name)
        assert done.returncode == 0, done.stderr
        assert "starting gw1" in done.stderr
        done = command(
            "router", "add", "r1", "--candidates", "gw1", "--vms", "a,b", *name
        )
        assert done.returncode == 0, done.stderr
        box = Sandbox.load(name[1], base)
        with box.ping("b") as run:
            run.wait_replies(1, 20)
        done = command("ping", "a", "--count", "5", *name)
        assert done.stdout.startswith("sent 5 lost 0 longest gap 0.00 s")
        assert "holds cr-lrp-r1" in command("status", *name).stdout
        assert command("fault", "gw1", "controller", *name).returncode == 0
        assert command("heal", "gw1", *name).returncode == 0
    finally:
        assert command("down", *name).returncode == 0


def test_commands_for_pairs_and_next_hops(shared: Sandbox) -> None:
    def run(*arguments: str) -> None:
        done = command(*arguments, *of(shared))
        assert done.returncode == 0, done.stderr

    run("part", "gw1", "gw2")
    assert "faults parted:gw2" in status_line(shared, "gw1")
    assert "faults parted:gw1" in status_line(shared, "gw2")
    run("rejoin", "gw1", "gw2")
    assert "faults -" in status_line(shared, "gw1")
    run("router", "add", "r-pin", "--pinned-to", "gw2", "--bfd")
    assert shared.pinned("r-pin") == "gw2"
    wait_until(lambda: shared.next_hop("r-pin") == "up", 20, "BFD")
    assert "public up  second up  bfdd running" in status_text(shared)
    run("next-hop", "down")
    assert "public down  second up" in status_text(shared)
    run("next-hop", "up")
    assert "public up" in status_text(shared)


@pytest.mark.parametrize(
    "arguments",
    [
        ("fault", "gw9", "power"),
        ("heal", "gw9"),
        ("ping", "nobody"),
        ("router", "add", "r0"),
        ("router", "add", "UPPER"),
        ("router", "add", "r-c", "--candidates", "gw9"),
        ("router", "add", "r-c", "--pinned-to", "gw9"),
        (*("router", "add", "r-c", "--pinned-to", "gw1"), "--candidates=gw2"),
        ("part", "gw1", "gw1"),
        ("part", "gw1", "gw9"),
    ],
)
def test_refusals_are_one_line(
    shared: Sandbox, arguments: tuple[str, ...]
) -> None:
    done = command(*arguments, *of(shared))
    assert is_error_of_one_line(done), done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("up", "--gateways", "0"),
        ("fault", "gw1", "rain"),
        ("router", "add", "r", "--marker", "maybe"),
    ],
)
def test_usage_errors(arguments: tuple[str, ...]) -> None:
    assert command(*arguments).returncode == 2


@pytest.mark.parametrize(
    "options",
    [
        ("--name", "Upper"),
        ("--name", "../x"),
        ("--name", "-x"),
        ("--base-dir", "/run/" + "x" * 80),
    ],
)
def test_bad_places(options: tuple[str, str]) -> None:
    done = command("up", "=".join(options))
    assert is_error_of_one_line(done), done.stderr


def test_unknown_sandbox(base: Path) -> None:
    done = command("status", "--name", "nowhere", "--base-dir", str(base))
    assert is_error_of_one_line(done)
    assert "no sandbox 'nowhere'" in done.stderr


# --- machines that cannot --------------------------------------------------


def test_without_programs(base: Path) -> None:
    done = command("up", "--base-dir", str(base), env={"PATH": "/nowhere"})
    assert is_error_of_one_line(done)
    assert "not installed: ethtool, ip, ovn-appctl" in done.stderr


def test_not_root() -> None:
    script = (
        "import os, sys; from gwsched.sandbox.main import main; "
        "os.setuid(65534); sys.exit(main(['up']))"
    )
    done = run_python("-c", script)
    assert is_error_of_one_line(done), done.stderr
    assert "need root" in done.stderr


def test_namespaces_refused(base: Path) -> None:
    name = fresh_name()
    powerless = ("setpriv", "--bounding-set=-sys_admin")
    done = run_python(
        *("-m", "gwsched.sandbox.main", "up", "--name", name),
        *("--base-dir", str(base)),
        prefix=powerless,
    )
    assert is_error_of_one_line(done), done.stderr
    assert "ip netns add" in done.stderr
    assert not (base / name).exists()
