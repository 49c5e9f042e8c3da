# SPDX-License-Identifier: Apache-2.0
"""Random faults on real OVN under traffic; every outage is explained."""
