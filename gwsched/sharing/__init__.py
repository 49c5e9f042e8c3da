# SPDX-License-Identifier: Apache-2.0
"""What is as it was is shared with what was, and not looked at again."""
