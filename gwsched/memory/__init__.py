# SPDX-License-Identifier: Apache-2.0
"""What keeps the process small where there are tens of thousands of rows."""
