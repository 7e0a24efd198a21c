"""Hostile text in every format that a report is written in: what a page is made of does not change.

``tests/hostile`` holds the texts, the places that they are put into and the shapes that are compared;
``python -m tests.hostile`` is the long form.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from okrsync.report.escape import LIMIT, clean, writable
from okrsync.report.html import to_html
from tests.hostile import chats
from tests.hostile.corpus import CORPUS, EVERY, HUGE, texts
from tests.hostile.formats import QUICK, SLOW, every, holes
from tests.hostile.planted import planted
from tests.hostile.shapes import Hole
from tests.hostile.shapes import writable as checked

NAMES = [*QUICK, *SLOW, "own template"]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_the_corpus_changes_the_structure(name: str, tmp_path: Path) -> None:
    format_ = {name: every(tmp_path)[name]}
    # Each text in a few of the places, and in others the second time.
    assert holes(EVERY, format_) == []
    assert holes(EVERY[101:] + EVERY[:101], format_) == []


@pytest.mark.parametrize("kind", CORPUS)
def test_a_kind_alone_is_in_every_place(kind: str) -> None:
    assert holes(CORPUS[kind], QUICK) == []


@settings(max_examples=6, deadline=None)
@given(st.lists(texts, min_size=30, max_size=40))
def test_nothing_that_a_fuzzer_makes_changes_the_structure(several: list[str]) -> None:
    assert holes(several, QUICK) == []


@pytest.mark.parametrize("kind", CORPUS)
def test_a_chat_shows_text_as_it_is(kind: str) -> None:
    """Title, sentence, address and its words, in each chat: nobody is called, and nothing leads elsewhere."""
    ours = chats.shown(chats.told(chats.messages(CORPUS[kind])))
    assert ours == chats.shown(chats.told(chats.messages(CORPUS[kind], harmless=True)))
    assert {name for name, _ in ours} == set(chats.READERS)


@given(texts)
def test_a_chat_shows_what_a_fuzzer_makes_as_it_is(text: str) -> None:
    both = [text, text]  # one has no address
    ours, harmless = (chats.shown(chats.told(chats.messages(both, harmless=twin))) for twin in (False, True))
    assert ours == harmless


def test_text_of_a_megabyte_is_cut_where_it_is_shown() -> None:
    """No page becomes one of hundreds of megabytes (JSON is data, and holds it whole)."""
    ordinary = [f"Onboarding step {number}" for number in range(120)]
    shown = {name: format_ for name, format_ in {**QUICK, **SLOW}.items() if name != "JSON"}
    assert holes([*HUGE, *ordinary], shown) == []


def test_the_html_report_itself_stays_small() -> None:
    report, places = planted([HUGE[0]])
    assert places > 500
    assert len(to_html(report)) < 3_000_000


@given(texts)
def test_what_guards_a_line_leaves_nothing_unwritable(text: str) -> None:
    guarded = writable(text * 20, 500)
    checked(guarded.replace("\t", " "))
    guarded.encode("utf-8")
    assert len(guarded) <= 500
    assert writable(clean(text), LIMIT) == clean(text)


@pytest.mark.parametrize("text", EVERY)
def test_cleaned_text_is_a_line_that_any_format_can_hold(text: str) -> None:
    line = clean(text)
    checked(line)
    assert json.loads(json.dumps(line)) == line
    assert len(line) <= LIMIT
    assert clean(line) == line


@pytest.mark.parametrize("text", ["\u200d" * 30 + "x", "x" + "\u200d" * 300 + "y", "\u200c \u200d", "a \u200d b"])
def test_joiners_stand_alone_between_characters(text: str) -> None:
    """Found by the long form: where a line is wrapped depends on their width, which is not the same everywhere."""
    line = clean(text)
    assert "\u200d\u200d" not in line
    assert clean(line) == line
    assert not line.startswith(("\u200d", "\u200c"))


def test_the_shapes_see_a_hole() -> None:
    """Each of them, when a text is put into its format as it is."""
    attacks = {
        "terminal": "\x1b[2J",
        "Markdown": "# x\n\n- y\n\n[a](javascript:b)",
        "MkDocs": "# x\n\n![a](https://evil.example)",
        "Mermaid": 'flowchart TD\n  g0["x"] --> g1',
        "Confluence": '<p>x<ac:structured-macro ac:name="html" /></p>',
        "wikitext": "{{x}} [[File:y]]",
        "HTML": "<p onclick=x>",
        "HTML tree": "<p><b>x</b></p>",
        "SVG": "<g><script>x</script></g>",
        "JSON": '{"a": "\x9b"}',
    }
    harmless = {"HTML tree": "<p>x</p>", "SVG": "<g/>", "JSON": "{}", "Confluence": "<p>x</p>"}
    formats = {**QUICK, **SLOW}
    for name, attack in attacks.items():
        shape = formats[name][1]
        try:
            assert shape(attack) != shape(harmless.get(name, "x")), name
        except Hole:
            continue
