"""What `okrsync doctor` asks of a Jira site: who we are there, what we may do, and whether each scope can be read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from okrsync.checkup import Check, clocks, readable, time_zones, trying
from okrsync.errors import SourceError
from okrsync.http import one_line
from okrsync.language import N_, _, joined
from okrsync.model import Scope

if TYPE_CHECKING:
    from okrsync_jira import JiraConnector

NEEDLESS = {
    "SYSTEM_ADMIN": N_("administer the server"),
    "ADMINISTER": N_("administer Jira"),
    "ADMINISTER_PROJECTS": N_("administer projects"),
    "CREATE_ISSUES": N_("create issues"),
    "EDIT_ISSUES": N_("edit issues"),
    "DELETE_ISSUES": N_("delete issues"),
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
        yield Check(source, "warning", _("Jira does not say what the account may do: {error}").format(error=error), "")
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
            _("the account may also {permissions}").format(permissions=joined([_(words) for words in held])),
            _("give okrsync an account of its own that may browse the projects and nothing else"),
        )


def _scope(connector: JiraConnector, scope: Scope) -> Iterator[Check]:
    about = f"{scope.source}:{scope.id}"
    with trying(about, _("check the key, and that the account may browse the project")) as failed:
        project = connector.check_scope(scope)
        found = connector.count(scope)
        yield from readable(about, found, None if project in (None, scope.id) else one_line(str(project), 40))
    if failed.check is not None:
        yield failed.check
