"""What `okrsync doctor` asks of GitHub: what the token may do, until when, and whether each repository can be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from okrsync.checkup import Check, clocks, readable, trying
from okrsync.errors import SourceError
from okrsync.http import one_line
from okrsync.language import N_, _
from okrsync.model import Scope

if TYPE_CHECKING:
    from okrsync_github import GitHubConnector
    from okrsync_github.client import Answer, GitHubClient

READING = frozenset({"", "read:org", "read:user", "user:email", "read:project", "repo:status"})
"""Scopes of classic tokens that let nobody write; there is none that reads private repositories alone."""
EXPIRES_SOON = timedelta(days=14)
_PARTS = (("issues", "Issues"), ("pulls", "Pull requests"), ("commits", "Contents"))
"""What is read of each repository, and the permission of a fine-grained token that lets one read it."""
_ACTION = N_("check the name, and that the token has read access to Metadata, Issues, Pull requests and Contents there")


def checkup(connector: GitHubConnector, client: GitHubClient, now: datetime) -> Iterator[Check]:
    """See ``Connector.checkup``. Raises ``SourceError`` when GitHub cannot be read at all."""
    source = connector.context.source
    # Answers 404 on an Enterprise Server without limits, after it has looked at the token.
    answer = client.get("/rate_limit", accept=frozenset({404}))
    yield Check(source, "good", connector.describe())
    yield from clocks(source, answer.date, now)
    yield from _token(source, answer, now)
    yield from _app(source, client.granted)
    for scope in connector.scopes():
        yield from _repository(connector, client, scope)


def _token(source: str, answer: Answer, now: datetime) -> Iterator[Check]:
    scopes = [scope.strip() for scope in (answer.token_scopes or "").split(",")]
    writing = [one_line(scope, 40) for scope in scopes if scope not in READING]
    if writing:
        yield Check(
            source,
            "warning",
            _("the token may do more than read: {scopes}").format(scopes=", ".join(writing)),
            _("a fine-grained token with read access to Metadata, Issues, Pull requests and Contents is enough"),
        )
    expires = _moment(answer.token_expires)
    if expires is not None and expires - now <= EXPIRES_SOON:
        yield Check(
            source, "warning", _("the token ends on {day}").format(day=expires.date()), _("make a new one before")
        )


def _app(source: str, granted: Mapping[str, Any]) -> Iterator[Check]:
    writing = sorted(
        f"{one_line(str(name), 40)}: {one_line(str(may), 20)}" for name, may in granted.items() if may != "read"
    )
    if writing:
        yield Check(
            source,
            "warning",
            _("the App may do more than read: {permissions}").format(permissions=", ".join(writing)),
            _("give the App read access to Metadata, Issues, Pull requests and Contents, and nothing else"),
        )


def _moment(text: str | None) -> datetime | None:
    """``2026-12-01 00:00:00 UTC`` or ``2026-12-01 08:00:00 +0800``, as GitHub writes it in the header."""
    for form in ("%Y-%m-%d %H:%M:%S UTC", "%Y-%m-%d %H:%M:%S %z"):
        try:
            moment = datetime.strptime(text or "", form)  # noqa: DTZ007 (UTC stands in the form)
        except ValueError:
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def _repository(connector: GitHubConnector, client: GitHubClient, scope: Scope) -> Iterator[Check]:
    about = f"{scope.source}:{scope.id}"
    with trying(about, _(_ACTION)) as failed:
        plan = connector.plan(scope, None)
        found = connector.count(scope)
        unreadable = [permission for part, permission in _PARTS if not _readable(client, plan.scope_name, part)]
        renamed = None if plan.scope_name.lower() == scope.id.lower() else one_line(plan.scope_name)
        yield from readable(about, found, renamed)
        for permission in unreadable:
            yield Check(
                about,
                "bad",
                _("the token may not read {permission} there").format(permission=permission),
                _("give it read access to {permission}").format(permission=permission),
            )
    if failed.check is not None:
        yield failed.check


def _readable(client: GitHubClient, repository: str, part: str) -> bool:
    """404 and 403 say no; 410 (issues are switched off) and 409 (there is no commit yet) are in order."""
    try:
        answer = client.get(f"/repos/{repository}/{part}", {"per_page": 1}, accept=frozenset({403, 404, 409, 410}))
    except SourceError:
        return False
    return answer.status not in (403, 404)
