"""A small GraphQL: it reads query documents and answers them from plain values. Read-only, no schema.

Field names resolve in a ``View``: a dict whose values are plain values, views, lists of these, or functions of the
field's arguments that return one. This is enough to stand in for a service (``github_graphql``); that a query is valid
by the service's own schema is for the tests of its sender to check.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

View: TypeAlias = dict[str, Any]
"""Field name → value, or a function from the field's arguments to the value; ``__typename`` is its type's name."""
Path: TypeAlias = list[str | int]


class GraphQLError(Exception):
    """An error of the whole document, or (with ``path``) of one field; ``type`` is the service's own code for it."""

    def __init__(self, message: str, *, type: str | None = None, path: Path | None = None) -> None:
        super().__init__(message)
        self.type = type
        self.path = path

    def as_json(self) -> dict[str, Any]:
        """As it stands in the ``errors`` of an answer."""
        said: dict[str, Any] = {"message": str(self)}
        if self.type is not None:
            said["type"] = self.type
        if self.path is not None:
            said["path"] = self.path
        return said


@dataclass(frozen=True, slots=True)
class Variable:
    """``$name`` where a value is expected."""

    name: str


@dataclass(slots=True)
class Selection:
    """A field, or (``name`` None) a fragment: what it applies to stands in ``on``, its name in ``spread``."""

    name: str | None = None
    alias: str | None = None
    arguments: dict[str, Any] = field(default_factory=dict)
    directives: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    children: list[Selection] = field(default_factory=list)
    on: str | None = None
    spread: str | None = None

    @property
    def key(self) -> str:
        """The field's name in the answer."""
        return self.alias or self.name or ""


@dataclass(slots=True)
class Document:
    """A parsed query: its operations by name, and its fragments."""

    operations: dict[str, Selection] = field(default_factory=dict)
    defaults: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Operation → the default values of its variables."""
    required: dict[str, set[str]] = field(default_factory=dict)
    """Operation → variables that must be given."""
    fragments: dict[str, Selection] = field(default_factory=dict)


_TOKEN = re.compile(
    r'[\s,\ufeff]+|\#[^\r\n]*'
    r'|(?P<token>"""(?:[^"\\]|\\.|"(?!""))*"""|"(?:[^"\\\n]|\\.)*"'
    r"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|[_A-Za-z]\w*|\.\.\.|[{}()\[\]:=!$@|&])",
    re.ASCII,
)  # fmt: skip


def parse(text: str) -> Document:
    """Read a query document. Raises ``GraphQLError`` naming the place where it is not GraphQL, or no query."""
    return _Parser(text).document()


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, int]] = []
        self.text = text
        place = 0
        while place < len(text):
            found = _TOKEN.match(text, place)
            if found is None:
                raise self.error(text[place], place)
            if found["token"] is not None:
                self.tokens.append((found["token"], place))
            place = found.end()
        self.tokens.append(("", place))
        self.at = 0

    def error(self, token: str, place: int) -> GraphQLError:
        line = self.text.count("\n", 0, place) + 1
        column = place - self.text.rfind("\n", 0, place)
        return GraphQLError(f"Parse error on {json.dumps(token) if token else 'end of file'} at [{line}, {column}]")

    def peek(self) -> str:
        return self.tokens[self.at][0]

    def take(self, expected: str | None = None) -> str:
        token, place = self.tokens[self.at]
        if not token or (expected is not None and token != expected):
            raise self.error(token, place)
        self.at += 1
        return token

    def skip(self, token: str) -> bool:
        if self.peek() != token:
            return False
        self.at += 1
        return True

    def name(self) -> str:
        token, place = self.tokens[self.at]
        if not re.fullmatch(r"[_A-Za-z]\w*", token):
            raise self.error(token, place)
        self.at += 1
        return token

    def document(self) -> Document:
        document = Document()
        while self.peek():
            if self.skip("fragment"):
                name = self.name()
                self.take("on")
                document.fragments[name] = Selection(on=self.name(), children=self.children())
                continue
            name = ""
            if self.peek() == "{":
                defaults, required = dict[str, Any](), set[str]()
            else:
                self.take("query")
                name = self.name() if self.peek() not in ("(", "{", "@") else ""
                defaults, required = self.variables()
            document.operations[name] = Selection(directives=self.directives(), children=self.children())
            document.defaults[name], document.required[name] = defaults, required
        return document

    def variables(self) -> tuple[dict[str, Any], set[str]]:
        defaults: dict[str, Any] = {}
        required: set[str] = set()
        if self.skip("("):
            while not self.skip(")"):
                self.take("$")
                name = self.name()
                self.take(":")
                if self.type_is_required():
                    required.add(name)
                if self.skip("="):
                    defaults[name] = self.value()
                    required.discard(name)
        return defaults, required

    def type_is_required(self) -> bool:
        if self.skip("["):
            self.type_is_required()
            self.take("]")
        else:
            self.name()
        return self.skip("!")

    def children(self) -> list[Selection]:
        self.take("{")
        found = [self.selection()]
        while not self.skip("}"):
            found.append(self.selection())
        return found

    def selection(self) -> Selection:
        if self.skip("..."):
            if self.peek() not in ("on", "{", "@"):
                return Selection(spread=self.name(), directives=self.directives())
            on = self.name() if self.skip("on") else None
            return Selection(on=on, directives=self.directives(), children=self.children())
        name, alias = self.name(), None
        if self.skip(":"):
            name, alias = self.name(), name
        selection = Selection(name=name, alias=alias, arguments=self.arguments(), directives=self.directives())
        if self.peek() == "{":
            selection.children = self.children()
        return selection

    def arguments(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.skip("("):
            while not self.skip(")"):
                name = self.name()
                self.take(":")
                found[name] = self.value()
        return found

    def directives(self) -> list[tuple[str, dict[str, Any]]]:
        found = []
        while self.skip("@"):
            found.append((self.name(), self.arguments()))
        return found

    def value(self) -> Any:
        if self.skip("$"):
            return Variable(self.name())
        if self.skip("["):
            items = []
            while not self.skip("]"):
                items.append(self.value())
            return items
        if self.skip("{"):
            fields: dict[str, Any] = {}
            while not self.skip("}"):
                name = self.name()
                self.take(":")
                fields[name] = self.value()
            return fields
        token, place = self.tokens[self.at]
        if token.startswith('"""'):
            self.at += 1
            return token[3:-3].strip()
        if re.fullmatch(r"[_A-Za-z]\w*", token) and token not in ("true", "false", "null"):
            return self.name()  # an enum
        try:
            value = json.loads(token)
        except ValueError:
            raise self.error(token, place) from None
        self.at += 1
        return value


def execute(
    document: Document, root: View, variables: dict[str, Any], operation: str | None = None
) -> tuple[dict[str, Any], list[GraphQLError]]:
    """Answer one operation of a document from ``root``.

    Out come the data and the errors of single fields, which are null in the data. Raises ``GraphQLError`` where the
    document as a whole is at fault: no such operation, a variable or fragment missing, a field that no view carries.
    """
    if operation is None and len(document.operations) != 1:
        raise GraphQLError("An operation name is required")
    name = operation if operation is not None else next(iter(document.operations))
    if name not in document.operations:
        raise GraphQLError(f"No operation named {json.dumps(name)}")
    missing = sorted(v for v in document.required[name] if variables.get(v) is None)
    if missing:
        raise GraphQLError(f"Variable ${missing[0]} was provided invalid value")
    run = _Execution(document, document.defaults[name] | variables)
    return run.view(root, document.operations[name].children, []), run.errors


class _Execution:
    def __init__(self, document: Document, variables: dict[str, Any]) -> None:
        self.document = document
        self.variables = variables
        self.errors: list[GraphQLError] = []

    def resolve(self, value: Any) -> Any:
        if isinstance(value, Variable):
            return self.variables.get(value.name)
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        if isinstance(value, dict):
            return {name: self.resolve(item) for name, item in value.items()}
        return value

    def wanted(self, selection: Selection) -> bool:
        return all(
            bool(self.resolve(arguments.get("if"))) == (name == "include") for name, arguments in selection.directives
        )

    def fields(self, type_name: str, selections: Iterable[Selection]) -> dict[str, Selection]:
        """The fields that apply to a type, fragments opened up, selections of the same key merged."""
        found: dict[str, Selection] = {}
        for selection in filter(self.wanted, selections):
            if selection.name is not None:
                known = found.get(selection.key)
                children = [*known.children, *selection.children] if known else selection.children
                found[selection.key] = Selection(selection.name, selection.alias, selection.arguments, [], children)
                continue
            fragment = selection if selection.spread is None else self.document.fragments.get(selection.spread)
            if fragment is None:
                raise GraphQLError(f"Fragment {selection.spread} was used, but not defined")
            # "Node" and "Actor" are the interfaces that the views' types share.
            if fragment.on in (None, type_name, "Node", "Actor"):
                for key, inner in self.fields(type_name, fragment.children).items():
                    children = [*found[key].children, *inner.children] if key in found else inner.children
                    found[key] = Selection(inner.name, inner.alias, inner.arguments, [], children)
        return found

    def view(self, view: View, selections: list[Selection], path: Path) -> dict[str, Any]:
        type_name = view["__typename"]
        answer: dict[str, Any] = {}
        for key, selection in self.fields(type_name, selections).items():
            name = selection.name or ""
            if name not in view:
                raise GraphQLError(f"Field '{name}' doesn't exist on type '{type_name}' (or the sandbox lacks it)")
            answer[key] = self.field(view[name], selection, [*path, key])
        return answer

    def field(self, value: Any | Callable[[dict[str, Any]], Any], selection: Selection, path: Path) -> Any:
        if callable(value):
            try:
                value = value({name: self.resolve(given) for name, given in selection.arguments.items()})
            except GraphQLError as error:
                self.errors.append(GraphQLError(str(error), type=error.type, path=path))
                return None
        return self.complete(value, selection, path)

    def complete(self, value: Any, selection: Selection, path: Path) -> Any:
        if isinstance(value, list):
            return [self.field(item, selection, [*path, index]) for index, item in enumerate(value)]
        if isinstance(value, dict):
            if not selection.children:
                raise GraphQLError(f"Field must have selections (field '{selection.name}' has no selections)")
            return self.view(value, selection.children, path)
        if selection.children and value is not None:
            raise GraphQLError(f"Selections can't be made on scalars (field '{selection.name}')")
        return value
