"""Looks at everything a run will need, changes nothing, and says what is wrong before a run does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from okrsync.checkup import Check, not_writable, trying
from okrsync.config import Config
from okrsync.connector import Connector, ConnectorContext
from okrsync.dates import day_of
from okrsync.errors import ConfigError, StoreError
from okrsync.language import _, ngettext
from okrsync.model import Cycle, KeyResult
from okrsync.outcomes.interface import OutcomeContext, OutcomeSource, Reading
from okrsync.plugins import CONNECTORS, OUTCOMES, PUBLISHERS, load
from okrsync.publish.interface import PublishContext, Publisher
from okrsync.variables import open_to_others

if TYPE_CHECKING:
    from sqlalchemy import Engine

_UTC = ZoneInfo("UTC")


def examine(config: Config, now: datetime, on_wait: Callable[[str, float], None]) -> Iterator[Check]:
    """All checks, one after another: secrets, sources, outcome sources, wikis, the store and its work rules.

    Asks every service, and opens the store (one of an earlier version is brought up to this one). Raises
    ``ConfigError`` for a plugin that cannot be loaded; whatever a service refuses is a check.
    """
    yield from _variables(config)
    yield from _sources(config, now, on_wait)
    yield from _outcomes(config, now, on_wait)
    yield from _wikis(config, on_wait)
    yield from _store(config, now)


def _variables(config: Config) -> Iterator[Check]:
    """Where each secret comes from, never what it is."""
    for variable in config.variables:
        yield Check(variable.name, "note", variable.origin)
        mode = open_to_others(variable.file) if variable.file is not None else None
        if mode is not None:
            yield Check(
                variable.name,
                "warning",
                _("others on this machine may read or change {file} (mode {mode})").format(
                    file=variable.file, mode=mode
                ),
                _("`chmod 600` it; in Kubernetes set `defaultMode: 0400` for the volume"),
            )


def _sources(config: Config, now: datetime, on_wait: Callable[[str, float], None]) -> Iterator[Check]:
    for name, settings in config.sources.items():
        notes: list[str] = []
        connector: Connector = load(CONNECTORS, settings.type)(
            settings,
            ConnectorContext(
                source=name,
                base=config.base,
                timezone=config.timezone,
                on_wait=on_wait,
                on_note=notes.append,
                people=config.accounts().get(name, frozenset()),
            ),
        )
        try:
            with trying(name, _("no work of this source can be read until this is mended")) as failed:
                yield from connector.checkup(now)
            if failed.check is not None:
                yield failed.check
        finally:
            connector.close()
        for note in notes:
            yield Check(name, "warning", note, "")


def _outcomes(config: Config, now: datetime, on_wait: Callable[[str, float], None]) -> Iterator[Check]:
    """The series of every cycle that is not over, as a run would read them."""
    today = day_of(now, config.timezone)
    shared = OutcomeContext(base=config.base, timezone=config.timezone, on_wait=on_wait, now=now)
    for cycle in config.programme.cycles:
        if cycle.end < today:
            continue
        for key_result in config.programme.key_results_of(cycle.id):
            yield from _outcome(key_result, cycle, shared)


def _outcome(key_result: KeyResult, cycle: Cycle, shared: OutcomeContext) -> Iterator[Check]:
    metric = key_result.metric
    source_class: type[OutcomeSource] = load(OUTCOMES, metric.source_type)
    if not source_class.pulled:
        return
    context = replace(shared, cadence=metric.cadence, periods=metric.counted or metric.cumulative)
    start, end = cycle.start - timedelta(days=365), min(day_of(shared.now, shared.timezone), cycle.end)
    readings: Sequence[Reading] = ()
    with trying(
        key_result.id,
        _("until this is mended, {key_result} is judged by the values that are known").format(key_result=key_result.id),
    ) as failed:
        readings = source_class(metric.source_settings, context).read(start, end)
    if failed.check is not None:
        yield failed.check
        return
    if not readings:
        yield Check(
            key_result.id,
            "bad",
            _("its {type} source has no value between {start} and {end}").format(
                type=metric.source_type, start=start, end=end
            ),
            _("check the query or the columns; without values it is unmeasured"),
        )
        return
    yield Check(
        key_result.id,
        "good",
        ngettext(
            "{count} value from {type}, the last of {day}",
            "{count} values from {type}, the last of {day}",
            len(readings),
        ).format(count=len(readings), type=metric.source_type, day=readings[-1].at),
    )
    with trying(key_result.id, _("until this is mended, what the account may do is not known")) as failed:
        for check in source_class(metric.source_settings, context).checkup():
            yield replace(check, about=f"{key_result.id} {check.about}")
    if failed.check is not None:
        yield failed.check
    yield from _week_borders(key_result, readings, source_class, context, start, end)


def _week_borders(
    key_result: KeyResult,
    readings: Sequence[Reading],
    source_class: type[OutcomeSource],
    context: OutcomeContext,
    start: date,
    end: date,
) -> Iterator[Check]:
    """Weekly values whose time stamps are midnight in UTC, and Sunday evening where we are, begin another week."""
    if key_result.metric.cadence != timedelta(days=7) or context.timezone == _UTC:
        return
    here = {reading.at.weekday() for reading in readings}
    if here != {6}:
        return
    with trying(key_result.id, _("until this is mended, the weeks of its values cannot be compared")) as failed:
        there = source_class(key_result.metric.source_settings, replace(context, timezone=_UTC)).read(start, end)
        if {reading.at.weekday() for reading in there} == {0}:
            yield Check(
                key_result.id,
                "warning",
                _(
                    "its time stamps are midnight on Mondays in UTC, which is Sunday in {zone}: each counts to the "
                    "week before"
                ).format(zone=context.timezone),
                _("let the source give days (2026-11-16) instead of moments, or set the time zone of its weeks"),
            )
    if failed.check is not None:
        yield failed.check


def _wikis(config: Config, on_wait: Callable[[str, float], None]) -> Iterator[Check]:
    for settings in config.publish:
        about = f"wiki {settings.type}"
        publisher: Publisher = load(PUBLISHERS, settings.type)(settings, PublishContext(config.base, on_wait))
        with trying(about, _("no page reaches this wiki until this is mended")) as failed:
            yield from publisher.checkup()
        if failed.check is not None:
            yield failed.check


def _store(config: Config, now: datetime) -> Iterator[Check]:
    """The store opens, and every work rule matches something in it, as far as its sources have been read."""
    from okrsync.store import read
    from okrsync.store.engine import open_store

    about = "store"
    path = config.store.partition("sqlite:///")[2]
    if path and not Path(path).exists():
        if (existing := not_writable(Path(path).parent)) is not None:
            yield Check(
                about,
                "bad",
                _("{store} cannot be made: {folder} is not a folder that this user may write").format(
                    store=config.shown_store, folder=existing
                ),
                _("nothing can be kept until this is mended"),
            )
            return
        yield Check(
            about,
            "warning",
            _("{store} is not there yet").format(store=config.shown_store),
            _("`okrsync sync` makes it"),
        )
        return
    try:
        engine = open_store(config.store)
    except (StoreError, ConfigError) as error:
        yield Check(about, "bad", str(error), _("nothing can be kept until this is mended"))
        return
    try:
        yield Check(about, "good", _("{store} can be read and written").format(store=config.shown_store))
        mode = open_to_others(Path(path)) if path else None
        if mode is not None:
            yield Check(
                about,
                "warning",
                _("others on this machine may read or change {file} (mode {mode})").format(file=path, mode=mode),
                _("`chmod 600` it: it holds what the tokens could read"),
            )
        statuses = read.source_statuses(engine, sources=config.sources.keys(), end=now)
        known = {status.source for status in statuses}
        unread = {status.source for status in statuses if status.last_success is None} | (config.sources.keys() - known)
        yield from _rules(config, engine, unread)
    except StoreError as error:
        yield Check(about, "bad", str(error), _("nothing can be kept until this is mended"))
    finally:
        engine.dispose()


def _rules(config: Config, engine: Engine, unread: Set[str]) -> Iterator[Check]:
    from okrsync.store import read

    key_results = [kr for cycle in config.programme.cycles for kr in config.programme.key_results_of(cycle.id)]
    rules = {(kr.id, index): rule for kr in key_results for index, rule in enumerate(kr.work, 1)}
    for each in read.rule_links(engine, key_results, sources=config.sources.keys()):
        source = rules[each.key_result, each.index].source
        if not each.items and not (unread if source is None else unread & {source}):
            yield Check(
                each.key_result,
                "warning",
                _("its work rule {number} matches nothing in the store").format(number=each.index),
                _("compare it with the names in the source, letter by letter; `okrsync links` shows what rules match"),
            )
