"""Reading outcomes: each key result's source is asked for its values, and what it says is stored.

A source that fails leaves the measurements it gave before in place, and its message stands in the report.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from okrsync.dates import day_of
from okrsync.errors import SourceError
from okrsync.model import Cycle, KeyResult, Programme
from okrsync.outcomes.interface import OutcomeContext, OutcomeSource
from okrsync.plugins import OUTCOMES, installed, load
from okrsync.store import outcomes

if TYPE_CHECKING:
    from sqlalchemy import Engine

_HISTORY = timedelta(days=730)
"""How far before a cycle its key results are measured: two years show the noise, the trend and the seasons."""


@dataclass(frozen=True)
class MeasureResult:
    """What became of one key result's outcome source."""

    key_result: str
    origin: str
    changed: int = 0
    """Values that were new, corrected or withdrawn."""
    error: str | None = None


def measure(
    engine: Engine,
    programme: Programme,
    *,
    base: Path,
    timezone: ZoneInfo,
    now: datetime,
    full: bool = False,
    on_wait: Callable[[str, float], None] = lambda why, seconds: None,
    on_result: Callable[[MeasureResult], None] = lambda result: None,
) -> list[MeasureResult]:
    """Read the outcome sources of all key results whose outcome can still change, by ``now``.

    A cycle that has ended is measured until the lag of each key result has passed, and once after that; ``full``
    measures it again, and so does a source of another type. ``on_wait`` is told of each pause before a request is
    tried again, in seconds. Raises ``StoreError`` when the store refuses.
    """
    today = day_of(now, timezone)
    known = outcomes.statuses(engine)
    context = OutcomeContext(base=base, timezone=timezone, on_wait=on_wait)
    results = []
    for cycle, key_result in _measured(programme):
        start, end = _moved(cycle.start, -_HISTORY), _moved(cycle.end, key_result.metric.lag)
        if not full and _is_final(known.get(key_result.id), key_result, end, timezone):
            continue
        result = _read(engine, key_result, start, min(today, end), context, now)
        if result is not None:
            results.append(result)
            on_result(result)
    return results


def _measured(programme: Programme) -> Sequence[tuple[Cycle, KeyResult]]:
    return [(cycle, kr) for cycle in programme.cycles for kr in programme.key_results_of(cycle.id)]


def _is_final(status: outcomes.OutcomeStatus | None, key_result: KeyResult, end: date, timezone: ZoneInfo) -> bool:
    """Has the source been read after the last day that counts?"""
    if status is None or status.last_success is None or status.error is not None:
        return False
    return status.origin == key_result.metric.source_type and day_of(status.last_success, timezone) > end


def _moved(day: date, by: timedelta) -> date:
    """``day + by``, but not out of the calendar."""
    try:
        return day + by
    except OverflowError:
        return date.min if by < timedelta() else date.max


def _read(
    engine: Engine, key_result: KeyResult, start: date, end: date, context: OutcomeContext, now: datetime
) -> MeasureResult | None:
    """None when there is nothing to ask: a person checks the values in."""
    origin = key_result.metric.source_type
    if origin not in installed(OUTCOMES):
        return _failed(engine, key_result, f"outcome sources of type {origin} are not part of this version of okrsync")
    source_class: type[OutcomeSource] = load(OUTCOMES, origin)
    if not source_class.pulled:
        return None
    try:
        readings = source_class(key_result.metric.source_settings, context).read(start, end)
    except SourceError as error:
        return _failed(engine, key_result, str(error))
    changed = outcomes.save_readings(engine, key_result.id, origin, readings, start, end, now)
    return MeasureResult(key_result.id, origin, changed)


def _failed(engine: Engine, key_result: KeyResult, message: str) -> MeasureResult:
    origin = key_result.metric.source_type
    outcomes.fail_reading(engine, key_result.id, origin, message)
    return MeasureResult(key_result.id, origin, error=message)
