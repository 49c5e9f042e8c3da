# SPDX-License-Identifier: Apache-2.0
"""One chassis: a namespace with its own OVS and ovn-controller."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from gwsched.sandbox import fabric
from gwsched.sandbox.central import SB_REMOTE
from gwsched.sandbox.daemon import Daemon, environment
from gwsched.sandbox.fabric import MANAGEMENT, TUNNEL, UPLINKS, Segment
from gwsched.sandbox.machine import OVS_SCHEMA
from gwsched.sandbox.namespaces import Namespace
from gwsched.sandbox.shell import SandboxError, run


class Chassis:
    """A gateway or a compute."""

    def __init__(
        self,
        name: str,
        number: int,
        zone: str,
        networks: Sequence[str],
        central: Namespace,
        namespace: Namespace,
        directory: Path,
    ) -> None:
        self.name = name
        self.number = number
        self.zone = zone
        self.networks = networks
        self.central = central
        self.namespace = namespace
        self.directory = directory
        self.is_gateway = name.startswith("gw")
        self.ovs_remote = f"unix:{directory}/db.sock"
        self.ovsdb = self._daemon(
            "ovsdb-server",
            f"--remote=p{self.ovs_remote}",
            f"{directory}/conf.db",
        )
        self.vswitchd = self._daemon(
            # No kernel module: the datapath is in the process.
            "ovs-vswitchd",
            "--disable-system",
            self.ovs_remote,
        )
        self.controller = self._daemon("ovn-controller", self.ovs_remote)
        self.daemons = (self.ovsdb, self.vswitchd, self.controller)

    @property
    def segments(self) -> tuple[Segment, ...]:
        """Return the networks this chassis is plugged into."""
        return MANAGEMENT, TUNNEL, *self.uplinks

    @property
    def uplinks(self) -> tuple[Segment, ...]:
        """Return the physical networks among those."""
        return tuple(UPLINKS[network] for network in self.networks)

    def build(self) -> None:
        """Create the chassis and start it."""
        self.namespace.add()
        self.directory.mkdir()
        for segment in self.segments:
            fabric.plug(self.central, segment, self.name, self.namespace)
        address = MANAGEMENT.with_prefix(MANAGEMENT.address(self.number))
        self.namespace.ip(f"address add {address} dev {MANAGEMENT.device}")
        database = str(self.directory / "conf.db")
        run("ovsdb-tool", "create", database, str(OVS_SCHEMA))
        self.start_ovs()
        self.controller.start()

    def start_ovs(self) -> None:
        """Start what does not run of OVS, and configure it."""
        self.ovsdb.start()
        self.vsctl("--no-wait", "init", *self._identity(), *self._bridges())
        self.vswitchd.start()
        # The bridge's port is a tap that dies with vswitchd: its address
        # has to be given again after every start.
        address = TUNNEL.with_prefix(TUNNEL.address(self.number))
        self.namespace.ip(
            f"address replace {address} dev br-tun", "link set br-tun up"
        )

    def vsctl(self, *arguments: str) -> str:
        """Run ovs-vsctl on this chassis."""
        return run(
            "ovs-vsctl", "--timeout=15", f"--db={self.ovs_remote}", *arguments
        )

    def execute(self, *argv: str) -> str:
        """Run a command as if logged in to this chassis."""
        return self.namespace.run(*argv, env=environment(self.directory))

    def leave(self) -> None:
        """Stop in good order: ovn-controller deletes its Chassis row."""
        if self.controller.state() != "running":
            raise SandboxError(f"{self.name}: ovn-controller does not run")
        pid = self.controller.pid()
        self.execute("ovn-appctl", "-t", "ovn-controller", "exit")
        if pid is not None:
            self.controller.wait_gone(pid)
        self.vswitchd.stop()
        self.ovsdb.stop()

    def plug_in(self, segment: Segment) -> None:
        """Put the cable to a segment back."""
        self._set_port(segment, "up")

    def unplug(self, segment: Segment) -> None:
        """Pull the cable to a segment."""
        self._set_port(segment, "down")

    def unplug_uplinks(self) -> None:
        """Pull the cable to every physical network."""
        if not self.uplinks:
            raise SandboxError(f"{self.name} has no uplink")
        for segment in self.uplinks:
            self.unplug(segment)

    def is_plugged(self, segment: Segment) -> bool:
        """Tell whether the cable to a segment is in."""
        return self.central.is_up(segment.switch_port(self.name))

    def refuse_tunnels_from(self, peer: Self) -> None:
        """Drop what comes in from a peer's tunnels."""
        flow = f"priority=100,{peer.tunnel_packets},actions=drop"
        self.execute("ovs-ofctl", "add-flow", "br-tun", flow)

    def accept_tunnels_from(self, peer: Self) -> None:
        """Drop nothing from a peer any more."""
        if self.vswitchd.state() == "running":  # else no flow is left
            self.execute(
                "ovs-ofctl", "del-flows", "br-tun", peer.tunnel_packets
            )

    @property
    def tunnel_packets(self) -> str:
        """Return the match of what this chassis sends into tunnels."""
        return f"ip,nw_src={TUNNEL.address(self.number)}"

    def _set_port(self, segment: Segment, state: str) -> None:
        # The switch's end: vswitchd sets its own ports up when it starts.
        self.central.ip(f"link set {segment.switch_port(self.name)} {state}")

    def _identity(self) -> tuple[str, ...]:
        facts = {
            "system-id": self.name,
            "hostname": self.name,
            "ovn-remote": SB_REMOTE,
            "ovn-encap-type": "geneve",
            "ovn-encap-ip": str(TUNNEL.address(self.number)),
            "ovn-bridge-datapath-type": "netdev",
        }
        if self.networks:
            facts["ovn-bridge-mappings"] = ",".join(
                f"{network}:{_bridge_to(network)}" for network in self.networks
            )
        if self.is_gateway:
            facts["ovn-cms-options"] = (
                f"enable-chassis-as-gw,availability-zones={self.zone}"
            )
        pairs = (f'external_ids:{key}="{facts[key]}"' for key in facts)
        return "--", "set", "Open_vSwitch", ".", *pairs

    def _bridges(self) -> tuple[str, ...]:
        # In secure mode a switch without its controller forwards nothing.
        secure = ("fail_mode=secure", "other_config:disable-in-band=true")
        commands = [
            *_bridge("br-int", *secure),
            *_bridge("br-tun"),
            *_port("br-tun", TUNNEL.device),
        ]
        for network, segment in zip(self.networks, self.uplinks, strict=True):
            bridge = _bridge_to(network)
            commands += [*_bridge(bridge), *_port(bridge, segment.device)]
        return tuple(commands)

    def _daemon(self, program: str, *arguments: str) -> Daemon:
        return Daemon(
            self.namespace, self.directory, program, arguments, program
        )


def _bridge_to(network: str) -> str:
    return "br-ex" if network == "public" else f"br-{network}"


def _bridge(name: str, *settings: str) -> tuple[str, ...]:
    # fmt: off
    return (
        "--", "--may-exist", "add-br", name,
        "--", "set", "Bridge", name, "datapath_type=netdev", *settings,
    )
    # fmt: on


def _port(bridge: str, device: str) -> tuple[str, ...]:
    return "--", "--may-exist", "add-port", bridge, device
