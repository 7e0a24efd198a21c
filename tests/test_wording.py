"""How often the wording rules are right about titles; the figures of ``python -m benchmarks wording``."""

from __future__ import annotations

import pytest

from benchmarks.wording import wrong
from okrsync.findings.wording import task_cue
from tests.wording_titles import HELD_OUT, TUNED, titles


def test_the_list_is_as_large_and_mixed_as_it_should_be() -> None:
    for half in ("first, odd", "first, even"):
        found = titles(half)
        for language in ("en", "zh"):
            for is_task in (True, False):
                assert sum(each.language == language and each.is_task is is_task for each in found) >= 25
    assert not {each.text for each in titles("first, odd")} & {each.text for each in titles("first, even")}


def test_nineteen_of_twenty_held_out_titles_are_judged_right() -> None:
    found = [each for half in HELD_OUT for each in titles(half)]
    assert len(found) == 50 * 2
    assert len(wrong(found)) <= 0.05 * len(found)


def test_what_the_rules_were_mended_with_is_judged_right() -> None:
    assert not [each for half in TUNED for each in wrong(titles(half))]


@pytest.mark.parametrize(
    "text", ["", " ", "-", "a" * 100_000, "完成" * 50_000, "to we will " * 10_000, "\x00\ud800", "((("]
)
def test_any_text_gets_an_answer(text: str) -> None:
    task_cue(text)
