"""Two readers of YAML, one answer: whatever libyaml is let read, ruamel reads alike, lines and all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from okrsync import yaml_nodes
from okrsync.config_yaml import parse_document
from okrsync.yaml_nodes import compose

EXAMPLES = sorted((Path(__file__).parents[1] / "config" / "example").rglob("*.yaml"))
USUAL = {
    "kinds": "a: 1\nb: 1.10\nc: 0o17\nd: true\ne: no\nf: on\ng: ~\nh:\ni: 2026-11-20\nj: .inf\nk: 1_000\nl: 017",
    "quotes": "a: 'it''s'\nb: \"\\u00e9\\/\\x41\"\nc: \"1\"\nd: 'true'\ne: \"over\n  two lines\"",
    "flow": '{"a":1, b: [c, {d: e}], f: http://x:8, g:h}',
    "blocks": "a: |\n  one\n   two\n\nb: >-\n  one\n  two\n\n  three\nc: plain\n  goes on\nd: |+\n  kept\n",
    "lists": "a:\n- 1\n- - 2\n  -\n- b: c\n  d: e\n",
    "anchors": "a: &one {b: [1]}\nc: *one\nd: [&two x, *two]",
    "comments": "# first\na: 1  # said\n\n  # in between\nb: # nothing\n",
    "lines": "a: 1\r\nb:\r\n  c: 2\r\n",
    "letters": "名称: 支付 退款\né: \U0001f4a1",
    "a key twice": "a: 1\nb: 2\na: 3\n",
    "a merge": "a: &x {b: 1}\nc:\n  <<: *x\n",
    "a document's marks": "---\na: 1\n",
}
LEFT = {
    "tab": "a:\t1",
    "tag": "a: !!str 1",
    "version": "%YAML 1.1\n---\na: on",
    "line separator": "a: 'one\u2028two'",
    "surrogates": '{"a": "\\ud83d\\udca1"}',
    "an end's mark": "a: 1\n...\n\n...\n",
    "two documents": "a: 1\n---\nb: 2\n",
    "undefined alias": "a: *x",
    "anchor used again": "a: &x 1\nb: &x 2\n",
    "anchor before a colon": "a:\n  &x: 1\n",
    "anchor with a comma behind it": "&x:y,z: 1",
    "unclosed": "a: [1",
    "control character": "a: \x07",
    "a list": "- 1",
    "header with a comment sign": "a: |#\n  b\n",
}


def shape(node: Node | None, depth: int = 0) -> Any:
    if node is None or depth > 12:  # an alias may hold itself
        return None
    if isinstance(node, ScalarNode):
        # Where a value that is left out would stand, nobody asks.
        return str(node.tag), node.value, node.start_mark.line if node.value else None
    if isinstance(node, MappingNode):
        inner = [(shape(key, depth + 1), shape(value, depth + 1)) for key, value in node.value]
        return str(node.tag), node.start_mark.line, inner
    return str(node.tag), node.start_mark.line, [shape(each, depth + 1) for each in node.value]


def by_ruamel(text: str) -> Any:
    return shape(YAML(typ="safe", pure=True).compose(text))


@pytest.mark.parametrize("text", USUAL.values(), ids=USUAL)
def test_a_usual_text_is_read_by_libyaml_as_by_ruamel(text: str) -> None:
    assert shape(yaml_nodes._by_libyaml(text)) == by_ruamel(text)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_example_is_read_by_libyaml_as_by_ruamel(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert shape(yaml_nodes._by_libyaml(text)) == by_ruamel(text)


@pytest.mark.parametrize("text", LEFT.values(), ids=LEFT)
def test_what_the_two_may_read_differently_is_left_to_ruamel(text: str) -> None:
    with pytest.raises(yaml_nodes._LeftToRuamel):
        yaml_nodes._by_libyaml(text)


def test_without_libyaml_ruamel_reads_all(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = [shape(compose(text)) for text in USUAL.values()]
    monkeypatch.setitem(__import__("sys").modules, "yaml.cyaml", None)
    assert [shape(compose(text)) for text in USUAL.values()] == expected


BITS = (  # noqa: SIM905 (a row of words)
    "a b: - ?\x20 :\x20 : { } [ ] , ' \" # | |- |+2 > >- &x *x ! @ ` 1 0o7 on ~ null <<: é 中 ... --- \\ \\n "
    "\\x41 \\u00e9 '' \"\" \r\n \r - x 1.10 2026-01-01 http://a:8 k:v ${A} \\/"
).split(" ")
BITS += [" ", "  ", "\n", "\n  ", "\n    ", "\n- ", "\nkey: ", ": ", ", ", "a: ", " #", "\xa0", "\r\n", "\n---\n"]


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(BITS), min_size=1, max_size=16).map("".join))
def test_whatever_libyaml_is_let_read_ruamel_reads_alike(text: str) -> None:
    try:
        ours = shape(yaml_nodes._by_libyaml(text))
    except yaml_nodes._LeftToRuamel:
        return
    try:
        theirs = by_ruamel(text)
    except YAMLError as error:
        theirs = str(error)
        if "more indented follow up line" in theirs:
            return  # ruamel alone minds this indentation of a block
    assert ours == theirs


def lines_of(text: str) -> Iterator[tuple[int | None, str]]:
    for problem in parse_document(text.encode(), "okrs.yaml", {}).problems:
        yield problem.line, problem.message


def test_a_nest_of_any_depth_is_refused_and_not_a_crash() -> None:
    assert [said for _, said in lines_of("a: " + "[" * 50_000)] == ["nested more than 40 levels deep"]
    [(_, said)] = lines_of("a: " + "[" * 90 + "]" * 90)
    assert said.startswith("nested more than 40 levels deep")


def test_a_folded_text_holds_no_marks_of_its_folds() -> None:
    document = parse_document(b"a: >\n  one\n  two\n\n  three\n", "okrs.yaml", {})
    assert document.data == {"a": "one two\nthree\n"}
    # A tab elsewhere leaves the text to ruamel.
    assert parse_document(b"b: '\t'\na: >\n  one\n  two\n", "okrs.yaml", {}).data == {"b": "\t", "a": "one two\n"}
