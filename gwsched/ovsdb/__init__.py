# SPDX-License-Identifier: Apache-2.0
"""The parts of connection.py: the databases as they are replicated here.

``schema`` says what is seen of them, ``replica`` notes what has changed,
``claimed`` counts who claimed what; ``vantage`` and ``vswitch`` are for the
Open_vSwitch databases of chassis.
"""
