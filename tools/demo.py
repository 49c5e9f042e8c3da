#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The main job on real OVN: place, lose a gateway, repair.

Run by tools/demo, which does the set-up.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from gwsched.sandbox import Ping, Sandbox, SandboxError

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "etc/gwsched/gwsched.conf.sample"
ROUTERS = [f"r{number}" for number in range(1, 9)]
INTERVAL = 0.05
STARTED = time.monotonic()


def say(text: str) -> None:
    """Print one line of what happens, with the time since the start."""
    print(f"[{time.monotonic() - STARTED:5.1f} s] {text}", flush=True)


def wait_for(
    condition: Callable[[], bool], what: str, timeout: float = 90
) -> None:
    """Wait until a condition holds, with a dot for each second of it."""
    deadline = time.monotonic() + timeout
    dotted = time.monotonic() + 1
    while not condition():
        if time.monotonic() > deadline:
            raise SandboxError(f"waited {timeout:.0f} s in vain for {what}")
        if time.monotonic() >= dotted:
            print(".", end="", flush=True, file=sys.stderr)
            dotted += 1
        time.sleep(0.1)
    if dotted > time.monotonic():
        print(file=sys.stderr)


class Demo:
    """A sandbox, a daemon and a ping from every router's VM."""

    def __init__(self, box: Sandbox, directory: Path) -> None:
        self.box = box
        self.port = free_port(9977)
        self.log = directory / "gwsched.log"
        self.conf = directory / "demo.conf"
        self.conf.write_text(
            f"[ovn]\novn_nb_connection = {box.nb}\n"
            f"ovn_sb_connection = {box.sb}\n"
            f"[metrics]\nport = {self.port}\n"
        )
        self.files = ["--config-file", str(SAMPLE)]
        self.files += ["--config-file", str(self.conf)]

    def start_daemon(self) -> subprocess.Popen[bytes]:
        with self.log.open("w") as log:
            return subprocess.Popen(["gwsched", *self.files], stderr=log)

    def table(self) -> None:
        """Show who holds what, as an operator would see it."""
        columns = ["-c", "port", "-c", "holder", "-c", "candidates"]
        subprocess.run(
            ["gwschedctl", *self.files, "ports", *columns], check=True
        )

    def order(self, router: str) -> list[str]:
        return [chassis for chassis, _ in self.box.candidates(router)]

    def settled(self) -> bool:
        """Whether every list is there and held by its primary."""
        held = self.box.holders()
        lists = {router: self.order(router) for router in ROUTERS}
        return all(
            lists[r] and held.get(f"lrp-{r}") == lists[r][0] for r in ROUTERS
        )

    def without(self, chassis: str) -> bool:
        """Whether a chassis has left every list."""
        return not any(chassis in self.order(router) for router in ROUTERS)

    def why(self, chassis: str) -> None:
        """Show what the daemon said of a chassis."""
        for line in self.log.read_text().splitlines():
            if f"chassis {chassis}" in line:
                print("    " + line)

    def play(self) -> None:
        """Place, lose the gateway that holds most, repair."""
        say("gwsched starts; the ports have no candidates yet")
        wait_for(self.settled, "all ports to be placed", 30)
        say(f"{len(ROUTERS)} gateway ports placed and claimed:")
        self.table()
        with ExitStack() as stack:
            pings = {
                router: stack.enter_context(self.box.ping(router, INTERVAL))
                for router in ROUTERS
            }
            for ping in pings.values():
                ping.wait_replies(1, 30)
            say(f"every VM pings the upstream router each {INTERVAL} s")
            victim = self.lose_most(pings)
        report(pings, self.held_before, victim)
        say("and now:")
        self.table()
        self.why(victim)

    def lose_most(self, pings: dict[str, Ping]) -> str:
        """Power off the gateway that holds most; wait for the repair."""
        self.held_before = self.box.holders()
        victim = Counter(filter(None, self.held_before.values())).most_common(
            1
        )[0][0]
        self.box.fault(victim, "power")
        say(f"power loss of {victim}, which holds most")
        wait_for(
            lambda: victim not in self.box.holders().values(),
            "OVN's own fail-over",
        )
        for router, holder in self.held_before.items():
            if holder == victim:
                pings[router.removeprefix("lrp-")].wait_replies(20, 30)
        say("OVN has failed over by itself; its lists still begin with the")
        say(f"dead {victim}. gwsched makes the new holders primary at once,")
        say("and replaces it once it has been dead for the hold-down:")
        wait_for(lambda: self.without(victim), "the repair")
        return victim


def report(
    pings: dict[str, Ping], held: dict[str, str | None], victim: str
) -> None:
    """Show what the loss cost, per router."""
    say("packets lost over the whole of it:")
    for router, ping in sorted(pings.items()):
        found, was = ping.report, held[f"lrp-{router}"]
        mark = "  <- lost its gateway" if was == victim else ""
        print(
            f"    {router} on {was}: {found.lost:3d} of {found.sent}, "
            f"longest gap {found.longest_gap:.2f} s{mark}"
        )


def free_port(wanted: int) -> int:
    """Return a port if it is free, else any that is."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.close()
            with socket.socket() as other:
                other.bind(("127.0.0.1", 0))
                return int(other.getsockname()[1])
    return wanted


def keep(demo: Demo) -> None:
    """Leave it running, and say how to look at it and how to end it."""
    name = f"--name {demo.box.name}"
    print(
        f"""
Left running. Try:
    curl http://127.0.0.1:{demo.port}/metrics
    .venv/bin/gwschedctl --config-file {demo.conf} ports
    .venv/bin/gwschedctl --config-file {demo.conf} chassis
    .venv/bin/gwsched-sandbox status {name}
    .venv/bin/gwsched-sandbox fault gw2 graceful {name}
    .venv/bin/gwsched-sandbox ping r1 --count 50 {name}
    tail -f {demo.log}
End it:
    kill {demo.daemon.pid}; .venv/bin/gwsched-sandbox down {name}"""
    )


def main() -> int:
    """Play the demo; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--keep", action="store_true", help="leave it running at the end"
    )
    parser.add_argument("--name", default="demo", help="the sandbox' name")
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="gwsched-demo-"))
    kept = False
    box = daemon = None
    try:
        say(
            "real OVN: four gateways, a compute node, eight routers, eight VMs"
        )
        box = Sandbox.up(name=options.name, gateways=4, computes=1)
        for router in ROUTERS:
            box.add_router(router)
        demo = Demo(box, directory)
        daemon = demo.daemon = demo.start_daemon()
        demo.play()
        kept = options.keep
        if kept:
            keep(demo)
    except SandboxError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    finally:
        if not kept:
            if daemon:
                daemon.terminate()
                daemon.wait()
            if box:
                box.down()
            shutil.rmtree(directory)
    if not kept:
        say("ended clean")
    return 0


if __name__ == "__main__":
    sys.exit(main())
