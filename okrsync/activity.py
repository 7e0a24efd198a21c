"""What was done for a key result in a window of days, counted in pieces of work."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
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


def count(
    pieces: Iterable[DatedPiece], *, key_result: KeyResult, cycle: Cycle, as_of: date
) -> tuple[Activity, tuple[Piece, ...]]:
    """Count the pieces that serve ``key_result``, as things stood at the end of ``as_of``.

    ``pieces`` are the key result's own, from ``dated``: links are not looked at. The window goes from the cycle's first
    day to ``as_of``, at most to the cycle's last day. After ``retired.on`` nothing counts for the key result: the
    window ends on that day.

    - *opened*: created in the window, whatever became of it;
    - *open*: created by the window's end and not done by then (done later was open then);
    - *active*: open, and changed within two check-in periods before the window's end, that day included. A piece keeps
      only its latest change, so one after the window's end counts as active: what changed before it is not known;
    - *completed*: done in the window for a reason that counts;
    - *settled*: completed on a day ``D`` with ``D + lag <= as_of``. ``as_of`` goes on after the window has ended.

    Also returned are the completed pieces, latest first.
    """
    end = min(as_of, cycle.end)
    if key_result.retired is not None:
        end = min(end, key_result.retired.on)
    changed_since = end - 2 * cycle.check_in + timedelta(days=1)
    opened = still_open = active = 0
    completed: list[tuple[date, Piece]] = []
    for one in pieces:
        opened += cycle.start <= one.created <= end
        if one.created <= end and (one.done is None or one.done > end):
            still_open += 1
            active += one.updated >= changed_since
        if one.done is not None and one.piece.counts and cycle.start <= one.done <= end:
            completed.append((one.done, one.piece))
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
