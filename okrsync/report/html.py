"""The report as one HTML file that needs no network (``templates/okrsync_templates/report.html.j2``)."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import Any

from okrsync.dates import day_of
from okrsync.language import _, current, ngettext
from okrsync.model import Judgement, Piece, Verdict
from okrsync.report import charts, words
from okrsync.report.escape import clean, link_target, writable
from okrsync.report.markdown import MANY, anchors_of, by_team
from okrsync.report.modes import modes, sentence
from okrsync.report.sparkline import sparkline
from okrsync.report.value import MODES, PAGE_ORDER, GoalNode, Report, newest

NAMED = 5
"""How many finished pieces of a key result are named at once,"""
LISTED = 200
"""and how many more in a list that unfolds."""
STILL = 40
"""Charts that are drawn beforehand, so that they print and show without JavaScript; with it, every chart is drawn as it
comes into view."""


@dataclass(frozen=True)
class _Result:
    """A key result, ready to be shown."""

    judgement: Judgement
    anchor: str
    modes: tuple[str, ...]
    """Failure modes of which it is the subject."""
    chart: str
    """An SVG drawn beforehand; empty where there is none."""
    described: str
    """The chart in words; empty where there is nothing to draw."""

    @property
    def verdict(self) -> words.VerdictWords:
        return words.VERDICTS[self.judgement.verdict]

    @property
    def line(self) -> str:
        """The series as block characters; empty where there is none to draw."""
        return sparkline([point.value for point in self.judgement.series]) if charts.drawable(self.judgement) else ""


@dataclass(frozen=True)
class _Goal:
    """An objective and what stands below it."""

    node: GoalNode
    below: tuple[_Goal, ...]


def to_html(report: Report) -> str:
    """The report as a page: same report, same bytes. It loads nothing, and its policy lets nothing else run in it.

    The first ``STILL`` charts are there as drawings; with JavaScript each becomes interactive when it comes into view.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("okrsync_templates", package_path=""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        # Attributes too, which are ids as they are: nothing unwritable, and no megabyte a row.
        finalize=lambda value: writable(value) if type(value) is str else value,
    )
    environment.globals.update({"_": _, "ngettext": ngettext})
    library, script = _library(), _asset("report.js")
    results, drawings = _results(report)
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {_hash(library)} {_hash(script)}",
            # Vega and its tooltips write style elements; hostile text reaches no place where it could be one.
            "style-src 'unsafe-inline'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    return environment.get_template("report.html.j2").render(
        report=report,
        words=words,
        language=current(),
        policy=policy,
        style=Markup(_asset("report.css")),
        library=Markup(library),
        script=Markup(script),
        charts=Markup(_json(drawings)),
        raw=Markup,
        results=results,
        by_id={result.judgement.key_result.id: result for result in results},
        busy=[result for result in results if result.judgement.verdict is Verdict.BUSY],
        groups=[
            (verdict, list(group))
            for verdict, group in groupby(results, key=lambda result: result.judgement.verdict)
            if verdict is not Verdict.BUSY
        ],
        many=len(results) > MANY,
        teams=_teams(report),
        by_team=by_team(report),
        verdicts=[verdict for verdict in PAGE_ORDER if any(each.judgement.verdict is verdict for each in results)],
        modes=modes(report),
        mode_words=[(mode, words.MODES[mode]) for mode in MODES],
        quadrant=Markup(charts.svg(charts.quadrant_spec(report), "vega-lite")) if results else "",
        goals=_tree(report.goals),
        order=[verdict.value for verdict in PAGE_ORDER],
        sentence=sentence,
        clean=clean,
        href=link_target,
        newest=lambda judgement: newest(judgement.completed, NAMED),
        rest=lambda judgement: newest(judgement.completed, NAMED + LISTED)[NAMED:],
        named=NAMED,
        finished_on=lambda piece: _finished_on(report, piece),
        raw_number=_raw_number,
    )


def _results(report: Report) -> tuple[list[_Result], dict[str, Any]]:
    """The key results, and what the browser needs to draw their charts."""
    from markupsafe import Markup

    anchors = anchors_of(report.key_results)
    found: dict[str, list[str]] = {}
    for finding in report.findings:
        if finding.subject.kind == "key_result":
            found.setdefault(finding.subject.id, []).append(finding.mode)
    results, data = [], {}
    for judgement in report.key_results:
        anchor, chart, described = anchors[judgement.key_result.id], "", ""
        if charts.drawable(judgement):
            data[anchor] = charts.outcome_data(report, judgement)
            described = charts.described(judgement)
            if len(data) <= STILL:
                chart = Markup(charts.svg(charts.filled(data[anchor])))
        own = tuple(dict.fromkeys(found.get(judgement.key_result.id, ())))
        results.append(_Result(judgement, anchor, own, chart, described))
    drawings: dict[str, Any] = {"results": data, "words": {"shown": _("{shown} of {all} key results are shown")}}
    if data:
        drawings["vega"] = json.loads(charts.compiled(current()))
        drawings["layers"] = list(charts.LAYERS)
    if results:
        drawings["quadrant"] = charts.quadrant_spec(report)
    return results, drawings


def _teams(report: Report) -> list[tuple[str, str]]:
    """Id and name of the teams that have key results, by name."""
    ids = {judgement.objective.team for judgement in report.key_results}
    return sorted(((id_, words.team_name(report, id_)) for id_ in ids), key=lambda team: (team[1].casefold(), team[0]))


def _tree(nodes: tuple[GoalNode, ...]) -> tuple[_Goal, ...]:
    """The goals as a tree; an objective whose parent is not there, or stands below itself, stands at the top."""
    below: dict[str | None, list[GoalNode]] = {}
    known = {node.id: node for node in nodes}

    def top(node: GoalNode) -> bool:
        seen, parent = {node.id}, node.parent
        while parent is not None and parent in known:
            if parent in seen:
                return True
            seen.add(parent)
            parent = known[parent].parent
        return node.parent is None or node.parent not in known

    for node in nodes:
        below.setdefault(None if top(node) else node.parent, []).append(node)

    def grown(node: GoalNode) -> _Goal:
        return _Goal(node, tuple(grown(each) for each in below.get(node.id, ())))

    return tuple(grown(node) for node in below.get(None, ()))


def _finished_on(report: Report, piece: Piece) -> str:
    return words.NOTHING if piece.done_at is None else words.day(day_of(piece.done_at, report.zone))


def _raw_number(value: float | None) -> str:
    """A number for sorting; what is not known comes last."""
    return "" if value is None or value != value else repr(float(value))


def _json(value: Mapping[str, Any]) -> str:
    """JSON that may stand in a script element: nothing in it can end that element or begin a comment."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.translate({ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"})


@cache
def _library() -> str:
    """Vega, Vega-Lite and Vega-Embed, which the page draws its charts with."""
    import vl_convert

    snippet = "window.vegaEmbed = vegaEmbed;"
    bundle: str = vl_convert.javascript_bundle(snippet)
    # It stands in a script element: no text in it may look like that element's end.
    return bundle.replace("</script", "<\\/script").replace("<!--", "<\\!--")


@cache
def _asset(name: str) -> str:
    return files("okrsync_templates").joinpath(name).read_text("utf-8")


def _hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
