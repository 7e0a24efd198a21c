"""The figures of *How far it goes* are those that were measured."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_figures_are_those_of_the_results() -> None:
    page = (ROOT / "docs" / "how-far.md").read_text(encoding="utf-8")
    results = (ROOT / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8")
    shown = re.findall(r"^<!-- (\w+) -->\n(.*?)^<!-- /\1 -->$", page, re.DOTALL | re.MULTILINE)
    assert {"git", "dask", "scale", "scale_postgresql"} <= {name for name, _ in shown}
    for name, figures in shown:
        section = results.partition(f"<!-- {name} -->\n")[2].partition(f"<!-- /{name} -->")[0]
        assert figures.strip() in section, f"python -m benchmarks {name} writes both"
