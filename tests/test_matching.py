"""Regular expressions of rules end in bounded time, and mean what Python's mean."""

from __future__ import annotations

import contextlib
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from okrsync import matching
from okrsync.errors import ConfigError
from okrsync.link import path_matcher
from okrsync.matching import TooSlow, matcher
from okrsync.model import Cycle, KeyResult, Kind, Metric, Objective, Programme, WorkRule
from okrsync.store.linking import link_all
from tests.fake_source import START, FakeSource, issue
from tests.stores import content, pairs, pull_all, use_fake

ENDLESS = ["(a|aa)+$", r"([a-z]|[a-z][a-z])+$"]
"""With ``AAAA`` these take longer than anybody waits, whatever engine backtracks."""
AAAA = "a" * 120 + "?"
FAMOUS = [
    "(a+)+$",
    "([a-zA-Z]+)*$",
    "(x+x+)+y",
    r"(\w+\s?)*$",
    "(.*a){12}",
    "(a?){40}a{40}",
    ".*.*.*=.*",
    r"\s+$",
    r"^(([a-z])+.)+[A-Z]([a-z])+$",
]
ORDINARY = [
    "(?i)onboarding",
    "^Fix",
    r"\bwizard\b",
    "checkout|payment",
    r"^\[.+\] ",
    r"(?i)^(feat|fix)(\(.+\))?: ",
    "shop.*owner",
    "https?://",
]


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "SECONDS", 0.05)


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("expression", [*ENDLESS, *FAMOUS, *ORDINARY])
@pytest.mark.parametrize("text", [AAAA, " " * 3000 + "x"])
def test_every_expression_ends_or_says_that_it_does_not(expression: str, text: str) -> None:
    try:
        found = matcher(expression)(text)
    except TooSlow as slow:
        found = slow.text == text
    assert found in (True, False)


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("expression", ENDLESS)
def test_some_do_not_end(expression: str) -> None:
    with pytest.raises(TooSlow):
        matcher(expression)(AAAA)


@pytest.mark.parametrize("expression", ORDINARY)
def test_ordinary_expressions_stay_with_pythons_engine(expression: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which needs a fifth of the time."""
    monkeypatch.setattr(matching, "_stoppable", None)
    assert matcher(expression)("Fix the onboarding wizard of the shop, see https://acme.example") in (True, False)


def test_what_is_slow_on_very_many_texts_ends_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "ALL_SECONDS", -1.0)
    with pytest.raises(TooSlow) as raised:
        matcher("(a+)+b")("aaa")
    assert raised.value.text is None


_PARTS = [
    "a",
    "b",
    ".",
    r"\w",
    r"\b",
    "[ab]",
    "[^a]",
    "(a|b)",
    "(?:ab)",
    "(a)\\1",
    "a*",
    "b+?",
    "(a+)+",
    "(b|ab)*",
    "a{2}",
    "a{1,3}",
    "{e}",
    "^",
    "$",
    "(?i:A)",
    "é",
    "(?=b)",
    "(?<!a)",
    "?",
]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(_PARTS), min_size=1, max_size=5).map("".join), st.text("abAé{e} \n", max_size=14))
def test_both_engines_mean_the_same(expression: str, text: str) -> None:
    try:
        expected = re.search(expression, text) is not None
    except re.error:
        return
    assert matcher(expression)(text) is expected
    assert matching._stoppable(expression, "search")(text) is expected


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("glob", ["**/" * 20 + "x", "**a" * 20, "src/**/*.py"])
def test_globs_end_too(glob: str) -> None:
    for path in ("a/" * 200 + "b", "a" * 4000, "src/a/b.py"):
        with contextlib.suppress(TooSlow):
            path_matcher((glob,))(path)


def programme(*rules: WorkRule) -> Programme:
    key_result = KeyResult("KR1", "O", "Shops", None, Kind.METRIC, Metric(), rules, file="okrs/q4.yaml", line=9)
    objective = Objective("O", "C", "team", "O", (key_result,))
    return Programme((Cycle("C", START.date(), START.date()),), (), (), (objective,))


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("narrow", [{}, {"labels": ("x",)}, {"types": ("Story",)}])
def test_a_rule_that_does_not_end_links_nothing_and_says_where_it_stands(
    any_store: Engine, narrow: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = FakeSource(page_size=50)
    use_fake(monkeypatch, service)
    service.put("S", issue("SHOP-1", title="Onboarding"), issue("SHOP-2", title=AAAA, labels=("x",), type="Story"))
    pull_all(any_store, service)
    easy = WorkRule(title="Onboarding", line=22)
    for _ in range(2):  # the second time finds nothing that the first has left half done
        with pytest.raises(ConfigError) as raised:
            link_all(any_store, programme(easy, WorkRule(title=ENDLESS[0], line=23, **narrow)))
        said = str(raised.value)
        assert said.startswith("okrs/q4.yaml:23: '(a|aa)+$' of KR1 does not end on the title of SHOP-2, 'aaa")
        assert content(any_store)["links"] == []
    link_all(any_store, programme(easy))
    assert pairs(any_store, "links", "native_id") == {("id-SHOP-1",)}
