"""The report as the weekly Markdown page (``templates/okrsync_templates/report.md.j2``)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from okrsync.dates import day_of
from okrsync.language import _, ngettext, run_on
from okrsync.model import Judgement, Piece, Verdict
from okrsync.report import escape, words
from okrsync.report.charts import described
from okrsync.report.modes import modes, sentence
from okrsync.report.sparkline import sparkline
from okrsync.report.tree import drawn, mermaid
from okrsync.report.value import PAGE_ORDER, Report, natural, newest

if TYPE_CHECKING:
    from jinja2 import Environment

MANY = 40
"""More key results than this are grouped by team and folded."""
SENTENCE = 1000
"""Characters of one printed value; titles and names have been cut before (``escape.LIMIT``)."""
NAMED = 5
"""How many finished pieces of a key result are named."""


class Raw(str):
    """Text that is Markdown already. Whatever else a template prints is escaped."""

    __slots__ = ()


@dataclass(frozen=True)
class Around:
    """What stands beside the page in a wiki; the names are those of ``okrsync.report.names``."""

    charts: Mapping[str, str] = field(default_factory=dict)
    """Attachments by key result."""
    pages: Mapping[str, str] = field(default_factory=dict)
    """Pages of their own by key result."""
    index: str | None = None
    """The page that lists all weeks."""


def to_markdown(
    report: Report, around: Around | None = None, templates: Path | None = None, template: str = "report.md.j2"
) -> str:
    """The report as a page for wikis: same report, same bytes.

    It is written for GitHub, GitLab, Python-Markdown (MkDocs) and An Otter Wiki alike, and shows all foreign text as
    text. The only HTML in it are anchors and ``<details>``. Without ``around`` it stands for itself: no charts but
    those of block characters, no links to other pages. ``templates`` is a folder of the user's own, as in ``rendered``.
    """
    return rendered(template, page_context(report, around or Around()), templates)


def rendered(template: str, context: Mapping[str, Any], templates: Path | None = None) -> str:
    """A template filled in: okrsync's own, or the one of that name in a folder of the user's.

    Raises ``ConfigError`` for what is wrong in a user's.
    """
    if templates is not None:
        from okrsync.report.templates import fill_in

        return tidy(fill_in(template, context, templates, prepare, OPTIONS))
    return tidy(_environment().get_template(template).render(context))


@cache
def _environment() -> Environment:
    """With okrsync's own templates, each compiled once: a page a key result would compile them as often."""
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("okrsync_templates", ""), **OPTIONS)  # noqa: S701 (see `prepare`)
    prepare(environment)
    return environment


def prepare(environment: Environment) -> None:
    """Give an environment what every template of a page uses. Whatever a template prints is escaped, unless it is
    ``Raw``: Jinja's own escaping is for HTML, and ``finalize`` sees every printed value, so that none can be forgotten.
    """
    from jinja2 import StrictUndefined

    environment.finalize = _printed
    environment.undefined = StrictUndefined
    environment.filters["capitalize_first"] = lambda text: text[:1].upper() + text[1:]
    environment.globals.update(_=_, ngettext=ngettext)


OPTIONS: dict[str, Any] = {
    "autoescape": False,
    "trim_blocks": True,
    "lstrip_blocks": True,
    "keep_trailing_newline": True,
}
"""How templates are read."""


def tidy(page: str) -> str:
    """Two empty lines in a row are one, and the page ends with a line feed."""
    return re.sub(r"\n{3,}", "\n\n", page).strip() + "\n"


def _printed(value: object) -> str:
    return value if isinstance(value, Raw) else escape.markdown(str(value), SENTENCE)


def to_page(text: str, page: str | None, anchor: str = "") -> Raw:
    """A link to another page of the wiki; the text alone where there is no page."""
    shown = escape.markdown(text) or "?"
    return Raw(shown if page is None else f"[{shown}]({page}.md{anchor})")


def linked(piece: Piece) -> Raw:
    """A piece of work as a link to where it is kept."""
    text, url = escape.markdown(words.piece(piece)) or "?", escape.link_target(piece.url)
    return Raw(text if url is None else f"[{text}]({url})")


def image(judgement: Judgement, attachment: str | None) -> Raw:
    """A chart, with what it shows in words; nothing where there is none."""
    return Raw("" if attachment is None else f"![{escape.markdown(described(judgement), SENTENCE)}]({attachment})")


def page_context(report: Report, around: Around) -> dict[str, Any]:
    """What the templates of the week's page see."""
    anchors = anchors_of(report.key_results)

    def anchor(judgement: Judgement) -> Raw:
        return Raw(f'<a id="{anchors[judgement.key_result.id]}"></a>')

    def to(judgement: Judgement) -> Raw:
        """A link from the overview to where the page says more."""
        id_ = judgement.key_result.id
        return Raw(f"[{escape.markdown(id_, 40) or '?'}](#{anchors[id_]})")

    def goal(id_: str) -> Raw:
        return to(by_id[id_]) if id_ in by_id else Raw(escape.markdown(id_, 40) or "?")

    def finished_on(piece: Piece) -> str:
        return words.NOTHING if piece.done_at is None else words.day(day_of(piece.done_at, report.zone))

    by_id = {judgement.key_result.id: judgement for judgement in report.key_results}
    closing = report.closing
    return {
        "report": report,
        "words": words,
        "raw": Raw,
        "gap": run_on(("", "")),
        "sentence": sentence,
        "summary": lambda text: Raw(escape.summary(text, SENTENCE)),
        "clean": escape.clean,
        "outcome": outcome,
        "anchor": anchor,
        "to": to,
        "linked": linked,
        "finished_on": finished_on,
        "newest": lambda judgement: newest(judgement.completed, NAMED),
        "many": len(report.key_results) > MANY,
        "busy": [judgement for judgement in report.key_results if judgement.verdict is Verdict.BUSY],
        "groups": _groups(report.key_results),
        "teams": by_team(report),
        "changes": [(to(by_id[id_]), text) for id_, text in words.changes(report)],
        "goal_changes": [(goal(change.goal), words.goal_change(change, report.zone)) for change in report.goal_changes],
        "closing": closing,
        "changes_since_end": [(to(by_id[id_]), text) for id_, text in words.changes_since_end(closing)]
        if closing
        else [],
        "modes": modes(report),
        "tree": Raw(mermaid(report)),
        "left_out": len(report.goals) - len(drawn(report.goals)),
        "unreliable": [
            (to(judgement), reason)
            for judgement in report.key_results
            if (reason := words.reading(judgement)) is not None
        ],
        "named": NAMED,
        "chart": lambda judgement: image(judgement, around.charts.get(judgement.key_result.id)),
        "page_of": lambda judgement: around.pages.get(judgement.key_result.id),
        "to_page": to_page,
        "index": around.index,
    }


def outcome(judgement: Judgement) -> str:
    """The last measurements as block characters, and how they move."""
    line = sparkline([point.value for point in judgement.series])
    return f"{line} {words.movement(judgement)}".strip()


def _groups(shown: Iterable[Judgement]) -> list[tuple[Verdict, list[Judgement]]]:
    """The key results that are not busy, by verdict in the order of the page."""
    return [
        (verdict, list(group))
        for verdict, group in groupby(shown, key=lambda judgement: judgement.verdict)
        if verdict is not Verdict.BUSY
    ]


def by_team(report: Report) -> list[tuple[str, str, list[Judgement]]]:
    """Each team's name, its verdicts in words and its key results; who has most busy ones comes first."""
    teams: dict[str, list[Judgement]] = {}
    for judgement in report.key_results:
        teams.setdefault(judgement.objective.team, []).append(judgement)

    def busy(own: list[Judgement]) -> int:
        return sum(judgement.verdict is Verdict.BUSY for judgement in own)

    def verdicts(own: list[Judgement]) -> str:
        counted = [(sum(judgement.verdict is verdict for judgement in own), verdict) for verdict in PAGE_ORDER]
        return _(", ").join(
            _("{count} {verdict}").format(count=count, verdict=words.VERDICTS[verdict].name)
            for count, verdict in counted
            if count
        )

    ranked = sorted(teams.items(), key=lambda entry: (-busy(entry[1]), natural(entry[0])))
    return [(words.team_name(report, id_), verdicts(own), own) for id_, own in ranked]


def anchors_of(shown: Iterable[Judgement]) -> dict[str, str]:
    """An anchor for each key result.

    The anchors that engines make from a heading differ (GitHub keeps repeated hyphens, GitLab does not; Python-Markdown
    drops all but ASCII; each numbers duplicates its own way) and would change with the title. An ``<a id>`` is kept by
    all of them: GitHub and GitLab prefix it with ``user-content-`` and resolve the short form themselves. It is lower
    case and has a prefix, so that it never meets the anchor of a heading.
    """
    anchors: dict[str, str] = {}
    taken: set[str] = set()
    for judgement in shown:
        id_ = judgement.key_result.id
        base = "result-" + (re.sub(r"[^a-z0-9]+", "-", id_.lower()).strip("-")[:60] or "x")
        anchor, count = base, 1
        while anchor in taken:
            count += 1
            anchor = f"{base}-{count}"
        taken.add(anchor)
        anchors[id_] = anchor
    return anchors
