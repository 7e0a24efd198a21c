"""What Jira sends, decoded as far as it is needed and no further.

An issue's fields stay the bytes that they are: most stand in many issues (a status, a person with four pictures) and
are read once each. What does not have the usual shape is decoded by the book, so that who judges it can name it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

T = TypeVar("T")

MOST_KNOWN = 20_000
"""Values of one sort that are remembered, so that memory does not follow the number of issues."""


class Issue(msgspec.Struct, gc=False):
    """An issue of a search; nothing is checked yet."""

    id: Any = None
    key: Any = None
    fields: dict[str, msgspec.Raw] | None = None
    """Name → JSON. Of an unusual answer, whatever stood there, decoded."""
    changelog: msgspec.Raw | None = None
    """Its history, where that was asked for."""

    @classmethod
    def of(cls, raw: object) -> Issue:
        """From decoded JSON; what is not an object is an issue without anything."""
        if not isinstance(raw, dict):
            return cls()
        return cls(raw.get("id"), raw.get("key"), raw.get("fields"), raw.get("changelog"))


class SearchAnswer(msgspec.Struct, gc=False):
    """A page of a search."""

    issues: list[Issue]
    total: Any = None
    nextPageToken: Any = None  # noqa: N815 (Jira's name)


_USUAL = msgspec.json.Decoder(SearchAnswer)
_ANY = msgspec.json.Decoder()


def decoded(text: bytes | msgspec.Raw) -> Any:
    """A JSON value. Raises ``ValueError`` or ``RecursionError`` when it is none."""
    try:
        return _ANY.decode(text)
    except msgspec.DecodeError:
        return json.loads(bytes(text))  # takes what msgspec refuses and people write: half a surrogate pair


def search_answer(text: bytes) -> SearchAnswer | None:
    """A page of a search; None when there are no issues in it. Raises as ``decoded`` does."""
    try:
        return _USUAL.decode(text)
    except msgspec.DecodeError:
        answer = decoded(text)
    issues = answer.get("issues") if isinstance(answer, dict) else None
    if not isinstance(issues, list):
        return None
    return SearchAnswer([Issue.of(raw) for raw in issues], answer.get("total"), answer.get("nextPageToken"))


def plain(value: Any) -> Any:
    """A field's value, decoded if it is not yet."""
    return decoded(value) if type(value) is msgspec.Raw else value


class Known(Generic[T]):
    """What a function reads in a JSON value, remembered by the value's bytes. Safe to use from several threads."""

    def __init__(self, read: Callable[[Any], T]) -> None:
        self._read = read
        self._known: dict[bytes, T] = {}

    def __call__(self, value: Any) -> T:
        """What the function says of a value. Raises what it raises."""
        if type(value) is not msgspec.Raw:
            return self._read(value)
        text = b"".join((value,))  # half of the time of bytes(value)
        try:
            return self._known[text]
        except KeyError:
            pass
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        found = self._known[text] = self._read(decoded(text))
        return found
