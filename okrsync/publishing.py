"""Bringing the week's page to every configured wiki; one that is down does not stop the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from okrsync.config import Config
from okrsync.dates import iso_week
from okrsync.errors import SourceError
from okrsync.plugins import PUBLISHERS, load
from okrsync.publish.interface import PublishContext, Published, Publisher, WikiPage
from okrsync.report.value import Report
from okrsync.stopping import finishing


@dataclass(frozen=True)
class PublishResult:
    """What became of the page at one wiki."""

    wiki: str
    """Type and place, for people."""
    published: Published | None
    error: str | None = None


def weekly_name(report: Report) -> str:
    """The name of the page of the week that the report's day is in: ``OKR-2026-W47``."""
    return f"OKR-{iso_week(report.as_of)}"


def weekly_page(report: Report) -> WikiPage:
    """The page of the week that the report's day is in; the same name again in the same week."""
    from okrsync.report.markdown import to_markdown

    return WikiPage(name=weekly_name(report), title=f"OKR {iso_week(report.as_of)}", markdown=to_markdown(report))


def publish(
    config: Config,
    pages: Sequence[WikiPage],
    on_wait: Callable[[str, float], None] = lambda why, seconds: None,
) -> list[PublishResult]:
    """Write the pages to each wiki of the configuration, in its order."""
    context = PublishContext(base=config.base, on_wait=on_wait)
    results = []
    for settings in config.publish:
        publisher: Publisher = load(PUBLISHERS, settings.type)(settings, context)
        try:
            with finishing():
                published = publisher.publish(pages)
        except SourceError as error:
            results.append(PublishResult(settings.type, None, str(error)))
        else:
            results.append(PublishResult(f"{settings.type} {published.where}".strip(), published))
    return results
