"""Every format that a report is written in: what is written, and its shape."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

from okrsync.language import run_on
from okrsync.notify import Message
from okrsync.publish.section import merged
from okrsync.publish.storage_format import StorageFormat
from okrsync.publish.wikitext import Wikitext
from okrsync.report import charts, html, words
from okrsync.report.escape import clean
from okrsync.report.json import to_json
from okrsync.report.markdown import to_markdown
from okrsync.report.terminal import to_terminal
from okrsync.report.tree import mermaid
from okrsync.report.value import Report
from okrsync.wiki_pages import index_page, key_result_pages, weekly_page
from tests.hostile import chats, shapes
from tests.hostile.planted import planted, publications

Written = Callable[[Report], str]


class NoCharts:
    """In the place of ``wiki_pages.Charts``: every chart has a name, and none is drawn."""

    def attachment(self, judgement: Any, name: str) -> Any:
        from okrsync.publish.interface import Attachment

        return Attachment(name, "image/png", b"png")

    def of(self, judgements: Any) -> list[Any]:
        return [each for each in judgements if charts.drawable(each)]


def pages_of(report: Report) -> list[Any]:
    """All pages that a wiki gets, with their charts by name."""
    drawn: Any = NoCharts()
    return [
        weekly_page(report, drawn),
        *key_result_pages(report, drawn, {"OKR-2026-W45"}),
        index_page(report, publications(report)),
    ]


def _all_pages(report: Report) -> str:
    return "\n\n".join(page.markdown for page in pages_of(report))


def _folder(report: Report) -> str:
    """The page as it stands in a file, with our marks."""
    page = pages_of(report)[0]
    text = merged(None, page.markdown, page.attachments)
    if merged(text, page.markdown, page.attachments) != text:
        raise shapes.Hole("its own section is not recognised")
    return text.decode("utf-8")


def _of_pages(format_: type[StorageFormat] | type[Wikitext]) -> Written:
    def written(report: Report) -> str:
        parts = []
        for page in pages_of(report):
            parts.append(format_(file.name for file in page.attachments).render(page.markdown))
        return "\n\n".join(parts)

    return written


def _jsoned(text: str) -> Any:
    shapes.writable(text)
    return shapes.keys(json.loads(text))


def _html(report: Report) -> str:
    """The report without its library of 800 kB, and with no chart drawn beforehand: ``_drawings`` does that."""
    drawn = mock.patch.object(charts, "svg", return_value="<svg></svg>")
    with drawn, mock.patch.object(html, "_library", return_value="0"):
        return html.to_html(report)


def _drawings(report: Report) -> str:
    drawable = next(each for each in report.key_results if charts.drawable(each))
    drawing = charts.svg(charts.filled(charts.outcome_data(report, drawable)))
    return f"<g>{drawing}{charts.svg(charts.quadrant_spec(report), 'vega-lite')}</g>"


def _chats(report: Report) -> str:
    """What is told of a run, and a message of each key result and finding: no run tells that much foreign text."""
    link = "https://acme.example/x"
    said = run_on(part for part in (words.headline(report), words.others(report)) if part)
    several = [Message(words.title(report), said, link, "page")]
    for judgement in report.key_results:
        about = judgement.key_result
        several.append(Message(clean(about.title, 100), clean(judgement.objective.title), link, clean(about.owner)))
    several += [Message(clean(each.message, 100), clean(each.action), None, "page") for each in report.findings]
    return chats.told(several)


TEMPLATE = """\
# {{ report.cycle.id }}
{% for judgement in report.key_results %}
- {{ judgement.key_result.title }} *{{ judgement.key_result.owner }}* {{ judgement.reasons[0] }}
  {{ linked(newest(judgement)[0]) if judgement.completed }}
| {{ judgement.key_result.metric.unit }} | {{ judgement.objective.title ~ judgement.failure }} |
{% endfor %}
{% for finding in report.findings %}
{{ finding.message }} {{ finding.evidence | join(", ") }} {{ finding.action | upper }} {{ finding.message[1:] | e }}

{% endfor %}
"""


def _own_template(folder: Path) -> Written:
    def written(report: Report) -> str:
        file = folder / "report.md.j2"
        if not file.exists():
            file.write_text(TEMPLATE, encoding="utf-8")
        return to_markdown(report, templates=folder)

    return written


Format = tuple[Written, Callable[[str], Any]]

QUICK: dict[str, Format] = {
    "terminal": (lambda report: to_terminal(report, color=True, width=100), shapes.terminal),
    "Markdown": (to_markdown, shapes.markdown),
    "wiki pages": (_all_pages, shapes.markdown),
    "folder": (_folder, shapes.markdown),
    "Mermaid": (mermaid, shapes.mermaid),
    "Confluence": (_of_pages(StorageFormat), shapes.storage),
    "wikitext": (_of_pages(Wikitext), shapes.wikitext),
    "JSON": (to_json, _jsoned),
    "chat": (_chats, chats.shown),
}
"""Formats that are rendered in milliseconds."""
SLOW: dict[str, Format] = {
    "MkDocs": (_all_pages, shapes.python_markdown),
    "HTML": (_html, shapes.markup),
    "HTML tree": (_html, shapes.tree),
    "SVG": (_drawings, shapes.svg),
}


def every(folder: Path) -> dict[str, Format]:
    """All of them, and a user's own template, kept in ``folder``."""
    return {**QUICK, **SLOW, "own template": (_own_template(folder), shapes.markdown)}


MOST = 4_000_000
"""Characters of a page: text of a megabyte is cut where it is shown."""


def holes(texts: Sequence[str], formats: Mapping[str, Format]) -> list[str]:
    """The formats in which some texts do something, with which one and what, by rendering all of them in one report."""
    found = _holes(texts, formats)
    if not found:
        return []
    if len(texts) == 1:
        return [f"{hole}  <- {texts[0][:100]!r}" for hole in found]
    half = len(texts) // 2
    smaller = [*holes(texts[:half], formats), *holes(texts[half:], formats)]
    return smaller or [f"{hole}  <- these together: {[text[:40] for text in texts[:20]]}" for hole in found]


def _holes(texts: Sequence[str], formats: Mapping[str, Format]) -> list[str]:
    (report, _), (harmless, _) = planted(texts), planted(texts, harmless=True)
    found = []
    for name, (write, shape) in formats.items():
        try:
            written = write(report)
            if len(written) > MOST and name != "JSON":  # which cuts nothing
                raise shapes.Hole(f"{len(written):,} characters")
            ours, theirs = shape(written), shape(write(harmless))
            if ours != theirs:
                raise shapes.Hole(_first_difference(ours, theirs))
        except shapes.Hole as hole:
            found.append(f"{name}: {hole}")
    return found


def _first_difference(ours: Any, theirs: Any) -> str:
    if isinstance(ours, list) and isinstance(theirs, list):
        for number, (one, other) in enumerate(zip(ours, theirs, strict=False)):
            if one != other:
                return f"at {number}: {str(one)[:200]!r} instead of {str(other)[:200]!r}"
        more = (ours if len(ours) > len(theirs) else theirs)[min(len(ours), len(theirs)) :]
        return f"{len(ours)} parts instead of {len(theirs)}: {str(more[:3])[:200]}"
    return f"{str(ours)[:200]} instead of {str(theirs)[:200]}"
