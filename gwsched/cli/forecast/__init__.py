# SPDX-License-Identifier: Apache-2.0
"""What would be: the planner run ahead, from what the databases say now.

``assumed`` and ``known`` are the verdicts it starts from, ``election`` is
OVN's part, ``outlook`` the way to rest, ``loads`` what is carried there.
``plan`` and ``simulate`` (with ``failing``) are what is shown of it.
"""
