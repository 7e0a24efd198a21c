"""Tests for shares of small numbers: how likely chance alone makes a share this small, this large, or grow this much.

Exact, with nothing but the standard library: binomial for one share, hypergeometric (Fisher) for two.
"""

from __future__ import annotations

import math


def surely_below(part: int, whole: int, share: float, sure: float) -> bool:
    """True when ``part`` of ``whole`` is below ``share`` and chance explains it less often than ``1 - sure``."""
    return part < share * whole and _at_most(part, whole, share) < 1 - sure


def surely_above(part: int, whole: int, share: float, sure: float) -> bool:
    """True when ``part`` of ``whole`` is above ``share`` and chance explains it less often than ``1 - sure``."""
    return part > share * whole and _at_most(whole - part, whole, 1 - share) < 1 - sure


def surely_grew(before: tuple[int, int], after: tuple[int, int], sure: float) -> bool:
    """True when a share, as part and whole, is larger after than before by more than chance explains."""
    (part_before, whole_before), (part_after, whole_after) = before, after
    if not whole_before or not whole_after or part_after * whole_before <= part_before * whole_after:
        return False
    return chance_of_growth(before, after) < 1 - sure


def chance_of_growth(before: tuple[int, int], after: tuple[int, int]) -> float:
    """How likely chance alone makes a share, as part and whole, at least as large after as it is.

    One-sided test by Fisher (1922): with both sums fixed, how likely is it that at least this much of the part falls
    into the later whole?
    """
    (part_before, whole_before), (part_after, whole_after) = before, after
    part, whole = part_before + part_after, whole_before + whole_after
    total = _choose(whole, part)
    return math.fsum(
        math.exp(_choose(whole_after, one) + _choose(whole_before, part - one) - total)
        for one in range(part_after, min(part, whole_after) + 1)
        if part - one <= whole_before
    )


def _at_most(part: int, whole: int, share: float) -> float:
    """The chance of at most ``part`` successes in ``whole`` trials."""
    if share <= 0:
        return 1.0
    if share >= 1:
        return 1.0 if part >= whole else 0.0
    return math.fsum(
        math.exp(_choose(whole, one) + one * math.log(share) + (whole - one) * math.log1p(-share))
        for one in range(part + 1)
    )


def _choose(of: int, some: int) -> float:
    """Logarithm of the number of ways to choose."""
    return math.lgamma(of + 1) - math.lgamma(some + 1) - math.lgamma(of - some + 1)
