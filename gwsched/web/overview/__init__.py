# SPDX-License-Identifier: Apache-2.0
"""What the loop last saw and decided, as the document of /api/status."""

from gwsched.web.overview.document import document
from gwsched.web.overview.latest import Latest

__all__ = ["Latest", "document"]
