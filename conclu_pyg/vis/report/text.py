"""Text of users as HTML and as JSON within a page."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from typing import Any

from conclu_pyg.text import printable


def escape(text: object) -> str:
    """Returns a text on one line as HTML, for elements and for attributes in double quotes."""
    return html.escape(printable(text))


def paragraphs(lines: Sequence[str]) -> str:
    """Returns a paragraph for each line."""
    return "".join(f"<p>{escape(line)}</p>" for line in lines)


def to_json(value: Any) -> str:
    """Returns plain values as JSON that is safe inside ``<script>``."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
