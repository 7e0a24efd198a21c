"""Persistence, seen in what was dropped or judged before its outcome could show anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from okrsync.dates import day_of
from okrsync.findings.interface import Facts, Found, NotJudged, Rule, of_key_result, of_objective
from okrsync.goals import content_of
from okrsync.model import GoalVersion, Judgement, Kind, Measurement, Verdict
from okrsync.numbers import count_of, show
from okrsync.report.value import Subject


@dataclass(frozen=True, slots=True)
class _Dropped:
    """A key result that was dropped before its outcome could show anything."""

    id: str
    objective: str
    on: date
    lag: timedelta
    first: date | None
    """The first work completed for it; None when there was none, or none is known."""
    start: date
    evidence: tuple[str, ...]
    who: str

    @property
    def could_show(self) -> date:
        """From this day on its outcome could have shown something."""
        return (self.first or self.start) + self.lag


def _dropped_early(facts: Facts) -> Iterator[Found]:
    dropped = [*_retired(facts), *_removed(facts)]
    early = [each for each in dropped if each.on < each.could_show]
    for each in early:
        yield Found(
            Subject("key_result", each.id),
            f"{each.id} was dropped on {each.on}, before its outcome could show anything",
            each.evidence,
            f"{each.who}: write down what was learned. If the bet is still believed in, take it up again and wait "
            f"until {each.could_show} with the verdict.",
        )
    by_objective: dict[str, list[_Dropped]] = {}
    for each in early:
        by_objective.setdefault(each.objective, []).append(each)
    for objective in facts.objectives:
        ours = by_objective.get(objective.id, [])
        left = [kr for kr in objective.key_results if not facts.is_retired(kr)]
        if len(ours) >= 2 and not left:
            yield Found(
                of_objective(objective),
                f"objective {objective.id} was dropped: all of its key results were, "
                f"{len(ours)} of them before their outcome could show anything",
                tuple(
                    f"{each.id}: dropped on {each.on}, could show something from {each.could_show}." for each in ours
                ),
                f"{objective.owner or 'Its owner'}: say whether “{objective.title}” is still wanted; if so, it needs "
                "key results, if not, tell those who support it.",
            )


def _retired(facts: Facts) -> Iterator[_Dropped]:
    for judgement in facts.judgements:
        key_result = judgement.key_result
        retired = key_result.retired
        if retired is None or judgement.verdict is not Verdict.RETIRED or retired.on < facts.cycle.start:
            continue
        first = min(
            (day_of(piece.done_at, facts.zone) for piece in judgement.completed if piece.done_at is not None),
            default=None,
        )
        reason = f", because: {retired.reason}" if retired.reason else ", without a reason"
        yield _Dropped(
            key_result.id,
            judgement.objective.id,
            retired.on,
            key_result.metric.lag,
            first,
            facts.cycle.start,
            (
                f"Retired on {retired.on}{reason}.",
                f"Its lag is {key_result.metric.lag.days} days; "
                + (
                    f"the first of {count_of(len(judgement.completed), 'piece')} of work for it was completed on "
                    f"{first}."
                    if first
                    else f"the cycle began on {facts.cycle.start}, and no work for it was completed."
                ),
            ),
            key_result.owner or judgement.objective.owner or "Its owner",
        )


def _removed(facts: Facts) -> Iterator[_Dropped]:
    """Key results of the cycle that the files no longer have, removed after its planning was over."""
    on_file = {kr.id for objective in facts.programme.objectives for kr in objective.key_results}
    cycles = {each.id: each.cycle for each in facts.programme.objectives}
    planned = facts.cycle.start + timedelta(days=facts.thresholds.settling - 1)
    for goal, line in facts.versions.items():
        if line[-1].kind != "key_result" or line[-1].content is not None or goal in on_file or len(line) < 2:
            continue
        on, content = day_of(line[-1].seen_at, facts.zone), content_of(line[-2])
        if not planned < on <= facts.cycle.end or _cycle_of(facts, cycles, content) != facts.cycle.id:
            continue
        who = line[-1].author
        yield _Dropped(
            goal,
            str(content["objective"]),
            on,
            timedelta(days=content["lag"]),
            None,
            facts.cycle.start,
            (
                f"Removed from the files on {on}" + (f" by {who}" if who else "") + _in_commit(line[-1]) + ".",
                f"Its lag is {content['lag']} days, and the cycle began on {facts.cycle.start}.",
            ),
            content["owner"] or who or "Its owner",
        )


def _cycle_of(facts: Facts, on_file: Mapping[str, str], key_result: Mapping[str, Any]) -> str | None:
    """The cycle of a key result's objective, on file or as its last version said."""
    objective = str(key_result["objective"])
    if objective in on_file:
        return on_file[objective]
    cycles = [content_of(version).get("cycle") for version in facts.versions.get(objective, ())]
    return next((cycle for cycle in reversed(cycles) if cycle), None)


def _in_commit(version: GoalVersion) -> str:
    return f" in commit {version.commit[:10]} “{version.subject}”" if version.commit else ""


def _no_time(facts: Facts) -> Iterator[Found]:
    length = facts.cycle.end - facts.cycle.start + timedelta(days=1)
    for objective, key_result in facts.key_results():
        lag = key_result.metric.lag
        if key_result.kind is Kind.METRIC and lag >= length:
            yield Found(
                of_key_result(key_result),
                f"{key_result.id} asks for a verdict before its outcome can show anything: its lag of {lag.days} days "
                f"is as long as the cycle, or longer",
                (f"The cycle has {length.days} days; what is completed on its first day shows on "
                 f"{facts.cycle.start + lag}.",),
                f"{key_result.owner or objective.owner or 'Its owner'}: measure something earlier that leads there as "
                "a key result of this cycle, and keep this outcome for a longer one.",
            )  # fmt: skip


def _too_early(facts: Facts) -> Iterator[Found | NotJudged]:
    rated = {each.key_result: each for each in facts.check_ins if each.confidence is not None}  # the latest of each
    for judgement in facts.judgements:
        if judgement.verdict in (Verdict.RETIRED, Verdict.ACHIEVED) or judgement.key_result.kind is not Kind.METRIC:
            continue
        if facts.as_of > facts.cycle.end:
            yield from _closed_early(facts, judgement)
        else:
            yield from _doubted_early(facts, judgement, rated.get(judgement.key_result.id))


def _doubted_early(facts: Facts, judgement: Judgement, last: Measurement | None) -> Iterator[Found]:
    key_result = judgement.key_result
    days = [day_of(piece.done_at, facts.zone) for piece in judgement.completed if piece.done_at is not None]
    first = min(days, default=None)
    could_show = (first or facts.cycle.start) + key_result.metric.lag
    if last is None or last.confidence is None or last.at < facts.cycle.start or could_show <= facts.as_of:
        return
    if last.confidence <= facts.thresholds.doubt:
        who = key_result.owner or judgement.objective.owner or "Its owner"
        yield Found(
            of_key_result(key_result),
            f"{key_result.id} is given up in its check-in before its outcome can show anything",
            (
                f"Confidence {show(last.confidence)} of 10 on {last.at}" + (f" by {last.by}." if last.by else "."),
                f"Its lag is {key_result.metric.lag.days} days; "
                + (f"the first work for it was completed on {first}" if first else "no work for it is completed yet")
                + f", so nothing can show before {could_show}.",
            ),
            f"{who}: keep going, and ask again after {could_show}; if there is other evidence against it, write it "
            "into the check-in's note.",
        )


def _closed_early(facts: Facts, judgement: Judgement) -> Iterator[Found]:
    key_result, lag = judgement.key_result, judgement.key_result.metric.lag
    final = facts.cycle.end + lag
    if facts.as_of >= final or judgement.verdict not in (Verdict.TOO_EARLY, Verdict.BUSY):
        return
    days = [day_of(piece.done_at, facts.zone) for piece in judgement.completed if piece.done_at is not None]
    open_ = [day for day in days if day + lag > facts.as_of]
    if open_:
        yield Found(
            of_key_result(key_result),
            f"the cycle is over, but {key_result.id} cannot be judged finally before {final}",
            (
                f"The outcome of {len(open_)} of {count_of(len(days), 'piece')} of work for it cannot have shown yet: "
                f"its lag is {lag.days} days, and the cycle ended on {facts.cycle.end}.",
            ),
            f"{key_result.owner or judgement.objective.owner or 'Its owner'}: close it after {final}, not now.",
            severity="info",
        )


RULES: tuple[Rule, ...] = (
    Rule(
        "P006",
        "persistence",
        "warning",
        "dropped before its lag had passed",
        "The lag says how long after shipping an outcome can show it. Who drops a goal before that has paid for the "
        "bet and does not look at the result.",
        "For a key result: the day it was retired, or removed from the files, lies before the day on which its outcome "
        "could show something: the first completed work for it (or the cycle's first day, where there was none) and "
        "its lag. Removals in the first `settling` days of the cycle are planning. For an objective: two or more of "
        "its key results were dropped like that, and none is left.",
        _dropped_early,
        yields_to=("P006",),
    ),
    Rule(
        "P007",
        "persistence",
        "warning",
        "cycle that ends before the outcome can show",
        "At the cycle's end somebody will ask whether it worked, and nobody can know. Such key results are given up "
        "for the wrong reason, or kept for none.",
        "The lag of a key result of kind `metric` is at least as long as the cycle.",
        _no_time,
        configuration=True,
    ),
    Rule(
        "P008",
        "persistence",
        "warning",
        "verdict asked for too early",
        "A bet is called lost while nothing that was shipped for it could have shown yet.",
        "While the cycle runs: the latest check-in with a confidence has one of at most `doubt`, and the first "
        "completed work (or the cycle's first day, where there was none) is not yet as long ago as the lag. After the "
        "cycle's end, as an info: the key result is busy or too early, and for some of its work the lag has not "
        "passed.",
        _too_early,
    ),
)
