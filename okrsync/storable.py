"""Text as every database takes it."""

from __future__ import annotations

import re

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def storable(text: str) -> str:
    """``text`` with U+FFFD for what JSON can hold and databases refuse: PostgreSQL NUL, all half a surrogate pair."""
    return text if text.isascii() and "\0" not in text else _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)
