"""JQL as text: quoting, ranges of time, and cutting off a user's ORDER BY.

Moments are epoch milliseconds everywhere: Jira reads every other form in the calling account's time zone.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(r""""(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?|\border\s+by\b|.""", re.IGNORECASE | re.DOTALL)

ORDER = "ORDER BY created ASC, key ASC"
"""An order that does not move while it is paged through: ``updated`` would."""


def quoted(text: str) -> str:
    """A text as a JQL string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def without_order(jql: str) -> str:
    """A query without its ORDER BY (one inside quotes is part of a string), stripped."""
    for token in _TOKEN.finditer(jql):
        if token.group()[0] in "oO" and len(token.group()) > 1:
            return jql[: token.start()].strip()
    return jql.strip()


def within(jql: str, field: str, start: int | None, end: int | None) -> str:
    """A query narrowed to ``start <= field < end``, both in epoch milliseconds; None leaves that side open."""
    lower = f" AND {field} >= {start}" if start is not None else ""
    upper = f" AND {field} < {end}" if end is not None else ""
    return f"{jql}{lower}{upper}"
