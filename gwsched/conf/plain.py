# SPDX-License-Identifier: Apache-2.0
"""Foreign text in one line, however long it is and whatever is in it.

Names in OVN's databases are anybody's: a line break in one of them must not
begin a line of log that we never wrote.
"""

from __future__ import annotations

import logging

# What a line of log has room for; a name may be of any length.
LONGEST = 4000


def printable(text: str) -> str:
    """Return a text on one line, its control characters escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


class InOneLine(logging.Filter):
    """Keeps every message to one line of bounded length."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let all pass, some of it changed."""
        message = record.getMessage()
        plain = printable(message)
        if len(plain) > LONGEST:
            left = len(plain) - LONGEST
            plain = f"{plain[:LONGEST]}... ({left} characters more)"
        if plain != message:
            record.msg, record.args = plain, ()
        return True


ALL_IN_ONE_LINE = InOneLine()
