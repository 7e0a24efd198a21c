"""What GitHub's GraphQL API answers about repositories, issues and pull requests, over ``graphql``'s small engine.

The service's limits are kept (FACTS): a connection needs ``first`` of 1 to 100, a query may ask for 500,000 nodes at
most, and an answer over the resource limit is partial data plus an error, all of them as HTTP 200.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from okrsync.sandbox.github_objects import Json, Objects
from okrsync.sandbox.github_views import Views, Visible
from okrsync.sandbox.graphql import Document, GraphQLError, Selection, execute, parse

MOST_NODES = 500_000


def answer(
    body: Json, visible: Visible, objects: Objects, *, cut_short: bool = False, lacks: Iterable[str] = ()
) -> Json:
    """The JSON answer to a request's JSON body.

    ``cut_short`` makes it one over the resource limit; ``lacks`` are the fields (``Issue.parent``) and arguments
    (``stateReason.enableDuplicate``) that an old Enterprise Server does not know.
    """
    text, variables, operation = body.get("query"), body.get("variables") or {}, body.get("operationName")
    if not isinstance(text, str) or not text.strip():
        return {"errors": [{"message": "A query attribute must be specified and must be a string."}]}
    try:
        document = parse(text)
        if unknown := _unknown(document, set(lacks)):
            return {"errors": unknown}
        defaults = next(iter(document.defaults.values()), {}) | variables
        nodes = sum(_nodes(document, each, 1, defaults) for each in document.operations.values())
        if nodes > MOST_NODES:
            raise GraphQLError(
                f"This query requests up to {nodes:,} possible nodes which exceeds the maximum of {MOST_NODES:,}.",
                type="MAX_NODE_LIMIT_EXCEEDED",
            )
        data, errors = execute(document, Views(visible, objects).query(nodes), variables, operation)
    except GraphQLError as error:
        return {"errors": [error.as_json()]}
    said = [error.as_json() for error in errors]
    if cut_short:
        over = "Resource limits for this query exceeded."
        said += [GraphQLError(over, type="RESOURCE_LIMITS_EXCEEDED", path=path).as_json() for path in _cut(data, [])]
    return {"data": data, "errors": said} if said else {"data": data}


def _unknown(document: Document, lacks: set[str]) -> list[Json]:
    """The errors of a server that lacks something that the document's fragments ask for: all at once, and no data."""
    found = []
    for name, fragment in document.fragments.items():
        for selection in fragment.children:
            field = selection.name or ""
            if f"{fragment.on}.{field}" in lacks:
                said = f"Field '{field}' doesn't exist on type '{fragment.on}'"
                extensions = {"code": "undefinedField", "typeName": fragment.on, "fieldName": field}
                found.append({"path": [f"fragment {name}", field], "extensions": extensions, "message": said})
            for argument in selection.arguments:
                if f"{field}.{argument}" in lacks:
                    said = f"Field '{field}' doesn't accept argument '{argument}'"
                    extensions = {"code": "argumentNotAccepted", "name": field, "argumentName": argument}
                    found.append({"path": [f"fragment {name}", field], "extensions": extensions, "message": said})
    return found


def _nodes(document: Document, selection: Selection, parents: int, variables: dict[str, Any]) -> int:
    """How many nodes a selection may bring: each ``first`` times those of the connections around it."""
    fragment = document.fragments.get(selection.spread or "")
    first = selection.arguments.get("first", 0)
    asked = variables.get(first.name) if hasattr(first, "name") else first
    if isinstance(asked, int) and asked > 0:
        parents *= asked
    total = parents if asked else 0
    children = fragment.children if fragment else selection.children
    return total + sum(_nodes(document, child, parents, variables) for child in children)


def _cut(data: Any, path: list[str | int]) -> list[list[str | int]]:
    """Null the later half of the first list, or of the first aliases of one selection, in place; their paths."""
    if isinstance(data, list):
        children: list[tuple[Any, Any]] = list(enumerate(data))
        alike = len(data) > 1
    elif isinstance(data, dict):
        children = [(key, value) for key, value in data.items() if isinstance(value, dict | list)]
        shapes = {frozenset(value) for _, value in children if isinstance(value, dict)}
        numbered = all(re.fullmatch(r"[a-z]+\d+", key) for key, _ in children)
        alike = len(children) > 1 and (numbered or len(shapes) == 1)
        alike = alike and all(isinstance(value, dict) for _, value in children)
    else:
        return []
    if alike:
        late = [key for key, _ in children[len(children) // 2 :]]
        for key in late:
            data[key] = None
        return [[*path, key] for key in late]
    return next((found for key, value in children if (found := _cut(value, [*path, key]))), [])
