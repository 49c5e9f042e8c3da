# SPDX-License-Identifier: Apache-2.0
"""Virtual machines: namespaces plugged into a compute's br-int."""

from gwsched.sandbox import names
from gwsched.sandbox.chassis import Chassis
from gwsched.sandbox.namespaces import connect
from gwsched.sandbox.routers import Vm


def boot(sandbox: str, vm: Vm, compute: Chassis) -> None:
    """Create a VM's namespace and plug it in."""
    namespace = names.vm(sandbox, vm.name)
    namespace.add()
    tap = f"vm{vm.router_number}-{vm.index}"
    connect(namespace, "eth0", compute.namespace, tap, near_mac=vm.mac)
    namespace.ip(
        f"address add {vm.address} dev eth0",
        f"route add default via {vm.gateway}",
    )
    # fmt: off
    compute.vsctl(
        "add-port", "br-int", tap,
        "--", "set", "Interface", tap, f"external_ids:iface-id={vm.name}",
    )
    # fmt: on
