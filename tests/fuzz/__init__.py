# SPDX-License-Identifier: Apache-2.0
"""Whatever a schema allows, written while a real daemon enforces."""
