"""From what was measured to the series that is judged."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from operator import attrgetter
from statistics import median_low

from okrsync.model import Measurement, Metric


def prepare(
    measurements: Sequence[Measurement], metric: Metric, *, origin: str, as_of: date
) -> tuple[Measurement, ...]:
    """The series of one key result as it is judged on ``as_of``: oldest first, at most one value a day.

    Only measurements of ``origin`` count (the type of the metric's source; people's check-ins stand beside an automatic
    series and never inside it), and only those whose ``at`` is not after ``as_of``. Of several for one day the one
    recorded last wins; of those recorded at the same moment, the larger value, so that the order of the input never
    matters.

    A value of a counted or cumulative metric belongs to the period of one cadence that begins on its day ``at``. The
    period's last day is ``at + cadence − 1 day``; as ``as_of`` is a whole day, the period is complete on that day and
    left out before it.

    A cumulative series becomes its increases (see ``increases``); its first value has no value before it and only
    opens the series.
    """
    return until(known(measurements, origin), metric, as_of)


def known(measurements: Iterable[Measurement], origin: str) -> tuple[Measurement, ...]:
    """All that ``prepare`` chooses from, whatever the day: one value a day, oldest first."""
    latest: dict[date, Measurement] = {}
    for one in measurements:
        if one.origin == origin:
            other = latest.setdefault(one.at, one)
            if other is not one and (one.recorded_at, one.value) > (other.recorded_at, other.value):
                latest[one.at] = one
    return tuple(latest[day] for day in sorted(latest))


def until(series: tuple[Measurement, ...], metric: Metric, as_of: date) -> tuple[Measurement, ...]:
    """What ``prepare`` makes of ``known`` on one day."""
    count = bisect_right(series, as_of, key=_AT)
    if metric.cumulative or metric.counted:
        while count and series[count - 1].at + metric.cadence - timedelta(days=1) > as_of:
            count -= 1
    return increases(series[:count]) if metric.cumulative else series[:count]


_AT = attrgetter("at")


def increases(totals: Sequence[Measurement]) -> tuple[Measurement, ...]:
    """What a running total (oldest first) added from each value to the next, standing at the later one's day.

    A total that falls was reset: it began again at 0 somewhere in between, so the new total is what it has added
    since (the rule of Prometheus' ``increase``). A total below 0 cannot be a running total; the steps to and from it
    say nothing and are left out. Over a gap of more than one and a half usual distances the increase is that of several
    periods; it counts as their mean, so that a missed reading does not look like one very good period.
    """
    steps = list(pairwise(totals))
    usual = median_low([(later.at - earlier.at).days for earlier, later in steps]) if steps else 0
    found: list[Measurement] = []
    for earlier, later in steps:
        if earlier.value < 0 or later.value < 0:
            continue
        added = later.value - earlier.value if later.value >= earlier.value else later.value
        days = (later.at - earlier.at).days
        found.append(replace(later, value=added * usual / days if days > 1.5 * usual else added))
    return tuple(found)
