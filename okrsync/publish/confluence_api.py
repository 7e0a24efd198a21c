"""The wire of Confluence: Cloud speaks its REST API v2, and v1 to upload; Data Center speaks v1."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from okrsync.errors import AuthError, RetryableError, SourceError
from okrsync.http import HttpPolicy, error_of, one_line, with_retries
from okrsync.language import _
from okrsync.publish.interface import Attachment

NOTE = "okrsync"
"""The key of the content property that we keep with a page."""


@dataclass(frozen=True, slots=True)
class Page:
    """A version of a page."""

    id: str
    version: int
    message: str
    """What its author said of this version."""
    body: str
    """In storage format, as Confluence keeps it."""
    link: str | None
    archived: bool = False


@dataclass(frozen=True, slots=True)
class File:
    """An attachment's newest version."""

    id: str
    comment: str


@dataclass(frozen=True, slots=True)
class Note:
    """Our content property of a page."""

    id: str
    version: int
    value: Any


class Api(ABC):
    """What both have in common. ``where`` says in messages which wiki it is."""

    def __init__(
        self, rest: Any, url: str, where: str, policy: HttpPolicy, on_wait: Callable[[str, float], None]
    ) -> None:
        self._rest, self._url, self.where = rest, url, where
        self._policy, self._on_wait = policy, on_wait

    @abstractmethod
    def open(self, space: str) -> None:
        """Find the space. Raises ``SourceError`` when the account does not see it."""

    @abstractmethod
    def may_write(self) -> bool | None:
        """Whether the account may create pages in the space; None where the service does not tell."""

    def needless(self) -> Sequence[str]:
        """What the account may do beside what is needed, as far as the service tells: ``delete page``."""
        return ()

    @abstractmethod
    def page(self, title: str) -> Page | None:
        """The page of that title in the space."""

    @abstractmethod
    def create(self, title: str, body: str, parent: Page | None) -> Page | None:
        """None when there is a page of that title."""

    @abstractmethod
    def update(self, title: str, before: Page, body: str, message: str) -> Page | None:
        """The new version; None when somebody else's came first."""

    @abstractmethod
    def note(self, page: Page) -> Note | None: ...

    @abstractmethod
    def keep(self, page: Page, before: Note | None, value: Any) -> None:
        """Write our content property."""

    @abstractmethod
    def files(self, page: Page) -> dict[str, File]:
        """The page's attachments by name."""

    @abstractmethod
    def upload(self, page: Page, attachment: Attachment, comment: str, before: File | None) -> str | None:
        """None when the page has the file now, else why it was not taken."""

    def _ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        files: Callable[[], dict[str, Any]] | None = None,
        accepted: tuple[int, ...] = (),
    ) -> tuple[int, Any]:
        """One request; its status and JSON. Statuses beside 2xx raise unless they are ``accepted``."""

        def call() -> tuple[int, Any]:
            return self._once(method, path, params, json, files, accepted)

        return with_retries(call, policy=self._policy, on_wait=self._on_wait)

    def _once(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None,
        json: Any,
        files: Callable[[], dict[str, Any]] | None,
        accepted: tuple[int, ...],
    ) -> tuple[int, Any]:
        import requests

        headers = {"Accept": "application/json", "X-Atlassian-Token": "nocheck"}
        try:
            response = self._rest.request(
                method,
                path,
                params=params,
                json=json,
                files=None if files is None else files(),
                headers=headers,
                advanced_mode=True,
            )
        except (requests.ConnectionError, requests.Timeout) as error:
            raise RetryableError(
                _("{where} cannot be reached: {name}").format(where=self.where, name=type(error).__name__)
            ) from None
        status = response.status_code
        # A wrong or expired token may be taken for a visitor without an account, who sees nothing.
        if response.headers.get("X-Seraph-LoginReason", "OK") in {"AUTHENTICATED_FAILED", "AUTHENTICATION_DENIED"}:
            raise AuthError(
                _("{where} does not know the account: the token may be wrong or expired").format(where=self.where)
            )
        try:
            answer = response.json() if response.content else None
        except requests.JSONDecodeError:
            if response.ok:
                raise SourceError(
                    _("{where} does not answer as Confluence does: check `url`").format(where=self.where)
                ) from None
            answer = None
        if not response.ok and status not in accepted:
            raise error_of(status, response.headers, said(answer), self.where)
        return status, answer

    def _upload(self, path: str, method: str, attachment: Attachment, comment: str) -> str | None:
        def form() -> dict[str, Any]:
            return {
                "file": (attachment.name, io.BytesIO(attachment.data), attachment.media_type),
                "comment": (None, comment),
                "minorEdit": (None, "true"),
            }

        status, answer = self._ask(method, path, files=form, accepted=(400, 403, 404, 413))
        if status < 300:
            return None
        reason = f"{status}: {one_line(said(answer))}" if said(answer) else str(status)
        return _("{name} was not taken ({reason})").format(name=attachment.name, reason=reason)

    def _link(self, links: Mapping[str, Any]) -> str | None:
        # Never from `self` or `base`, which may name an address that only machines reach.
        web = links.get("webui")
        return f"{self._url}{web}" if isinstance(web, str) and web.startswith("/") else None


class Cloud(Api):
    """``https://SITE.atlassian.net/wiki``."""

    _space = ""

    def open(self, space: str) -> None:
        _, answer = self._ask("GET", "api/v2/spaces", params={"keys": space})
        found = [each for each in answer["results"] if each["key"].lower() == space.lower()]
        if not found:
            raise no_space(self.where, space)
        self._space = str(found[0]["id"])

    def may_write(self) -> bool | None:
        allowed = self._operations()
        return None if allowed is None else "create page" in allowed

    def needless(self) -> Sequence[str]:
        allowed = self._operations() or ()
        return [each for each in allowed if each.partition(" ")[0] in ("administer", "delete", "purge")]

    def _operations(self) -> Sequence[str] | None:
        status, answer = self._ask("GET", f"api/v2/spaces/{self._space}/operations", accepted=(403, 404))
        if status >= 400:
            return None
        return [one_line(f"{each['operation']} {each['targetType']}", 40) for each in answer["operations"]]

    def page(self, title: str) -> Page | None:
        params = {"space-id": self._space, "title": title, "status": ["current", "archived"], "body-format": "storage"}
        _, answer = self._ask("GET", "api/v2/pages", params=params)
        found = [each for each in answer["results"] if each["title"].lower() == title.lower()]
        return self._page(found[0]) if found else None

    def create(self, title: str, body: str, parent: Page | None) -> Page | None:
        request = {
            "spaceId": self._space,
            "status": "current",
            "title": title,
            "body": {"representation": "storage", "value": body},
        }
        if parent is not None:
            request["parentId"] = parent.id
        status, answer = self._ask("POST", "api/v2/pages", json=request, accepted=(400, 409))
        if status >= 400:
            check_taken(self.where, status, answer)
            return None
        return self._version(answer["id"], answer["version"]["number"])

    def update(self, title: str, before: Page, body: str, message: str) -> Page | None:
        request = {
            "id": before.id,
            "status": "current",
            "title": title,
            "body": {"representation": "storage", "value": body},
            "version": {"number": before.version + 1, "message": message},
        }
        status, _ = self._ask("PUT", f"api/v2/pages/{before.id}", json=request, accepted=(409,))
        return None if status == 409 else self._version(before.id, before.version + 1)

    def note(self, page: Page) -> Note | None:
        _, answer = self._ask("GET", f"api/v2/pages/{page.id}/properties", params={"key": NOTE})
        found = answer["results"]
        return Note(found[0]["id"], found[0]["version"]["number"], found[0]["value"]) if found else None

    def keep(self, page: Page, before: Note | None, value: Any) -> None:
        path = f"api/v2/pages/{page.id}/properties"
        if before is None:
            self._ask("POST", path, json={"key": NOTE, "value": value})
        else:
            request = {"key": NOTE, "value": value, "version": {"number": before.version + 1}}
            self._ask("PUT", f"{path}/{before.id}", json=request)

    def files(self, page: Page) -> dict[str, File]:
        found: dict[str, File] = {}
        params: dict[str, Any] = {"limit": 100}
        while True:
            _, answer = self._ask("GET", f"api/v2/pages/{page.id}/attachments", params=params)
            found |= {each["title"]: File(each["id"], each.get("comment") or "") for each in answer["results"]}
            cursor = _cursor(answer.get("_links", {}).get("next"))
            if cursor is None or cursor == params.get("cursor"):
                return found
            params["cursor"] = cursor

    def upload(self, page: Page, attachment: Attachment, comment: str, before: File | None) -> str | None:
        # Version 2 of the API cannot upload. This one adds a version where there is such a file.
        return self._upload(f"rest/api/content/{page.id}/child/attachment", "PUT", attachment, comment)

    def _version(self, id_: str, number: int) -> Page:
        """That very version, as it is stored: somebody may have saved the next one already."""
        _, answer = self._ask("GET", f"api/v2/pages/{id_}", params={"version": number, "body-format": "storage"})
        return self._page(answer)

    def _page(self, found: Mapping[str, Any]) -> Page:
        version = found["version"]
        return Page(
            str(found["id"]),
            version["number"],
            version.get("message") or "",
            found["body"]["storage"]["value"],
            self._link(found.get("_links", {})),
            found.get("status") == "archived",
        )


class DataCenter(Api):
    """A Confluence of one's own, 7.9 or newer."""

    _space = ""
    _EXPAND = "body.storage,version"

    def open(self, space: str) -> None:
        status, answer = self._ask("GET", f"rest/api/space/{quote(space, safe='')}", accepted=(404,))
        if status == 404:
            raise no_space(self.where, space)
        self._space = answer["key"]

    def may_write(self) -> bool | None:
        return None

    def page(self, title: str) -> Page | None:
        params = {"spaceKey": self._space, "title": title, "type": "page", "expand": self._EXPAND}
        _, answer = self._ask("GET", "rest/api/content", params=params)
        found = [each for each in answer["results"] if each["title"].lower() == title.lower()]
        return self._page(found[0]) if found else None

    def create(self, title: str, body: str, parent: Page | None) -> Page | None:
        request: dict[str, Any] = {
            "type": "page",
            "title": title,
            "space": {"key": self._space},
            "body": {"storage": {"value": body, "representation": "storage"}},
        }
        if parent is not None:
            request["ancestors"] = [{"id": parent.id}]
        params = {"expand": self._EXPAND}
        status, answer = self._ask("POST", "rest/api/content", params=params, json=request, accepted=(400, 409))
        if status >= 400:
            check_taken(self.where, status, answer)
            return None
        return self._page(answer)

    def update(self, title: str, before: Page, body: str, message: str) -> Page | None:
        request = {
            "id": before.id,
            "type": "page",
            "title": title,
            "body": {"storage": {"value": body, "representation": "storage"}},
            "version": {"number": before.version + 1, "message": message, "minorEdit": True},
        }
        status, answer = self._ask(
            "PUT", f"rest/api/content/{before.id}", params={"expand": self._EXPAND}, json=request, accepted=(409,)
        )
        return None if status == 409 else self._page(answer)

    def note(self, page: Page) -> Note | None:
        path = f"rest/api/content/{page.id}/property/{NOTE}"
        status, answer = self._ask("GET", path, params={"expand": "version"}, accepted=(404,))
        return None if status == 404 else Note(str(answer["id"]), answer["version"]["number"], answer["value"])

    def keep(self, page: Page, before: Note | None, value: Any) -> None:
        path = f"rest/api/content/{page.id}/property"
        if before is None:
            self._ask("POST", path, json={"key": NOTE, "value": value})
        else:
            request = {"id": before.id, "key": NOTE, "value": value, "version": {"number": before.version + 1}}
            self._ask("PUT", f"{path}/{NOTE}", json=request)

    def files(self, page: Page) -> dict[str, File]:
        found: dict[str, File] = {}
        while True:
            params = {"limit": 100, "start": len(found), "expand": "version"}
            _, answer = self._ask("GET", f"rest/api/content/{page.id}/child/attachment", params=params)
            for each in answer["results"]:
                told = {**each.get("extensions", {}), **each.get("metadata", {})}
                found[each["title"]] = File(str(each["id"]), told.get("comment") or "")
            if not answer["results"] or "next" not in answer.get("_links", {}):
                return found

    def upload(self, page: Page, attachment: Attachment, comment: str, before: File | None) -> str | None:
        path = f"rest/api/content/{page.id}/child/attachment"
        return self._upload(path if before is None else f"{path}/{before.id}/data", "POST", attachment, comment)

    def _page(self, found: Mapping[str, Any]) -> Page:
        version = found["version"]
        body = found["body"]["storage"]["value"]
        link = self._link(found.get("_links", {}))
        return Page(str(found["id"]), version["number"], version.get("message") or "", body, link)


def no_space(where: str, space: str) -> SourceError:
    """Both say the same of a space that is missing and of one that is hidden."""
    return SourceError(
        _("{where} has no space {space}, or the account may not see it: check `space`").format(
            where=where, space=one_line(space)
        )
    )


def check_taken(where: str, status: int, answer: Any) -> None:
    """Raises ``SourceError`` for any other reason of a refusal than that the title is taken."""
    text = said(answer)
    if status != 409 and "already exists" not in text.lower():
        raise error_of(status, {}, text, where)


def said(answer: Any) -> str:
    """The service's own words, in either version's form."""
    if not isinstance(answer, dict):
        return ""
    errors = answer.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        return " ".join(str(errors[0].get(key) or "") for key in ("title", "detail")).strip()
    return str(answer.get("message") or "")


def _cursor(link: Any) -> str | None:
    from urllib.parse import parse_qs, urlsplit

    found = parse_qs(urlsplit(link).query).get("cursor") if isinstance(link, str) else None
    return found[0] if found else None
