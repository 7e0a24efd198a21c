"""JSON Schemas of the YAML files, for editors: ``python -m okrsync.schemas DIR`` (``make schemas``).

They come from the same models that read the files, with the settings of every plugin that is installed. A ``type`` that
is not installed stays allowed, as another machine may have it.
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from textwrap import dedent
from typing import Any, Literal, get_args

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from okrsync import plugins
from okrsync.config_models import ConfigFile, OkrFile
from okrsync.errors import ConfigError

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FILES = {"okrsync.schema.json": "urn:okrsync:schema:okrsync", "okrs.schema.json": "urn:okrsync:schema:okrs"}


def build_schemas(broken: list[str] | None = None) -> dict[str, dict[str, Any]]:
    """The schema of each file by its name.

    A plugin that cannot be imported is left out, and ``broken`` told which and why; without such a list that raises
    ``ConfigError``.
    """
    config, okrs = _schema(ConfigFile), _schema(OkrFile)
    properties = config["properties"]
    _open(properties["sources"], "additionalProperties", _settings(config, plugins.CONNECTORS, broken))
    _open(properties["publish"], "items", _settings(config, plugins.PUBLISHERS, broken))
    source = okrs["$defs"]["MetricModel"]["properties"]["source"]
    source["anyOf"] = [_settings(okrs, plugins.OUTCOMES, broken), {"type": "null"}]
    return {
        name: {"$schema": DIALECT, "$id": identity, **schema}
        for (name, identity), schema in zip(FILES.items(), (config, okrs), strict=True)
    }


def write_schemas(folder: Path, broken: list[str] | None = None) -> list[Path]:
    """Write both schemas into a folder, which is made when it is missing; ``broken`` as for ``build_schemas``. Returns
    the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, schema in build_schemas(broken).items():
        path = folder / name
        path.write_text(json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
        written.append(path)
    return written


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    schema: dict[str, Any] = _without_titles(model.model_json_schema(mode="validation"))
    _describe_all(model, {model.__name__: schema, **schema.get("$defs", {})})
    return schema


def _describe_all(model: type[BaseModel], definitions: dict[str, Any]) -> None:
    """Give the keys of a model, and of those that it is made of, the docstrings below their attributes.

    Pydantic can do that itself, for every program that imports a model: it reads the source of all of them then.
    """
    for one in (model, *_models_below(model)):
        name = f"{one.__module__}.{one.__qualname__}".replace(".", "__")  # pydantic's, where two have the same name
        schema = definitions.get(one.__name__) or definitions.get(name) or {}
        for key, description in docstrings_of(one).items():
            if key in schema.get("properties", {}):
                schema["properties"][key]["description"] = description


def _models_below(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    parts: list[Any] = [field.annotation for field in model.model_fields.values()]
    while parts:
        part = parts.pop()
        parts += get_args(part)
        if isinstance(part, type) and issubclass(part, BaseModel):
            yield part
            yield from _models_below(part)


def docstrings_of(model: type[BaseModel]) -> dict[str, str]:
    """The docstrings below a model's attributes, by the keys that the attributes are in YAML."""
    found: dict[str, str] = {}
    for cls in reversed(model.__mro__):
        if cls is BaseModel or not issubclass(cls, BaseModel):
            continue
        (definition,) = ast.parse(dedent(inspect.getsource(cls))).body
        assert isinstance(definition, ast.ClassDef)
        for attribute, below in pairwise(definition.body):
            if isinstance(attribute, ast.AnnAssign) and isinstance(below, ast.Expr):
                name, text = attribute.target, below.value
                if isinstance(name, ast.Name) and isinstance(text, ast.Constant) and isinstance(text.value, str):
                    field = model.model_fields.get(name.id)
                    found[(field and field.alias) or name.id] = inspect.cleandoc(text.value)
    return found


def _open(schema: dict[str, Any], key: str, settings: dict[str, Any]) -> None:
    """Put the plugins' settings where the model only says ``any mapping``."""
    for branch in schema["anyOf"]:
        if key in branch:
            branch[key] = settings


def _settings(schema: dict[str, Any], group: str, broken: list[str] | None) -> dict[str, Any]:
    """A mapping whose ``type`` decides what else it holds; the definitions go into ``schema``."""
    known: dict[str, type[BaseModel]] = {}
    for name in sorted(plugins.installed(group)):
        try:
            known[name] = plugins.settings_of(group, name)
        except ConfigError as error:
            if broken is None:
                raise
            broken.append(str(error))
    names = list(known)
    models: list[tuple[type[BaseModel], Literal["validation"]]] = [(model, "validation") for model in known.values()]
    references, definitions = models_json_schema(models, ref_template=f"#/$defs/{group}.{{model}}")
    found = _without_titles(definitions).get("$defs", {})
    for model, _ in models:
        _describe_all(model, found)
    schema.setdefault("$defs", {}).update({f"{group}.{name}": each for name, each in found.items()})
    return {
        "type": "object",
        "required": ["type"],
        "properties": {
            "type": {
                "anyOf": [{"enum": names}, {"type": "string"}],
                "description": "Which plugin this is for; it decides which other keys there are.",
            }
        },
        "allOf": [
            {"if": {"properties": {"type": {"const": name}}}, "then": references[model, mode]}
            for name, (model, mode) in zip(names, models, strict=True)
        ],
    }


def _without_titles(schema: Any) -> Any:
    """The schema without the titles pydantic makes up from the names of keys: they say nothing."""
    if isinstance(schema, list):
        return [_without_titles(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: {name: _without_titles(each) for name, each in value.items()}
        if key == "properties"
        else _without_titles(value)
        for key, value in schema.items()
        if not (key == "title" and isinstance(value, str))
    }


if __name__ == "__main__":
    for written_file in write_schemas(Path(sys.argv[1] if len(sys.argv) > 1 else "config")):
        print(written_file)
