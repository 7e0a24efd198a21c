"""``okrsync ack``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from okrsync.cli.common import App, common_options, now, pass_app
from okrsync.errors import ConfigError
from okrsync.language import _
from okrsync.model import GoalVersion, Objective, Programme


@click.command(name="ack")
@click.argument("goal", metavar="GOAL")
@click.option("--by", "person", metavar="PERSON", help="Who has seen the change: an id of `people:`.")
@common_options
@pass_app
def command(app: App, goal: str, person: str | None) -> None:
    """Acknowledge the goal that objective GOAL supports, as it is now.

    Writes `acknowledged: {PARENT: REVISION}` into the objective in its file, and changes nothing else there. From then
    on, the findings ask again only when the goal above promises something else. Commit the file as you do other
    changes.
    """
    from okrsync.acknowledge import write_acknowledgement
    from okrsync.goals import versions_of
    from okrsync.report.escape import clean
    from okrsync.store import goals

    config = app.config()
    objective = _objective(config.programme, goal)
    parent = objective.supports
    if parent is None:
        raise ConfigError(
            _("{place}: {objective} supports no goal above: nothing to ack").format(
                place=f"{objective.file}:{objective.line}", objective=objective.id
            )
        )
    if person is not None and config.people and person not in {one.id for one in config.people}:
        from okrsync.config_errors import did_you_mean

        raise ConfigError(
            _("--by {person}: no such id under people:{hint}").format(
                person=person, hint=did_you_mean(person, (p.id for p in config.people))
            )
        )
    if person is not None and (len(person.split()) != 1 or not person.isprintable() or len(person) > 100):
        raise ConfigError(_("--by must be one word of at most 100 characters"))
    moment = now()
    above = next(each for each in versions_of(config.programme, moment) if each.goal == parent)
    held = next((each for each in objective.acknowledged if each.goal == parent), None)
    if held is not None and above.revision.startswith(held.revision) and person in (None, held.by):
        said = _("{objective} has acknowledged {goal} as it is now ({revision}) already")
        app.say(said.format(objective=objective.id, goal=parent, revision=above.revision))
        return
    value = above.revision + (f" by {person}" if person else "")
    line = write_acknowledgement(Path(objective.file or ""), objective.id, parent, value, os.environ)
    said = _("{objective} acknowledges {goal} ({revision}): {title}").format(
        objective=objective.id, goal=parent, revision=value, title=clean(_title(above))
    )
    app.say(f"{objective.file}:{line}: {said}")
    goals.record(app.store(config), app.config().programme, moment)


def _objective(programme: Programme, wanted: str) -> Objective:
    from okrsync.config_errors import did_you_mean

    objectives = {objective.id: objective for objective in programme.objectives}
    if wanted in objectives:
        return objectives[wanted]
    owners = {kr.id: objective.id for objective in programme.objectives for kr in objective.key_results}
    if wanted in owners:
        raise ConfigError(
            _("{key_result} is a key result: its objective acknowledges, `okrsync ack {objective}`").format(
                key_result=wanted, objective=owners[wanted]
            )
        )
    raise ConfigError(
        _("there is no objective {objective!r}{hint}").format(objective=wanted, hint=did_you_mean(wanted, objectives))
    )


def _title(version: GoalVersion) -> str:
    from okrsync.goals import content_of

    return str(content_of(version).get("title", ""))
