"""``config/explain.schema.json`` is strict, explains every key, and knows what the model knows.

That every explanation of the sample company keeps to it is tested where these are made (``test_explain_demo``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import jsonschema

from okrsync.activity import Standing
from okrsync.model import ItemKind, Kind, Movement, Trend, Verdict
from okrsync.provenance import LinkReason
from okrsync.verdict import Direction

PATH = Path(__file__).resolve().parents[1] / "config" / "explain.schema.json"
SCHEMA = json.loads(PATH.read_text("utf-8"))


def objects(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if node.get("type") == "object":
            yield node
        for each in node.values():
            yield from objects(each)
    elif isinstance(node, list):
        for each in node:
            yield from objects(each)


def test_the_schema_is_valid_strict_and_explains_every_key() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    found = list(objects(SCHEMA))
    assert len(found) > 10
    for each in found:
        assert each["additionalProperties"] is False
        assert each["required"] == list(each["properties"])
    told = {"cycle", "key_result", "work", "measurements", "movement", "verdict"}
    keys = [(key, value) for each in found for key, value in each["properties"].items()]
    assert [key for key, value in keys if "description" not in value and key not in told] == []


def test_its_enumerations_are_those_of_the_model() -> None:
    defs, top = SCHEMA["$defs"], SCHEMA["properties"]
    assert defs["verdict"]["enum"] == [*Verdict]
    assert defs["piece"]["properties"]["standing"]["enum"] == [*Standing]
    assert defs["item"]["properties"]["kind"]["enum"] == [*ItemKind]
    assert defs["link"]["properties"]["reason"]["enum"] == list(get_args(LinkReason))
    assert top["movement"]["properties"]["movement"]["enum"] == [*Movement]
    assert top["movement"]["properties"]["trend"]["enum"] == [*Trend]
    assert top["key_result"]["properties"]["kind"]["enum"] == [*Kind]
    assert top["key_result"]["properties"]["direction"]["enum"] == [*get_args(Direction), None]
