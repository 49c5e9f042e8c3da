# SPDX-License-Identifier: Apache-2.0
"""The verbs that steer, from a word of the operator's to a key in NB.

``verbs`` has what each is told, ``steps`` what it comes to (with ``leaving``
for a drain), ``wishes`` writes it, ``steering`` is the way through these,
``waiting`` for ``--wait``, ``outcome`` what is said in the end.
"""
