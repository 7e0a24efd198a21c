"""What docs/outcomes.md and the guides say of outcome sources is what they do."""

from __future__ import annotations

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from ruamel.yaml import YAML

from okrsync import plugins
from okrsync.outcomes.values import parse_day, parse_number

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE = (DOCS / "outcomes.md").read_text("utf-8")
GUIDES = {path.stem.removeprefix("outcome-"): path for path in (DOCS / "how-to").glob("outcome-*.md")}
EXAMPLES = [
    YAML(typ="safe").load(text)["source"]
    for path in GUIDES.values()
    for text in re.findall(r"```yaml\n(source:.*?)```", path.read_text("utf-8"), re.DOTALL)
]


def rows(heading: str) -> list[tuple[str, str]]:
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `(.+?)` \| (.+?) \|$", section, re.MULTILINE)


def test_every_type_has_a_guide_with_an_example() -> None:
    assert set(GUIDES) == set(plugins.installed(plugins.OUTCOMES))
    assert {example["type"] for example in EXAMPLES} == set(plugins.installed(plugins.OUTCOMES)) - {"manual"}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["type"])
def test_examples_are_read(example: dict[str, object]) -> None:
    plugins.load(plugins.OUTCOMES, str(example["type"])).Settings.model_validate(example)


@pytest.mark.parametrize(("written", "says"), rows("Numbers"))
def test_numbers(written: str, says: str) -> None:
    if says == "an error":
        with pytest.raises(ValueError):
            parse_number(written)
    else:
        assert parse_number(written) == (None if says == "no value" else float(says))


@pytest.mark.parametrize(("written", "says"), rows("Days"))
def test_days(written: str, says: str) -> None:
    if says == "an error":
        with pytest.raises(ValueError):
            parse_day(written, ZoneInfo("Asia/Shanghai"))
    else:
        assert str(parse_day(written, ZoneInfo("Asia/Shanghai"))) == says
