"""``okrsync history``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from okrsync.cli.common import App, Day, common_options, now, pass_app, write_output
from okrsync.errors import ConfigError
from okrsync.language import _

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from okrsync.goals import GoalChange
    from okrsync.model import GoalVersion


@click.command(name="history")
@click.argument("goal", metavar="[GOAL]", required=False)
@click.option("--since", type=Day(), metavar="DATE", help="Only what changed on this day or later.")
@click.option("--format", "format_", type=click.Choice(("text", "json")), default="text", show_default=True)
@common_options
@pass_app
def command(app: App, goal: str | None, since: date | None, format_: str) -> None:
    """Show who changed which objective or key result, when, and for what reason.

    GOAL is the id of an objective (its key results are shown with it) or of a key result, also of one that the files no
    longer have. Versions come from every run that stored one, and from the git history of the files of goals.

    One line a change, oldest first, columns separated by tabs: day, goal, what changed, who, commit, reason. A reason
    stands in the goal's `changes:` or in the commit's message after `Reason:`.
    """
    from okrsync.dates import day_of
    from okrsync.goal_record import known_versions
    from okrsync.goals import timelines

    config = app.config()
    versions, notes = known_versions(app.store(config), config, now())
    lines = timelines(versions)
    wanted = _wanted(lines, goal)
    changes = [
        change
        for change in _changes(lines, config.timezone)
        if (wanted is None or change.goal in wanted) and (since is None or day_of(change.at, config.timezone) >= since)
    ]
    for note in notes:
        app.say(_("note: {note}").format(note=note))
    if format_ == "json":
        write_output(_as_json(changes, notes, config.timezone), None)
        return
    write_output("".join(f"{_line(change, config.timezone)}\n" for change in changes), None)
    if not changes:
        said = _("no change is known since {day}") if since else _("no change is known")
        app.say(said.format(day=since))


def _wanted(lines: dict[str, tuple[GoalVersion, ...]], goal: str | None) -> set[str] | None:
    """The goals to show; None for all."""
    from okrsync.config_errors import did_you_mean
    from okrsync.goals import content_of

    if goal is None:
        return None
    if goal not in lines:
        said = _("there is no objective or key result {goal!r}{hint}")
        raise ConfigError(said.format(goal=goal, hint=did_you_mean(goal, lines)))
    below = {id_ for id_, line in lines.items() for version in line if content_of(version).get("objective") == goal}
    return {goal, *below}


def _changes(lines: dict[str, tuple[GoalVersion, ...]], zone: ZoneInfo) -> list[GoalChange]:
    from okrsync.goals import changes
    from okrsync.report.value import natural

    found = [change for line in lines.values() for change in changes(line, zone)]
    return sorted(found, key=lambda change: (change.at, natural(change.goal)))


def _line(change: GoalChange, zone: ZoneInfo) -> str:
    from okrsync.dates import day_of
    from okrsync.report.escape import clean

    commit = f"{change.commit[:10]} {change.subject or ''}".strip() if change.commit else ""
    columns = (change.goal, change.words, change.author or "", commit, change.reason or "")
    return "\t".join((day_of(change.at, zone).isoformat(), *(clean(column) for column in columns)))


def _as_json(changes: Iterable[GoalChange], notes: Iterable[str], zone: ZoneInfo) -> str:
    from okrsync.dates import day_of, iso

    listed: list[dict[str, Any]] = [
        {
            "day": day_of(change.at, zone).isoformat(),
            "at": iso(change.at),
            "kind": change.kind,
            "goal": change.goal,
            "field": change.field,
            "before": change.before,
            "after": change.after,
            "by": change.author,
            "commit": change.commit,
            "subject": change.subject,
            "reason": change.reason,
        }
        for change in changes
    ]
    return json.dumps({"schema": 1, "changes": listed, "notes": list(notes)}, ensure_ascii=False, indent=2) + "\n"
