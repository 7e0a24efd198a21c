"""How often the wording rules are right about titles; the figures of ``python -m benchmarks wording``."""

from __future__ import annotations

import pytest

from benchmarks.wording import wrong
from okrsync.findings.wording import task_cue
from tests.wording_titles import Half, titles


def test_the_list_is_as_large_and_mixed_as_it_should_be() -> None:
    for half in ("tuning", "held out"):
        found = titles(half)
        for language in ("en", "zh"):
            for is_task in (True, False):
                assert sum(each.language == language and each.is_task is is_task for each in found) >= 25
    assert not {each.text for each in titles("tuning")} & {each.text for each in titles("held out")}


@pytest.mark.parametrize("half", ["held out", "fourth list"])
def test_nineteen_of_twenty_held_out_titles_are_judged_right(half: Half) -> None:
    found = titles(half)
    assert len(wrong(found)) <= 0.05 * len(found)


@pytest.mark.parametrize(
    "text", ["", " ", "-", "a" * 100_000, "完成" * 50_000, "to we will " * 10_000, "\x00\ud800", "((("]
)
def test_any_text_gets_an_answer(text: str) -> None:
    task_cue(text)
