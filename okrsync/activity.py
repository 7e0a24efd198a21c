"""What was done for a key result in a window of days, counted in pieces of work."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from okrsync.dates import day_of
from okrsync.model import Activity, Cycle, KeyResult, Piece


@dataclass(frozen=True, slots=True)
class DatedPiece:
    """A piece with its days: made once, as a key result is counted for many days."""

    piece: Piece
    created: date
    updated: date
    done: date | None


def dated(pieces: Iterable[Piece], zone: ZoneInfo) -> tuple[DatedPiece, ...]:
    """The pieces with their days in ``zone``, what was done last first and what is not done at the end."""
    found = [
        DatedPiece(
            piece,
            created=day_of(piece.created_at, zone),
            updated=day_of(piece.updated_at, zone),
            done=None if piece.done_at is None else day_of(piece.done_at, zone),
        )
        for piece in pieces
    ]
    never = datetime.min.replace(tzinfo=UTC)
    found.sort(
        key=lambda one: (one.piece.done_at or never, one.piece.source, one.piece.key, one.piece.id), reverse=True
    )
    return tuple(found)


class Standing(StrEnum):
    """What became of a piece of work, as seen from a window's end."""

    COMPLETED = "completed"
    """Done in the window for a reason that counts."""
    OPEN = "open"
    """There by the window's end and not done by then (done later was open then)."""
    DROPPED = "dropped"
    """Done in the window for a reason that does not count."""
    EARLIER = "earlier"
    """Done before the window began."""
    LATER = "later"
    """Created after the window's end."""


@dataclass(frozen=True, slots=True)
class Window:
    """The days whose work counts for a key result; both ends belong to it."""

    start: date
    end: date
    changed_since: date
    """What is open and changed on this day or later is active."""

    def standing(self, one: DatedPiece) -> Standing:
        """What became of a piece by the window's end."""
        if one.done is not None and one.done <= self.end:
            if one.done < self.start:
                return Standing.EARLIER
            return Standing.COMPLETED if one.piece.counts else Standing.DROPPED
        return Standing.OPEN if one.created <= self.end else Standing.LATER

    def is_active(self, one: DatedPiece) -> bool:
        """Is it open, and changed lately? A piece keeps only its latest change: one after the window's end counts."""
        return self.standing(one) is Standing.OPEN and one.updated >= self.changed_since


def window(key_result: KeyResult, cycle: Cycle, as_of: date) -> Window:
    """From the cycle's first day to ``as_of``, at most to the cycle's last day or the day of retirement."""
    end = min(as_of, cycle.end)
    if key_result.retired is not None:
        end = min(end, key_result.retired.on)
    return Window(cycle.start, end, changed_since=end - 2 * cycle.check_in + timedelta(days=1))


def count(
    pieces: Iterable[DatedPiece], *, key_result: KeyResult, cycle: Cycle, as_of: date
) -> tuple[Activity, tuple[Piece, ...]]:
    """Count the pieces that serve ``key_result``, as things stood at the end of ``as_of``.

    ``pieces`` are the key result's own, from ``dated``: links are not looked at. The window is that of ``window``.

    - *opened*: created in the window, whatever became of it;
    - *open*, *completed*: see ``Standing``;
    - *active*: open, and changed within two check-in periods before the window's end, that day included;
    - *settled*: completed on a day ``D`` with ``D + lag <= as_of``. ``as_of`` goes on after the window has ended.

    Also returned are the completed pieces, latest first.
    """
    seen = window(key_result, cycle, as_of)
    opened = still_open = active = 0
    completed: list[tuple[date, Piece]] = []
    start, end, changed_since = seen.start, seen.end, seen.changed_since
    for one in pieces:
        piece, created, done = one.piece, one.created, one.done
        if start <= created <= end:
            opened += piece.number
        # ``Window.standing``, written out: a report counts each piece on ten days.
        if done is None or done > end:
            if created <= end:
                still_open += piece.number
                if one.updated >= changed_since:
                    active += piece.number
        elif done >= start and piece.counts:
            completed.append((done, piece))
    settled = sum(done + key_result.metric.lag <= as_of for done, _ in completed)
    activity = Activity(
        opened=opened,
        open=still_open,
        completed=len(completed),
        settled=settled,
        active=active,
        last_completed=completed[0][0] if completed else None,
    )
    return activity, tuple(piece for _, piece in completed)
