# SPDX-License-Identifier: Apache-2.0
"""What the loop last saw and decided, as the document of /api/status."""

from gwsched.overview.document import document
from gwsched.overview.latest import Latest

__all__ = ["Latest", "document"]
