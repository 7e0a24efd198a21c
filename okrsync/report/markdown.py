"""The report as the weekly Markdown page (``templates/okrsync_templates/report.md.j2``)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from okrsync.dates import day_of
from okrsync.language import _, ngettext
from okrsync.model import Judgement, Piece, Verdict
from okrsync.report import escape, words
from okrsync.report.modes import modes, sentence
from okrsync.report.sparkline import sparkline
from okrsync.report.tree import drawn, mermaid
from okrsync.report.value import PAGE_ORDER, Report, natural, newest

MANY = 40
"""More key results than this are grouped by team and folded."""
SENTENCE = 1000
"""Characters of one printed value; titles and names have been cut before (``escape.LIMIT``)."""
NAMED = 5
"""How many finished pieces of a key result are named."""


class Raw(str):
    """Text that is Markdown already. Whatever else a template prints is escaped."""

    __slots__ = ()


def to_markdown(report: Report) -> str:
    """The report as a page for wikis: same report, same bytes.

    It is written for GitHub, GitLab, Python-Markdown (MkDocs) and An Otter Wiki alike, and shows all foreign text as
    text. The only HTML in it are anchors and, with more than ``MANY`` key results, ``<details>``.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    # Jinja's own escaping is for HTML. ``finalize`` sees every printed value, so that none can be forgotten.
    environment = Environment(
        loader=PackageLoader("okrsync_templates", package_path=""),
        autoescape=False,  # noqa: S701
        finalize=_printed,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals.update({"_": _, "ngettext": ngettext})
    environment.filters["capitalize_first"] = lambda text: text[:1].upper() + text[1:]
    page = environment.get_template("report.md.j2").render(_context(report))
    return re.sub(r"\n{3,}", "\n\n", page).strip() + "\n"


def _printed(value: object) -> str:
    return value if isinstance(value, Raw) else escape.markdown(str(value), SENTENCE)


def _context(report: Report) -> dict[str, Any]:
    anchors = anchors_of(report.key_results)

    def anchor(judgement: Judgement) -> Raw:
        return Raw(f'<a id="{anchors[judgement.key_result.id]}"></a>')

    def to(judgement: Judgement) -> Raw:
        """A link from the overview to where the page says more."""
        id_ = judgement.key_result.id
        return Raw(f"[{escape.markdown(id_, 40) or '?'}](#{anchors[id_]})")

    def linked(piece: Piece) -> Raw:
        text, url = escape.markdown(words.piece(piece)) or "?", escape.link_target(piece.url)
        return Raw(text if url is None else f"[{text}]({url})")

    def finished_on(piece: Piece) -> str:
        return words.NOTHING if piece.done_at is None else words.day(day_of(piece.done_at, report.zone))

    by_id = {judgement.key_result.id: judgement for judgement in report.key_results}
    closing = report.closing
    return {
        "report": report,
        "words": words,
        "raw": Raw,
        "sentence": sentence,
        "summary": lambda text: Raw(escape.summary(text, SENTENCE)),
        "clean": escape.clean,
        "outcome": _outcome,
        "anchor": anchor,
        "to": to,
        "linked": linked,
        "finished_on": finished_on,
        "newest": lambda judgement: newest(judgement.completed, NAMED),
        "many": len(report.key_results) > MANY,
        "busy": [judgement for judgement in report.key_results if judgement.verdict is Verdict.BUSY],
        "groups": _groups(report.key_results),
        "teams": _by_team(report),
        "changes": [(to(by_id[id_]), text) for id_, text in words.changes(report)],
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
    }


def _outcome(judgement: Judgement) -> str:
    line = sparkline([point.value for point in judgement.series])
    return f"{line} {words.movement(judgement)}".strip()


def _groups(shown: Iterable[Judgement]) -> list[tuple[Verdict, list[Judgement]]]:
    """The key results that are not busy, by verdict in the order of the page."""
    return [
        (verdict, list(group))
        for verdict, group in groupby(shown, key=lambda judgement: judgement.verdict)
        if verdict is not Verdict.BUSY
    ]


def _by_team(report: Report) -> list[tuple[str, str, list[Judgement]]]:
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
