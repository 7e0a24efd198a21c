"""Regular expressions of users' rules on titles and paths that anybody may have written, in bounded time.

Python's own engine cannot be stopped, and some expressions need longer for each further character by a factor:
``(a+)+$`` on forty times ``a`` and a ``!`` takes days. It is used where the number of its steps is small whatever the
text holds, which is so for most expressions on most titles; everything else goes to the ``regex`` module, which knows
the same syntax and can be stopped. (RE2 needs no bound, but knows no look-around and reads ``\\w`` as ASCII.)
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Literal

STEPS = 100_000
"""What Python's engine may take at most on one text: about a millisecond."""
SECONDS = 1.0
"""What an expression may take on one text with the engine that can be stopped,"""
ALL_SECONDS = 60.0
"""and on all texts together, plus"""
EACH_SECOND = 0.0005
"""for each of them: a hundred times what an ordinary one takes."""

# A group that is repeated, or pointed back to, can go through one text in ever so many ways.
_MANY_WAYS = re.compile(r"\)[*+{]|\\[1-9]|\(\?P=|\(\?\(")
_REPEATED = re.compile(r"[*+{]")
_OPTIONAL = re.compile(r"(?<![(*+?}])\?")
_NO_COUNT = re.compile(r"(?<!\\)\{(?![0-9,]+\})")

Matcher = Callable[[str], bool]


class TooSlow(Exception):
    """An expression takes too long."""

    def __init__(self, expression: str, text: str | None) -> None:
        super().__init__(expression)
        self.expression = expression
        self.text = text
        """The text that it does not come to an end with; None when it is slow on very many."""


def matcher(expression: str, how: Literal["search", "fullmatch"] = "search", end: str = "") -> Matcher:
    """A test for texts: whether the expression is found in one, or fits all of it. The test raises ``TooSlow``.

    ``end`` belongs to the expression, and is known to match in one way at most. Raises ``re.error`` for what is no
    expression.
    """
    quick = getattr(re.compile(expression + end), how)
    longest = _longest(expression, anchored=how == "fullmatch" or expression.startswith("^"))
    slow: Matcher | None = None

    def matches(text: str) -> bool:
        nonlocal slow
        if len(text) <= longest:
            return quick(text) is not None
        if slow is None:
            slow = _stoppable(expression + end, how)
        return slow(text)

    return matches


def _longest(expression: str, *, anchored: bool) -> int:
    """The longest text on which Python's engine surely ends within ``STEPS``."""
    if _MANY_WAYS.search(expression):
        return -1
    groups, choices = max(1, expression.count("(")), expression.count("|")
    ways = 2 ** min(64, len(_OPTIONAL.findall(expression))) * (choices / groups + 1) ** min(64, groups)
    # Each repetition may end, and a search begin, at any character.
    power = len(_REPEATED.findall(expression)) + (not anchored)
    return int((STEPS / ways) ** (1 / max(1, power)))


def _stoppable(expression: str, how: str) -> Matcher:
    """The same test by the engine that can be stopped."""
    import regex  # type: ignore[import-untyped]  # it brings no types

    # There, "{e}" would allow errors; here it stands for itself.
    compiled = getattr(regex.compile(_NO_COUNT.sub(r"\{", expression)), how)
    # This thread's own time: a machine that is busy, or slept, is not the expression's fault.
    left, begun = ALL_SECONDS, time.thread_time()

    def matches(text: str) -> bool:
        nonlocal left
        left += EACH_SECOND
        if time.thread_time() - begun > left:
            raise TooSlow(expression, None)
        try:
            return compiled(text, timeout=SECONDS) is not None
        except TimeoutError:
            raise TooSlow(expression, text) from None

    return matches
