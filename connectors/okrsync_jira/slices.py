"""Cutting a query into ranges of ``created`` that are read side by side, in few requests.

Pages of one query come one after another, so a first sync is as quick as its cut is even. The numbers in a project's
keys count its issues, which gives an even cut almost for nothing: ask when every hundredth issue was made. A query of
the user's own has no such numbers; there, counts at some moments say how its issues are spread.

The ranges depend on what the site answers alone, not on how many are read at once.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from concurrent.futures import CancelledError, Executor, Future
from contextlib import suppress
from datetime import datetime
from itertools import pairwise
from typing import Any

from okrsync_jira import jql as q
from okrsync_jira.search import MINUTE, Search, created_of
from okrsync_jira.wire import Issue

PAGE = 100
SMALL = 3 * PAGE
"""So few are read as they are: to cut them would take as long."""

MOST = 100
"""Ranges of one query."""

UNEVEN = 0.95
"""Where more numbers are missing than this leaves, ranges are less even, and larger ones waste fewer requests."""

COUNTS = 16
"""Moments at which a query is counted, and again where it turned out to be dense."""

KEYS = 100
"""Issues that are asked for at once."""

Range = tuple[int | None, int | None]
"""Epoch milliseconds, the end excluded; None is open."""

WHOLE: list[Range] = [(None, None)]


def ended(asked: Sequence[Future[Any]]) -> None:
    """Wait until all have ended or were cancelled: ``concurrent.futures.wait`` would wait for ever for those that an
    executor cancels as it is shut down."""
    for future in asked:
        with suppress(CancelledError):
            future.exception()


def cut(search: Search, jql: str, project: str | None, side: Executor) -> list[Range]:
    """Ranges that together cover a query. The first is open towards the past and the last towards the future, so that
    issues which are made meanwhile have their place. One open range when the site does not count.

    ``project`` is the key of the project that the query is all of, if it is. ``side`` runs what can be asked at once.
    """
    newest = side.submit(search.first, jql, "key DESC" if project else "created DESC")
    counted = side.submit(search.count, jql) if search.cloud else None
    asked: list[Future[Any]] = [newest, *([counted] if counted else [])]
    ended(asked)
    issue, told = newest.result()
    total = told if counted is None else counted.result()
    if issue is None or total is None or total <= SMALL:
        return WHOLE
    size = PAGE * math.ceil(total / (PAGE * MOST))
    cuts = None
    if project is not None:
        cuts = _cuts_by_key(search, project, _number(issue, project), total, size, side)
    if cuts is None:
        cuts = _cuts_by_count(search, jql, total, issue, size, side)
    return _ranges(cuts)


# --- by the numbers of keys -------------------------------------------------------------------------------------------


def _cuts_by_key(search: Search, project: str, last: int, total: int, size: int, side: Executor) -> list[float] | None:
    """Moments between which there are about ``size`` issues, from when some of them were made; None when the site does
    not tell that of at least half of those that it is asked for."""
    if last < total:
        return None
    # Numbers are missing where issues were deleted or moved away; how many in one range is a matter of chance, and one
    # issue too many costs a request.
    density = total / last
    if density < UNEVEN:
        size *= 2
    step = (size - 2 * math.sqrt(size * (1 - density))) / density
    numbers = [1 + round(step * at) for at in range(1, math.ceil(last / step))]
    batches = [numbers[start : start + KEYS] for start in range(0, len(numbers), KEYS)]
    asked = [[f"{project}-{number}" for number in batch] for batch in batches]
    made: dict[int, int] = {}
    for found in side.map(search.by_key, asked):
        for issue in found:
            if str(issue.key).startswith(f"{project}-"):  # an issue that was moved away answers by its old key
                made[_number(issue, project)] = _milliseconds(issue, search.where)
    if 2 * len(made) < len(numbers):
        return None
    known = _rising([(number, made[number]) for number in numbers if number in made])
    return [_between(known, number) for number in numbers]


def _number(issue: Issue, project: str) -> int:
    number = str(issue.key).removeprefix(f"{project}-")
    return int(number) if number.isdecimal() and number.isascii() else 0


# --- by counts --------------------------------------------------------------------------------------------------------


def _cuts_by_count(search: Search, jql: str, total: int, newest: Issue, size: int, side: Executor) -> list[float]:
    oldest, _ = search.first(jql, "created ASC")
    if oldest is None:
        return []
    begin, end = _milliseconds(oldest, search.where), _milliseconds(newest, search.where) + MINUTE
    # How many were made before a moment; from both ends inwards.
    known = {begin: 0, end: total}
    for _ in range(2):
        moments = _worth_counting(known, total)
        counts = side.map(search.count, [q.within(jql, "created", None, moment) for moment in moments])
        for moment, count in zip(moments, counts, strict=True):
            if count is None:
                return []
            known[moment] = min(count, total)
    curve = [(count, moment) for moment, count in sorted(known.items())]
    step = size * 0.9  # between two counts the issues are not even
    return [_between(_rising(curve), step * at) for at in range(1, math.ceil(total / step))]


def _worth_counting(known: dict[int, int], total: int) -> list[int]:
    """Moments inside the gaps with the most issues, as many as the gap's share of them."""
    moments: list[int] = []
    for (begin, before), (end, after) in pairwise(sorted(known.items())):
        share = round(COUNTS * (after - before) / total)
        moments += [begin + (end - begin) * at // (share + 1) // MINUTE * MINUTE for at in range(1, share + 1)]
    return sorted(set(moments) - known.keys())


# --- both -------------------------------------------------------------------------------------------------------------


def _rising(points: Sequence[tuple[float, int]]) -> list[tuple[float, int]]:
    """The points without those that fall behind an earlier one: an issue that was moved here is older than its
    number."""
    kept: list[tuple[float, int]] = []
    for position, moment in sorted(points):
        if not kept or moment > kept[-1][1]:
            kept.append((position, moment))
    return kept


def _between(points: Sequence[tuple[float, int]], position: float) -> float:
    """The moment at a position, on the line between the points around it; beyond them, that of the last."""
    at = bisect_right(points, (position, math.inf))
    if at in (0, len(points)):
        return points[max(0, at - 1)][1]
    (left, begin), (right, end) = points[at - 1], points[at]
    return begin + (end - begin) * (position - left) / (right - left)


def _ranges(cuts: Sequence[float]) -> list[Range]:
    # To the minute: whether Jira compares more exactly or not, two neighbours then have no issue both or neither.
    bounds: list[int | None] = [None, *sorted({int(cut) // MINUTE * MINUTE for cut in cuts}), None]
    return list(pairwise(bounds))


def _milliseconds(issue: Issue, where: str) -> int:
    moment: datetime = created_of(issue, where)
    return int(moment.timestamp() * 1000)
