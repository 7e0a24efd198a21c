"""Drift, seen in the work: what goes on for goals that were dropped, and teams that left their goals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

from okrsync.dates import day_of, end_of, start_of
from okrsync.findings.interface import Facts, Found, NotJudged, Rule, of_key_result, of_team
from okrsync.findings.shares import chance_of_growth
from okrsync.findings.teams import Workers, lead_of, name_of
from okrsync.findings.telling import listed
from okrsync.language import N_, _, ngettext
from okrsync.model import Piece

_SHOWN = 3


def _retired(facts: Facts) -> Iterator[Found]:
    workers = facts.once(Workers)
    late: dict[str, list[Piece]] = {}
    for piece in facts.after_retirement:
        for each in piece.key_results:
            late.setdefault(each, []).append(piece)
    for objective in facts.objectives:
        for key_result in objective.key_results:
            retired = key_result.retired
            if retired is None or not facts.is_retired(key_result):
                continue
            after = retired.on + timedelta(days=facts.thresholds.winding_down)
            completed: dict[str | None, list[Piece]] = {}
            started: dict[str | None, list[Piece]] = {}
            for piece in late.get(key_result.id, ()):
                done = day_of(piece.done_at, facts.zone) if piece.done_at is not None and piece.counts else None
                if done is not None and after < done <= facts.as_of:
                    completed.setdefault(workers.team_of(piece), []).append(piece)
                elif day_of(piece.created_at, facts.zone) > after:
                    started.setdefault(workers.team_of(piece), []).append(piece)
            if not completed and not started:
                continue
            teams = sorted({*completed, *started}, key=lambda team: (team is None, team or ""))
            names = {team: name_of(facts, team) if team else _("nobody's team") for team in teams}
            total = sum(map(len, completed.values())), sum(map(len, started.values()))
            leads = [lead for team in teams if team and (lead := lead_of(facts, team))]
            yield Found(
                of_key_result(key_result),
                _(
                    "work for {id} goes on, which was retired on {day}: {completed} completed and {started} started "
                    "since {after}"
                ).format(id=key_result.id, day=retired.on, completed=total[0], started=total[1], after=after),
                tuple(
                    text.format(team=names[team], count=len(pieces), keys=_keys(pieces))
                    for team in teams
                    for text, pieces in (
                        (_("{team}: {count} completed ({keys})."), completed.get(team, [])),
                        (_("{team}: {count} started ({keys})."), started.get(team, [])),
                    )
                    if pieces
                ),
                _(
                    "{who}: stop this work, or say which key result it serves now. If it is still wanted, {id} was "
                    "retired by mistake."
                ).format(
                    who=_(", ").join(dict.fromkeys(leads)) or objective.owner or _("Whoever leads these teams"),
                    id=key_result.id,
                ),
            )


def _keys(pieces: list[Piece]) -> str:
    return listed(sorted(piece.key for piece in pieces), _SHOWN)


def _moved_off(facts: Facts) -> Iterator[Found | NotJudged]:
    last = min(facts.as_of, facts.cycle.end)
    days = min(7 * facts.thresholds.compared_weeks, ((last - facts.cycle.start).days + 1) // 2)
    if days < 7 * facts.thresholds.least_weeks:
        yield NotJudged(
            None,
            ngettext(
                "the cycle has run for less than {count} week: there is no early share to compare with",
                "the cycle has run for less than {count} weeks: there is no early share to compare with",
                2 * facts.thresholds.least_weeks,
            ).format(count=2 * facts.thresholds.least_weeks),
        )
        return
    early_end, late_start = facts.cycle.start + timedelta(days=days - 1), last - timedelta(days=days - 1)
    workers = facts.once(Workers)
    early_until, late_from, until = (
        end_of(early_end, facts.zone),
        start_of(late_start, facts.zone),
        end_of(last, facts.zone),
    )
    early: dict[str, list[Piece]] = {}
    late: dict[str, list[Piece]] = {}
    for piece in facts.completed:
        team = workers.team_of(piece)
        if team is None or piece.done_at is None:
            continue
        if piece.done_at < early_until:
            early.setdefault(team, []).append(piece)
        elif late_from <= piece.done_at < until:
            late.setdefault(team, []).append(piece)
    for each in facts.programme.teams:
        before, now = early.get(each.id, []), late.get(each.id, [])
        if not before or not now:
            continue
        if len(before) + len(now) < facts.thresholds.few:
            linked = any(piece.key_results for piece in before)
            if linked:
                yield NotJudged(
                    of_team(each),
                    _("fewer than {few} pieces of work were completed in the two spans compared").format(
                        few=facts.thresholds.few
                    ),
                )
            continue
        linked_before, linked_now = (sum(bool(piece.key_results) for piece in pieces) for pieces in (before, now))
        fall = linked_before / len(before) - linked_now / len(now)
        chance = chance_of_growth((len(before) - linked_before, len(before)), (len(now) - linked_now, len(now)))
        if fall < facts.thresholds.shift or chance > 1 - facts.thresholds.sure:
            continue
        scopes = Counter(f"{piece.source}:{piece.scope}" for piece in now if not piece.key_results)
        name = name_of(facts, each.id)
        yield Found(
            of_team(each),
            _(
                "the work of team {team} has moved off the key results: {now} of it serves one now, {before} in the "
                "cycle's first weeks"
            ).format(team=name, now=_share(linked_now, len(now)), before=_share(linked_before, len(before))),
            (
                _span(facts.cycle.start, early_end, linked_before, len(before)),
                _span(late_start, last, linked_now, len(now)),
                _odds(chance),
                _("What serves none now is in {scopes}.").format(
                    scopes=_(", ").join(f"{scope} ({number})" for scope, number in scopes.most_common(_SHOWN))
                ),
            ),
            _(
                "{who}: say what came in between. Either the key results no longer hold, then change or retire them, "
                "or the work has to come back to them. If only links are missing: `okrsync links --unlinked`."
            ).format(who=each.lead or _("Whoever leads {team}").format(team=name)),
        )


def _odds(chance: float) -> str:
    if chance <= 1e-9:
        return _("By chance alone so great a fall comes practically never.")
    return _("By chance alone so great a fall comes once in {count} times.").format(count=f"{1 / chance:,.0f}")


def _share(part: int, whole: int) -> str:
    return f"{round(100 * part / whole)}%"


def _span(first: date, last: date, part: int, whole: int) -> str:
    return _("{first} to {last}: {part} of {whole} completed pieces served a key result.").format(
        first=first, last=last, part=part, whole=whole
    )


RULES: tuple[Rule, ...] = (
    Rule(
        "D004",
        "drift",
        "warning",
        N_("work for a key result that was retired"),
        "The goal was dropped, and the teams that worked for it were not told, or did not stop.",
        "Pieces of work that a rule links to a retired key result and that were completed, or created, more than "
        "`winding_down` days after its retirement, by team: the assignee's, or else the one whose key result it is.",
        _retired,
    ),
    Rule(
        "D005",
        "drift",
        "warning",
        N_("team whose work moved off its key results"),
        "The cycle began with work for the goals; then something else came in between, and nobody changed the goals.",
        "The share of a team's completed pieces of work that serve a key result, in the latest `compared_weeks` weeks "
        "against the cycle's first (each at most half of the cycle so far, `least_weeks` at least). It must have "
        "fallen by `shift` or more, and by more than chance would do: Fisher's exact test, one-sided, with the "
        "confidence `sure`. Not judged with fewer than `few` pieces in both spans together. Work belongs to its "
        "assignee's team, or else to the one whose key result it serves.",
        _moved_off,
    ),
)
