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
        """Return the address of the centre: upstream's, on an uplink."""
        return self.network[1]

    @property
    def mac(self) -> str:
        """Return the MAC address of the centre."""
        octets = self.network.network_address.packed[:2].hex(":")
        return f"0a:00:00:00:{octets}"

    @property
    def network6(self) -> IPv6Network:
        """Return the IPv6 network beside the IPv4 one."""
        octets = self.network.network_address.packed[:2].hex()
        return IPv6Network(f"fd00:{octets}::/64")

    @property
    def centre6(self) -> IPv6Address:
        """Return the IPv6 address of the centre."""
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

    def switch_port(self, owner: str) -> str:
        """Name the bridge's end of a chassis' or upstream's cable."""
        return f"{owner}-{self.device}"


MANAGEMENT = Segment("mgmt", IPv4Network("172.29.0.0/16"))
TUNNEL = Segment("tun", IPv4Network("172.30.0.0/16"))
UPLINK = Segment("ext", IPv4Network("172.31.0.0/16"))
SECOND = Segment("ext2", IPv4Network("172.28.0.0/16"))
SEGMENTS = (MANAGEMENT, TUNNEL, UPLINK, SECOND)
# The uplinks, by the physical networks that OVN knows them as.
UPLINKS: Mapping[str, Segment] = {"public": UPLINK, "second": SECOND}
UPSTREAM = "upstream"


def build(central: Namespace) -> None:
    """Create the bridges, and the upstream router beside its own."""
    for segment in SEGMENTS:
        bridge = segment.bridge
        central.ip(f"link add {bridge} type bridge", f"link set {bridge} up")
        if segment not in UPLINKS.values():
            _settle(central, segment, bridge)
            continue
        # Upstream is plugged in like a chassis, so that it can die while
        # the switch lives.  Linux would answer ARP for it on the switch too.
        central.ip(f"link set {bridge} arp off")
        plug(central, segment, UPSTREAM, central)
        _settle(central, segment, segment.device)


def plug(
    central: Namespace, segment: Segment, owner: str, inside: Namespace
) -> None:
    """Plug a chassis, or upstream, into a segment."""
    port = segment.switch_port(owner)
    connect(inside, segment.device, central, port)
    central.ip(f"link set {port} master {segment.bridge}")


def _settle(central: Namespace, segment: Segment, device: str) -> None:
    """Give a device the addresses of the centre."""
    # A bridge takes the lowest MAC of its ports unless it is told.
    central.ip(
        f"link set {device} address {segment.mac}",
        f"address add {segment.with_prefix(segment.centre)} dev {device}",
        f"address add {segment.with_prefix(segment.centre6)} dev {device} "
        "nodad",
    )
