"""What `okrsync doctor` asks of a Jira site: who we are there, what we may do, and whether each scope can be read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from okrsync.checkup import Check, clocks, time_zones, trying
from okrsync.errors import SourceError
from okrsync.http import one_line
from okrsync.model import Scope
from okrsync.numbers import count_of

if TYPE_CHECKING:
    from okrsync_jira import JiraConnector

NEEDLESS = {
    "SYSTEM_ADMIN": "administer the server",
    "ADMINISTER": "administer Jira",
    "ADMINISTER_PROJECTS": "administer projects",
    "CREATE_ISSUES": "create issues",
    "EDIT_ISSUES": "edit issues",
    "DELETE_ISSUES": "delete issues",
}
"""Permissions that reading does not need, and what they let the account do. DC names them all unasked."""


def checkup(connector: JiraConnector, now: datetime) -> Iterator[Check]:
    """See ``Connector.checkup``. Raises ``SourceError`` when the site cannot be read at all."""
    source = connector.context.source
    site = connector.site()
    yield Check(source, "good", connector.describe())
    yield from clocks(source, site.now(), now)
    me = site.client.get(f"{site.api}/myself", source).data
    zone = me.get("timeZone") if isinstance(me, dict) else None
    yield from time_zones(source, zone if isinstance(zone, str) else None, str(connector.context.timezone), now)
    yield from _permissions(connector, source)
    for scope in connector.scopes():
        yield from _scope(connector, scope)


def _permissions(connector: JiraConnector, source: str) -> Iterator[Check]:
    site = connector.site()
    asked = [name for name in NEEDLESS if name != "SYSTEM_ADMIN"] if site.cloud else []
    params = {"permissions": ",".join(asked)} if asked else {}
    try:
        told: Any = site.client.get(f"{site.api}/mypermissions", source, **params).data
    except SourceError as error:
        yield Check(source, "warning", f"Jira does not say what the account may do: {error}", "")
        return
    permissions = told.get("permissions") if isinstance(told, dict) else None
    held = [
        words
        for name, words in NEEDLESS.items()
        if isinstance(permissions, dict)
        and isinstance(permissions.get(name), dict)
        and permissions[name].get("havePermission") is True
    ]
    if held:
        yield Check(
            source,
            "warning",
            f"the account may also {', '.join(held[:-1]) + ' and ' + held[-1] if len(held) > 1 else held[0]}",
            "give okrsync an account of its own that may browse the projects and nothing else",
        )


def _scope(connector: JiraConnector, scope: Scope) -> Iterator[Check]:
    about = f"{scope.source}:{scope.id}"
    with trying(about, "check the key, and that the account may browse the project") as failed:
        project = connector.check_scope(scope)
        found = connector.count(scope)
        renamed = "" if project in (None, scope.id) else f"; it is called {one_line(str(project), 40)} now"
        yield Check(about, "good", f"can be read{'' if found is None else ': ' + count_of(found, 'issue')}{renamed}")
    if failed.check is not None:
        yield failed.check
