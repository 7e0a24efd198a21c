"""The JSON Schemas in ``config/`` are current, explain every key, and accept what the reader accepts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError
from ruamel.yaml import YAML

from okrsync import plugins
from okrsync.schemas import FILES, build_schemas, write_schemas

CONFIG = Path(__file__).resolve().parents[1] / "config"
EXAMPLES = {"okrsync.schema.json": "example/okrsync.yaml", "okrs.schema.json": "example/okrs/2026-Q4.yaml"}


def read(name: str) -> Any:
    # Dates stay texts, as they are for an editor.
    yaml = YAML(typ="safe", pure=True)
    yaml.constructor.add_constructor("tag:yaml.org,2002:timestamp", lambda loader, node: node.value)
    return yaml.load((CONFIG / EXAMPLES[name]).read_text(encoding="utf-8"))


def errors(name: str, value: Any) -> list[str]:
    return list(messages(Draft202012Validator(build_schemas()[name]).iter_errors(value)))


def messages(found: Iterable[ValidationError]) -> Iterator[str]:
    """The messages with those of every branch of an ``anyOf``: a value that may be null hides its errors there."""
    for error in found:
        yield error.message
        yield from messages(error.context or ())


@pytest.mark.parametrize("name", FILES)
def test_files_are_current(name: str, tmp_path: Path) -> None:
    (path,) = [each for each in write_schemas(tmp_path) if each.name == name]
    current = (CONFIG / name).read_text(encoding="utf-8")
    assert current == path.read_text(encoding="utf-8"), "run `make schemas`"


@pytest.mark.parametrize("name", FILES)
def test_valid_and_the_example_conforms(name: str) -> None:
    schema = json.loads((CONFIG / name).read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == FILES[name]
    assert errors(name, read(name)) == []


def properties(schema: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            yield from schema["properties"].items()
        for value in schema.values():
            yield from properties(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from properties(value)


@pytest.mark.parametrize("name", FILES)
def test_every_key_is_explained(name: str) -> None:
    schema = build_schemas()[name]
    groups = (plugins.CONNECTORS, plugins.OUTCOMES, plugins.PUBLISHERS)
    ours = {key: each for key, each in schema["$defs"].items() if not key.startswith(groups)}
    found = list(properties({**schema, "$defs": ours}))
    assert len(found) > 10
    assert [key for key, each in found if "const" not in each and not each.get("description")] == []


def test_what_is_refused() -> None:
    main = read("okrsync.schema.json")
    main["langauge"] = "en"
    main["sources"]["shop-jira"]["porjects"] = ["SHOP"]
    main["sources"]["other"] = {"type": "third-party", "anything": 1}
    main["publish"].append({"path": "wiki"})
    assert {
        "'type' is a required property",
        "Additional properties are not allowed ('langauge' was unexpected)",
        "Additional properties are not allowed ('porjects' was unexpected)",
    } <= set(errors("okrsync.schema.json", main))
    assert not any("('anything'" in message for message in errors("okrsync.schema.json", main))

    goals = read("okrs.schema.json")
    key_result = goals["objectives"][0]["key_results"][0]
    key_result["work"].append({"lables": ["x"]})
    key_result["metric"]["cadence"] = "1m"
    found = errors("okrs.schema.json", goals)
    assert "Additional properties are not allowed ('lables' was unexpected)" in found
    assert any(message.startswith("'1m' does not match") for message in found)
    del key_result["work"][-1], key_result["metric"]["cadence"]
    key_result["work"].append({"labels": "one", "versions": [1.1]})
    key_result["metric"]["lag"] = 14
    key_result["metric"]["source"] = {
        "type": "sql",
        "url": "sqlite:///a.db",
        "query": "SELECT day, shops FROM activation",
    }
    assert errors("okrs.schema.json", goals) == []
