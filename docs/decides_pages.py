"""The chart and the error rates of *How it decides*: drawn from the program itself, read from what was measured."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from okrsync.model import MovementResult
from okrsync.movement import judge_movement

RESULTS = Path(__file__).parents[1] / "benchmarks" / "RESULTS.md"
_START, _WEEK, _HISTORY, _WEEKS = date(2026, 10, 1), timedelta(days=7), 20, 13
_WIDTH, _HEIGHT, _PANEL = 960, 250, 320


def _series(seed: int, slope: float, step: float) -> list[float]:
    rng = random.Random(seed)  # noqa: S311 - a picture
    return [
        100 + 4 * (rng.gauss() + slope * (i - _HISTORY) + step * (i >= _HISTORY + 3)) for i in range(_HISTORY + _WEEKS)
    ]


PANELS = (
    ("Noise", _series(4, 0.0, 0.0)),
    ("A step in week 4", _series(2, 0.0, 2.0)),
    ("The trend from before goes on", _series(5, 0.3, 0.0)),
)


def _judged(values: Sequence[float]) -> MovementResult:
    return judge_movement(
        [(_START + _WEEK * (i - _HISTORY), value) for i, value in enumerate(values)],
        baseline=100,
        target=130,
        start=_START,
        until=_START + _WEEK * _WEEKS - timedelta(days=1),
        end=_START + _WEEK * _WEEKS - timedelta(days=1),
        cadence=_WEEK,
    )


def chart() -> str:
    """Three simulated series as okrsync sees them: usual range before the cycle, readings, movement and trend (SVG)."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        'font-family="sans-serif" font-size="13">',
        "<title>Three series, 20 weeks before a cycle and its 13 weeks, with what okrsync says of them</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
    ]
    for number, (title, values) in enumerate(PANELS):
        parts += _panel(number * _PANEL, title, values)
    return "\n".join([*parts, "</svg>", ""])


def _panel(left: int, title: str, values: Sequence[float]) -> list[str]:
    found = _judged(values)
    low, high = min(values) - 4, max(values) + 4

    def x(index: float) -> str:
        return f"{left + 20 + index * 280 / (len(values) - 1):.1f}"

    def y(value: float) -> str:
        return f"{205 - (value - low) * 150 / (high - low):.1f}"

    assert found.low is not None
    assert found.high is not None
    top, bottom = min(found.high, high), max(found.low, low)
    line = " ".join(f"{x(i)},{y(value)}" for i, value in enumerate(values))
    dots = [f'<circle cx="{x(i)}" cy="{y(value)}" r="2.6" fill="#1f4e79"/>' for i, value in enumerate(values)]
    odds = re.search(r"higher now for more than a while are ([^,]+),", found.rule)
    begins = x(_HISTORY - 0.5)
    return [
        f'<text x="{left + 20}" y="24" font-weight="bold">{title}</text>',
        f'<rect x="{begins}" y="45" width="{left + 305 - float(begins):.1f}" height="165" fill="#eef3f8"/>',
        f'<rect x="{left + 15}" y="{y(top)}" width="290" height="{float(y(bottom)) - float(y(top)):.1f}" '
        'fill="#d9a441" fill-opacity="0.22"/>',
        f'<line x1="{begins}" y1="45" x2="{begins}" y2="210" stroke="#1f4e79" stroke-dasharray="4 3"/>',
        f'<polyline points="{line}" fill="none" stroke="#1f4e79" stroke-width="1.2"/>',
        *dots,
        f'<text x="{left + 20}" y="230">{found.movement}, trend {found.trend}; odds {odds[1] if odds else "–"}</text>',
    ]


def error_rates() -> str:
    """The rows of RESULTS.md that say how often the movement is wrong, as one table."""
    section = RESULTS.read_text("utf-8").partition("<!-- movement -->")[2].partition("<!-- /movement -->")[0]
    false, right = (_rows(section, head) for head in ("### No change", "### A change, normal noise"))
    rows = [
        "| readings before the cycle | `toward` though nothing changed, last week / ever | `unknown` | step of 2σ "
        "found | ramp to 2σ found | step of 3σ found |",
        "|---|---|---|---|---|---|",
    ]
    for history, cells in false.items():
        pairs = [re.findall(r"[\d.]+", cell) for cell in cells.values()]
        unknown = [float(pair[2]) for pair in pairs]
        change = right[history]
        found = (change[shape].partition(";")[0] for shape in ("step 2σ", "ramp 2σ", "step 3σ"))
        worst, ever = (max(float(pair[i]) for pair in pairs) for i in (0, 1))
        rows.append(
            f"| {history} | at most {worst:.1f}% / {ever:.1f}% | {min(unknown):.0f}–{max(unknown):.0f}% | "
            + " | ".join(found)
            + " |"
        )
    return "\n".join(rows) + "\n"


def _rows(section: str, heading: str) -> dict[str, dict[str, str]]:
    """The first table below a heading: its rows by their first cell, each by column."""
    lines = [line for line in section.partition(heading)[2].splitlines() if line.startswith("|")]
    head = [cell.strip() for cell in lines[0].strip("|").split("|")]
    found = {}
    for line in lines[2:]:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != len(head) or not cells[0].isdigit() or cells[0] in found:
            break
        found[cells[0]] = dict(zip(head[1:], cells[1:], strict=True))
    return found
