"""Charts: what is drawn, that foreign text stays data, that the same report gives the same bytes."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from xml.etree import ElementTree

import altair
import jsonschema
import pytest

from okrsync.language import use
from okrsync.model import Forecast, Kind, Measurement, Verdict
from okrsync.report import charts
from tests.report_samples import HOSTILE, full

REPORT = full()
DRAWN = [judgement for judgement in REPORT.key_results if charts.drawable(judgement)]


def texts(svg: str) -> list[str]:
    """The texts that a drawing shows; it has to be well-formed XML."""
    return [element.text or "" for element in ElementTree.fromstring(svg).iter() if element.tag.endswith("}text")]


def drawn(judgement) -> str:
    return charts.svg(charts.filled(charts.outcome_data(REPORT, judgement)))


@pytest.fixture
def busy():
    found = next(judgement for judgement in DRAWN if judgement.verdict is Verdict.BUSY)
    return replace(found, outcome=replace(found.outcome, low=100.0, high=140.0, forecast=Forecast(110, 126, 142)))


def test_what_a_chart_shows(busy) -> None:
    data = charts.outcome_data(REPORT, busy)
    assert [row["v"] for row in data["points"]] == [point.value for point in busy.series]
    assert {row["now"] for row in data["points"] if row["t"] >= data["days"][0]["t"]} <= {True}
    assert [row["kind"] for row in data["aims"]] == ["target", "baseline"]
    assert data["limits"] == [{"low": 100.0, "high": 140.0}]
    assert (data["forecast"][0]["low"], data["forecast"][0]["high"]) == (110, 142)
    assert len(data["work"]) == len(busy.completed)
    assert data["days"][0]["t"] % 86_400_000 == 0
    shown = texts(drawn(busy))
    assert any(text.startswith("target") for text in shown)
    assert any(text.startswith("baseline") for text in shown)


def test_an_empty_layer_draws_nothing(busy) -> None:
    """Each row that the data loses is a mark that the drawing loses."""
    whole = drawn(busy).count("<path") + drawn(busy).count("<line")
    for change in ({"completed": ()}, {"outcome": replace(busy.outcome, forecast=None)}):
        less = drawn(replace(busy, **change))
        assert less.count("<path") + less.count("<line") < whole


def test_the_series_is_drawn_from_the_newest_on(busy) -> None:
    first = busy.series[0]
    long = tuple(replace(first, at=first.at - timedelta(days=400 - day), value=day) for day in range(400))
    rows = charts.outcome_data(REPORT, replace(busy, series=long))["points"]
    assert [row["v"] for row in rows] == list(range(400 - charts.MOST_POINTS, 400))


def test_what_cannot_be_drawn(busy) -> None:
    assert not charts.drawable(replace(busy, series=()))
    assert not charts.drawable(replace(busy, key_result=replace(busy.key_result, kind=Kind.MILESTONE)))
    assert "no measurement" in charts.described(replace(busy, series=()))


@pytest.mark.parametrize(
    "text", [*HOSTILE, "datum.v}); alert(1); ({", "'+window.x+'", "\\u0022", "{{7*7}}", "' || \"x"]
)
def test_foreign_text_is_data(busy, text: str) -> None:
    """Nothing but the values of the data differs from the chart without it, and the drawing is well-formed."""
    metric = replace(busy.key_result.metric, unit=text)
    series = (*busy.series[:-1], replace(busy.series[-1], origin=text))
    hostile = replace(busy, key_result=replace(busy.key_result, title=text, metric=metric), series=series)
    spec = charts.filled(charts.outcome_data(REPORT, hostile))
    for dataset in spec["data"]:
        if dataset["name"] in charts.LAYERS:
            dataset["values"] = []
    assert spec == json.loads(charts.compiled("en"))
    svg = drawn(hostile)
    for element in ElementTree.fromstring(svg).iter():
        assert element.tag.rpartition("}")[2] in {"svg", "g", "path", "line", "rect", "text"}
        assert not [name for name in element.attrib if name.startswith("on") or name.endswith("href")]


def test_values_beyond_all_measure(busy) -> None:
    series = [replace(busy.series[0], value=value) for value in (1e300, -1e300, 0.0)]
    ElementTree.fromstring(drawn(replace(busy, series=tuple(series))))


def test_the_same_bytes(busy) -> None:
    spec = charts.filled(charts.outcome_data(REPORT, busy))
    assert charts.svg(spec) == charts.svg(json.loads(json.dumps(spec)))
    image = charts.png(spec)
    assert image == charts.png(spec)
    assert image.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", image[16:24])
    assert width > 2 * charts.WIDTH
    assert height > 2 * charts.HEIGHT


def test_chinese(busy) -> None:
    with use("zh"):
        spec = charts.filled(charts.outcome_data(REPORT, busy))
    svg = charts.svg(spec)
    assert any("月" in text for text in texts(svg))
    assert any(text.startswith("目标") for text in texts(svg))


def test_the_quadrant() -> None:
    rows = charts.quadrant_spec(REPORT)["data"]["values"]
    expected = [
        j.key_result.id for j in REPORT.key_results if j.outcome.progress is not None and j.verdict in charts.SHAPES
    ]
    assert [row["id"] for row in rows] == expected
    assert all(-0.5 <= row["way"] <= 1.5 for row in rows)
    shown = texts(charts.svg(charts.quadrant_spec(REPORT), "vega-lite"))
    assert any(text.startswith("cycle elapsed") for text in shown)
    assert set(expected) <= set(shown)
    # Never by the colour alone.
    assert len(set(charts.SHAPES.values())) == len(charts.SHAPES) == len(set(charts.COLOURS.values()))


def test_altair_knows_every_part_of_a_chart(busy) -> None:
    """Its classes are made from Vega-Lite's own schema; a property that does not exist is refused."""
    data = charts.outcome_data(REPORT, busy)
    for spec in (charts.outcome_spec(data), charts.quadrant_spec(REPORT)):
        altair.LayerChart.from_dict(spec)
        broken = json.loads(json.dumps(spec))
        broken["layer"][0]["marks"] = "rule"
        with pytest.raises(jsonschema.ValidationError):
            altair.LayerChart.from_dict(broken)


def test_drawing_libraries_are_loaded_when_something_is_drawn() -> None:
    program = (
        "import sys, okrsync.report.charts, okrsync.report.markdown, okrsync.report.json\n"
        "print([name for name in ('altair', 'vl_convert', 'jinja2') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_words_for_who_does_not_see_it(busy) -> None:
    said = charts.described(busy)
    assert f"{len(busy.series)} measurements" in said
    assert "target" in said
    assert isinstance(busy.series[0], Measurement)
