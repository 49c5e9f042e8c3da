# SPDX-License-Identifier: Apache-2.0
"""What each failure costs in packets: OVN alone, and with gwsched."""
