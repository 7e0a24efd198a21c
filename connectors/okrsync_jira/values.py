"""What single values of Jira's JSON mean: a status, a person, a sprint's text, a document. Pure, and free of any issue.

Each accepts whatever JSON there may be; None or empty is what it makes of a value that it does not know.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from okrsync.dates import parse_moment
from okrsync.http import one_line
from okrsync.language import _
from okrsync.model import ItemState

_STATES = {
    "new": ItemState.TODO,
    "undefined": ItemState.TODO,
    "indeterminate": ItemState.DOING,
    "done": ItemState.DONE,
}
# Data Center has no hierarchyLevel, and its type names are the site's language.
_EPIC = (
    "epic",
    "epos",
    "epopeia",
    "épica",
    "épico",
    "эпик",
    "史诗",
    "史詩",
    "长篇故事",
    "長篇故事",
    "エピック",
    "에픽",
)
_INITIATIVE = ("initiative", "iniciativa", "iniziativa", "инициатива", "举措", "倡议", "イニシアチブ", "이니셔티브")
_LEVELS_BY_NAME = {**dict.fromkeys(_EPIC, 1), **dict.fromkeys(_INITIATIVE, 2)}
_SPRINT_KEY = re.compile(
    r"(?:^|,)(id|rapidViewId|state|name|startDate|endDate|completeDate|activatedDate|sequence|goal|autoStartStop"
    r"|incompleteIssuesDestinationId|synced)="
)


class Malformed(ValueError):
    """A value that every issue has is not what it must be: a sentence in which ``{where}`` is the issue."""

    def __init__(self, sentence: str, **places: object) -> None:
        super().__init__(sentence)
        self._sentence, self._places = sentence, places

    def at(self, where: str) -> str:
        """The sentence about an issue, or about a value of one."""
        return self._sentence.format(where=where, **self._places)

    def within(self, sentence: str, **places: object) -> MalformedPart:
        """The same of a part of the issue that ``sentence`` names."""
        return MalformedPart(self, sentence, **places)


class MalformedPart(Malformed):
    """A part of a value that every issue has is not what it must be."""

    def __init__(self, inner: Malformed, sentence: str, **places: object) -> None:
        super().__init__(sentence, **places)
        self._inner = inner

    def at(self, where: str) -> str:
        return self._inner.at(super().at(where))


@dataclass(frozen=True, slots=True)
class Status:
    """A status, and what it says of the work."""

    id: str | None
    name: str
    state: ItemState


@dataclass(frozen=True, slots=True)
class Type:
    """An issue type."""

    name: str
    level: int
    certain: bool
    """False when only the type's name spoke for the level 0: a field of epics may know better."""


def status(value: object) -> Status:
    """Raises ``Malformed``."""
    if not isinstance(value, dict):
        raise Malformed(_("{where} has no status"))
    category = mapping(value.get("statusCategory"))
    state = _STATES.get(str(category.get("key")))
    if state is None:
        name, key = (one_line(str(one.get(field)), 60) for one, field in ((value, "name"), (category, "key")))
        raise Malformed(_("{where}: status {name} is in no known category ({key})"), name=name, key=key)
    return Status(id_of(value), text(value.get("name")) or "", state)


def issue_type(value: object) -> Type:
    """Raises ``Malformed``."""
    if not isinstance(value, dict):
        raise Malformed(_("{where} has no issuetype"))
    name = text(value.get("name")) or ""
    level = value.get("hierarchyLevel")
    if isinstance(level, int) and not isinstance(level, bool):
        return Type(name, level, certain=True)
    if value.get("subtask") is True:
        return Type(name, -1, certain=True)
    by_name = _LEVELS_BY_NAME.get(name.strip().casefold(), 0)
    return Type(name, by_name, certain=by_name != 0)


def id_and_name(value: object) -> tuple[str | None, str | None]:
    """Of a resolution, a version and the like."""
    entry = mapping(value)
    return id_of(entry), text(entry.get("name"))


def id_and_key(value: object) -> tuple[str | None, str | None] | None:
    """Of a parent; None where there is none."""
    entry = mapping(value)
    return (id_of(entry), text(entry.get("key"))) if entry else None


def key(value: object) -> str | None:
    """The key of a project; of an epic or a parent, which may stand there itself, as an object, or wrapped in one."""
    value = mapping(value).get("data", value)  # Cloud wraps a parent link
    return text(value) or text(mapping(value).get("key"))


def account(value: object, known: Collection[str] = ()) -> str | None:
    """Cloud's account id; on Data Center the key, or the name where only that is among the ``known`` accounts."""
    person = mapping(value)
    key, name = text(person.get("key")), text(person.get("name"))
    if name is not None and name in known and key not in known:
        key = name
    return text(person.get("accountId")) or key or name


def names(value: object) -> tuple[str, ...]:
    """The names of components, versions, sprints."""
    return tuple(name for entry in sequence(value) if (name := text(mapping(entry).get("name"))))


def labels(value: object) -> tuple[str, ...]:
    return tuple(label for label in sequence(value) if isinstance(label, str))


def number(value: object) -> float | None:
    """Story points; None for what is no finite number."""
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    return None


def sprints(value: object) -> Iterator[Mapping[str, Any]]:
    """The sprints of a field: objects on Cloud, texts on Data Center, one alone or a list."""
    for entry in value if isinstance(value, list) else [value]:
        if isinstance(entry, dict):
            yield entry
        elif isinstance(entry, str):
            yield _sprint_from_text(entry)


def _sprint_from_text(text: str) -> dict[str, str]:
    """Data Center's ``…Sprint@1f[id=12,state=CLOSED,name=A, b,startDate=…]``; a name may hold commas and brackets.

    A key counts once: the keys come in a fixed order, so one that comes again is part of a name or a goal.
    """
    body = text[text.find("[") + 1 : text.rfind("]") if "]" in text else len(text)]
    starts: dict[str, re.Match[str]] = {}
    for match in _SPRINT_KEY.finditer(body):
        starts.setdefault(match.group(1), match)
    found = list(starts.items())
    ends = [following.start() for _, following in found[1:]] + [len(body)]
    values = {key: body[match.end() : end] for (key, match), end in zip(found, ends, strict=True)}
    return {key: value for key, value in values.items() if value != "<null>"}


def plain_text(value: object) -> str:
    """A description as text: wiki text (v2) as it is, an ADF document (v3) with a line for each of its blocks."""
    if isinstance(value, str):
        return value
    parts: list[str] = []
    stack: list[object] = [value]  # no recursion: a document may be nested as deep as its author likes
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            parts.append(node)
        elif isinstance(node, dict):
            if node.get("type") == "text":
                parts.append(text(node.get("text")) or "")
            elif node.get("type") == "hardBreak":
                parts.append("\n")
            elif isinstance(node.get("content"), list):
                stack += ["\n", *reversed(node["content"]), "\n"]
    return "".join(parts)


def moment(value: object) -> datetime | None:
    """None where there is no date; raises ``Malformed`` for what is none."""
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str):
            return parse_moment(value)
    except (ValueError, OverflowError):
        pass
    raise Malformed(_("{where} is not a date: {value}"), value=one_line(repr(value), 60))


def day(value: object) -> date | None:
    """None where there is no date; raises ``Malformed`` for what is none."""
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise Malformed(_("{where} is not a date: {value}"), value=one_line(repr(value), 60))


def mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def sequence(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def id_of(value: Mapping[str, Any]) -> str | None:
    """An id is a string on the platform's API and a number on the Agile one."""
    id_ = value.get("id")
    return str(id_) if isinstance(id_, str | int) and not isinstance(id_, bool) and id_ != "" else None
