# SPDX-License-Identifier: Apache-2.0
"""What the daemon answers over HTTP.

``listening`` has the port, ``app`` the paths; ``page`` is the status page,
``overview`` the document that it shows.
"""
