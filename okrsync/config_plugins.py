"""Settings of sources, outcome sources and wikis: each ``type`` is checked by the plugin that implements it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError

from okrsync import plugins
from okrsync.config_errors import did_you_mean, report
from okrsync.config_yaml import YamlMapping
from okrsync.errors import ConfigError
from okrsync.plain_secrets import refuse_plain_settings

_NOUNS = {plugins.CONNECTORS: "source", plugins.OUTCOMES: "outcome source", plugins.PUBLISHERS: "wiki"}
"""What messages call the plugins of a group."""


def read_settings(group: str, value: YamlMapping) -> Any:
    """The settings of one source, outcome source or wiki, as its plugin's ``Settings``.

    Returns None when they are wrong; the document of ``value`` says why.
    """
    noun = _NOUNS[group]
    document, path = value.document, value.path
    kind = value.get("type")
    if kind is None:
        document.problem(path, f"'type' is missing in this {noun}; installed: {_installed(group)}")
        return None
    if not isinstance(kind, str):
        document.problem((*path, "type"), "'type' must be a text")
        return None
    shown = document.shown((*path, "type"))
    if kind not in plugins.installed(group):
        suggestion = did_you_mean(kind, set(plugins.installed(group)))
        suggestion = suggestion if "mean" in suggestion else ""
        installed = f"installed: {_installed(group)}"
        document.problem((*path, "type"), f"no {noun} of type {shown} is known{suggestion or '; ' + installed}")
        return None
    try:
        settings: type[BaseModel] = plugins.load(group, kind).Settings
    except ConfigError as error:
        document.problem((*path, "type"), str(error))
        return None
    try:
        read = settings.model_validate(value)
    except ValidationError as error:
        report(error, settings, value, f"the {noun} of type {shown}")
        return None
    refuse_plain_settings(read, value)
    return read


def default_settings(group: str, kind: str) -> Any:
    """The settings of a type that needs none. Raises ``ConfigError`` when it is not installed."""
    return plugins.load(group, kind).Settings(type=kind)


def _installed(group: str) -> str:
    return ", ".join(sorted(plugins.installed(group))) or "none"
