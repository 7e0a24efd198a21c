"""What pydantic finds wrong, in plain words and with file and line; values are never repeated."""

from __future__ import annotations

import re
import types
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import Annotated, Any, ClassVar, Self, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, PrivateAttr, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from okrsync.config_yaml import Document, YamlMapping, YamlPath
from okrsync.errors import WrongValue
from okrsync.language import N_, _, alternatives

_DROPPED = "okrsync_dropped"

_SENTENCES = {
    **dict.fromkeys(
        ("int_type", "int_parsing", "int_from_float", "int_parsing_size"), N_("{name} must be a whole number")
    ),
    **dict.fromkeys(("float_type", "float_parsing", "finite_number"), N_("{name} must be a number")),
    **dict.fromkeys(("bool_type", "bool_parsing"), N_("{name} must be true or false")),
    **dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type"), N_("{name} must be a list")),
    **dict.fromkeys(
        ("dict_type", "mapping_type", "model_type", "model_attributes_type"),
        N_("{name} must hold keys and values"),
    ),
    **dict.fromkeys(("string_too_short", "too_short"), N_("{name} must not be empty")),
    "greater_than": N_("{name} must be greater than {gt}"),
    "greater_than_equal": N_("{name} must be {ge} or more"),
    "less_than": N_("{name} must be less than {lt}"),
    "less_than_equal": N_("{name} must be {le} or less"),
    "string_pattern_mismatch": N_("{name} must match the pattern {pattern}"),
    "string_too_long": N_("{name} must have at most {max_length} characters"),
    "url_parsing": N_("{name} must be an address"),
}
"""Of an error's type by pydantic, a sentence with the places of its context."""


def closest(wrong: str, known: Iterable[str]) -> str | None:
    """The name among those known that a wrong one was most probably meant to be."""
    return next(iter(get_close_matches(wrong, sorted(known), n=1, cutoff=0.6)), None)


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """``; did you mean 'labels'?``, or else which names there are, or nothing when there is none."""
    names = sorted(known)
    nearest = closest(wrong, names)
    if nearest is not None:
        return _("; did you mean {name!r}?").format(name=nearest)
    if not names:
        return ""
    shown = ", ".join(names[:20]) + (" …" if len(names) > 20 else "")
    return _("; known: {names}").format(names=shown)


class YamlModel(BaseModel):
    """Base of what stands in the YAML files.

    Built from a ``YamlMapping``, it notes its problems in the mapping's document and is then built once more without
    what was wrong, so that one mistake hides no other. It fails only when what is left is not enough; a list of models
    goes on without that one.
    """

    # Built with the file that holds it rather than for itself before: most stand in one other model alone.
    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False, defer_build=True
    )
    noun: ClassVar[str]
    """What messages call it, with its article."""

    _path: YamlPath = PrivateAttr(default=())

    @property
    def path(self) -> YamlPath:
        """Where it stands in its document."""
        return self._path

    @model_validator(mode="wrap")
    @classmethod
    def _from_yaml(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(value, YamlMapping):
            return handler(value)
        try:
            model = handler(value)
        except ValidationError as error:
            report(error, cls, value, _(cls.noun))
            try:
                model = handler(_without_errors(value, error))
            except ValidationError:
                raise PydanticCustomError(_DROPPED, "already reported") from None
        model._path = value.path
        return model


def read_model(model: type[YamlModel], document: Document) -> Any:
    """The document's data as a model; None when it cannot be built, with the reasons among the document's problems."""
    if document.data is None:
        return None
    try:
        return model.model_validate(document.data)
    except ValidationError:
        return None


def report(error: ValidationError, model: type[BaseModel], value: YamlMapping, noun: str) -> None:
    """Note every error of ``model`` against ``value`` in the document; ``noun`` is what messages call the value."""
    located = [(found, *_locate(found, value)) for found in error.errors(include_url=False, include_input=False)]
    for found, path, missing in _best_branches(located):
        if value.document.full:
            return
        if found["type"] == _DROPPED:
            continue
        key = missing if missing is not None else (path[-1] if path else None)
        parent = path if missing is not None else path[:-1]
        inside = noun if not parent else _name(parent)
        if found["type"] == "missing":
            message = _("{key!r} is missing in {inside}").format(key=key, inside=inside)
        elif found["type"] == "extra_forbidden":
            suggestion = did_you_mean(str(key), _known_keys(model, found["loc"][:-1]) - set(_at(value, parent)))
            said = _("unknown key {key!r} in {inside}{hint}")
            message = said.format(key=key, inside=inside, hint=suggestion)
        else:
            message = _sentence(noun if not path else _name(path), found, _at(value, path))
        value.document.problem((*value.path, *path), message)


def _sentence(name: str, found: ErrorDetails, value: Any) -> str:
    kind = found["type"]
    if value is None:
        return _("{name} has no value").format(name=name)
    if kind == "string_type":
        said = (
            _("{name} must be a text")
            if isinstance(value, dict | list)
            else _("{name} must be a text: put it in quotes")
        )
        return said.format(name=name)
    if kind in ("value_error", "assertion_error"):
        error = found.get("ctx", {}).get("error", found["msg"])
        if isinstance(error, WrongValue):
            return error.about(name)
        words = str(error)
        # A plugin's own, in English.
        if words.startswith(("must ", "is ", "has ")):
            return f"{name} {words}"
        return _("{name}: {problem}").format(name=name, problem=words)
    if kind == "literal_error":
        known = re.findall(r"'[^']*'", found["ctx"]["expected"])
        return _("{name} must be {known}").format(name=name, known=alternatives(known))
    if kind in _SENTENCES:
        return _(_SENTENCES[kind]).format(name=name, **found.get("ctx", {}))
    return _("{name} is not valid: {problem}").format(name=name, problem=found["msg"])


def _name(path: YamlPath) -> str:
    """``'labels'``, ``entry 2 of 'labels'``."""
    if isinstance(path[-1], int):
        whole = _name(path[:-1]) if len(path) > 1 else _("the list")
        return _("entry {number} of {whole}").format(number=path[-1] + 1, whole=whole)
    return repr(path[-1])


def _locate(found: ErrorDetails, value: Any) -> tuple[YamlPath, str | None, tuple[YamlPath, str] | None]:
    """Where an error stands in the data, the key that is missing there, and the branch of a union it is about.

    pydantic puts the names of a union's members into ``loc``; they are no keys and are stepped over.
    """
    path: YamlPath = ()
    branch = None
    here = value
    loc = found["loc"]
    for position, part in enumerate(loc):
        if isinstance(here, dict) and part in here:
            here = here[str(part)]
            path = (*path, part)
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
            path = (*path, part)
        elif found["type"] == "missing" and position == len(loc) - 1:
            return path, str(part), branch
        elif branch is None:
            branch = (path, str(part))
    return path, None, branch


def _best_branches(
    located: list[tuple[ErrorDetails, YamlPath, str | None, tuple[YamlPath, str] | None]],
) -> Iterator[tuple[ErrorDetails, YamlPath, str | None]]:
    """Of each union, only the errors of the member that the value comes nearest to."""
    errors = Counter(branch for *_, branch in located if branch is not None)
    best: dict[YamlPath, tuple[YamlPath, str]] = {}
    for member, count in errors.items():
        if member[0] not in best or count < errors[best[member[0]]]:
            best[member[0]] = member
    for found, path, missing, branch in located:
        if branch is None or best[branch[0]] == branch:
            yield found, path, missing


def _at(value: Any, path: YamlPath) -> Any:
    for part in path:
        value = value[part]
    return value


def _without_errors(value: YamlMapping, error: ValidationError) -> dict[str, Any]:
    """The mapping without the keys, or the entries of its lists, that an error is about."""
    bad: dict[str, set[int | None]] = {}
    for found in error.errors(include_url=False, include_input=False, include_context=False):
        path, _missing, _branch = _locate(found, value)
        if path:
            entry = path[1] if len(path) > 1 and isinstance(path[1], int) else None
            bad.setdefault(str(path[0]), set()).add(entry)
    kept = {key: item for key, item in value.items() if None not in bad.get(key, ())}
    for key in bad.keys() & kept.keys():
        kept[key] = [item for index, item in enumerate(kept[key]) if index not in bad[key]]
    return kept


def _known_keys(model: type[BaseModel], loc: Sequence[str | int]) -> set[str]:
    """The keys that the model at ``loc`` below ``model`` has; of a union, those of all members."""
    models = [model]
    for part in loc:
        fields = [each.model_fields[part] for each in models if isinstance(part, str) and part in each.model_fields]
        if fields:
            models = [inner for field in fields for inner in _models_in(field.annotation)]
    return {key for each in models for key in each.model_fields}


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Union, types.UnionType, Annotated, list, tuple, dict):
        for part in get_args(annotation):
            yield from _models_in(part)
