"""The pages beside those of the weeks: one that lists all weeks, and one a key result with its history, as Markdown."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from okrsync.dates import day_of, iso_week
from okrsync.model import Judgement, Piece
from okrsync.report import escape, words
from okrsync.report.markdown import (
    MANY,
    Raw,
    anchors_of,
    by_team,
    image,
    linked,
    outcome,
    rendered,
    to_page,
)
from okrsync.report.names import INDEX, week_page
from okrsync.report.value import Publication, Report, newest

MEASUREMENTS = 26
"""How many measurements a key result's page lists: half a year of weeks."""
FINISHED = 20
"""How many finished pieces of work it names."""


def key_result_markdown(
    report: Report,
    judgement: Judgement,
    *,
    chart: str | None,
    published: Collection[str],
    templates: Path | None = None,
) -> str:
    """A key result's own page; ``chart`` is the attachment's name, ``published`` the weeks' pages that the wiki has.

    ``report`` has a ``history``. Same values, same bytes.
    """
    id_ = judgement.key_result.id
    history = report.history
    assert history is not None
    # With what the record of the goals begins, nothing was added.
    begins = history.goals[0].at if history.goals else None
    anchor = f"#{anchors_of(report.key_results)[id_]}"

    def to_week(page: str, text: str) -> Raw:
        return to_page(text, page if page in published else None, anchor)

    def finished_on(piece: Piece) -> str:
        return words.NOTHING if piece.done_at is None else words.day(day_of(piece.done_at, report.zone))

    weeks = [
        {
            "link": to_week(week_page(week.as_of), iso_week(week.as_of)),
            "mark": words.VERDICTS[week.verdicts[id_]].mark,
            "verdict": words.VERDICTS[week.verdicts[id_]].name,
            "value": words.number(week.values[id_]),
            "completed": week.completed[id_],
        }
        for week in reversed(history.weeks)
    ]
    return rendered(
        "key_result.md.j2",
        {
            **_shared(report),
            "judgement": judgement,
            "chart": image(judgement, chart),
            "weeks": weeks,
            "goals": [
                words.goal_change(change, report.zone)
                for change in reversed(history.goals)
                if change.goal == id_ and (change.field != "goal" or change.after is None or change.at != begins)
            ],
            "measurements": judgement.series[: -MEASUREMENTS - 1 : -1],
            "older": max(0, len(judgement.series) - MEASUREMENTS),
            "finished": newest(judgement.completed, FINISHED),
            "finished_on": finished_on,
            "this_week": to_week(week_page(report.as_of), iso_week(report.as_of)),
            "index": to_page(words.all_weeks(), INDEX),
        },
        templates,
    )


def index_markdown(
    report: Report,
    publications: Iterable[Publication],
    pages: Mapping[str, str],
    templates: Path | None = None,
) -> str:
    """The page that lists all weeks; ``publications`` are those of one wiki, ``pages`` the key results' own."""
    newest_first = sorted(publications, key=lambda each: (each.as_of, each.page), reverse=True)
    cycles = [
        (
            escape.clean(cycle, 40),
            [
                {
                    "link": to_page(iso_week(week.as_of), week.page),
                    "day": words.day(week.as_of),
                    "short": words.in_short(week.headline),
                    "verdicts": words.verdicts(week.headline),
                }
                for week in weeks
            ],
        )
        for cycle, weeks in groupby(newest_first, key=lambda each: each.cycle)
    ]
    return rendered(
        "index.md.j2",
        {
            **_shared(report),
            "title": words.index_title(report),
            "cycles": cycles,
            "many": len(report.key_results) > MANY,
            "teams": by_team(report) if len(report.key_results) > MANY else [("", "", report.key_results)],
            "page": lambda judgement: to_page(words.name(judgement), pages.get(judgement.key_result.id)),
        },
        templates,
    )


def _shared(report: Report) -> dict[str, Any]:
    return {
        "report": report,
        "words": words,
        "raw": Raw,
        "clean": escape.clean,
        "summary": lambda text: Raw(escape.summary(text)),
        "outcome": outcome,
        "linked": linked,
    }
