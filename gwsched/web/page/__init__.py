# SPDX-License-Identifier: Apache-2.0
"""The status page: a few files, made one when they are served.

One file needs no second request, and hashes of its style and script are all
that its Content-Security-Policy has to let through.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from importlib import resources

# In this order: what comes later is the stronger.
STYLES = ("base.css", "frame.css", "fleet.css", "lists.css", "narrow.css")
# In this order: each uses those before it.
SCRIPTS = ("dom.js", "fleet.js", "fate.js", "decisions.js", "status.js")
# Nothing is loaded but the page's own icon, and asked but its own daemon.
ALLOWED = (
    "default-src 'none'",
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
)


@dataclass(frozen=True, slots=True)
class Page:
    """The page, and the policy that a browser is to hold it to."""

    html: str
    policy: str


def load() -> Page:
    """Read the files of the package, and make a page of them."""
    html = _read("index.html")
    style = "".join(_read(name) for name in STYLES)
    script = "".join(_read(name) for name in SCRIPTS)
    html = html.replace("<!-- style -->", f"<style>{style}</style>")
    html = html.replace("<!-- script -->", f"<script>{script}</script>")
    policy = (
        *ALLOWED,
        f"style-src {_hash(style)}",
        f"script-src {_hash(script)}",
    )
    return Page(html, "; ".join(policy))


def _read(name: str) -> str:
    found = resources.files(__name__).joinpath(name)
    return found.read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
