# SPDX-License-Identifier: Apache-2.0
"""The networks chassis are plugged into."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from gwsched.sandbox.namespaces import Namespace, connect


@dataclass(frozen=True)
class Segment:
    """One network: a Linux bridge in the central namespace."""

    device: str
    network: IPv4Network

    @property
    def bridge(self) -> str:
        """Name the bridge in the central namespace."""
        return f"br-{self.device}"

    @property
    def centre(self) -> IPv4Address:
        """Return the address of the bridge itself."""
        return self.network[1]

    @property
    def mac(self) -> str:
        """Return the bridge's MAC address."""
        # A Linux bridge takes the lowest MAC of its ports unless it is told;
        # routers must not see the upstream's change when a port is added.
        octets = self.network.network_address.packed[:2].hex(":")
        return f"0a:00:00:00:{octets}"

    @property
    def network6(self) -> IPv6Network:
        """Return the IPv6 network beside the IPv4 one."""
        octets = self.network.network_address.packed[:2].hex()
        return IPv6Network(f"fd00:{octets}::/64")

    @property
    def centre6(self) -> IPv6Address:
        """Return the IPv6 address of the bridge itself."""
        return self.network6[1]

    def address(self, number: int) -> IPv4Address:
        """Return the address of a numbered member."""
        return self.network[256 + number]

    def address6(self, number: int) -> IPv6Address:
        """Return the IPv6 address of a numbered member."""
        return self.network6[256 + number]

    def with_prefix(self, address: IPv4Address | IPv6Address) -> str:
        """Write an address with the segment's prefix length."""
        network = self.network if address.version == 4 else self.network6
        return f"{address}/{network.prefixlen}"

    def switch_port(self, chassis: str) -> str:
        """Name the bridge's end of a chassis' cable."""
        return f"{chassis}-{self.device}"


MANAGEMENT = Segment("mgmt", IPv4Network("172.29.0.0/16"))
TUNNEL = Segment("tun", IPv4Network("172.30.0.0/16"))
UPLINK = Segment("ext", IPv4Network("172.31.0.0/16"))
SECOND = Segment("ext2", IPv4Network("172.28.0.0/16"))
SEGMENTS = (MANAGEMENT, TUNNEL, UPLINK, SECOND)
# The uplinks, by the physical networks that OVN knows them as.
UPLINKS: Mapping[str, Segment] = {"public": UPLINK, "second": SECOND}


def build(central: Namespace) -> None:
    """Create the bridges."""
    for segment in SEGMENTS:
        bridge = segment.bridge
        central.ip(
            f"link add {bridge} address {segment.mac} type bridge",
            f"address add {segment.with_prefix(segment.centre)} dev {bridge}",
            f"address add {segment.with_prefix(segment.centre6)} dev {bridge} "
            "nodad",
            f"link set {bridge} up",
        )


def plug(
    central: Namespace, segment: Segment, chassis: str, inside: Namespace
) -> None:
    """Plug a chassis into a segment."""
    port = segment.switch_port(chassis)
    connect(inside, segment.device, central, port)
    central.ip(f"link set {port} master {segment.bridge}")
