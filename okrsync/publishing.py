"""Bringing the pages to every configured wiki; one that is down does not stop the others, and catches up later."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from okrsync.config import Config
from okrsync.errors import SourceError
from okrsync.plugins import PUBLISHERS, load
from okrsync.publish.interface import PublishContext, Published, Publisher, PublisherSettings, WikiPage
from okrsync.report import names
from okrsync.report.value import Publication, Report
from okrsync.stopping import finishing
from okrsync.wiki_pages import Charts, index_page, key_result_pages, weekly_page

if TYPE_CHECKING:
    from sqlalchemy import Engine


@dataclass(frozen=True)
class PublishResult:
    """What became of the pages at one wiki."""

    wiki: str
    """Type and place, for people."""
    published: Published | None
    error: str | None = None


def publish(
    config: Config,
    engine: Engine,
    report: Report,
    on_wait: Callable[[str, float], None] = lambda why, seconds: None,
) -> list[PublishResult]:
    """Write the week's page to each wiki of the configuration, in its order, with the pages around it.

    A wiki also gets the pages of the weeks of this cycle that it missed, as they were known then. The pages of key
    results and of all weeks follow the newest week: a report of an earlier one leaves them alone. ``report`` has a
    ``history``. What became of it is recorded in the store; raises ``StoreError`` where that fails.
    """
    from okrsync.store import publications

    context = PublishContext(base=config.base, on_wait=on_wait)
    recorded = publications.published(engine)
    weeks = _Weeks(config, engine, report, recorded)
    results = []
    for settings in config.publish:
        publisher: Publisher = load(PUBLISHERS, settings.type)(settings, context)
        wiki = key_of(settings)
        tried, pages = weeks.for_wiki(wiki)
        # Before any of them is written: a run that is killed leaves none that no later one knows of.
        publications.save(engine, (_failed(each, recorded) for each in tried))
        try:
            with finishing():
                published = publisher.publish(pages)
                publications.save(engine, tried)
        except SourceError as error:
            results.append(PublishResult(settings.type, None, str(error)))
        else:
            results.append(PublishResult(f"{settings.type} {published.where}".strip(), published))
    return results


def key_of(settings: PublisherSettings) -> str:
    """Which wiki it is, whatever account writes to it; holds no secret."""
    shown = settings.model_dump(mode="json", exclude={"auth"}, exclude_defaults=True)
    return json.dumps({"type": settings.type, **shown}, sort_keys=True, ensure_ascii=False)


class _Weeks:
    """The pages of this week and of missed ones, each made once for all wikis."""

    def __init__(self, config: Config, engine: Engine, report: Report, recorded: Sequence[Publication]) -> None:
        self.config, self.engine, self.report, self.recorded = config, engine, report, recorded
        self.charts = Charts(report)
        self._missed: dict[date, tuple[Publication, WikiPage]] = {}

    def for_wiki(self, wiki: str) -> tuple[list[Publication], list[WikiPage]]:
        """What is to be recorded when the wiki has taken the pages, and the pages, those of weeks first."""
        this = _publication(wiki, self.report)
        has = {each.page: each for each in self.recorded if each.wiki == wiki and each.done}
        newer = [each for each in has.values() if each.as_of > self.report.as_of and each.page != this.page]
        templates = self.config.templates
        week = weekly_page(self.report, self.charts, templates)
        if newer:
            return [this], [week]
        missed = [self._week(day) for day in self._days_without(has)]
        tried = [*(replace(each, wiki=wiki) for each, _ in missed), this]
        all_weeks = {**has, **{each.page: each for each in tried}}
        around = [
            *key_result_pages(self.report, self.charts, all_weeks, templates),
            index_page(self.report, all_weeks.values(), templates),
        ]
        return tried, [*(page for _, page in missed), week, *around]

    def _days_without(self, has: dict[str, Publication]) -> list[date]:
        """The days of judgement of the weeks of this cycle, since okrsync first published one, that are not there."""
        report = self.report
        earlier = [each for each in self.recorded if each.cycle == report.cycle.id and each.as_of <= report.as_of]
        if not earlier:
            return []
        tried = {each.page: each.as_of for each in earlier}
        day = min(each.as_of for each in earlier)
        days = []
        while names.week_page(day) != names.week_page(report.as_of):
            page = names.week_page(day)
            if page not in has:
                days.append(tried.get(page, day + timedelta(days=6 - day.weekday())))
            day += timedelta(weeks=1)
        return days

    def _week(self, day: date) -> tuple[Publication, WikiPage]:
        from okrsync.reporting import make_report

        if day not in self._missed:
            then = make_report(self.engine, self.config, self.report.cycle, day, known_at=day)
            self._missed[day] = _publication("", then), weekly_page(then, templates=self.config.templates)
        return self._missed[day]


def _publication(wiki: str, report: Report) -> Publication:
    return Publication(wiki, names.week_page(report.as_of), report.as_of, report.cycle.id, report.headline, done=True)


def _failed(publication: Publication, recorded: Sequence[Publication]) -> Publication:
    """What is recorded of a page that could not be written: one that was there before is there still."""
    before = next(
        (each for each in recorded if (each.wiki, each.page) == (publication.wiki, publication.page) and each.done),
        None,
    )
    return before or replace(publication, done=False)
