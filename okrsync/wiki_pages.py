"""The pages that a wiki gets, with their charts: values in, pages out."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from okrsync.dates import iso_week
from okrsync.model import Judgement, Verdict
from okrsync.publish.interface import Attachment, WikiPage
from okrsync.report import names, words
from okrsync.report.value import Publication, Report

MANY_CHARTS = 40
"""With more key results than this, the week's page has charts of busy ones alone, and of so many at most; the pages of
the key results of so many that come first. Each takes a good while to draw, and a page must be readable."""


@dataclass
class Charts:
    """Draws each chart of a report once."""

    report: Report
    _drawn: dict[str, bytes] = field(default_factory=dict)

    def attachment(self, judgement: Judgement, name: str) -> Attachment:
        """The chart of a key result as a file."""
        from okrsync.report.charts import filled, outcome_data, png

        id_ = judgement.key_result.id
        if id_ not in self._drawn:
            self._drawn[id_] = png(filled(outcome_data(self.report, judgement)))
        return Attachment(name, "image/png", self._drawn[id_])

    def of(self, judgements: Iterable[Judgement]) -> list[Judgement]:
        """Those of some key results that are drawn."""
        from okrsync.report.charts import drawable

        return [each for each in judgements if drawable(each)][:MANY_CHARTS]


def weekly_page(report: Report, charts: Charts | None = None, templates: Path | None = None) -> WikiPage:
    """The page of the week that the report's day is in; the same name again in the same week.

    ``templates`` is a folder of the user's own, here and below.
    """
    charts = charts or Charts(report)
    markdown, shown = _week(report, charts, templates)
    return WikiPage(
        name=names.week_page(report.as_of),
        title=f"OKR {iso_week(report.as_of)}",
        markdown=markdown,
        attachments=tuple(charts.attachment(each, name) for each, name in shown),
    )


def draft(report: Report, templates: Path | None = None) -> str:
    """The Markdown of the week's page; nothing is drawn."""
    return _week(report, Charts(report), templates)[0]


def _week(report: Report, charts: Charts, templates: Path | None) -> tuple[str, list[tuple[Judgement, str]]]:
    """The Markdown of the week's page, and which charts it shows under which names."""
    from okrsync.report.markdown import Around, to_markdown

    pages = names.key_result_pages(each.key_result.id for each in report.key_results)
    few = len(report.key_results) <= MANY_CHARTS
    shown = charts.of(each for each in report.key_results if few or each.verdict is Verdict.BUSY)
    files = {each.key_result.id: names.week_chart(report.as_of, pages[each.key_result.id]) for each in shown}
    markdown = to_markdown(report, Around(files, pages, names.INDEX), templates)
    return markdown, [(each, files[each.key_result.id]) for each in shown]


def key_result_pages(
    report: Report, charts: Charts, published: Collection[str], templates: Path | None = None
) -> list[WikiPage]:
    """The page of each key result of the cycle; ``published`` are the weeks' pages that the wiki has."""
    from okrsync.report.pages import key_result_markdown

    pages = names.key_result_pages(each.key_result.id for each in report.key_results)
    drawn = {each.key_result.id for each in charts.of(report.key_results)}
    made = []
    for judgement in report.key_results:
        name = pages[judgement.key_result.id]
        chart = names.own_chart(name) if judgement.key_result.id in drawn else None
        made.append(
            WikiPage(
                name=name,
                title=words.name(judgement),
                markdown=key_result_markdown(report, judgement, chart=chart, published=published, templates=templates),
                attachments=() if chart is None else (charts.attachment(judgement, chart),),
            )
        )
    return made


def index_page(report: Report, publications: Iterable[Publication], templates: Path | None = None) -> WikiPage:
    """The page that lists all weeks that a wiki has."""
    from okrsync.report.pages import index_markdown

    pages = names.key_result_pages(each.key_result.id for each in report.key_results)
    return WikiPage(names.INDEX, words.index_title(report), index_markdown(report, publications, pages, templates))
