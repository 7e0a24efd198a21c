"""Holds requests and answers against the vendors' own API descriptions (OpenAPI 3.0, in ``shared/contracts``)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator, FormatChecker
from jsonschema.exceptions import best_match
from referencing import Registry
from referencing.jsonschema import DRAFT4

CONTRACTS = Path(__file__).resolve().parents[1].parent / "shared" / "contracts"
needs_contracts = pytest.mark.skipif(not CONTRACTS.is_dir(), reason=f"the API descriptions are not at {CONTRACTS}")

_ROOT = "urn:description"
_formats = FormatChecker(formats=())


@_formats.checks("date-time", raises=ValueError)
def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@_formats.checks("date", raises=ValueError)
def _is_day(value: object) -> bool:
    return not isinstance(value, str) or bool(date.fromisoformat(value))


def validate_answer(
    spec_path: Path, method: str, path: str, status: int, json: Any = None, *, loose: bool = False
) -> None:
    """Assert that the description knows this status for this request, and that the JSON fits its schema.

    ``path`` is as it was requested, without the query. A status that is described without a body may have any.
    ``loose`` is for Jira Data Center, whose description calls lists single items and field values objects.
    """
    description = _description(spec_path, loose)
    responses = description.operation(method, path)["responses"]
    answer = responses.get(str(status)) or responses.get(f"{status // 100}XX") or responses.get("default")
    assert answer is not None, f"{method} {path}: status {status} is not described, only {', '.join(responses)}"
    schema = description.json_schema(answer)
    if schema is not None:
        description.check(schema, json, f"{method} {path} → {status}")


def validate_request(
    spec_path: Path,
    method: str,
    path: str,
    query: Mapping[str, str | Sequence[str]] | None = None,
    body: Any = None,
    *,
    loose: bool = False,
) -> None:
    """Assert that the description knows the request, each of its query parameters, and that its JSON body fits."""
    description = _description(spec_path, loose)
    operation = description.operation(method, path)
    place = f"{method} {path}"
    known = {
        parameter["name"]: parameter
        for parameter in map(description.resolve, operation.get("parameters", ()))
        if parameter["in"] == "query"
    }
    given = {name: [value] if isinstance(value, str) else list(value) for name, value in (query or {}).items()}
    for name, values in given.items():
        assert name in known, f"{place}: unknown parameter {name!r}; described are {', '.join(known) or 'none'}"
        schema = description.resolve(known[name].get("schema", {}))
        description.check(schema, _typed(values, schema, description), f"{place}: parameter {name!r}")
    missing = {name for name, parameter in known.items() if parameter.get("required")} - given.keys()
    assert not missing, f"{place}: required parameters are missing: {', '.join(sorted(missing))}"
    described = operation.get("requestBody")
    if described is None:
        assert body is None, f"{place}: takes no body"
        return
    described = description.resolve(described)
    assert body is not None or not described.get("required"), f"{place}: needs a body"
    body_schema = description.json_schema(described)
    if body is not None and body_schema is not None:
        description.check(body_schema, body, f"{place}: body")


@cache
def github_schema() -> Any:
    """GitHub's GraphQL schema, with the issue types that it has gained since it was published."""
    import graphql

    text = (CONTRACTS / "github.graphql").read_text(encoding="utf-8")
    types = "type IssueType { name: String! } extend type Issue { issueType: IssueType }"
    # As published it declares two fields twice, and deprecates fields of interfaces.
    return graphql.build_schema(f"{text}\n{types}", assume_valid=True, assume_valid_sdl=True)


@dataclass(frozen=True)
class _Description:
    document: dict[str, Any]
    registry: Registry[Any]
    prefix: str
    """What the server's address adds before the described paths: ``/rest``, ``/api/v3``."""

    def operation(self, method: str, path: str) -> dict[str, Any]:
        """The described operation; among several templates that fit, the one with most literal segments."""
        segments = path.removeprefix(self.prefix).strip("/").split("/")
        best: tuple[int, dict[str, Any]] | None = None
        for template, operations in self.document["paths"].items():
            parts = template.strip("/").split("/")
            if len(parts) != len(segments) or method.lower() not in operations:
                continue
            if all(_fits(part, segment) for part, segment in zip(parts, segments, strict=True)):
                literal = sum("{" not in part for part in parts)
                if best is None or literal > best[0]:
                    shared = operations.get("parameters", [])
                    operation = operations[method.lower()]
                    best = (literal, {**operation, "parameters": [*shared, *operation.get("parameters", [])]})
        assert best is not None, f"{method} {path} is not described"
        return best[1]

    def resolve(self, value: dict[str, Any]) -> dict[str, Any]:
        if "$ref" not in value:
            return value
        resolved = self.registry.resolver().lookup(value["$ref"]).contents
        assert isinstance(resolved, dict)
        return self.resolve(resolved)

    def json_schema(self, described: dict[str, Any]) -> dict[str, Any] | None:
        for kind, content in self.resolve(described).get("content", {}).items():
            if kind.split(";")[0].endswith("json"):
                schema = content.get("schema")
                assert schema is None or isinstance(schema, dict)
                return schema
        return None

    def check(self, schema: dict[str, Any], value: Any, place: str) -> None:
        validator = Draft4Validator(schema, registry=self.registry, format_checker=_formats)
        error = best_match(validator.iter_errors(value))
        if error is not None:
            where = "".join(f"[{step!r}]" for step in error.absolute_path)
            raise AssertionError(f"{place}: at {where or 'the top'}: {error.message[:500]}")


def _fits(part: str, segment: str) -> bool:
    return re.fullmatch(re.sub(r"\\\{.*?\\\}", ".+", re.escape(part)), segment) is not None


def _typed(values: list[str], schema: dict[str, Any], description: _Description) -> Any:
    """A query parameter's text as the value that its schema speaks of; what does not convert stays text, and fails."""
    kind = schema.get("type")
    if kind == "array":
        items = description.resolve(schema.get("items", {}))
        # A list is sent as repeated parameters or, as Jira allows everywhere, between commas.
        return [_typed([item], items, description) for value in values for item in value.split(",")]
    if len(values) != 1:
        return values
    (text,) = values
    if kind == "integer" and re.fullmatch(r"-?\d+", text):
        return int(text)
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    return text


@cache
def _description(path: Path, loose: bool) -> _Description:
    source = json.loads(path.read_text("utf-8"))
    document = _dialect(source, loose)
    registry: Registry[Any] = Registry().with_resource(_ROOT, DRAFT4.create_resource(document))
    address = re.sub(r"^[a-z{}]+://[^/]+", "", source["servers"][0]["url"])
    return _Description(document, registry, address.rstrip("/"))


def _dialect(value: Any, loose: bool) -> Any:
    """OpenAPI 3.0 dialect as JSON Schema draft 4: ``nullable`` becomes a choice, references become absolute."""
    if isinstance(value, list):
        return [_dialect(item, loose) for item in value]
    if not isinstance(value, dict):
        return value
    if isinstance(reference := value.get("$ref"), str):
        absolute = {"$ref": _ROOT + reference}
        return _one_or_many(absolute) if loose and "/schemas/" in reference else absolute
    schema = {name: _dialect(item, loose and name != "parameters") for name, item in value.items() if name != "example"}
    if loose and value.get("additionalProperties") == {"type": "object"}:
        schema["additionalProperties"] = {}
    if value.get("nullable") is True:
        del schema["nullable"]
        return {"anyOf": [schema, {"enum": [None]}]}
    if loose and isinstance(value.get("type"), str) and value["type"] != "array":
        return _one_or_many(schema)
    return schema


def _one_or_many(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "array", "items": schema}, {"enum": [None]}]}
