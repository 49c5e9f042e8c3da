# SPDX-License-Identifier: Apache-2.0
"""The verbs ``ports`` and ``chassis``: a row for each."""
