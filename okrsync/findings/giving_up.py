"""Persistence, seen in what was dropped or judged before its outcome could show anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from okrsync.dates import day_of
from okrsync.findings.interface import Facts, Found, NotJudged, Rule, of_key_result, of_objective
from okrsync.findings.telling import days, owner_of
from okrsync.goals import content_of
from okrsync.language import N_, _, ngettext
from okrsync.model import GoalVersion, Judgement, Kind, Measurement, Verdict
from okrsync.numbers import show
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
            _("{id} was dropped on {day}, before its outcome could show anything").format(id=each.id, day=each.on),
            each.evidence,
            _(
                "{who}: write down what was learned. If the bet is still believed in, take it up again and wait until "
                "{day} with the verdict."
            ).format(who=each.who, day=each.could_show),
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
                _(
                    "objective {id} was dropped: all of its key results were, {count} of them before their outcome "
                    "could show anything"
                ).format(id=objective.id, count=len(ours)),
                tuple(
                    _("{id}: dropped on {day}, could show something from {later}.").format(
                        id=each.id, day=each.on, later=each.could_show
                    )
                    for each in ours
                ),
                _(
                    "{who}: say whether “{title}” is still wanted; if so, it needs key results, if not, tell those who "
                    "support it."
                ).format(who=owner_of(objective.owner), title=objective.title),
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
        reason = (
            _("Retired on {day}, because: {reason}.").format(day=retired.on, reason=retired.reason)
            if retired.reason
            else _("Retired on {day}, without a reason.").format(day=retired.on)
        )
        yield _Dropped(
            key_result.id,
            judgement.objective.id,
            retired.on,
            key_result.metric.lag,
            first,
            facts.cycle.start,
            (
                reason,
                _("Its lag is {lag}; the first of its {count} pieces of work was completed on {day}.").format(
                    lag=days(key_result.metric.lag), count=len(judgement.completed), day=first
                )
                if first
                else _("Its lag is {lag}; the cycle began on {day}, and no work for it was completed.").format(
                    lag=days(key_result.metric.lag), day=facts.cycle.start
                ),
            ),
            owner_of(key_result.owner, judgement.objective.owner),
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
                _removal(line[-1], on),
                _("Its lag is {lag}, and the cycle began on {day}.").format(
                    lag=days(timedelta(days=content["lag"])), day=facts.cycle.start
                ),
            ),
            owner_of(content["owner"], who),
        )


def _cycle_of(facts: Facts, on_file: Mapping[str, str], key_result: Mapping[str, Any]) -> str | None:
    """The cycle of a key result's objective, on file or as its last version said."""
    objective = str(key_result["objective"])
    if objective in on_file:
        return on_file[objective]
    cycles = [content_of(version).get("cycle") for version in facts.versions.get(objective, ())]
    return next((cycle for cycle in reversed(cycles) if cycle), None)


def _removal(version: GoalVersion, on: date) -> str:
    if version.commit and version.author:
        text = _("Removed from the files on {day} by {who} in commit {commit} “{subject}”.")
    elif version.commit:
        text = _("Removed from the files on {day} in commit {commit} “{subject}”.")
    elif version.author:
        text = _("Removed from the files on {day} by {who}.")
    else:
        text = _("Removed from the files on {day}.")
    return text.format(day=on, who=version.author, commit=(version.commit or "")[:10], subject=version.subject)


def _no_time(facts: Facts) -> Iterator[Found]:
    length = facts.cycle.end - facts.cycle.start + timedelta(days=1)
    for objective, key_result in facts.key_results():
        lag = key_result.metric.lag
        if key_result.kind is Kind.METRIC and lag >= length:
            yield Found(
                of_key_result(key_result),
                _(
                    "{id} asks for a verdict before its outcome can show anything: its lag of {lag} is as long as the "
                    "cycle, or longer"
                ).format(id=key_result.id, lag=days(lag)),
                (
                    _("The cycle has {length}; what is completed on its first day shows on {day}.").format(
                        length=days(length), day=facts.cycle.start + lag
                    ),
                ),
                _(
                    "{who}: measure something earlier that leads there as a key result of this cycle, and keep this "
                    "outcome for a longer one."
                ).format(who=owner_of(key_result.owner, objective.owner)),
            )


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
    done = [day_of(piece.done_at, facts.zone) for piece in judgement.completed if piece.done_at is not None]
    first = min(done, default=None)
    could_show = (first or facts.cycle.start) + key_result.metric.lag
    if last is None or last.confidence is None or last.at < facts.cycle.start or could_show <= facts.as_of:
        return
    if last.confidence <= facts.thresholds.doubt:
        lag = days(key_result.metric.lag)
        rated = _("Confidence {value} of 10 on {day} by {who}.") if last.by else _("Confidence {value} of 10 on {day}.")
        yield Found(
            of_key_result(key_result),
            _("{id} is given up in its check-in before its outcome can show anything").format(id=key_result.id),
            (
                rated.format(value=show(last.confidence), day=last.at, who=last.by),
                _(
                    "Its lag is {lag}; the first work for it was completed on {day}, so nothing can show before "
                    "{later}."
                ).format(lag=lag, day=first, later=could_show)
                if first
                else _("Its lag is {lag}; no work for it is completed yet, so nothing can show before {later}.").format(
                    lag=lag, later=could_show
                ),
            ),
            _(
                "{who}: keep going, and ask again after {day}; if there is other evidence against it, write it into "
                "the check-in's note."
            ).format(who=owner_of(key_result.owner, judgement.objective.owner), day=could_show),
        )


def _closed_early(facts: Facts, judgement: Judgement) -> Iterator[Found]:
    key_result, lag = judgement.key_result, judgement.key_result.metric.lag
    final = facts.cycle.end + lag
    if facts.as_of >= final or judgement.verdict not in (Verdict.TOO_EARLY, Verdict.BUSY):
        return
    done = [day_of(piece.done_at, facts.zone) for piece in judgement.completed if piece.done_at is not None]
    open_ = [day for day in done if day + lag > facts.as_of]
    if open_:
        yield Found(
            of_key_result(key_result),
            _("the cycle is over, but {id} cannot be judged finally before {day}").format(id=key_result.id, day=final),
            (
                ngettext(
                    "The outcome of {part} of {count} piece of work for it cannot have shown yet: its lag is {lag}, "
                    "and the cycle ended on {day}.",
                    "The outcome of {part} of {count} pieces of work for it cannot have shown yet: its lag is {lag}, "
                    "and the cycle ended on {day}.",
                    len(done),
                ).format(part=len(open_), count=len(done), lag=days(lag), day=facts.cycle.end),
            ),
            _("{who}: close it after {day}, not now.").format(
                who=owner_of(key_result.owner, judgement.objective.owner), day=final
            ),
            severity="info",
        )


RULES: tuple[Rule, ...] = (
    Rule(
        "P006",
        "persistence",
        "warning",
        N_("dropped before its lag had passed"),
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
        N_("cycle that ends before the outcome can show"),
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
        N_("verdict asked for too early"),
        "A bet is called lost while nothing that was shipped for it could have shown yet.",
        "While the cycle runs: the latest check-in with a confidence has one of at most `doubt`, and the first "
        "completed work (or the cycle's first day, where there was none) is not yet as long ago as the lag. After the "
        "cycle's end, as an info: the key result is busy or too early, and for some of its work the lag has not "
        "passed.",
        _too_early,
    ),
)
