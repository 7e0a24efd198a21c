"""Settings of sources, outcome sources and wikis: each ``type`` is checked by the plugin that implements it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from okrsync import plugins
from okrsync.config_errors import did_you_mean, report
from okrsync.config_yaml import YamlMapping
from okrsync.errors import ConfigError, Problem
from okrsync.publish.interface import PublisherSettings


class UnavailablePublisherSettings(PublisherSettings):
    """A wiki that this version cannot write yet: nothing is published there. Its keys are not kept."""

    model_config = ConfigDict(extra="ignore")


@dataclass(frozen=True)
class _Group:
    """What messages call a group of plugins, and which types the configuration's format announces for it."""

    noun: str
    unavailable: type[BaseModel] | None = None
    announced: tuple[str, ...] = ()


_GROUPS = {
    plugins.CONNECTORS: _Group("source"),
    plugins.OUTCOMES: _Group("outcome source"),
    plugins.PUBLISHERS: _Group("wiki", UnavailablePublisherSettings, ("confluence", "mediawiki")),
}


def read_settings(group: str, value: YamlMapping, warnings: list[Problem]) -> Any:
    """The settings of one source, outcome source or wiki, as its plugin's ``Settings``.

    Returns None when they are wrong; the document of ``value`` says why. A type that the format announces and nothing
    installed implements becomes an ``Unavailable…Settings`` and a warning.
    """
    about = _GROUPS[group]
    document, path = value.document, value.path
    kind = value.get("type")
    if kind is None:
        document.problem(path, f"'type' is missing in this {about.noun}; installed: {_installed(group)}")
        return None
    if not isinstance(kind, str):
        document.problem((*path, "type"), "'type' must be a text")
        return None
    shown = document.shown((*path, "type"))
    if kind not in plugins.installed(group):
        if about.unavailable is not None and kind in about.announced:
            warnings.append(
                document.warning((*path, "type"), f"this version of okrsync has no {about.noun} of type {shown} yet")
            )
            return about.unavailable.model_validate(value)
        suggestion = did_you_mean(kind, {*plugins.installed(group), *about.announced})
        suggestion = suggestion if "mean" in suggestion else ""
        installed = f"installed: {_installed(group)}"
        document.problem((*path, "type"), f"no {about.noun} of type {shown} is known{suggestion or '; ' + installed}")
        return None
    try:
        settings: type[BaseModel] = plugins.load(group, kind).Settings
    except ConfigError as error:
        document.problem((*path, "type"), str(error))
        return None
    try:
        return settings.model_validate(value)
    except ValidationError as error:
        report(error, settings, value, f"the {about.noun} of type {shown}")
        return None


def default_settings(group: str, kind: str) -> Any:
    """The settings of a type that needs none. Raises ``ConfigError`` when it is not installed."""
    return plugins.load(group, kind).Settings(type=kind)


def _installed(group: str) -> str:
    return ", ".join(sorted(plugins.installed(group))) or "none"


def announced(group: str) -> tuple[str, ...]:
    """Types that the configuration's format has and no version implements yet."""
    return _GROUPS[group].announced
