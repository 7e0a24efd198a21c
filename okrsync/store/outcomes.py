"""Measurements as they are stored: append-only, with who or what said so and when okrsync learned it.

A corrected value is a new row, so that a past day can be seen as it was known then; a value that its source withdrew is
a row without a value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, select, type_coerce, update
from sqlalchemy.types import NullType

from okrsync.model import Measurement
from okrsync.outcomes.interface import Reading
from okrsync.store.engine import reading, writing
from okrsync.store.schema import measurements, outcomes
from okrsync.store.statements import as_day, as_moment, chunks

_AT_ONCE = 2_000
"""So many rows are fetched in one call."""


@dataclass(frozen=True, slots=True)
class OutcomeStatus:
    """How the last reading of a key result's outcome source went."""

    key_result: str
    origin: str
    last_success: datetime | None
    error: str | None


def save_check_in(engine: Engine, check_in: Measurement) -> None:
    """Record what a person said."""
    with writing(engine) as connection:
        connection.execute(
            insert(measurements).values(
                key_result=check_in.key_result,
                origin=check_in.origin,
                at=check_in.at,
                value=check_in.value,
                recorded_at=check_in.recorded_at,
                confidence=check_in.confidence,
                note=check_in.note,
                person=check_in.by,
            )
        )


def save_readings(
    engine: Engine,
    key_result: str,
    origin: str,
    readings: Sequence[Reading],
    start: date,
    end: date,
    now: datetime,
    *,
    definition: str | None = None,
    whole: bool = False,
) -> int:
    """Store what a source gave for ``start`` to ``end``; returns how many values are new, corrected or withdrawn.

    What is missing after the first reading was withdrawn; before it, the source may only have forgotten, unless the
    answer is ``whole``. Where the values in the store were read by another ``definition``, they are those of another
    series: all that are missing are withdrawn.
    """
    given = {entry.at: entry.value for entry in readings}
    with writing(engine) as connection:
        before = connection.execute(
            select(outcomes.c.origin, outcomes.c.definition).where(outcomes.c.key_result == key_result)
        ).one_or_none()
        redefined = before is not None and before.origin == origin and before.definition not in (None, definition)
        known = _in_force(connection, key_result, origin)
        changed: dict[date, float | None] = {at: value for at, value in given.items() if known.get(at) != value}
        since = start if whole else min(given, default=None)
        for at in known.keys() - given.keys():
            if redefined or (since is not None and since <= at <= end):
                changed[at] = None
        if changed:
            connection.execute(
                insert(measurements),
                [
                    {"key_result": key_result, "origin": origin, "at": at, "value": value, "recorded_at": now}
                    for at, value in sorted(changed.items())
                ],
            )
        connection.execute(delete(outcomes).where(outcomes.c.key_result == key_result))
        connection.execute(
            insert(outcomes).values(
                key_result=key_result, origin=origin, definition=definition, last_success=now, error=None
            )
        )
    return len(changed)


def known_values(engine: Engine, key_result: str, origin: str) -> int:
    """How many values of an outcome source are in force."""
    with reading(engine) as connection:
        return len(_in_force(connection, key_result, origin))


def _in_force(connection: Connection, key_result: str, origin: str) -> dict[date, float]:
    latest = (
        select(func.max(measurements.c.id))
        .where(measurements.c.key_result == key_result, measurements.c.origin == origin)
        .group_by(measurements.c.at)
    )
    rows = connection.execute(
        select(measurements.c.at, measurements.c.value).where(
            measurements.c.id.in_(latest), measurements.c.value.is_not(None)
        )
    )
    return {row.at: row.value for row in rows}


def fail_reading(engine: Engine, key_result: str, origin: str, message: str) -> None:
    """Remember why an outcome source could not be read; the measurements it gave before stay."""
    with writing(engine) as connection:
        known = connection.execute(
            update(outcomes).where(outcomes.c.key_result == key_result).values(origin=origin, error=message)
        )
        if not known.rowcount:
            connection.execute(insert(outcomes).values(key_result=key_result, origin=origin, error=message))


def measurements_of(
    engine: Engine, key_results: Iterable[str], *, known_at: datetime | None = None
) -> Mapping[str, tuple[Measurement, ...]]:
    """All measurements in force by key result, oldest day first; ``known_at`` forgets what was learned after it."""
    wanted = set(key_results)
    columns = [measurements.c[name] for name in ("key_result", "origin", "value", "confidence", "note", "person")]
    # As the driver gives them: the same few days and moments come again and again.
    at, recorded_at = (type_coerce(measurements.c[name], NullType()) for name in ("at", "recorded_at"))
    query = select(at, recorded_at, *columns).order_by(measurements.c.id)
    if known_at is not None:
        query = query.where(measurements.c.recorded_at < known_at)
    days: dict[Any, date] = {}
    moments: dict[Any, datetime] = {}
    in_force: dict[str, dict[tuple[date, str], Measurement | None]] = {key_result: {} for key_result in wanted}
    with reading(engine) as connection:
        for some in chunks(sorted(wanted)):
            rows = connection.execute(query.where(measurements.c.key_result.in_(some))).partitions(_AT_ONCE)
            for at, recorded_at, key_result, origin, value, confidence, note, person in chain.from_iterable(rows):
                day = days.get(at) or days.setdefault(at, as_day(at))
                moment = moments.get(recorded_at) or moments.setdefault(recorded_at, as_moment(recorded_at))
                in_force[key_result][day, origin] = (
                    None
                    if value is None
                    else Measurement(
                        key_result=key_result,
                        at=day,
                        value=value,
                        origin=origin,
                        recorded_at=moment,
                        confidence=confidence,
                        note=note,
                        by=person,
                    )
                )
    return {
        key_result: tuple(found for _, found in sorted(all_of.items(), key=itemgetter(0)) if found is not None)
        for key_result, all_of in in_force.items()
    }


def statuses(engine: Engine) -> Mapping[str, OutcomeStatus]:
    """How the last reading of each key result's source went."""
    with reading(engine) as connection:
        return {
            row.key_result: OutcomeStatus(row.key_result, row.origin, row.last_success, row.error)
            for row in connection.execute(select(outcomes))
        }
