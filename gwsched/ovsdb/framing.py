# SPDX-License-Identifier: Apache-2.0
"""Messages cut out of a stream of JSON, by counting brackets.

What has arrived is looked at once, however it was cut on its way: a server
that sends a hundred megabytes in crumbs costs no more than one that does
not.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from itertools import accumulate

# As deep as python-ovs' own parser goes (json.py, MAX_HEIGHT).
DEEPEST = 1000

SPACES = b" \t\r\n"
ESCAPE = re.compile(rb"\\.", re.DOTALL)
# What there can be outside of strings: digits, commas, true, null, brackets.
OTHERS = SPACES + b":,+-.0123456789eEtrufalsn"
NO_OTHERS = re.compile(b"[^%s]" % re.escape(OTHERS))
# Each bracket as a step in depth (a signed byte); zero is none.
STEPS = bytes({91: 1, 123: 1, 93: 255, 125: 255}.get(i, 0) for i in range(256))


class FramingError(ValueError):
    """The stream is no JSON; says why."""


class Framer:
    """Takes a stream in pieces, gives messages; nothing after an error."""

    def __init__(self) -> None:
        # Grows where it is: pieces, joined, take twice the memory.
        self._begun = bytearray()
        self._depth = 0
        self._in_string = False
        self._backslash = b""

    def feed(self, data: bytes) -> Iterator[bytearray]:
        """Take a piece; yield the messages that are whole by it.

        :raises FramingError: where what comes next cannot be one
        """
        data = self._backslash + data
        masked = ESCAPE.sub(b"__", data) if b"\\" in data else data
        # What it escapes, if it is the last byte, is not here yet.
        self._backslash = b"\\" if masked.endswith(b"\\") else b""
        if self._backslash:
            data, masked = data[:-1], masked[:-1]
        parts = masked.split(b'"')
        begun = 0
        for end in self._ends(parts):
            self._keep(data[begun:end])
            message, self._begun = self._begun, bytearray()
            yield message
            begun = end
        self._keep(data[begun:])

    def _ends(self, parts: list[bytes]) -> Iterator[int]:
        """Say where messages end in what was split at its quotes."""
        first = int(self._in_string)
        self._in_string = bool(first ^ (len(parts) - 1) & 1)
        before = self._depth
        steps = b"".join(parts[first::2]).translate(STEPS, OTHERS)
        depths = list(accumulate(array("b", steps), initial=before))
        self._depth = depths[-1]
        deepest, highest = max(depths), min(depths[1:], default=1)
        is_right = 0 not in steps and deepest <= DEEPEST and highest >= 0
        if is_right and highest:
            return  # none ends here
        is_one = is_right and depths.index(0, 1) == len(depths) - 1
        end = _last_end(parts) if is_one and not self._in_string else 0
        yield from (end,) if end else _find_ends(parts, first, before)

    def _keep(self, piece: bytes) -> None:
        if not self._begun:
            piece = piece.lstrip(SPACES)
            if piece[:1] not in (b"", b"{", b"["):
                raise FramingError("it begins with neither { nor [")
        self._begun += piece


def _last_end(parts: list[bytes]) -> int:
    """Say where the last bracket ends, if the last part has it; else 0."""
    end = max(parts[-1].rfind(b"]"), parts[-1].rfind(b"}")) + 1
    return end and sum(map(len, parts[:-1])) + len(parts) - 1 + end


def _find_ends(parts: list[bytes], first: int, depth: int) -> Iterator[int]:
    """Say where the depth comes down to none; parts are in turn strings."""
    offset = 0
    for number, part in enumerate(parts):
        if number % 2 == first:
            for found in NO_OTHERS.finditer(part):
                depth += _step(found[0])
                if not 0 <= depth <= DEEPEST:
                    raise FramingError(f"brackets are nested {depth} deep")
                if depth == 0:
                    yield offset + found.end()
        offset += len(part) + 1


def _step(byte: bytes) -> int:
    """Return by how much a bracket changes the depth."""
    if byte in (b"[", b"{"):
        return 1
    if byte in (b"]", b"}"):
        return -1
    raise FramingError(f"there is {byte!r} outside of a string")
