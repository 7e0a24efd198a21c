"""The grammar of Jira's query language: text in, structure out. What it means is in ``jql_search``."""

from __future__ import annotations

import re
from dataclasses import dataclass


class JqlError(Exception):
    """The query is refused: Jira answers 400 with this message."""


@dataclass(frozen=True, slots=True)
class Operand:
    """A value as it stands in the query."""

    text: str
    quoted: bool = False
    call: bool = False

    @property
    def empty(self) -> bool:
        """It is the keyword EMPTY or NULL."""
        return not self.quoted and not self.call and self.text.upper() in ("EMPTY", "NULL")


@dataclass(frozen=True, slots=True)
class Clause:
    """``field operator operands``; the operator in lower case, such as ``not in``."""

    field: str
    operator: str
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Clauses of which all (``every``) or any must hold."""

    every: bool
    parts: tuple[Clause | Group, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query; ``where`` is None when nothing restricts it."""

    where: Clause | Group | None
    order: tuple[tuple[str, bool], ...]
    """Fields to sort by, each with True for descending."""


_OPPOSITE = {"=": "!=", "in": "not in", "is": "is not", "~": "!~", ">": "<=", ">=": "<"}
_OPPOSITE |= {opposite: operator for operator, opposite in _OPPOSITE.items()}

_TOKEN = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<sign>>=|<=|!=|!~|[=><~(),])"""
    r"""|(?P<word>[^\s()=!<>~,"'\[\]]+(?:\[\d+\])?)|(?P<bad>\S))""",
    re.DOTALL,
)
# Of Jira's reserved words those that look most like a project key; unquoted, Jira refuses each of them.
_RESERVED = re.compile(
    r"access|add|after|alias|all|alter|and|any|as|asc|at|audit|be|before|begin|between|boolean|break|by|byte|catch|"
    r"cf|char|character|check|column|commit|connect|continue|count|create|current|date|decimal|declare|default|"
    r"define|delete|desc|distinct|do|double|drop|else|encoding|end|equals|escape|exec|execute|exists|explain|"
    r"false|fetch|field|file|first|float|for|from|function|go|goto|grant|greater|group|having|if|in|increment|"
    r"index|initial|inner|input|insert|int|integer|into|is|join|last|left|less|like|limit|lock|long|max|min|minus|"
    r"mode|modify|more|next|no|not|number|object|of|on|option|or|order|outer|output|power|previous|prior|"
    r"public|raise|raw|rename|resource|return|revoke|right|row|rows|select|session|set|share|size|start|strict|"
    r"string|sum|table|this|to|transaction|trigger|true|union|unique|update|user|validate|values|view|was|when|"
    r"where|while|with",
    re.IGNORECASE,
)


def parse(text: str) -> Query:
    """The query's structure, with NOT pushed down to the clauses. Raises ``JqlError``."""
    return _Parser(text).query()


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens = [
            (match.lastgroup or "", match[match.lastgroup or 0], match.start())
            for match in _TOKEN.finditer(text)
            if match.lastgroup
        ]
        self.at = 0

    def query(self) -> Query:
        where = None if self.done() or self.sees("order") else self.either()
        order: list[tuple[str, bool]] = []
        if self.takes("order"):
            self.expect("by")
            while True:
                field = self.field()
                descending = self.takes("desc")
                if not descending:
                    self.takes("asc")
                order.append((field, descending))
                if not self.takes(","):
                    break
        if not self.done():
            raise self.error("Expecting either 'OR' or 'AND'")
        return Query(where, tuple(order))

    def either(self) -> Clause | Group:
        parts = [self.both()]
        while self.takes("or", "||", "|"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else Group(False, tuple(parts))

    def both(self) -> Clause | Group:
        parts = [self.negation()]
        while self.takes("and", "&&", "&"):
            parts.append(self.negation())
        return parts[0] if len(parts) == 1 else Group(True, tuple(parts))

    def negation(self) -> Clause | Group:
        if self.takes("not", "!"):
            return _opposite(self.negation())
        if self.takes("("):
            inner = self.either()
            self.expect(")")
            return inner
        return self.clause()

    def clause(self) -> Clause:
        field = self.field()
        for operator in ("=", "!=", ">=", "<=", ">", "<", "~", "!~"):
            if self.takes(operator):
                return Clause(field, operator, (self.operand(),))
        if self.takes("is"):
            operator = "is not" if self.takes("not") else "is"
            operand = self.operand()
            if not operand.empty:
                raise JqlError(f"The operator '{operator}' only supports the values EMPTY and NULL.")
            return Clause(field, operator, (operand,))
        operator = "not in" if self.takes("not") else "in"
        if not self.takes("in"):
            raise self.error("Expecting operator")
        self.expect("(")
        operands = [self.operand()]
        while self.takes(","):
            operands.append(self.operand())
        self.expect(")")
        return Clause(field, operator, tuple(operands))

    def field(self) -> str:
        kind, text, _ = self.next("Expecting a field name")
        if kind == "sign":
            self.at -= 1
            raise self.error("Expecting a field name")
        return (_unquoted(text) if kind == "string" else text).lower()

    def operand(self) -> Operand:
        kind, text, _ = self.next("Expecting a value, list or function")
        if kind == "string":
            return Operand(_unquoted(text), quoted=True)
        if kind != "word":
            self.at -= 1
            raise self.error("Expecting a value, list or function")
        if self.takes("("):
            self.expect(")")
            return Operand(text, call=True)
        if _RESERVED.fullmatch(text):
            raise JqlError(
                f"Error in the JQL Query: '{text}' is a reserved JQL word. You must surround it in quotation marks to "
                "use it in a query."
            )
        return Operand(text)

    def done(self) -> bool:
        return self.at >= len(self.tokens)

    def sees(self, *words: str) -> bool:
        return not self.done() and self.tokens[self.at][0] != "string" and self.tokens[self.at][1].lower() in words

    def takes(self, *words: str) -> bool:
        seen = self.sees(*words)
        self.at += seen
        return seen

    def expect(self, word: str) -> None:
        if not self.takes(word):
            raise self.error(f"Expecting '{word.upper()}'")

    def next(self, wanted: str) -> tuple[str, str, int]:
        if self.done():
            raise self.error(wanted)
        self.at += 1
        return self.tokens[self.at - 1]

    def error(self, wanted: str) -> JqlError:
        if self.done():
            return JqlError(f"Error in the JQL Query: {wanted} before the end of the query.")
        _, text, start = self.tokens[self.at]
        return JqlError(f"Error in the JQL Query: {wanted} but got '{text}'. (line 1, character {start + 1})")


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)


def _opposite(node: Clause | Group) -> Clause | Group:
    # Jira: "NOT field = value" is the same as "field != value", so an issue without the field matches neither.
    if isinstance(node, Clause):
        return Clause(node.field, _OPPOSITE[node.operator], node.operands)
    return Group(not node.every, tuple(_opposite(part) for part in node.parts))
