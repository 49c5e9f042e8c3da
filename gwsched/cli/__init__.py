# SPDX-License-Identifier: Apache-2.0
"""``gwschedctl``: what an operator asks and does."""
