"""Settings of sources, outcome sources and wikis: each ``type`` is checked by the plugin that implements it."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from okrsync import plugins
from okrsync.config_errors import closest, report
from okrsync.config_yaml import YamlMapping
from okrsync.errors import ConfigError
from okrsync.language import N_, _
from okrsync.plain_secrets import refuse_plain_settings

_NOUNS = {plugins.CONNECTORS: N_("source"), plugins.OUTCOMES: N_("outcome source"), plugins.PUBLISHERS: N_("wiki")}
"""What messages call the plugins of a group."""


def read_settings(group: str, value: YamlMapping) -> Any:
    """The settings of one source, outcome source or wiki, as its plugin's ``Settings``.

    Returns None when they are wrong; the document of ``value`` says why.
    """
    noun = _(_NOUNS[group])
    document, path = value.document, value.path
    kind = value.get("type")
    if kind is None:
        said = _("'type' is missing in this {noun}; installed: {names}")
        document.problem(path, said.format(noun=noun, names=_installed(group)))
        return None
    if not isinstance(kind, str):
        document.problem((*path, "type"), _("{name} must be a text").format(name="'type'"))
        return None
    shown = document.shown((*path, "type"))
    if kind not in plugins.installed(group):
        meant = closest(kind, plugins.installed(group))
        if meant is not None:
            said = _("no {noun} of type {type} is known; did you mean {name!r}?")
        else:
            said = _("no {noun} of type {type} is known; installed: {names}")
        document.problem((*path, "type"), said.format(noun=noun, type=shown, name=meant, names=_installed(group)))
        return None
    try:
        settings = plugins.settings_of(group, kind)
    except ConfigError as error:
        document.problem((*path, "type"), str(error))
        return None
    try:
        read = settings.model_validate(value)
    except ValidationError as error:
        report(error, settings, value, _("the {noun} of type {type}").format(noun=noun, type=shown))
        return None
    refuse_plain_settings(read, value)
    return read


def default_settings(group: str, kind: str) -> Any:
    """The settings of a type that needs none. Raises ``ConfigError`` when it is not installed."""
    return plugins.settings_of(group, kind).model_validate({"type": kind})


def _installed(group: str) -> str:
    return ", ".join(sorted(plugins.installed(group))) or _("none")
