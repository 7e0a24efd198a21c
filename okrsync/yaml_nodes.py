"""The nodes of a YAML 1.2 text with their lines: by libyaml, which is quick, where it reads as ruamel does.

libyaml speaks YAML 1.1. What the two versions, or the two programs, read differently is left to ruamel, and so is
every text that libyaml refuses: what is wrong with it is said by ruamel alone. The scalars are ruamel's in any case.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.tag import Tag

_STRING, _MAPPING, _SEQUENCE = (Tag(suffix=f"tag:yaml.org,2002:{kind}") for kind in ("str", "map", "seq"))
"""Made once: ruamel makes each from its letters."""
_DEEP = 100
_UNUSUAL = re.compile(
    "[^\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|[|>][-+0-9]*#|"
    r"(?:^|[\s\[{,:])[&*](?:[0-9A-Za-z_-]+[^0-9A-Za-z_\-\s\]},]|[^0-9A-Za-z_\-\s\]},\"'])"
)
"""Tabs, what ends a line in YAML 1.1 but not in 1.2, what may not stand in either, ``|#``, and anchors in whose names
stands more than letters, digits and dashes."""


def compose(text: str) -> Node | None:
    """The root of the one document in a text, None where there is none.

    Raises what ruamel raises: ``YAMLError``, and for some hostile texts ``RecursionError`` and ``ValueError``; and
    ``TooDeep``.
    """
    try:
        return _by_libyaml(text)
    except _LeftToRuamel:
        root: Node | None = YAML(typ="safe", pure=True).compose(text)
        return root


class TooDeep(Exception):
    """A text is nested deeper than any configuration; ``line`` is where, from 1."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


class _LeftToRuamel(Exception):
    """libyaml cannot read the text, or may read it differently."""


def _by_libyaml(text: str) -> Node | None:
    try:
        import yaml
        from yaml.cyaml import CParser
    except ImportError as error:  # PyYAML built without libyaml
        raise _LeftToRuamel from error
    if _UNUSUAL.search(text):
        raise _LeftToRuamel
    parser = CParser(text)
    try:
        return _root(parser, yaml)
    except (yaml.YAMLError, ValueError) as error:
        raise _LeftToRuamel from error
    finally:
        parser.dispose()


def _root(parser: Any, yaml: Any) -> Node | None:
    """Without recursion: a text may be nested as deeply as it likes."""
    next_event = parser.get_event
    scalar, alias = yaml.ScalarEvent, yaml.AliasEvent
    mapping, sequence = yaml.MappingStartEvent, yaml.SequenceStartEvent
    ends = (yaml.MappingEndEvent, yaml.SequenceEndEvent)
    tag_of = _tags()
    anchors: dict[str, Node] = {}
    open_: list[tuple[Node, list[Any]]] = []
    top: list[Any] = []
    inner, documents = top, 0
    while (event := next_event()) is not None:
        kind = type(event)
        if kind is scalar:
            value = event.value
            node: Node = ScalarNode(tag_of(value) if event.implicit[0] else _STRING, value, event.start_mark)
        elif kind is mapping:
            node = MappingNode(_MAPPING, [], event.start_mark)
        elif kind is sequence:
            node = SequenceNode(_SEQUENCE, [], event.start_mark)
        elif kind is alias:
            if event.anchor not in anchors:
                raise _LeftToRuamel
            inner.append(anchors[event.anchor])
            continue
        elif kind in ends:
            closed, inner = open_.pop()
            if kind is ends[0]:
                flat = closed.value
                closed.value = list(zip(flat[::2], flat[1::2], strict=True))
            continue
        elif kind is yaml.DocumentStartEvent:
            documents += 1
            if documents > 1 or event.version or event.tags:
                raise _LeftToRuamel
            continue
        elif kind is yaml.DocumentEndEvent:
            if event.explicit:  # libyaml does not mind more of them
                raise _LeftToRuamel
            continue
        else:
            continue
        if event.tag is not None:
            raise _LeftToRuamel
        if event.anchor is not None:
            if event.anchor in anchors:
                raise _LeftToRuamel
            anchors[event.anchor] = node
        inner.append(node)
        if kind is not scalar:
            if len(open_) >= _DEEP:
                raise TooDeep(event.start_mark.line + 1)
            open_.append((node, inner))
            inner = node.value
    if top and not isinstance(top[0], MappingNode):
        raise _LeftToRuamel  # no configuration: only what is said of it matters
    return top[0] if top else None


def _tags() -> Any:
    """What kind a plain scalar is, by YAML 1.2: the names come again and again."""
    resolver = YAML(typ="safe", pure=True).resolver
    return cache(lambda value: resolver.resolve(ScalarNode, value, (True, False)))
