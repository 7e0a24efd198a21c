"""Finding what is registered by entry point: connectors, outcome sources and publishers, built-in and third-party."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, distributions
from typing import Any

from okrsync.errors import ConfigError
from okrsync.language import _

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
    except ImportError as error:
        raise ConfigError(
            _("the plugin {name!r} in {group} cannot be imported: {error}").format(name=name, group=group, error=error)
        ) from error
