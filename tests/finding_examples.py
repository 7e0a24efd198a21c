"""From an example of the documentation to the facts that the rules see: everything between is the program's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from docs.examples.example import HEAD, SETTINGS, Example, rows
from okrsync.config import Config, load_config
from okrsync.dates import end_of, start_of
from okrsync.findings.interface import Facts
from okrsync.goals import reasons_of, timelines, unseen, until
from okrsync.judge import judge
from okrsync.model import Cycle, GoalVersion, ItemWait, KeyResult, Measurement, Piece, RuleLinks, SourceStatus, Wait
from okrsync.past import after_retirement, earlier_key_results, past_outcomes
from okrsync.reporting import served_when_done


def configuration(example: Example, folder: Path) -> Config:
    """Both files as the user would write them, read by the program."""
    goals = example.goals if example.goals.startswith("cycle:") else HEAD + example.goals
    (folder / "okrs").mkdir(exist_ok=True)
    (folder / "okrs" / "goals.yaml").write_text(goals, encoding="utf-8")
    for number, text in enumerate(re.split(r"(?m)^(?=cycle:)", example.earlier)[1:]):
        (folder / "okrs" / f"earlier{number}.yaml").write_text(text, encoding="utf-8")
    (folder / "okrsync.yaml").write_text(SETTINGS + example.settings, encoding="utf-8")
    return load_config(cwd=folder, environ={"JIRA_TOKEN": "0000"})


def facts_of(example: Example, folder: Path) -> tuple[Facts, Config]:
    """The facts of the example's running cycle on its day."""
    config = configuration(example, folder)
    programme, zone = config.programme, config.timezone
    (cycle,) = [each for each in programme.cycles if each.start <= example.as_of <= each.end]
    objectives = programme.objectives_of(cycle.id)
    start, end = start_of(cycle.start, zone), end_of(min(example.as_of, cycle.end), zone)
    pieces = list(_pieces(example.work, cycle))
    all_key_results = {kr.id: kr for each in programme.objectives for kr in each.key_results}
    measured = list(_measurements(example.series, all_key_results))
    lines = timelines(_versions(example, folder))
    key_results = {kr.id: kr for kr in programme.key_results_of(cycle.id)}
    by_key_result = {kr_id: [each for each in measured if each.key_result == kr_id] for kr_id in all_key_results}
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
        completed=tuple(
            served_when_done(piece, key_results, zone)
            for piece in pieces
            if piece.done_at is not None and start <= piece.done_at < end
        ),
        open=tuple(piece for piece in pieces if piece.done_at is None or piece.done_at >= end),
        rules=tuple(RuleLinks(kr, *map(int, numbers)) for kr, *numbers in rows(example.links)),
        sources=tuple(
            SourceStatus(name, "*", datetime.combine(example.as_of, time(8), UTC), 100, 0, "fresh")
            for name in config.sources
        ),
        check_ins=tuple(
            each
            for each in sorted(measured, key=lambda one: one.at)
            if each.origin == "manual" and each.at <= example.as_of and each.key_result in key_results
        ),
        waits=tuple(_waits(example.waits)),
        after_retirement=tuple(after_retirement(pieces, key_results, example.as_of, zone)),
        versions=until(lines, end_of(example.as_of, zone)),
        reasons={goal: reasons_of(line) for goal, line in lines.items()},
        past=tuple(
            past_outcomes(
                earlier_key_results(programme, cycle, judgements, config.thresholds.by_chance),
                by_key_result,
                example.as_of,
                zone,
            )
        ),
    )
    return facts, config


def _versions(example: Example, folder: Path) -> list[GoalVersion]:
    """What a run each night would have stored, from two weeks before the cycle on."""
    if not example.store:
        return []
    changes = [(date.fromisoformat(day), before, since) for day, before, since in rows(example.history)]
    texts = [(date.min, example.goals)]
    for day, before, since in reversed(changes):
        now = texts[0][1]
        assert now.count(since) == 1, since
        texts = [(date.min, now.replace(since, before)), (day, now), *texts[1:]]
    known: list[GoalVersion] = []
    for number, (day, text) in enumerate(texts):
        then = folder / f"then{number}"
        then.mkdir()
        programme = configuration(replace(example, goals=text), then).programme
        first = min(cycle.start for cycle in programme.cycles) - timedelta(days=14)
        known += unseen(known, programme, datetime.combine(max(day, first), time(20), UTC))
    return known


def _pieces(work: str, cycle: Cycle) -> Iterator[Piece]:
    number = 0
    for key, done, serves, *rest in rows(work):
        by, created = [*rest, "", ""][:2]
        first = date.fromisoformat(created) if created else cycle.start

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
                created_at=datetime.combine(first, time(9), UTC),
                updated_at=done_at or datetime.combine(first, time(9), UTC),
                done_at=done_at,
                counts=done_at is not None,
                key_results=frozenset(
                    name.strip() for name in serves.split(",") if name.strip() not in ("", "nothing")
                ),
                assignee=by or None,
            )


def _waits(waits: str) -> Iterator[ItemWait]:
    for key, kind, account, since, days, serves in rows(waits):
        span = re.fullmatch(r"(.*#)(\d+)\.\.(\d+)", key)
        assert span is not None
        assert kind in ("review", "assignment")
        began = datetime.combine(date.fromisoformat(since), time(12), UTC)
        for number in range(int(span[2]), int(span[3]) + 1):
            wait = Wait(kind, account, began, began + timedelta(days=float(days)))  # type: ignore[arg-type]
            yield ItemWait("shop", f"{span[1]}{number}", wait, frozenset({serves}))


def _measurements(series: str, key_results: dict[str, KeyResult]) -> Iterator[Measurement]:
    for key_result, origin, first, values in rows(series):
        cadence = key_results[key_result].metric.cadence
        for index, value in enumerate(values.split(",")):
            at = date.fromisoformat(first) + index * cadence
            recorded = datetime.combine(at, time(18), UTC)
            number, _, confidence = value.strip().partition(" ")
            said = float(confidence.strip("()")) if confidence else None
            by = "lin" if origin == "manual" else None
            yield Measurement(key_result, at, float(number), origin, recorded, confidence=said, by=by)
