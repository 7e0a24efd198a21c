"""What the database counts for a report is what one counts piece by piece: small stores of random work."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, text

from okrsync import reporting
from okrsync.config import Config
from okrsync.link import describe
from okrsync.model import (
    Cycle,
    KeyResult,
    Kind,
    Measurement,
    Metric,
    Objective,
    Person,
    Piece,
    Programme,
    Retirement,
    Team,
    WorkItem,
    WorkRule,
)
from okrsync.report.json import to_json
from okrsync.store import outcomes, read
from okrsync.store.engine import reading
from okrsync.store.linking import link_all
from tests.fake_source import FakeSource, commit, epic, issue, moment, pull
from tests.stores import pull_all, use_fake

CYCLE = Cycle("C", moment(0).date(), moment(90).date())
ZONE = ZoneInfo("Asia/Shanghai")
LABELS = ("a", "b", "c", "d", "all")


@pytest.fixture
def engine(any_store: Engine) -> Engine:
    return any_store


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> FakeSource:
    service = FakeSource(page_size=200)
    use_fake(monkeypatch, service)
    return service


def programme(draw: random.Random) -> Programme:
    """Five key results of three teams; one or two are retired, some before the cycle began."""
    retired = {draw.randrange(5): draw.choice((-10, -1, 0, 12, 30)) for _ in range(2)}
    key_results = [
        KeyResult(
            f"KR{n}", f"O{n % 3}", f"Shops {n}", "lin", Kind.METRIC,
            Metric(baseline=10.0, target=20.0, lag=timedelta(days=7)),
            (WorkRule(labels=("a" if n == 4 else LABELS[n],)), WorkRule(source="fake", labels=("all",)))[: 1 + n % 2],
            retired=Retirement(moment(retired[n]).date(), "dropped") if n in retired else None,
        )
        for n in range(5)
    ]  # fmt: skip
    teams = (Team("acme", "company"), Team("t1", "team", "acme", "lin"), Team("t2", "team", "acme", "mei"))
    objectives = tuple(
        Objective(
            f"O{n}", "C", teams[n].id, f"Aim {n}", tuple(each for each in key_results if each.objective == f"O{n}")
        )
        for n in range(3)
    )
    return Programme((CYCLE,), (), teams, objectives)


def work(draw: random.Random) -> list[WorkItem]:
    """Issues with sub-tasks, pull requests and commits, most of it open and old."""
    found: list[WorkItem] = [epic("S-900", labels=("d",), created=-200)]
    found += (
        issue(f"S-{n}", created=-400, labels=draw.choice(((), ("a",))), parent_id="id-S-900") for n in range(700, 720)
    )
    for n in range(120):
        created = draw.choice((-400, -90, -40, -20, -15, -14, -13, -1, 0, 3, 20)) + draw.random()
        done = None if draw.random() < 0.6 else max(created, draw.choice((-30, -1, 2, 9, 20, 39)) + draw.random())
        labels = tuple(label for label in LABELS[:4] if draw.random() < 0.2)
        parent = draw.choice((None, None, "id-S-900"))
        changed = max(created if done is None else done, draw.choice((-300, -30, -16, -14, -13, 1, 30)))
        who = draw.choice((None, "lin-account", "MEI", "x", "y"))
        found.append(
            issue(
                f"S-{n}", labels=labels, done=done, created=created, parent_id=parent, assignee=who,
                updated_at=moment(changed), resolution=draw.choice((None, "Done", "Duplicate")) if done else None,
            )
        )  # fmt: skip
        if n % 6 == 0:
            found.append(
                issue(f"S-{n + 500}", level=-1, parent_id=f"id-S-{n}", created=created, updated_at=moment(changed + 20))
            )
        if n % 7 == 0:
            names = (f"S-{n}",) if n % 2 else (f"S-{n}", f"S-{n // 2}")
            found.append(pull(f"r#{n}", names=names, created=created, assignee=who, labels=labels))
        if n % 9 == 0:
            found.append(
                commit(f"{n:040x}", created, author=who, created=created, trailers=draw.choice(((), ("KR1",))))
            )
    return found


def configured(goals: Programme, service: FakeSource) -> Config:
    people = (
        Person("lin", "Lin", "t1", (("fake", "lin-account"),)),
        Person("mei", "Mei", "t2", (("fake", "mei"),)),
    )
    return Config(
        path=Path("okrsync.yaml"), base=Path(), store="", timezone=ZONE, language="en",
        sources={"fake": service.settings()}, people=people, publish=(), schedule=None, census=timedelta(days=1),
        not_completed=("Duplicate",), programme=goals,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_a_report_is_the_same_with_each_piece_for_itself(
    service: FakeSource, engine: Engine, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = random.Random(seed)
    goals = programme(draw)
    service.put("S", *work(draw))
    pull_all(engine, service)
    link_all(engine, goals)
    now = moment(40)
    for key_result in goals.key_results_of("C"):
        for week in range(-12, 6):
            value = 10 + draw.random() + week // 8
            outcomes.save_check_in(
                engine, Measurement(key_result.id, moment(7 * week).date(), value, "manual", now, by="lin")
            )
    config = configured(goals, service)
    days = [date(2026, 10, 1) + timedelta(days=after) for after in (0, 3, 12, 13, 40, 70, 120)]
    folded = [to_json(reporting.make_report(engine, config, CYCLE, day, history=True)) for day in days]
    pieces = _pieces(engine, goals, reporting._at_rest(CYCLE, goals.key_results_of("C"), ZONE))
    each_for_itself = _pieces(engine, goals, None)
    assert sum(piece.number for piece in pieces) == len(each_for_itself)
    assert len(pieces) < len(each_for_itself) - 5
    monkeypatch.setattr(reporting, "_at_rest", lambda *_: None)
    assert [to_json(reporting.make_report(engine, config, CYCLE, day, history=True)) for day in days] == folded


def _pieces(engine: Engine, goals: Programme, at_rest: tuple[datetime, datetime] | None) -> list[Piece]:
    names = [each.id for each in goals.key_results_of("C")]
    return read.pieces(
        engine, sources=["fake"], key_results=names, start=moment(0), end=moment(40), not_completed=[], all_open=True,
        at_rest=at_rest,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("share", [0.0, 0.3, 0.6])
def test_what_rules_match_is_counted_as_by_hand(service: FakeSource, engine: Engine, seed: int, share: float) -> None:
    draw = random.Random(100 + seed)
    goals = programme(draw)
    items = work(draw)
    service.put("S", *(each for each in items if draw.random() < 0.8))
    pull_all(engine, service)
    link_all(engine, goals)
    with reading(engine) as connection:
        links = connection.execute(text("SELECT key_result, rule, item_id, reason FROM links")).fetchall()
        parts = connection.execute(text("SELECT item_id, piece_id FROM parts")).fetchall()
    own = {(kr, rule, item) for kr, rule, item, reason in links if reason in ("rule", "trailer", "parent")}
    number = Counter((kr, rule) for kr, rule, _ in own)
    every = len({piece for _, piece in parts})
    for each in read.rule_links(engine, goals.key_results_of("C"), sources=["fake"], share=share):
        key_result = next(kr for kr in goals.key_results_of("C") if kr.id == each.key_result)
        words = describe(each.index, key_result.work[each.index - 1])
        mine = {item for kr, rule, item in own if (kr, rule) == (each.key_result, words)}
        pieces = len({piece for item, piece in parts if item in mine})
        assert each.items == number[each.key_result, words]
        assert each.of == every
        assert each.pieces == pieces if each.pieces is not None else pieces < share * every


def test_times_are_aware() -> None:
    start, changed = reporting._at_rest(CYCLE, (), ZONE) or (None, None)
    assert start is not None
    assert changed is not None
    assert start.tzinfo is UTC
    assert start - changed == 2 * CYCLE.check_in
