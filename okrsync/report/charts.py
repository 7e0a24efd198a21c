"""Charts of a report as Vega-Lite specifications: one description gives SVG, PNG and an interactive chart.

Foreign text is data alone, never part of an expression, and drawn as text. Colours are distinct for the colour-blind
(after Okabe and Ito, darkened or lightened so that they stand out on white and on dark grey alike), and nothing is said
by a colour alone: target and baseline are labelled and dashed, readings of the cycle are filled.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, Literal, TypeAlias

from okrsync.dates import day_of
from okrsync.language import _, current, ngettext
from okrsync.model import Judgement, Kind, Verdict
from okrsync.report import words
from okrsync.report.escape import clean
from okrsync.report.value import PAGE_ORDER, Report

Spec: TypeAlias = dict[str, Any]

WIDTH, HEIGHT = 520, 130
"""Pixels of the plot of one key result, axes not counted."""
MOST_POINTS, MOST_PIECES = 260, 300
"""The newest of longer series, and of more finished work, are drawn."""
INK = "currentColor"
"""What is drawn takes the colour of the text around it; on a page of its own, black."""
BLUE, ORANGE, GREEN = "#2f7fc1", "#c2570c", "#00856f"
FONT = "system-ui, 'Noto Sans', 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"
"""Chinese needs one of these on the machine that draws (Debian: fonts-noto-cjk); browsers bring their own."""

_CONFIG: Spec = {
    "background": "transparent",
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        "labelColor": INK,
        "titleColor": INK,
        "domainColor": INK,
        "tickColor": INK,
        "gridColor": INK,
        "gridOpacity": 0.12,
        "domainOpacity": 0.4,
        "tickOpacity": 0.4,
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
    },
    "text": {"color": INK, "fontSize": 11},
    "legend": {"labelColor": INK, "titleColor": INK, "labelFontSize": 11},
}
SHAPES: Mapping[Verdict, str] = {
    Verdict.BUSY: "circle",
    Verdict.TOO_EARLY: "triangle-right",
    Verdict.NEGLECTED: "cross",
    Verdict.BUILDING: "square",
    Verdict.UNATTRIBUTED: "diamond",
    Verdict.UNMEASURED: "triangle-left",
    Verdict.DELIVERING: "triangle-up",
    Verdict.ACHIEVED: "triangle-down",
}
COLOURS: Mapping[Verdict, str] = {
    Verdict.BUSY: ORANGE,
    Verdict.TOO_EARLY: "#8a6d00",
    Verdict.NEGLECTED: "#b03a75",
    Verdict.BUILDING: BLUE,
    Verdict.UNATTRIBUTED: "#7a5cc0",
    Verdict.UNMEASURED: "#7d7d7d",
    Verdict.DELIVERING: GREEN,
    Verdict.ACHIEVED: "#4b8b00",
}


def outcome_data(report: Report, judgement: Judgement) -> dict[str, list[dict[str, Any]]]:
    """What the chart of a key result shows, by layer; JSON values. ``drawable`` says whether there is enough."""
    cycle, outcome = report.cycle, judgement.outcome
    metric = judgement.key_result.metric
    points = [
        {
            "t": _milliseconds(point.at),
            "v": point.value,
            "day": words.day(point.at),
            "value": words.number(point.value, metric.unit),
            "origin": clean(point.origin, 40),
            "now": point.at >= cycle.start,
        }
        for point in judgement.series[-MOST_POINTS:]
    ]
    aims = [
        {"y": value, "label": f"{name} {words.number(value, metric.unit)}", "kind": kind}
        for kind, name, value in (
            ("target", _("target"), outcome.target),
            ("baseline", _("baseline"), outcome.baseline if judgement.key_result.kind is Kind.METRIC else None),
        )
        if value is not None
    ]
    limits = [{"low": outcome.low, "high": outcome.high}] if None not in (outcome.low, outcome.high) else []
    forecast = (
        [
            {
                "t": _milliseconds(cycle.end),
                "low": outcome.forecast.low,
                "mid": outcome.forecast.mid,
                "high": outcome.forecast.high,
                "said": _("forecast for {day}: {low} to {high}").format(
                    day=words.day(cycle.end),
                    low=words.number(outcome.forecast.low),
                    high=words.number(outcome.forecast.high, metric.unit),
                ),
            }
        ]
        if outcome.forecast is not None
        else []
    )
    work = [
        {"t": _milliseconds(day_of(piece.done_at, report.zone)), "said": words.piece(piece)}
        for piece in judgement.completed[:MOST_PIECES]
        if piece.done_at is not None
    ]
    days = [{"t": _milliseconds(cycle.start), "label": _("cycle begins")}, {"t": _milliseconds(cycle.end), "label": ""}]
    return {"points": points, "aims": aims, "limits": limits, "forecast": forecast, "work": work, "days": days}


def drawable(judgement: Judgement) -> bool:
    """Whether there is a series to draw: a milestone has none, and one that was never measured has none yet."""
    return bool(judgement.series) and judgement.key_result.kind is not Kind.MILESTONE


def described(judgement: Judgement) -> str:
    """The chart in words, for who does not see it."""
    outcome, unit = judgement.outcome, judgement.key_result.metric.unit
    shown = judgement.series[-MOST_POINTS:]
    if not shown:
        return _("{key_result}: no measurement to draw").format(key_result=words.name(judgement))
    values = [point.value for point in shown]
    finished = judgement.activity.completed
    target = "" if outcome.target is None else words.number(outcome.target, unit)
    said = (
        ngettext(
            "{key_result}: {points} measurements from {first} to {last}, between {low} and {high}, now {now}; target "
            "{target}; {count} piece of work finished",
            "{key_result}: {points} measurements from {first} to {last}, between {low} and {high}, now {now}; target "
            "{target}; {count} pieces of work finished",
            finished,
        )
        if target
        else ngettext(
            "{key_result}: {points} measurements from {first} to {last}, between {low} and {high}, now {now}; {count} "
            "piece of work finished",
            "{key_result}: {points} measurements from {first} to {last}, between {low} and {high}, now {now}; {count} "
            "pieces of work finished",
            finished,
        )
    )
    return said.format(
        key_result=words.name(judgement),
        points=len(shown),
        first=words.day(shown[0].at),
        last=words.day(shown[-1].at),
        low=words.number(min(values)),
        high=words.number(max(values)),
        now=words.number(outcome.current, unit),
        target=target,
        count=finished,
    )


def outcome_spec(data: Mapping[str, Sequence[Mapping[str, Any]]], language: str | None = None) -> Spec:
    """The Vega-Lite specification of a key result's chart, with its data."""
    by_day = "%-m月%-d日" if (language or current()) == "zh" else "%-d %b"
    x = {
        "field": "t",
        "type": "temporal",
        "scale": {"type": "utc"},
        "axis": {"title": None, "format": by_day, "tickCount": 6, "labelOverlap": True, "grid": False},
    }
    y = {"type": "quantitative", "scale": {"zero": False, "nice": True}, "axis": {"title": None, "tickCount": 4}}
    layers: list[Spec] = [
        {
            "data": {"name": "limits"},
            "mark": {"type": "rect", "color": INK, "opacity": 0.08},
            "encoding": {"y": {**y, "field": "low"}, "y2": {"field": "high"}},
        },
        {
            "data": {"name": "days"},
            "mark": {"type": "rule", "color": INK, "opacity": 0.35, "strokeDash": [1, 3]},
            "encoding": {"x": x},
        },
        {
            "data": {"name": "days"},
            "mark": {"type": "text", "align": "left", "baseline": "top", "dx": 3, "opacity": 0.7, "fontSize": 10},
            "encoding": {"x": x, "y": {"value": 0}, "text": {"field": "label"}},
        },
        {
            "data": {"name": "aims"},
            "mark": {"type": "rule", "strokeWidth": 1.2},
            "encoding": {
                "y": {**y, "field": "y"},
                "color": {
                    "field": "kind",
                    "scale": {"domain": ["target", "baseline"], "range": [ORANGE, INK]},
                    "legend": None,
                },
                "strokeDash": {
                    "field": "kind",
                    "scale": {"domain": ["target", "baseline"], "range": [[6, 3], [2, 3]]},
                    "legend": None,
                },
            },
        },
        {
            "data": {"name": "aims"},
            "mark": {"type": "text", "align": "right", "baseline": "bottom", "dx": -8, "dy": -2, "fontSize": 10},
            "encoding": {"x": {"value": WIDTH}, "y": {**y, "field": "y"}, "text": {"field": "label"}},
        },
        {
            "data": {"name": "work"},
            "mark": {
                "type": "tick",
                "orient": "vertical",
                "thickness": 1.5,
                "size": 10,
                "color": GREEN,
                "opacity": 0.8,
            },
            "encoding": {
                "x": x,
                "y": {"value": HEIGHT - 5},
                "tooltip": [{"field": "said", "type": "nominal", "title": _("finished")}],
            },
        },
        {
            "data": {"name": "points"},
            "mark": {"type": "line", "color": BLUE, "strokeWidth": 1.6},
            "encoding": {"x": x, "y": {**y, "field": "v"}},
        },
        {
            "data": {"name": "points"},
            "mark": {"type": "point", "color": BLUE, "size": 26, "strokeWidth": 1.2, "opacity": 1},
            "encoding": {
                "x": x,
                "y": {**y, "field": "v"},
                "fill": {
                    "field": "now",
                    "scale": {"domain": [False, True], "range": ["transparent", BLUE]},
                    "legend": None,
                },
                "tooltip": [
                    {"field": "value", "type": "nominal", "title": _("value")},
                    {"field": "day", "type": "nominal", "title": _("measured")},
                    {"field": "origin", "type": "nominal", "title": _("origin")},
                ],
            },
        },
        {
            "data": {"name": "forecast"},
            "mark": {"type": "rule", "color": BLUE, "strokeWidth": 4, "opacity": 0.35, "strokeCap": "round"},
            "encoding": {
                "x": x,
                "y": {**y, "field": "low"},
                "y2": {"field": "high"},
                "tooltip": [{"field": "said", "type": "nominal", "title": _("forecast")}],
            },
        },
    ]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": WIDTH,
        "height": HEIGHT,
        "padding": 4,
        "config": _CONFIG,
        "datasets": {name: list(rows) for name, rows in data.items()},
        "layer": layers,
    }


LAYERS = ("points", "aims", "limits", "forecast", "work", "days")


@cache
def compiled(language: str) -> str:
    """The chart of a key result without its data, compiled to Vega, as JSON: what every chart of a page shares."""
    import vl_convert

    # One row each, so that the compiler sees the fields; ``filled`` replaces them.
    spec = outcome_spec(
        {
            "points": [{"t": 0, "v": 0, "day": "", "value": "", "origin": "", "now": True}],
            "aims": [{"y": 0, "label": "", "kind": "target"}],
            "limits": [{"low": 0, "high": 0}],
            "forecast": [{"t": 0, "low": 0, "mid": 0, "high": 0, "said": ""}],
            "work": [{"t": 0, "said": ""}],
            "days": [{"t": 0, "label": ""}],
        },
        language,
    )
    vega: Spec = vl_convert.vegalite_to_vega(spec)
    for dataset in vega["data"]:
        if "values" in dataset:
            dataset["values"] = []
    return json.dumps(vega, sort_keys=True)


def filled(data: Mapping[str, Sequence[Mapping[str, Any]]], language: str | None = None) -> Spec:
    """The Vega specification of a key result's chart: ``compiled`` with its data, a hundred times quicker than anew."""
    vega: Spec = json.loads(compiled(language or current()))
    for dataset in vega["data"]:
        if dataset["name"] in LAYERS:
            dataset["values"] = list(data[dataset["name"]])
    return vega


def quadrant_spec(report: Report) -> Spec:
    """All key results by the work that was finished for them and how far their outcome has come.

    Those without a measured way to go (milestones, limits to keep, unmeasured ones) are not in it.
    """
    rows = [
        {
            "work": judgement.activity.completed,
            "way": min(max(judgement.outcome.progress, -0.5), 1.5),
            "verdict": words.VERDICTS[judgement.verdict].name,
            "title": words.name(judgement),
            "said": words.standing(judgement),
            "id": clean(judgement.key_result.id, 40),
        }
        for judgement in report.key_results
        if judgement.outcome.progress is not None and judgement.verdict in SHAPES
    ]
    names = [verdict for verdict in PAGE_ORDER if verdict in SHAPES]
    domain = [words.VERDICTS[verdict].name for verdict in names]
    length = (report.cycle.end - report.cycle.start).days + 1
    elapsed = min(max((report.as_of - report.cycle.start).days + 1, 0) / length, 1.0)
    encoding = {
        "x": {
            "field": "work",
            "type": "quantitative",
            "axis": {
                "title": _("pieces of work finished"),
                "tickMinStep": 1,
                "tickCount": 8,
                "format": "d",
                "grid": False,
            },
            "scale": {"domainMin": 0, "nice": True},
        },
        "y": {
            "field": "way",
            "type": "quantitative",
            "axis": {"title": _("way from baseline to target"), "format": "%", "tickCount": 6},
        },
    }
    many = len(rows) > 40
    layers: list[Spec] = [
        {
            "data": {"values": [{"way": elapsed, "label": _("cycle elapsed: {share}").format(share=f"{elapsed:.0%}")}]},
            "layer": [
                {
                    "mark": {"type": "rule", "color": INK, "opacity": 0.5, "strokeDash": [4, 3]},
                    "encoding": {"y": encoding["y"]},
                },
                {
                    "mark": {"type": "text", "align": "right", "baseline": "bottom", "dx": -2, "dy": -2},
                    "encoding": {"y": encoding["y"], "x": {"value": WIDTH}, "text": {"field": "label"}},
                },
            ],
        },
        {
            "mark": {"type": "point", "filled": True, "size": 80, "opacity": 0.85},
            "encoding": {
                **encoding,
                "color": {
                    "field": "verdict",
                    "type": "nominal",
                    "scale": {"domain": domain, "range": [COLOURS[verdict] for verdict in names]},
                    "legend": {"title": None},
                },
                "shape": {
                    "field": "verdict",
                    "type": "nominal",
                    "scale": {"domain": domain, "range": [SHAPES[verdict] for verdict in names]},
                    "legend": {"title": None},
                },
                "tooltip": [
                    {"field": "title", "type": "nominal", "title": _("key result")},
                    {"field": "verdict", "type": "nominal", "title": _("verdict")},
                    {"field": "said", "type": "nominal", "title": _("outcome")},
                ],
            },
        },
    ]
    if not many:
        layers.append(
            {
                "mark": {"type": "text", "align": "left", "dx": 8, "dy": -6, "fontSize": 10},
                "encoding": {**encoding, "text": {"field": "id"}},
            }
        )
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": WIDTH,
        "height": 300,
        "padding": 4,
        "config": _CONFIG,
        "data": {"values": rows},
        "layer": layers,
    }


def svg(spec: Spec, language: Literal["vega", "vega-lite"] = "vega") -> str:
    """The chart as SVG; the same specification gives the same text."""
    import vl_convert

    drawn: str = vl_convert.vega_to_svg(spec) if language == "vega" else vl_convert.vegalite_to_svg(spec)
    return drawn


def png(spec: Spec, language: Literal["vega", "vega-lite"] = "vega") -> bytes:
    """The chart as PNG on white, at twice its size; the same specification gives the same bytes on one machine."""
    import vl_convert

    white = deepcopy(spec)
    white["background"] = "#ffffff"
    draw = vl_convert.vega_to_png if language == "vega" else vl_convert.vegalite_to_png
    drawn: bytes = draw(white, scale=2)
    return drawn


def _milliseconds(day: date) -> int:
    """A day as JavaScript counts time, in UTC: charts show days, whatever the reader's zone."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
