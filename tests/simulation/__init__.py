# SPDX-License-Identifier: Apache-2.0
"""OVN and the daemons that keep it, on a clock of their own.

A :class:`~tests.simulation.schedules.Schedule` says what is there and what
befalls it.  The model of OVN (ovn.py and below) goes by OVN's own rules, the
daemons (daemon.py) are the real Decider in a simulated process, and
invariants.py says in prose what must hold.  Nothing is random but the
drawing of a schedule, so a seed always replays the same.
"""
