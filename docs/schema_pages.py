"""The reference pages of all that has a JSON Schema: both YAML files, the report and an explanation as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from okrsync.durations import PATTERN
from okrsync.schemas import build_schemas

Schema = dict[str, Any]
_CONFIG = Path(__file__).parents[1] / "config"
_BY_TYPE = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "`true` or `false`",
    "object": "mapping",
    "null": "`null`",
}
_BY_FORMAT = {"password": "secret, as `${NAME}`", "date": "day", "date-time": "moment"}
_LONGEST_CELL = 120


def configuration() -> str:
    """The page of ``okrsync.yaml``, from the models that read it."""
    return _page(_CONFIGURATION, build_schemas()["okrsync.schema.json"])


def goals() -> str:
    """The page of ``okrs/*.yaml``."""
    return _page(_GOALS, build_schemas()["okrs.schema.json"])


def report() -> str:
    """The page of ``okrsync report --format json``, from its published schema."""
    return _page(_JSON, json.loads((_CONFIG / "report.schema.json").read_text("utf-8")), read=True)


def explanation() -> str:
    """The page of ``okrsync explain KR --format json``, from its published schema."""
    return _page(_EXPLANATION, json.loads((_CONFIG / "explain.schema.json").read_text("utf-8")), read=True)


def undescribed(schema: Schema) -> list[str]:
    """The keys of a schema that say nothing of themselves."""
    return [
        f"{section.path}.{key}"
        for section in _Walk(schema, read=False).sections
        for key, value in section.schema.get("properties", {}).items()
        if key != "type" and not _meaning(value)
    ]


def _page(introduction: str, schema: Schema, *, read: bool = False) -> str:
    """A page of a schema. ``read``: its keys are always there, as a program wrote them; a person leaves out what has a
    default."""
    walk = _Walk(schema, read=read)
    return introduction + "\n" + "\n".join(part for section in walk.sections for part in _section(section, walk))


def _section(section: _Section, walk: _Walk) -> Iterator[str]:
    if section.path:
        yield f"## {section.path}\n"
    if text := section.schema.get("description"):
        yield f"{_plain(text)}\n"
    keys: Schema = section.schema.get("properties", {})
    required = section.schema.get("required", ())
    long: list[str] = []
    yield (
        "| key | is | meaning |\n|---|---|---|" if walk.read else "| key | is | default | meaning |\n|---|---|---|---|"
    )
    for key, value in keys.items():
        default = "required" if key in required or "const" in value else _default(value)
        if len(default) > _LONGEST_CELL:
            long.append(f"The default of `{key}`: {default}.\n")
            default = "see below"
        cells = [f"`{key}`", walk.words(value, section.below(key), section.plugin), default, _meaning(value)]
        if walk.read:
            del cells[2]
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    yield ""
    yield from long


class _Section:
    """A mapping of the schema: the keys that stand together, and where."""

    def __init__(self, path: str, schema: Schema) -> None:
        self.path, self.schema = path, schema

    def below(self, key: str) -> str:
        """Where the value of a key stands, as far as it takes to recognise it."""
        path = self.path.partition(":")[0].partition(",")[0].removeprefix("sources.").rpartition(".")[2]
        path = path.replace("NAME", "sources.NAME")
        return f"{path}.{key}" if path else key

    @property
    def plugin(self) -> str:
        """The type of plugin whose settings these are."""
        return self.path.partition(", type: ")[2]


class _Walk:
    """All mappings of a schema in the order in which a reader meets them; one that is met twice has its place once."""

    def __init__(self, schema: Schema, *, read: bool) -> None:
        self.read = read
        self._definitions: Schema = schema.get("$defs", {})
        self._known: dict[str, str] = {}
        self.sections: list[_Section] = []
        self._add("", schema)

    def words(self, value: Schema | bool, path: str, plugin: str = "") -> str:
        """What a value is, in words; mappings in it are given sections of their own."""
        if isinstance(value, bool):
            return "any value"
        if "$ref" in value:
            name = value["$ref"].removeprefix("#/$defs/")
            target = self._definitions[name]
            path = f"{path}, {plugin}" if plugin else path
            return self._link(name, path, target) if "properties" in target else self.words(target, path)
        if "allOf" in value and "properties" in value:
            return self._plugins(value, path)
        if "properties" in value:
            return self._link(json.dumps(value, sort_keys=True), path, value)
        if "const" in value:
            return f"`{_yaml(value['const'])}`"
        if "enum" in value:
            return ", ".join(f"`{_yaml(each)}`" for each in value["enum"])
        if "anyOf" in value:
            return self._any(value["anyOf"], path, plugin)
        return self._of_type(value, path)

    def _any(self, branches: list[Schema], path: str, plugin: str) -> str:
        if any(branch.get("pattern") == PATTERN for branch in branches):
            return "length of time"
        several = sum("$ref" in branch for branch in branches) > 1  # they are told apart by their names
        found = [
            self.words(
                branch,
                f"{path}: {_words(branch['$ref'])}" if several and "$ref" in branch else path,
                "" if several else plugin,
            )
            for branch in branches
            if self.read or branch.get("type") != "null"
        ]
        return " or ".join(each for each in dict.fromkeys(found) if f"list of {each}" not in found)

    def _of_type(self, value: Schema, path: str) -> str:
        kind = value.get("type")
        if value.get("format") in _BY_FORMAT:
            return _BY_FORMAT[value["format"]]
        if kind == ["string", "number"]:
            return "text"
        if isinstance(kind, list):
            return " or ".join(self._of_type({**value, "type": each}, path) for each in kind)
        if kind == "array":
            return f"list of {self.words(value['items'], f'{path}[]')}"
        if kind == "object" and isinstance(value.get("additionalProperties"), dict):
            return f"mapping of names to {self.words(value['additionalProperties'], f'{path}.NAME')}"
        return _BY_TYPE[kind] if kind else "any value"

    def _plugins(self, value: Schema, path: str) -> str:
        links = []
        for branch in value["allOf"]:
            kind = branch["if"]["properties"]["type"]["const"]
            name = branch["then"]["$ref"].removeprefix("#/$defs/")
            links.append(self._link(f"{name} {kind}", f"{path}, type: {kind}", self._definitions[name]))
        return "a mapping: " + ", ".join(links)

    def _link(self, name: str, path: str, schema: Schema) -> str:
        if name not in self._known:
            if path in self._known.values():
                path = f"{path}: {_words(name)}"
            self._known[name] = path
            self._add(path, schema)
        place = self._known[name]
        shown = place.partition("type: ")[2] or place.partition(", ")[0]
        return f"[{shown}](#{_anchor(place)})"

    def _add(self, path: str, schema: Schema) -> None:
        section = _Section(path, schema)
        self.sections.append(section)
        for key, value in schema.get("properties", {}).items():
            self.words(value, section.below(key), section.plugin)


def _words(definition: str) -> str:
    """The name of a definition in words: ``cloud auth`` of ``#/$defs/okrsync.connectors.CloudAuth``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", re.split(r"[./]", definition)[-1]).lower()


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _default(value: Schema | bool) -> str:
    default = None if isinstance(value, bool) else value.get("default")
    if default is None or default in ([], {}):
        return ""
    if isinstance(default, str) and re.fullmatch(r"P\S+", default):
        return f"`{_length(TypeAdapter(timedelta).validate_python(default))}`"
    return f"`{_yaml(default)}`"


def _length(length: timedelta) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if length.total_seconds() % size == 0:
            return f"{length.total_seconds() / size:.0f}{unit}"
    return f"{length.total_seconds():.0f}s"


def _yaml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_yaml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_yaml(each) for each in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _meaning(value: Schema | bool) -> str:
    return "" if isinstance(value, bool) else _plain(value.get("description", ""))


def _plain(text: str) -> str:
    """A docstring as Markdown: one line, and one backtick where reStructuredText has two."""
    return " ".join(text.replace("``", "`").split())


_CONFIGURATION = """\
# okrsync.yaml

This page is written by `make docs` from the models that read the file (`okrsync/config_models.py` and the plugins).

The file is looked for in the working directory and upwards; `-c FILE` or `OKRSYNC_CONFIG` name another. Relative paths
are relative to its folder. `${NAME}` in a value is taken from the environment; where NAME is not set, that is an error.
An unknown key is an error that names the nearest known one. `okrsync check` finds all of them, each with its line.

A *length of time* is written `7d`, `2w` or `12h`, a *day* `2026-10-01`. Where a list of texts is expected, a single one
may stand alone. What has no default and is not required may be left out.

Editors that speak the YAML language server complete and check the file with
[the same models as a JSON Schema](../../config/okrsync.schema.json); `okrsync init` and `okrsync demo` put it beside
the file. [A commented example](../../config/example/okrsync.yaml).
"""

_GOALS = """\
# okrs/*.yaml

This page is written by `make docs` from the models that read the files (`okrsync/config_models.py` and the plugins).

`okrs:` in [okrsync.yaml](configuration.md) names a file, a folder (all `.yaml` and `.yml` files below it) or a glob. A
file holds one cycle with its objectives; teams and strategy may stand in a file of their own or be repeated
identically. Ids of objectives and key results are unique over all files. Relative paths are relative to the folder of
`okrsync.yaml`.

[The JSON Schema](../../config/okrs.schema.json) · [a commented example](../../config/example/okrs/2026-Q4.yaml)
"""

_JSON = """\
# The report as JSON

This page is written by `make docs` from [the published schema](../../config/report.schema.json).

`okrsync report --format json` prints one object. The same store and the same `--as-of` give the same bytes. Days are in
the configured time zone, moments in UTC, ratios are fractions. `schema` rises when a key goes or changes its meaning;
new keys may come without that. [What the verdicts mean](verdicts.md).
"""

_EXPLANATION = """\
# An explanation as JSON

This page is written by `make docs` from [the published schema](../../config/explain.schema.json).

`okrsync explain KR --format json` prints one object: [every step](../explanation/how-it-decides.md) from work and
measurements to one verdict, with what each was decided by. Days are in the configured time zone, moments in UTC, ratios
are fractions. `schema` rises when a key goes or changes its meaning; new keys may come without that.
"""
