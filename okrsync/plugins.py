"""Finding what is registered by entry point: connectors, outcome sources and publishers, built-in and third-party."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, distributions
from typing import TYPE_CHECKING, Any

from okrsync.errors import ConfigError
from okrsync.http import one_line
from okrsync.language import _

if TYPE_CHECKING:
    from pydantic import BaseModel

CONNECTORS = "okrsync.connectors"
OUTCOMES = "okrsync.outcomes"
PUBLISHERS = "okrsync.publishers"


@cache
def installed(group: str) -> Mapping[str, EntryPoint]:
    """Entry points of a group by name, not loaded yet; looked up once, as that reads a file of every distribution.

    Raises ``ConfigError`` when two distributions claim the same name.
    """
    found: dict[str, EntryPoint] = {}
    for entry in _registered():
        if entry.group != group:
            continue
        known = found.get(entry.name)
        if known is not None and known.value != entry.value:
            raise ConfigError(
                _("two installed packages provide {name!r} in {group} ({one}, {other}): uninstall one of them").format(
                    name=entry.name, group=group, one=known.value, other=entry.value
                )
            )
        found[entry.name] = entry
    return found


@cache
def _registered() -> tuple[EntryPoint, ...]:
    """What is registered in any of our groups. ``importlib.metadata.entry_points`` reads and parses the file of each
    distribution once a group, which takes longer than to read the configuration."""
    named: dict[str, tuple[EntryPoint, ...]] = {}
    for distribution in distributions():
        text = distribution.read_text("entry_points.txt")
        if text and "[okrsync." in text:
            # The first on the path hides others of its name.
            named.setdefault(distribution.name, tuple(distribution.entry_points))
    return tuple(entry for entries in named.values() for entry in entries)


def load(group: str, name: str) -> Any:
    """The class registered under ``name``.

    Raises ``ConfigError`` naming what is installed when there is none of that name, or when it cannot be imported.
    """
    entries = installed(group)
    if name not in entries:
        raise ConfigError(
            _("no plugin {name!r} in {group}; installed: {names}").format(
                name=name, group=group, names=", ".join(sorted(entries)) or _("none")
            )
        )
    try:
        return entries[name].load()
    except Exception as error:  # whatever a stranger's module does when it is imported
        raise ConfigError(_broken(group, name, error)) from error


def settings_of(group: str, name: str) -> type[BaseModel]:
    """What a plugin can be told in YAML. Raises ``ConfigError`` as ``load`` does, and when it has no such class."""
    from pydantic import BaseModel

    settings = getattr(load(group, name), "Settings", None)
    if isinstance(settings, type) and issubclass(settings, BaseModel):
        return settings
    raise ConfigError(_broken(group, name, TypeError(_("it has no class `Settings`"))))


def _broken(group: str, name: str, error: Exception) -> str:
    reason = one_line(str(error) or type(error).__name__)
    distribution = getattr(installed(group)[name], "dist", None)
    if distribution is None:
        said = _("the plugin {name!r} in {group} cannot be imported: {error}")
        return said.format(name=name, group=group, error=reason)
    said = _(
        "the plugin {name!r} in {group}, from the package {package} {version}, cannot be imported: {error}. "
        "Update that package, or uninstall it"
    )
    package, version = distribution.name, distribution.version
    return said.format(name=name, group=group, package=package, version=version, error=reason)
