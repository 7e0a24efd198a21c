"""``okrsync check-in``."""

from __future__ import annotations

import math
from datetime import date

import click

from okrsync.cli.common import App, Day, common_options, now, pass_app
from okrsync.errors import ConfigError
from okrsync.language import _
from okrsync.model import KeyResult, Kind, Measurement, Programme
from okrsync.outcomes.values import parse_number


@click.command(name="check-in", context_settings={"ignore_unknown_options": True})
@click.argument("key_result", metavar="KR")
@click.argument("value", metavar="VALUE")
@click.option("--at", type=Day(), metavar="DATE", help="The day the value is of (default: today).")
@click.option("--confidence", type=click.FloatRange(0, 10), metavar="N", help="0 to 10: will the target be reached?")
@click.option("--note", metavar="TEXT", help="What stands behind the value.")
@click.option("--by", "person", metavar="PERSON", help="Who says so: an id of `people:`.")
@common_options
@pass_app
def command(
    app: App,
    key_result: str,
    value: str,
    at: date | None,
    confidence: float | None,
    note: str | None,
    person: str | None,
) -> None:
    """Record a measurement by a person: VALUE is a number, or `done` for a milestone that is reached.

    The key result may be of any cycle. A second check-in for the same day replaces the first in reports; both stay in
    the store.
    """
    from okrsync.reporting import today
    from okrsync.store import goals, outcomes

    if confidence is not None and math.isnan(confidence):
        raise click.BadParameter(_("must be a number from 0 to 10"), param_hint="--confidence")
    config = app.config()
    found = _key_result(config.programme, key_result)
    moment = now()
    day = at or today(config, moment)
    if day > today(config, moment):
        raise ConfigError(_("--at {day} lies in the future: a check-in says what was measured").format(day=day))
    if person is not None and config.people and person not in {one.id for one in config.people}:
        from okrsync.config_errors import did_you_mean

        raise ConfigError(
            _("--by {person}: no such id under people:{hint}").format(
                person=person, hint=did_you_mean(person, (p.id for p in config.people))
            )
        )
    check_in = Measurement(
        key_result=found.id,
        at=day,
        value=_value(found, value),
        origin="manual",
        recorded_at=moment,
        confidence=confidence,
        # An argument that is not text in the locale's encoding arrives with lone surrogates, which no store takes.
        note=note and note.encode(errors="replace").decode(),
        by=person and person.encode(errors="replace").decode(),
    )
    engine = app.store(config)
    outcomes.save_check_in(engine, check_in)
    goals.record(engine, config.programme, moment)
    app.say(_("{key_result}: {value} on {day} recorded").format(key_result=found.id, value=value, day=day))
    if found.metric.source_type != "manual" and found.kind is not Kind.MILESTONE:
        said = _("{key_result} is measured by its {source} source: the check-in stands beside that series")
        app.say(said.format(key_result=found.id, source=found.metric.source_type))


def _key_result(programme: Programme, wanted: str) -> KeyResult:
    from okrsync.config_errors import did_you_mean

    known = {kr.id: kr for objective in programme.objectives for kr in objective.key_results}
    if wanted not in known:
        raise ConfigError(
            _("there is no key result {key_result!r}{hint}").format(key_result=wanted, hint=did_you_mean(wanted, known))
        )
    return known[wanted]


def _value(key_result: KeyResult, text: str) -> float:
    if key_result.kind is Kind.MILESTONE:
        states = {"done": 1.0, "open": 0.0, "1": 1.0, "0": 0.0}
        if text.strip().lower() not in states:
            said = _("{key_result} is a milestone: check it in as `done`, or as `open` to take that back")
            raise ConfigError(said.format(key_result=key_result.id))
        return states[text.strip().lower()]
    try:
        value = parse_number(text)
    except ValueError:
        value = None
    if value is None:
        raise ConfigError(
            _("{text!r} is not a number; write the value without its unit, like 1234.5").format(text=text)
        )
    return value
