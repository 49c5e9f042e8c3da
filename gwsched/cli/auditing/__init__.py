# SPDX-License-Identifier: Apache-2.0
"""The verb ``audit``: what is wrong in the databases, and its repair."""
