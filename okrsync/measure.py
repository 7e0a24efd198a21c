"""Reading outcomes: each key result's source is asked for its values, and what it says is stored.

A source that fails leaves the measurements it gave before in place, and its message stands in the report.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from okrsync.dates import day_of
from okrsync.errors import SourceError
from okrsync.language import _
from okrsync.model import Cycle, KeyResult, Programme
from okrsync.numbers import count_of
from okrsync.outcomes.interface import OutcomeContext, OutcomeSource, Reading
from okrsync.plugins import OUTCOMES, load
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
    values: int = 0
    """How many values the source gave."""


def measure(
    engine: Engine,
    programme: Programme,
    *,
    base: Path,
    timezone: ZoneInfo,
    now: datetime,
    full: bool = False,
    jobs: int = 8,
    on_wait: Callable[[str, float], None] = lambda why, seconds: None,
    on_result: Callable[[MeasureResult], None] = lambda result: None,
) -> list[MeasureResult]:
    """Read the outcome sources of all key results whose outcome can still change, by ``now``.

    A cycle that has ended is measured until the lag of each key result has passed, and once after that; ``full``
    measures it again, and so does a source of another type. ``full`` also believes a source that no longer has what it
    gave before (but for one that forgets, as ``OutcomeSource`` says). ``jobs`` sources are read at once. ``on_wait`` is
    told of each pause before a request is tried again, in seconds, by the thread that waits. Raises ``ConfigError`` for
    a source that cannot be loaded, ``StoreError`` when the store refuses.
    """
    today = day_of(now, timezone)
    known = outcomes.statuses(engine)
    shared = OutcomeContext(base=base, timezone=timezone, on_wait=on_wait, now=now)
    wanted = []
    for cycle, key_result in _measured(programme):
        start, end = _moved(cycle.start, -_HISTORY), _moved(cycle.end, key_result.metric.lag)
        source = _source(key_result, shared)
        if source.pulled and (full or not _is_final(known.get(key_result.id), key_result, end, timezone)):
            wanted.append(_Reading(key_result, source, start, min(today, end), still_runs=today <= end))
    results = []
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        for each, answer in zip(wanted, pool.map(_Reading.answer, wanted), strict=True):
            results.append(each.stored(engine, answer, now, full))
            on_result(results[-1])
    return results


def _source(key_result: KeyResult, shared: OutcomeContext) -> OutcomeSource:
    metric = key_result.metric
    source_class: type[OutcomeSource] = load(OUTCOMES, metric.source_type)
    context = replace(shared, cadence=metric.cadence, periods=metric.counted or metric.cumulative)
    return source_class(metric.source_settings, context)


@dataclass(frozen=True)
class _Reading:
    """One key result's source, and the days to ask it for."""

    key_result: KeyResult
    source: OutcomeSource
    start: date
    end: date
    still_runs: bool
    """The last day that counts is not over."""

    def answer(self) -> Sequence[Reading] | SourceError:
        try:
            return self.source.read(self.start, self.end)
        except SourceError as error:
            return error

    def stored(
        self, engine: Engine, answer: Sequence[Reading] | SourceError, now: datetime, full: bool
    ) -> MeasureResult:
        name, origin = self.key_result.id, self.key_result.metric.source_type
        whole = full and not self.source.forgets
        if not isinstance(answer, SourceError) and not answer and not whole:
            answer = self._nothing(outcomes.known_values(engine, name, origin)) or answer
        if isinstance(answer, SourceError):
            outcomes.fail_reading(engine, name, origin, str(answer))
            return MeasureResult(name, origin, error=str(answer))
        definition = self.source.definition()
        changed = outcomes.save_readings(
            engine, name, origin, answer, self.start, self.end, now, definition=definition, whole=whole
        )
        return MeasureResult(name, origin, changed, values=len(answer))

    def _nothing(self, known: int) -> SourceError | None:
        """A series that was there and is gone is more likely a failure of its source than the truth."""
        if not known or (self.source.forgets and not self.still_runs):
            return None
        before = count_of(known, "value")
        kept = _("it gave no value between {start} and {end}, and {before} before: what is known is kept").format(
            start=self.start, end=self.end, before=before
        )
        if self.source.forgets:
            return SourceError(kept)
        return SourceError(_("{kept} (`okrsync sync outcomes --full` takes them away)").format(kept=kept))


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
