"""The outside of every answer: JSON, and what GraphQL's errors mean for the whole of a query."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Raw, Struct

from okrsync.errors import SourceError
from okrsync.http import one_line
from okrsync.language import _

_HARD = ("\\u0000", "\\ud", "\\uD")
"""Escapes of what no database takes, or of half a character: rare, and looked at in the slow way."""

_FIELD = re.compile(r"Field '(\w+)' doesn't exist on type '(\w+)'")
_ARGUMENT = re.compile(r"Field '(\w+)' doesn't accept argument '(\w+)'")
_TOO_MUCH = ("RESOURCE_LIMITS_EXCEEDED", "MAX_NODE_LIMIT_EXCEEDED")
_GAVE_UP = re.compile(r"time-?d? ?out|something went wrong", re.IGNORECASE)


class GraphQLRefused(SourceError):
    """This account or this server has no GraphQL API: what it would have told must come from REST."""


class NotInSchema(GraphQLRefused):
    """The server does not know something that the query asks for."""

    def __init__(self, message: str, names: frozenset[str]) -> None:
        super().__init__(message)
        self.names = names
        """``Issue.parent``, ``stateReason.enableDuplicate``; empty where the message does not say."""


class GraphQLSpent(SourceError):
    """GraphQL's points of this hour are spent, and REST, which has an allowance of its own, has it sooner."""


class QueryTooHeavy(SourceError):
    """The server gave up on a GraphQL query (502, 504 after 10 s, or a resource limit): ask for less."""


class _Envelope(Struct):
    data: Raw = Raw(b"")
    errors: Any = None


def envelope(text: str, where: str) -> tuple[Raw, list[dict[str, Any]]]:
    """Data (undecoded; empty or ``null`` where there is none) and errors of a GraphQL answer."""
    try:
        if "\\u" in text and any(mark in text for mark in _HARD):
            text = json.dumps(_clean(json.loads(text)))
        found = msgspec.json.decode(text, type=_Envelope)
    except (ValueError, RecursionError):
        raise GraphQLRefused(_("{where} answered something that is no GraphQL answer").format(where=where)) from None
    errors = [error for error in found.errors if isinstance(error, dict)] if isinstance(found.errors, list) else []
    if not errors and not bytes(found.data):
        raise GraphQLRefused(_("{where} answered something that is no GraphQL answer").format(where=where))
    return found.data, errors


def refusal_of(errors: Sequence[dict[str, Any]], where: str) -> SourceError:
    """The error of an answer that holds no data at all."""
    said = one_line(str(errors[0].get("message") or _("an error"))) if errors else _("nothing")
    message = _("{where} answered {said}").format(where=where, said=said)
    if any(error.get("type") in _TOO_MUCH or _GAVE_UP.search(str(error.get("message"))) for error in errors):
        return QueryTooHeavy(message)
    texts = [str(error.get("message")) for error in errors]
    names = {f"{found[2]}.{found[1]}" for text in texts if (found := _FIELD.search(text))}
    names |= {f"{found[1]}.{found[2]}" for text in texts if (found := _ARGUMENT.search(text))}
    if names or any(isinstance(error.get("extensions"), dict) and "code" in error["extensions"] for error in errors):
        return NotInSchema(message, frozenset(names))
    return GraphQLRefused(message)


def loads(text: str) -> Any:
    """JSON as plain values. Raises ``ValueError``, or ``RecursionError`` for what is nested too deep."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return json.loads(text)  # half a character, which the quicker decoder refuses


def _clean(value: Any) -> Any:
    """The same with NUL and lone surrogates replaced: databases refuse them."""
    if isinstance(value, str):
        return re.sub("[\x00\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(name): _clean(item) for name, item in value.items()}
    return value
