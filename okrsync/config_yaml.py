"""YAML as a person wrote it: plain values that know their line, with ``${NAME}`` filled in.

YAML 1.2 by ruamel: ``on`` and ``no`` are words, ``1.10`` keeps its written form, a date stays the text it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from okrsync.errors import Problem, reason_of
from okrsync.language import N_, _
from okrsync.variables import Lookup, NotFound
from okrsync.yaml_nodes import TooDeep, compose

MAX_BYTES = 4 * 1024 * 1024
"""A larger file is refused: nobody writes one by hand."""
MAX_NODES = 200_000
"""Values in one file with its aliases expanded; a nest of aliases ("billion laughs") would have no end."""
MAX_DEPTH = 40
MAX_PROBLEMS = 100
"""Of one file; what comes after them is not looked for: a file of another program has more than anybody reads."""

YamlPath: TypeAlias = tuple[str | int, ...]
"""Keys and positions from the top of a file: ``("objectives", 0, "title")``."""

_TAG = "tag:yaml.org,2002:"
VARIABLE = re.compile(r"\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$\{")
"""``${NAME}``, with the name as group 1; ``$${`` and a ``${`` that begins none have no group."""


class WrittenInt(int):
    """A whole number and how it was written, for the places where it stands for a name (a label ``007``)."""

    written: str

    def __new__(cls, value: int, written: str = "") -> WrittenInt:
        number = super().__new__(cls, value)
        number.written = written or str(value)
        return number


class WrittenFloat(float):
    """A number and how it was written, for the places where it stands for a name (a version ``1.10``)."""

    written: str

    def __new__(cls, value: float, written: str = "") -> WrittenFloat:
        number = super().__new__(cls, value)
        number.written = written or str(value)
        return number


class YamlMapping(dict[str, Any]):
    """A mapping that knows where it stands."""

    document: Document
    path: YamlPath

    def __repr__(self) -> str:
        return f"<keys {', '.join(self)}>"  # what variables stand for is in the values


class YamlSequence(list[Any]):
    """A list that knows where it stands."""

    document: Document
    path: YamlPath

    def __repr__(self) -> str:
        return f"<list of {len(self)}>"


class Document:
    """One file, and all that was found wrong in it.

    ``file`` is the path as messages show it. ``data`` is None when the file could not be read or is not a mapping;
    ``problems`` says why then.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.data: YamlMapping | None = None
        self.problems: list[Problem] = []
        self._lines: dict[YamlPath, int] = {}
        self._written: dict[YamlPath, str] = {}
        self._unset: set[YamlPath] = set()
        self._substituted: dict[str, str] = {}
        self._hidden: set[str] = set()
        self._hidden_paths: set[YamlPath] = set()
        self.text = ""
        """What the file holds, as far as it could be read."""

    def line(self, path: YamlPath) -> int | None:
        """The 1-based line of a key or list entry, or of the nearest thing around it that exists."""
        while path not in self._lines and path:
            path = path[:-1]
        return self._lines.get(path)

    def at(self, path: YamlPath) -> Any:
        """The value at a path that exists."""
        value: Any = self.data
        for part in path:
            value = value[part]
        return value

    def place(self, path: YamlPath) -> str:
        """``file:line`` for a message that points from elsewhere."""
        line = self.line(path)
        return self.file if line is None else f"{self.file}:{line}"

    def shown(self, path: YamlPath) -> str:
        """What is written at a path, in quotes and shortened: never what a variable was replaced by."""
        text = "***" if path in self._hidden_paths else self._written.get(path, "…")
        return repr(text if len(text) <= 80 else text[:79] + "…")

    def problem(self, path: YamlPath, message: str) -> None:
        """Note what is wrong at a path, once; the values of environment variables are put back to their names."""
        if not self.full and path not in self._unset:
            self._note(self.warning(path, message))

    def warning(self, path: YamlPath, message: str) -> Problem:
        """The same as a value, for what is no error."""
        for value, name in self._substituted.items():
            message = message.replace(value, f"${{{name}}}")
        return Problem(self.file, self.line(path), self._without_hidden(message))

    def problem_in_line(self, line: int, message: str) -> None:
        """The same for a line, whatever stands there."""
        if not self.full:
            self._note(Problem(self.file, line, self._without_hidden(message)))

    @property
    def full(self) -> bool:
        """Whether so much is wrong that nothing more is noted."""
        return len(self.problems) > MAX_PROBLEMS

    def in_order(self) -> list[Problem]:
        """The problems by line; last, where there is one, that which says that there are more."""
        shown, more = self.problems[:MAX_PROBLEMS], self.problems[MAX_PROBLEMS:]
        return sorted(shown, key=lambda problem: problem.line or 0) + more

    def _note(self, found: Problem) -> None:
        if found in self.problems:
            return
        if len(self.problems) == MAX_PROBLEMS:
            more = _("more than {count} problems in this file: mend these first, the rest is not shown")
            found = replace(found, message=more.format(count=MAX_PROBLEMS))
        self.problems.append(found)

    def hide(self, secret: str, path: YamlPath | None = None) -> None:
        """Show neither ``secret`` in any message, past or to come, nor what is written at ``path``."""
        if path is not None:
            self._hidden_paths.add(path)
        # Replacing a shorter one would garble messages, and no message repeats it.
        if len(secret) >= 4 and secret not in self._hidden:
            self._hidden.add(secret)
            self.problems = [
                replace(each, message=each.message.replace(secret, "***")) if secret in each.message else each
                for each in self.problems
            ]

    def _without_hidden(self, message: str) -> str:
        for secret in sorted(self._hidden, key=len, reverse=True):
            message = message.replace(secret, "***")
        return message

    def value_of(self, name: str) -> str:
        """What a variable of the file stands for; empty for what was not looked up, or is too short for a secret."""
        return next((value for value, known in self._substituted.items() if known == name), "")

    def written(self) -> Iterable[tuple[YamlPath, str]]:
        """Each single value's place, and how it is written."""
        return self._written.items()

    def written_at(self, path: YamlPath) -> str | None:
        """How a single value is written; None where there is none."""
        return self._written.get(path)


def read_document(path: Path, shown: str, lookup: Lookup) -> Document:
    """Read one file; ``shown`` is its path as messages name it. Raises nothing: problems are in the document."""
    document = Document(shown)
    text = _text(path, document)
    if text is not None:
        _parse(document, text, lookup)
    return document


def parse_document(raw: bytes, shown: str, lookup: Lookup) -> Document:
    """The same for a file's bytes that came from elsewhere."""
    document = Document(shown)
    text = _decoded(raw, document)
    if text is not None:
        _parse(document, text, lookup)
    return document


_YAML_WORDS = (
    *(N_("while scanning a quoted scalar"), N_("while scanning for the next token"), N_("while scanning a simple key")),
    *(N_("while scanning a block scalar"), N_("while scanning a plain scalar"), N_("while scanning an alias")),
    *(N_("while parsing a block mapping"), N_("while parsing a block collection"), N_("while parsing a node")),
    *(N_("while parsing a flow mapping"), N_("while parsing a flow sequence"), N_("while composing a node")),
    *(N_("found unexpected end of stream"), N_("found undefined tag handle"), N_("could not find expected ':'")),
    *(N_("mapping values are not allowed here"), N_("sequence entries are not allowed here")),
    *(N_("found character {0} that cannot start any token"), N_("found undefined alias {0}")),
    *(N_("expected {0}, but found {1}"), N_("expected {0}, but got {1}")),
)
"""What the YAML parser says most often; the rest stays in its words."""


def _yaml_words(said: str) -> str:
    """What the parser says, in the language in use."""
    for words in _YAML_WORDS:
        pattern = re.sub(r"\\{\d\\}", "(.*)", re.escape(words))
        if found := re.fullmatch(pattern, said, re.DOTALL):
            return _(words).format(*found.groups())
    return said


def _parse(document: Document, text: str, lookup: Lookup) -> None:
    shown = document.file
    document.text = text
    node: Node | None = None
    try:
        node = compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if error.problem and "'\\t'" in error.problem:
            words = _("a tab stands here: YAML is indented with spaces")
        else:
            words = _(", ").join(_yaml_words(part) for part in (error.context, error.problem) if part)
        document.problems.append(
            Problem(shown, mark.line + 1 if mark else None, _("not valid YAML: {problem}").format(problem=words))
        )
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        document.problems.append(Problem(shown, line, _("not valid YAML: a control character stands here")))
    except YAMLError:
        document.problems.append(Problem(shown, None, _("not valid YAML")))
    except (RecursionError, TooDeep) as error:
        deep = error.line if isinstance(error, TooDeep) else None
        document.problems.append(
            Problem(shown, deep, _("nested more than {depth} levels deep").format(depth=MAX_DEPTH))
        )
    except (ValueError, OverflowError):
        # ruamel passes an impossible \U escape or number in a directive straight to chr() and int().
        document.problems.append(Problem(shown, None, _("not valid YAML: an escape or directive is out of range")))
    else:
        if node is None:
            document.problems.append(Problem(shown, None, _("the file is empty")))
        elif not isinstance(node, MappingNode):
            said = (
                _("the file must hold keys and values, not a list")
                if isinstance(node, SequenceNode)
                else _("the file must hold keys and values, not a single value")
            )
            document.problems.append(Problem(shown, node.start_mark.line + 1, said))
        else:
            _fill(document, node, lookup)


def _text(path: Path, document: Document) -> str | None:
    """The text of a file, or None with the reason among the document's problems."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = reason_of(error)
        document.problems.append(Problem(document.file, None, _("cannot be read: {reason}").format(reason=reason)))
        return None
    return _decoded(raw, document)


def _decoded(raw: bytes, document: Document) -> str | None:
    if len(raw) > MAX_BYTES:
        document.problems.append(
            Problem(document.file, None, _("larger than {size} MiB").format(size=MAX_BYTES // 1024**2))
        )
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        document.problems.append(Problem(document.file, line, _("not UTF-8: save the file in the encoding UTF-8")))
        return None


def mappings_below(parent: YamlMapping | None, key: str) -> list[YamlMapping]:
    """The mappings in the list below a key; whatever else stands there is left out."""
    children = parent.get(key) if parent is not None else None
    return [each for each in children if isinstance(each, YamlMapping)] if isinstance(children, list) else []


def declared_id(entry: YamlMapping) -> str:
    """The ``id`` of an entry as it is written, whatever is wrong with the rest; empty when it has none."""
    value = entry.get("id")
    return str(getattr(value, "written", value) if value is not None else "").strip()


def declared_ids(parent: YamlMapping | None, key: str) -> set[str]:
    """The ids of all entries of the list below a key."""
    return {declared_id(each) for each in mappings_below(parent, key)} - {""}


class _TooMuch(Exception):
    """The file grows beyond what a person writes: how, and in which line."""

    def __init__(self, node: Node, message: str) -> None:
        super().__init__(message)
        self.line: int = node.start_mark.line + 1


def _fill(document: Document, root: MappingNode, lookup: Lookup) -> None:
    try:
        data = _Builder(document, lookup).value(root, ())
    except _TooMuch as error:
        document.problems.append(Problem(document.file, error.line, str(error)))
    else:
        document.data = data


class _Builder:
    """Turns ruamel's nodes into plain values and notes where each stood."""

    def __init__(self, document: Document, lookup: Lookup) -> None:
        self.document = document
        self.lookup = lookup
        self.nodes = 0

    def value(self, node: Node, path: YamlPath) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise _TooMuch(node, _("more than {count:,} values, aliases expanded").format(count=MAX_NODES))
        if len(path) > MAX_DEPTH:
            raise _TooMuch(
                node, _("nested more than {depth} levels deep (or an alias holds itself)").format(depth=MAX_DEPTH)
            )
        # Below an alias these are the lines of its anchor: what is wrong is mended there.
        self.document._lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            sequence = YamlSequence(self.value(child, (*path, index)) for index, child in enumerate(node.value))
            sequence.document, sequence.path = self.document, path
            return sequence
        return self._scalar(node, path)

    def _mapping(self, node: MappingNode, path: YamlPath) -> YamlMapping:
        mapping = YamlMapping()
        mapping.document, mapping.path = self.document, path
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, ScalarNode) or key_node.tag in (_TAG + "null", _TAG + "merge"):
                shown = "<<" if key_node.tag == _TAG + "merge" else _("this")
                self.document.problem_in_line(line, _("{key} cannot be a key here").format(key=shown))
                continue
            key = str(key_node.value)
            if key in mapping:
                first = self.document.line((*path, key))
                self.document.problem_in_line(
                    line, _("{key!r} stands twice; the first is in line {line}").format(key=key, line=first)
                )
                continue
            self.document._lines[*path, key] = line
            mapping[key] = self.value(value_node, (*path, key))
        return mapping

    def _scalar(self, node: Node, path: YamlPath) -> Any:
        text = str(node.value)
        self.document._written[path] = text
        kind = str(node.tag).removeprefix(_TAG)
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() in ("true", "yes", "on", "y")
        if kind in ("int", "float"):
            try:
                return _number(kind, text)
            except (ValueError, OverflowError):
                self.document.problem(path, _("not a number that can be read; put it in quotes if it is a text"))
                return text
        if kind not in ("str", "timestamp"):
            self.document.problem(path, _("the tag {kind!r} is not known; leave it out").format(kind=kind))
        return self._substitute(text, path)

    def _substitute(self, text: str, path: YamlPath) -> str:
        document = self.document

        def replace(match: re.Match[str]) -> str:
            name = match.group(1)
            if match.group() == "$${":
                return "${"
            if name is None:
                document.problem(
                    path,
                    _("'${{' begins an environment variable: write ${{NAME}}, or $${{ for the characters").format(),
                )
            else:
                try:
                    value = self.lookup(name)
                except NotFound as error:
                    document.problem(path, str(error))
                else:
                    # A shorter value is no secret, and replacing it would garble messages.
                    if len(value) >= 4:
                        document._substituted[value] = name
                    return value
            unreadable.append(path)
            return match.group()

        unreadable: list[YamlPath] = []
        result = VARIABLE.sub(replace, text)
        # Only now: each variable of one text gets its own message, and the text itself no second one.
        document._unset.update(unreadable)
        return result


def _number(kind: str, text: str) -> WrittenInt | WrittenFloat:
    digits = text.replace("_", "")
    if kind == "float":
        return WrittenFloat(float(digits.lower().replace(".inf", "inf").replace(".nan", "nan")), text)
    prefixed = digits.lstrip("+-")[:2].lower() in ("0x", "0o", "0b")
    return WrittenInt(int(digits, 0 if prefixed else 10), text)
