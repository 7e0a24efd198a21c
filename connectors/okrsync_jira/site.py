"""What is asked of a Jira site once: which edition it is, who we are there, its fields and its clock."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import Any

from okrsync.connector import ConnectorContext
from okrsync.dates import parse_moment
from okrsync.errors import AuthError
from okrsync.http import one_line
from okrsync.language import _
from okrsync_jira.client import Answer, JiraClient, Refused
from okrsync_jira.custom import CustomFields
from okrsync_jira.items import Reader
from okrsync_jira.settings import CloudAuth, JiraSettings
from okrsync_jira.slices import ended


@dataclass(frozen=True, slots=True)
class Site:
    """What is asked once: who we are there, and what the site is."""

    client: JiraClient
    cloud: bool
    account: str
    reader: Reader
    told: datetime
    """The site's clock,"""
    heard: float
    """and our ``monotonic`` one then."""

    @property
    def api(self) -> str:
        return api_root(self.cloud)

    def now(self) -> datetime:
        """The time by the site's clock."""
        return self.told + timedelta(seconds=monotonic() - self.heard)


def ask_site(client: JiraClient, settings: JiraSettings, context: ConnectorContext, side: Executor) -> Site:
    """Ask a site what it is and who we are there, all at once: ``side`` runs what need not wait for each other.

    Raises ``AuthError`` when it does not know the account, ``SourceError`` for anything else that it refuses.
    """
    source, guess = context.source, isinstance(settings.auth, CloudAuth)
    info_asked = side.submit(if_there, client, "/rest/api/2/serverInfo", source)
    fields_asked = side.submit(if_there, client, f"{api_root(guess)}/field", source)
    me_asked = side.submit(client.get, f"{api_root(guess)}/myself", source)
    asked: list[Future[Any]] = [info_asked, fields_asked, me_asked]
    ended(asked)  # whatever fails first, nothing goes on behind its back
    info = info_asked.result()
    kind = info.data.get("deploymentType") if info and isinstance(info.data, dict) else None
    cloud = kind == "Cloud" if isinstance(kind, str) else guess
    answer = me_asked.result() if cloud is guess else client.get(f"{api_root(cloud)}/myself", source)
    me, heard = answer.data, monotonic()
    names = [me.get(key) for key in ("accountId", "key", "name")] if isinstance(me, dict) else []
    if not any(isinstance(name, str) and name for name in names):
        raise AuthError(
            _("{source}: Jira answered without an account: the token is not accepted. Renew it").format(source=source)
        )
    fields = fields_asked.result() if cloud is guess else if_there(client, f"{api_root(cloud)}/field", source)
    if fields is None:
        context.on_note(
            _("{source}: Jira does not list its fields: no sprints, epic links or story points").format(source=source)
        )
    custom = CustomFields.found_in(fields.data if fields else None)
    account = one_line(str(me.get("displayName") or next(name for name in names if name)), 80)
    told = server_time(answer) or _told_time(info) or datetime.now(UTC)
    reader = Reader(settings.url, context.timezone, custom, context.people)
    return Site(client, cloud, account, reader, told, heard)


def api_root(cloud: bool) -> str:
    return "/rest/api/3" if cloud else "/rest/api/2"


def if_there(client: JiraClient, path: str, where: str, **params: str) -> Answer | None:
    """What a GET answers; None for 404."""
    try:
        return client.get(path, where, **params)
    except Refused as error:
        if error.status == 404:
            return None
        raise


def server_time(answer: Answer) -> datetime | None:
    try:
        moment = parsedate_to_datetime(answer.headers.get("Date", ""))
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _told_time(info: Answer | None) -> datetime | None:
    if info is not None and isinstance(info.data, dict):
        try:
            return parse_moment(str(info.data.get("serverTime")))
        except (ValueError, OverflowError):
            pass
    return None
