"""From an example of the documentation to the facts that the rules see: everything between is the program's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from docs.examples.example import HEAD, SETTINGS, Example, rows
from okrsync.config import Config, load_config
from okrsync.dates import end_of, start_of
from okrsync.findings.interface import Facts
from okrsync.judge import judge
from okrsync.model import Cycle, KeyResult, Measurement, Piece, RuleLinks, SourceStatus


def configuration(example: Example, folder: Path) -> Config:
    """Both files as the user would write them, read by the program."""
    goals = example.goals if example.goals.startswith("cycle:") else HEAD + example.goals
    (folder / "okrs").mkdir(exist_ok=True)
    (folder / "okrs" / "goals.yaml").write_text(goals, encoding="utf-8")
    (folder / "okrsync.yaml").write_text(SETTINGS + example.settings, encoding="utf-8")
    return load_config(cwd=folder, environ={})


def facts_of(example: Example, folder: Path) -> tuple[Facts, Config]:
    """The facts of the example's running cycle on its day."""
    config = configuration(example, folder)
    programme, zone = config.programme, config.timezone
    (cycle,) = [each for each in programme.cycles if each.start <= example.as_of <= each.end]
    objectives = programme.objectives_of(cycle.id)
    start, end = start_of(cycle.start, zone), end_of(min(example.as_of, cycle.end), zone)
    pieces = list(_pieces(example.work, cycle))
    measured = list(_measurements(example.series, {kr.id: kr for kr in programme.key_results_of(cycle.id)}))
    judgements = [
        judge(
            key_result,
            objective,
            cycle,
            [piece for piece in pieces if key_result.id in piece.key_results],
            [each for each in measured if each.key_result == key_result.id],
            as_of=example.as_of,
            zone=zone,
        )
        for objective in objectives
        for key_result in objective.key_results
    ]
    facts = Facts(
        as_of=example.as_of,
        cycle=cycle,
        zone=zone,
        programme=programme,
        people=config.people,
        thresholds=config.thresholds,
        store=example.store,
        judgements=tuple(judgements) if example.store else (),
        completed=tuple(piece for piece in pieces if piece.done_at is not None and start <= piece.done_at < end),
        open=tuple(piece for piece in pieces if piece.done_at is None or piece.done_at >= end),
        rules=tuple(RuleLinks(kr, *map(int, numbers)) for kr, *numbers in rows(example.links)),
        sources=tuple(
            SourceStatus(name, "*", datetime.combine(example.as_of, time(8), UTC), 100, 0, "fresh")
            for name in config.sources
        ),
    )
    return facts, config


def _pieces(work: str, cycle: Cycle) -> Iterator[Piece]:
    number = 0
    for key, done, serves, *by in rows(work):
        span = re.fullmatch(r"(.*-)(\d+)\.\.(\d+)", key)
        keys = [f"{span[1]}{each}" for each in range(int(span[2]), int(span[3]) + 1)] if span else [key]
        for index, each in enumerate(keys):
            number += 1
            done_at = None
            if done != "open":
                day = date.fromisoformat(done.rstrip("+")) + timedelta(days=index if done.endswith("+") else 0)
                done_at = datetime.combine(day, time(12), UTC)
            yield Piece(
                id=number,
                source="shop",
                scope=each.partition("-")[0],
                key=each,
                title=f"Piece {each}",
                url=f"https://acme.atlassian.net/browse/{each}",
                created_at=datetime.combine(cycle.start, time(9), UTC),
                updated_at=done_at or datetime.combine(cycle.start, time(9), UTC),
                done_at=done_at,
                counts=done_at is not None,
                key_results=frozenset(
                    name.strip() for name in serves.split(",") if name.strip() not in ("", "nothing")
                ),
                assignee=(by[0] or None) if by else None,
            )


def _measurements(series: str, key_results: dict[str, KeyResult]) -> Iterator[Measurement]:
    for key_result, origin, first, values in rows(series):
        cadence = key_results[key_result].metric.cadence
        for index, value in enumerate(values.split(",")):
            at = date.fromisoformat(first) + index * cadence
            recorded = datetime.combine(at, time(18), UTC)
            yield Measurement(key_result, at, float(value), origin, recorded, by="lin" if origin == "manual" else None)
