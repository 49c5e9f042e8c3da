# SPDX-License-Identifier: Apache-2.0
"""What is told of the daemon's work: the log, the journal, the metrics.

``report`` says what is new, to the log, to the ``journal`` and to the
counters of ``metrics``; ``gauges``, with ``figures``, are computed when
somebody asks; ``shortfalls`` is what both they and the page count.
"""
