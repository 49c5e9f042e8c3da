# SPDX-License-Identifier: Apache-2.0
"""What a machine must have before a sandbox can stand on it."""

import os
import shutil
from pathlib import Path

from gwsched.sandbox.shell import SandboxError

NB_SCHEMA = Path("/usr/share/ovn/ovn-nb.ovsschema")
SB_SCHEMA = Path("/usr/share/ovn/ovn-sb.ovsschema")
OVS_SCHEMA = Path("/usr/share/openvswitch/vswitch.ovsschema")

# Not on the PATH, and needed only where a router has BFD.
BFDD = Path("/usr/lib/frr/bfdd")

# Userspace bridges have tap devices as their local ports.
TUN_DEVICE = Path("/dev/net/tun")

PROGRAMS = (
    "ethtool",
    "ip",
    "ovn-appctl",
    "ovn-controller",
    "ovn-nbctl",
    "ovn-northd",
    "ovn-sbctl",
    "ovs-vsctl",
    "ovs-vswitchd",
    "ovsdb-server",
    "ovsdb-tool",
    "ping",
)


def require_root() -> None:
    """Refuse to go on without the right to make namespaces."""
    if os.geteuid() != 0:
        raise SandboxError("network namespaces need root")


def require_bfdd() -> None:
    """Refuse to go on without the BFD daemon of FRR."""
    if not BFDD.exists():
        raise SandboxError(f"{BFDD} is missing (Debian package frr)")


def require_everything() -> None:
    """Refuse to go on unless all that a sandbox needs is there."""
    require_root()
    if missing := [name for name in PROGRAMS if not shutil.which(name)]:
        raise SandboxError(f"not installed: {', '.join(missing)}")
    for path in (NB_SCHEMA, SB_SCHEMA, OVS_SCHEMA, TUN_DEVICE):
        if not path.exists():
            raise SandboxError(f"{path} is missing")
