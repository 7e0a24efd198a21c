"""From the store to the explanation of one key result on one day."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from okrsync.config import Config
from okrsync.dates import end_of, start_of
from okrsync.errors import ConfigError
from okrsync.explain import Explanation, explain
from okrsync.judge import Case
from okrsync.language import _
from okrsync.reporting import cycle_for

if TYPE_CHECKING:
    from sqlalchemy import Engine

_EVER = (datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC))


def make_explanation(
    engine: Engine, config: Config, key_result: str, as_of: date, *, known_at: date | None = None
) -> Explanation:
    """Lay out how a key result is judged at the end of ``as_of``, from the store alone.

    ``known_at`` leaves out the measurements that were learned after that day. Raises ``ConfigError`` for an unknown key
    result and when its cycle begins after ``as_of``, ``StoreError`` when the store cannot be read.
    """
    from okrsync.config_errors import did_you_mean
    from okrsync.link import describe
    from okrsync.store import outcomes, provenance, read

    known = {kr.id: (kr, objective) for objective in config.programme.objectives for kr in objective.key_results}
    if key_result not in known:
        raise ConfigError(
            _("there is no key result {key_result!r}{hint}").format(
                key_result=key_result, hint=did_you_mean(key_result, known)
            )
        )
    kr, objective = known[key_result]
    cycle = cycle_for(config.programme.cycles, as_of, objective.cycle)
    zone, sources = config.timezone, config.sources.keys()
    known_before = None if known_at is None else end_of(known_at, zone)
    window = start_of(cycle.start, zone), end_of(min(as_of, cycle.end), zone)
    judged, ever = (
        read.pieces(
            engine,
            sources=sources,
            key_results={kr.id},
            start=start,
            end=end,
            not_completed=config.not_completed,
            only_linked=True,
        )
        for start, end in (window, _EVER)
    )
    serving = [piece for piece in judged if piece.key_results]
    inside = {piece.id for piece in serving}
    measured = outcomes.measurements_of(engine, [kr.id], known_at=known_before)[kr.id]
    status = outcomes.statuses(engine).get(kr.id)
    return explain(
        Case.of(kr, objective, cycle, serving, measured, zone),
        as_of,
        zone=zone,
        known_at=known_at,
        rules=[(describe(index, rule), rule.line) for index, rule in enumerate(kr.work, 1)],
        items=provenance.linked_items(engine, sources=sources, key_result=kr.id),
        other_pieces=[piece for piece in ever if piece.key_results and piece.id not in inside],
        recorded=provenance.recorded(engine, kr.id, known_at=known_before),
        failure=status.error if status is not None and status.origin == kr.metric.source_type else None,
    )
