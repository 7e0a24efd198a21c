"""A series as one line of block characters."""

from __future__ import annotations

import math
from collections.abc import Sequence

_BLOCKS = "▁▂▃▄▅▆▇█"
_MIDDLE = _BLOCKS[3]


def sparkline(values: Sequence[float | None], points: int = 16) -> str:
    """The last ``points`` values as blocks, scaled from their lowest to their highest.

    A value that is missing (None) or not finite leaves a gap; a series that never changes is drawn at middle height.
    An empty series gives an empty text.
    """
    shown = [value if value is not None and math.isfinite(value) else None for value in values[-points:]]
    known = [value for value in shown if value is not None]
    if not known:
        return ""
    low, high = min(known), max(known)

    def block(value: float | None) -> str:
        if value is None:
            return " "
        if high == low:
            return _MIDDLE
        # Halved first: the span between two huge values of opposite sign does not fit into a float.
        share = (value / 2 - low / 2) / (high / 2 - low / 2)
        return _BLOCKS[min(int(share * len(_BLOCKS)), len(_BLOCKS) - 1)]

    return "".join(block(value) for value in shown)
