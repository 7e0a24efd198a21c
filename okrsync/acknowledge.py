"""Writing one ``acknowledged`` into a file of goals, as a person would: no other character of the file changes.

The edit is textual, at places that the YAML parser names, and is checked before it is written: read again, the file
must say what it said before, with that one value added. Where it would not (an objective that is an alias, a tab in the
wrong place …), nothing is written and the message says what to write by hand.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from okrsync.config_yaml import MAX_BYTES, parse_document
from okrsync.errors import ConfigError, reason_of
from okrsync.language import _
from okrsync.variables import Variables

_BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
_KEY = "acknowledged"


def write_acknowledgement(file: Path, objective: str, goal: str, value: str, environ: Mapping[str, str]) -> int:
    """Write ``acknowledged: {GOAL: VALUE}`` to an objective in a file that is valid. Returns the line it stands in.

    A symbolic link is followed; the file is replaced in one step and keeps its mode. Raises ``ConfigError`` when the
    file cannot be read or written, or is written in a way that a small edit would damage; it is left as it was then.
    """
    try:
        target = file.resolve(strict=True)
        raw = target.read_bytes()
    except OSError as error:
        raise ConfigError(_("{file} cannot be read: {reason}").format(file=file, reason=reason_of(error))) from error
    try:
        before = raw.decode("utf-8")
        after = edited(before, objective, goal, value)
    except (UnicodeDecodeError, _TooOdd):
        after = None
    if after is None or not _says_the_same(raw, after.encode(), objective, goal, value, environ):
        raise ConfigError(
            _(
                "{file} is written in a way that okrsync does not edit: nothing was changed. Write this line "
                "into objective {objective}: {key}: {{{goal}: {value}}}"
            ).format(file=file, objective=objective, key=_KEY, goal=goal, value=value)
        )
    if after != before:
        _replace(target, raw, after.encode(), file)
    return _line_of(after, objective, goal)


class _TooOdd(Exception):
    """The place to edit cannot be told."""


def edited(text: str, objective: str, goal: str, value: str) -> str:
    """The text of a file with one acknowledgement written into it, or replaced in it."""
    mark = len(_BOM) if text.startswith(_BOM) else 0
    body = text[mark:]
    return text[:mark] + _edit(body, _find(body, objective), goal, value)


def _edit(text: str, node: MappingNode, goal: str, value: str) -> str:
    entry = f"{_quoted(goal)}: {value}"
    for key, held in node.value:
        if _scalar(key) != _KEY:
            continue
        if not isinstance(held, MappingNode):
            # Nothing stands there, or what is no mapping: the place after the colon.
            start = held.start_mark.index if held.start_mark.index > key.end_mark.index + 1 else held.end_mark.index
            if held.start_mark.index == held.end_mark.index:
                start = text.index(":", key.end_mark.index) + 1
                return f"{text[:start]} {{{entry}}}{text[start:]}"
            return f"{text[:start]}{{{entry}}}{text[held.end_mark.index :]}"
        for inner, old in held.value:
            if _scalar(inner) == goal:
                return text[: old.start_mark.index] + value + text[old.end_mark.index :]
        if not held.value:
            return f"{text[: held.start_mark.index]}{{{entry}}}{text[held.end_mark.index :]}"
        return _after(text, held, held.value[-1][1], entry)
    anchor = next((held for key, held in node.value if _scalar(key) == "supports"), None)
    if anchor is None:
        raise _TooOdd
    return _after(text, node, anchor, f"{_KEY}: {{{entry}}}")


def _after(text: str, mapping: MappingNode, value: Node, entry: str) -> str:
    """Put ``entry`` behind a value of a mapping: behind it in a line, or on a line of its own below it."""
    end = value.end_mark.index
    if mapping.flow_style:
        return f"{text[:end]}, {entry}{text[end:]}"
    if end == 0 or text[end - 1] != "\n":
        newline = text.find("\n", end)
        end = len(text) if newline < 0 else newline + 1
    column = mapping.value[0][0].start_mark.column
    ending = "\r\n" if "\r\n" in text else "\n"
    before = text[:end] if not end or text[end - 1] == "\n" else text[:end] + ending
    return f"{before}{' ' * column}{entry}{ending}{text[end:]}"


def _find(text: str, objective: str) -> MappingNode:
    root: Node | None
    try:
        root = YAML(typ="rt", pure=True).compose(text)
    except (YAMLError, RecursionError, ValueError):
        raise _TooOdd from None
    listed = _value(root, "objectives")
    for node in listed.value if isinstance(listed, SequenceNode) else ():
        found = _value(node, "id")
        if isinstance(node, MappingNode) and found is not None and str(found.value).strip() == objective:
            return node
    raise _TooOdd


def _value(node: Node | None, key: str) -> Node | None:
    if not isinstance(node, MappingNode):
        return None
    return next((held for name, held in node.value if _scalar(name) == key), None)


def _scalar(node: Node) -> str | None:
    return str(node.value) if isinstance(node, ScalarNode) else None


def _quoted(goal: str) -> str:
    """An id as a key of a mapping in braces."""
    plain = goal[0].isalpha() and all(letter.isalnum() or letter in "._-" for letter in goal)
    if plain and goal.lower() not in ("null", "true", "false", "yes", "no", "on", "off", "y", "n"):
        return goal
    return '"' + goal.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _says_the_same(
    before: bytes, after: bytes, objective: str, goal: str, value: str, environ: Mapping[str, str]
) -> bool:
    """Does the new text read as the old one does, with the one value more?"""
    variables = Variables(environ)
    one, other = (parse_document(each, "", variables) for each in (before, after))
    if one.data is None or other.data is None or len(after) > MAX_BYTES or one.problems != other.problems:
        return False
    expected, found = _plain(one.data), _plain(other.data)
    for entry in expected["objectives"]:
        if isinstance(entry, dict) and str(entry.get("id", "")).strip() == objective:
            entry[_KEY] = {**(entry.get(_KEY) or {}), goal: value}
    return bool(expected == found)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return getattr(value, "written", value)


def _line_of(text: str, objective: str, goal: str) -> int:
    held = _value(_find(text.removeprefix(_BOM), objective), _KEY)
    place = _value(held, goal)
    return 1 if place is None else int(place.start_mark.line) + 1


def _replace(target: Path, read: bytes, content: bytes, shown: Path) -> None:
    """Write the new text beside the file and put it in its place, unless somebody has changed the file meanwhile."""
    draft = None
    try:
        handle, draft = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(draft).chmod(target.stat().st_mode & 0o7777)
        if target.read_bytes() != read:
            raise ConfigError(
                _("{file} was changed by somebody else meanwhile: nothing was written; try again").format(file=shown)
            )
        Path(draft).replace(target)
        draft = None
    except OSError as error:
        raise ConfigError(_("cannot write {file}: {reason}").format(file=shown, reason=reason_of(error))) from error
    finally:
        if draft is not None:
            with suppress(OSError):
                Path(draft).unlink()
