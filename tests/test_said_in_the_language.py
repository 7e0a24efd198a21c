"""What people read is marked for translation: this reads the code itself and finds texts that are not."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import okrsync

ROOT = Path(__file__).parents[1]
CONNECTORS = sorted(path.name for path in (ROOT / "connectors").iterdir() if (path / "__init__.py").is_file())
PACKAGES = (okrsync, *map(importlib.import_module, CONNECTORS))
MARKS = {"_", "N_", "ngettext", "plural_"}
SAYS = {"say", "error", "detail", "problem", "echo", "note", "on_note", "on_wait", "Problem", "Hold", "Check", "warn"}
"""Functions and values by which the program speaks to a person, beside its errors."""

IDS = {
    "good",
    "warning",
    "bad",
    "skipped",
    "note",
    "begins",
    "ended",
    "broke",
    "bold",
    "dim",
    "GET",
    "permissiondenied",
    "okrs",
    "wiki",
}
"""Values that functions and errors take beside what they say."""
NAMES = re.compile(r"'\w+'|`[^`]*`|\b(?:GraphQL|Jira|GitHub|JSON|okrsync|Cloud|Data Center)\b")
"""Keys, commands and names, which are the same in every language."""

PROSE = re.compile(r"(?<![\w.<-])(?:[A-Z]?[a-z']{2,} ){2,}[a-z']{2,}")
"""Three words in succession."""
WORD = re.compile(r"(?<![\w./<={-])[A-Za-z']{3,}(?![\w./(>=-])")

NOT_READ_BY_USERS = {
    "okrsync/sandbox": "the stand-ins answer as the services do, and the sample company's people write what they write",
    "okrsync/testing.py": "the contract suites speak to developers of plugins",
    "okrsync/store/migrations": "SQL, and comments in the database",
    "okrsync/store/schema.py": "comments in the database",
    "okrsync/store/linking": "SQL",
    "okrsync/schemas.py": "descriptions in the JSON Schemas",
    "okrsync/findings/thresholds.py": "descriptions in the JSON Schemas",
    "okrsync/findings/wording.py": "the words that titles are searched for",
    "okrsync/findings/counting.py": "the words that titles are searched for",
    "connectors/okrsync_github/queries.py": "GraphQL",
    "connectors/okrsync_file/moments.py": "whoever reads a cell says what it is not",
    "connectors/okrsync_jira/custom.py": "names of Jira's fields",
}
"""Parts of the code whose texts stay in English, each with the reason."""

CALLS = {
    "compile": "regular expressions",
    "text": "SQL",
    "option": "help texts are in English",
    "argument": "help texts are in English",
    "usage_error": "click's usage errors are in English",
    "UsageError": "click's usage errors are in English",
    "group": "help texts are in English",
    **dict.fromkeys(("Rule", "_rule"), "docs/findings.md is in English; a rule's title is marked"),
    "Field": "descriptions in the JSON Schemas",
    "field_validator": "names of fields",
}
"""Calls whose texts stay in English, each with the reason."""

ASSIGNED = {
    "COMMANDS": "help texts are in English",
    "PAGES": "docs/templates.md is in English",
    "VARIABLES": "docs/templates.md is in English",
    **dict.fromkeys(("_WHO", "_RECORD", "_REASONED", "_EXPECTED", "_STILL_NOW"), "docs/findings.md is in English"),
    **dict.fromkeys(("_CONFIG", "_OKRS"), "comments of the starter configuration, as those of config/example"),
    "NOTE": "okrsync finds its section of a page by this line",
    "_MARK_TEXT": "okrsync demo knows its folder by this file",
}
"""Tables whose texts stay in English, each with the reason."""

SNIPPETS = ("schedule: {sync:", "kubectl create", "Custom field (")
"""What a person is to write or to run, and what a service writes."""
PROGRAMMING = ("naive datetime", "time stamp without an offset", "is no language of", "did not come whole")
"""Errors that nobody sees but whoever writes code: others catch them or never let them come so far."""


def errors() -> set[str]:
    """The names of all exceptions that okrsync and its connectors define, and of those that settings raise."""
    names = {"ValueError", "AssertionError"}
    for package in PACKAGES:
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations." in module.name or module.name.endswith("__main__"):
                continue
            for each in vars(importlib.import_module(module.name)).values():
                if isinstance(each, type) and issubclass(each, Exception) and each.__module__.startswith("okrsync"):
                    names.add(each.__name__)
    return names


def called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def words_of(node: ast.Constant | ast.JoinedStr) -> str:
    """A text of the code, with ``{}`` where something is filled in."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)


class Unmarked(ast.NodeVisitor):
    """The texts of a file that a person may read and that are not marked."""

    def __init__(self, errors: set[str]) -> None:
        self.errors = errors
        self.found: list[tuple[int, str]] = []
        self._said = False
        """Within what is said to a person a single word counts."""

    def visit_Call(self, node: ast.Call) -> None:
        name = called(node)
        if name in MARKS or name in CALLS:
            return
        if name == "Check":  # what it is about is a name
            node.args = node.args[1:]
        before = self._said
        self._said = name in self.errors or name in SAYS or (self._said and name in ("format", "join"))
        for part in node.args:
            self.visit(part)
        for keyword in node.keywords:
            self.visit(keyword.value)
        self._said = before
        self.visit(node.func)

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # a docstring is for whoever reads the code
            self.visit(node.value)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self.visit(node.value)  # a key

    def visit_Assign(self, node: ast.Assign) -> None:
        if not any(isinstance(each, ast.Name) and each.id in ASSIGNED for each in node.targets):
            self.visit(node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None and not (isinstance(node.target, ast.Name) and node.target.id in ASSIGNED):
            self.visit(node.value)

    def visit_Tuple(self, node: ast.Tuple) -> None:
        before, self._said = self._said, False  # a path in a file
        self.generic_visit(node)
        self._said = before

    def visit_Compare(self, node: ast.Compare) -> None:
        """What is compared is looked for, not said."""

    def visit_Constant(self, node: ast.Constant) -> None:
        self._look(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        self._look(node)
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                before, self._said = self._said, False
                self.visit(part.value)
                self._said = before

    def _look(self, node: ast.Constant | ast.JoinedStr) -> None:
        words = NAMES.sub("", words_of(node))
        if any(each in words for each in (*PROGRAMMING, *SNIPPETS)):
            return
        if words not in IDS and (WORD if self._said else PROSE).search(words):
            self.found.append((node.lineno, words))


def files() -> Iterator[Path]:
    for folder in ("okrsync", "connectors"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            if not file.relative_to(ROOT).as_posix().startswith(tuple(NOT_READ_BY_USERS)):
                yield file


def unmarked(code: str, known: set[str]) -> list[tuple[int, str]]:
    visitor = Unmarked(known)
    visitor.visit(ast.parse(code))
    return visitor.found


def test_what_people_read_is_marked_for_translation() -> None:
    known = errors()
    found = [
        f"{file.relative_to(ROOT)}:{line}: {words!r}"
        for file in files()
        for line, words in unmarked(file.read_text(encoding="utf-8"), known)
    ]
    assert not found, "mark with _(), or say above why it stays in English:\n" + "\n".join(found)


def scopes_that_shadow(tree: ast.Module) -> Iterator[int]:
    """Lines of functions that give ``_`` another meaning and use it as the mark all the same."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            own = [node for part in function.body for node in walk_without_comprehensions(part)]
            assigned = any(isinstance(n, ast.Name) and n.id == "_" and isinstance(n.ctx, ast.Store) for n in own)
            if assigned and any(isinstance(node, ast.Call) and called(node) == "_" for node in own):
                yield function.lineno


def walk_without_comprehensions(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.comprehension):
            yield from walk_without_comprehensions(child)


def calls_while_imported(tree: ast.Module) -> Iterator[int]:
    """Lines at which a text is translated once and for all, before the language is known."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Call) and called(node) in {"_", "ngettext"}:
            yield node.lineno
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        pending += ast.iter_child_nodes(node)


def test_texts_are_translated_when_they_are_shown() -> None:
    """Not while a module is imported, and by the mark rather than by a variable of its name."""
    trees = {file.relative_to(ROOT).as_posix(): ast.parse(file.read_text(encoding="utf-8")) for file in files()}
    assert [f"{name}:{line}" for name, tree in trees.items() for line in calls_while_imported(tree)] == []
    assert [f"{name}:{line}" for name, tree in trees.items() for line in scopes_that_shadow(tree)] == []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('raise ValueError("wrong")', True),
        ('raise SourceError(f"{where}: gone")', True),
        ('raise SourceError(f"{where}: {error}")', False),
        ('raise SourceError(_("gone for good"))', False),
        ('raise SourceError(_("{where}: gone").format(where=where))', False),
        ('app.say("done")', True),
        ('app.say(f"{name}: {words}")', False),
        ('said = "it was gone by then"', True),
        ('said = f"{who} was gone by then"', True),
        ('said = _("it was gone by then")', False),
        ('said = N_("it was gone by then")', False),
        ('known = text == "it was gone by then"', False),
        ('pattern = re.compile("it was gone by then")', False),
        ('@click.option("--all", help="All that there is of it.")\ndef command(): ...', False),
        ('def command():\n    """All that there is of it."""', False),
    ],
)
def test_the_hunt_finds_what_it_is_for(code: str, found: bool) -> None:
    assert bool(unmarked(code, {"ValueError", "SourceError"})) is found


@pytest.mark.parametrize(
    ("code", "hunt"),
    [
        ("SAID = _('a text')", calls_while_imported),
        ("class A:\n    said = ngettext('a', 'b', 2)", calls_while_imported),
        ("def f(x):\n    a, _ = x\n    return _('a text')", scopes_that_shadow),
        ("def f(x):\n    for _ in x:\n        return _('a text')", scopes_that_shadow),
    ],
)
def test_what_would_not_be_translated_is_found(code: str, hunt: Callable[[ast.Module], Iterator[int]]) -> None:
    assert list(hunt(ast.parse(code)))


def test_what_is_translated_is_not_taken_for_that() -> None:
    code = "SAID = N_('a text')\ndef f(x):\n    y = [a for a, _ in x]\n    return _(SAID)"
    assert [*calls_while_imported(ast.parse(code)), *scopes_that_shadow(ast.parse(code))] == []
