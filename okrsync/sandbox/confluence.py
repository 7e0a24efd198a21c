"""A stand-in for Confluence on loopback: Cloud (REST API v2, and v1 to upload) or Data Center (v1), as its descriptions
say. What a person does in the browser are the methods ``read``, ``save``, ``put_file`` and ``archive``."""

from __future__ import annotations

import base64
import binascii
import re
import threading
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import HTTP
from itertools import count
from typing import Any

from okrsync.sandbox.confluence_storage import Malformed, normalised
from okrsync.sandbox.server import Request, Response, StandIn

_AT = "2026-11-20T12:00:00.000Z"
_BODY_LIMIT = 5 * 1024 * 1024


@dataclass
class _File:
    id: str
    versions: list[tuple[bytes, str, str]]
    """Content, media type and comment of each."""


@dataclass
class _Page:
    id: str
    title: str
    parent: str | None
    versions: list[tuple[str, str]]
    """Body and message of each, the newest last."""
    status: str = "current"
    properties: dict[str, tuple[str, int, Any]] = field(default_factory=dict)
    """Id, version and value by key."""
    files: dict[str, _File] = field(default_factory=dict)


class ConfluenceStandIn(StandIn):
    """One space, ``OKR``, with a home page. ``attachments`` turned off answers 403 to uploads."""

    def __init__(self, *, cloud: bool = True, record: bool = False, latency: float = 0.0) -> None:
        super().__init__(record=record, latency=latency)
        self.cloud = cloud
        self.email, self.token = "bot@acme.example", "s3cret-confluence-token"
        self.space, self.space_id = "OKR", "65537"
        self.may_write = self.attachments = True
        self.may_also: list[str] = []
        """What else the account may do, such as ``administer space``."""
        self._lock = threading.RLock()
        self._ids = count(1001)
        self._macros = count(1)
        self._pages: dict[str, _Page] = {}
        self.save("Home", "<p>Welcome</p>")

    @property
    def base(self) -> str:
        """What stands in the configuration as ``url``."""
        return f"{self.url}/wiki" if self.cloud else f"{self.url}/confluence"

    # What a person does.

    def read(self, title: str) -> str | None:
        """The body of a page as it is stored."""
        page = self._titled(title)
        return page.versions[-1][0] if page else None

    def save(self, title: str, body: str, message: str = "") -> None:
        """Make a page, or the next version of one."""
        with self._lock:
            page = self._titled(title)
            stored = normalised(body, self._macros, cloud=self.cloud)
            if page is None:
                self._add(title, stored, None)
            else:
                page.versions.append((stored, message))

    def titles(self) -> list[str]:
        """The pages that there are."""
        return sorted(page.title for page in self._pages.values())

    def versions(self, title: str) -> int:
        """How often a page was saved."""
        page = self._titled(title)
        return len(page.versions) if page else 0

    def parent(self, title: str) -> str | None:
        """The title of the page above."""
        page = self._titled(title)
        return self._pages[page.parent].title if page and page.parent else None

    def archive(self, title: str) -> None:
        """Put a page away."""
        page = self._titled(title)
        assert page is not None
        page.status = "archived"

    def forget(self, title: str, key: str = "okrsync") -> None:
        """Remove a content property, as if the client had died before it wrote it."""
        page = self._titled(title)
        assert page is not None
        page.properties.pop(key, None)

    def file(self, title: str, name: str) -> bytes | None:
        """The newest version of an attachment."""
        page = self._titled(title)
        return page.files[name].versions[-1][0] if page and name in page.files else None

    def put_file(self, title: str, name: str, data: bytes, comment: str = "") -> None:
        """Add an attachment, or a version of one."""
        page = self._titled(title)
        assert page is not None
        with self._lock:
            file = page.files.setdefault(name, _File(f"att{next(self._ids)}", []))
            file.versions.append((data, "image/png", comment))

    # What the service answers.

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        if not self._allowed(request):
            return self._error(401, "Unauthorized; scope does not match")
        path = request.path.removeprefix("/wiki" if self.cloud else "/confluence")
        if path == request.path:
            return Response(404, headers={"Content-Type": "text/html"}, body=b"<html>Page not found</html>")
        with self._lock:
            for method, pattern, answer in self._routes():
                found = re.fullmatch(pattern, path)
                if found and method == request.method:
                    try:
                        response: Response = answer(request, *found.groups())
                        return response
                    except Malformed as error:
                        return self._error(400, f"com.atlassian.confluence.api.BadRequestException: {error}")
        return self._error(404, "Not Found")

    def _routes(self) -> list[tuple[str, str, Any]]:
        upload = r"/rest/api/content/(\d+)/child/attachment"
        if self.cloud:
            pages, properties = r"/api/v2/pages", r"/api/v2/pages/(\d+)/properties"
            return [
                ("GET", r"/api/v2/spaces", self._spaces),
                ("GET", r"/api/v2/spaces/(\d+)/operations", self._operations),
                ("GET", pages, self._find),
                ("POST", pages, self._create),
                ("GET", rf"{pages}/(\d+)", self._get),
                ("PUT", rf"{pages}/(\d+)", self._update),
                ("GET", properties, self._properties),
                ("POST", properties, self._property_made),
                ("PUT", rf"{properties}/(\d+)", self._property_changed),
                ("GET", rf"{pages}/(\d+)/attachments", self._attachments),
                ("PUT", upload, self._uploaded),
            ]
        content = r"/rest/api/content"
        return [
            ("GET", r"/rest/api/space/([^/]+)", self._space),
            ("GET", content, self._find),
            ("POST", content, self._create),
            ("PUT", rf"{content}/(\d+)", self._update),
            ("GET", rf"{content}/(\d+)/property/([^/]+)", self._property),
            ("POST", rf"{content}/(\d+)/property", self._property_made),
            ("PUT", rf"{content}/(\d+)/property/([^/]+)", self._property_changed),
            ("GET", upload, self._attachments),
            ("POST", upload, self._uploaded),
            ("POST", rf"{upload}/(att\d+)/data", self._uploaded),
        ]

    def _allowed(self, request: Request) -> bool:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if not self.cloud:
            return scheme == "Bearer" and given == self.token
        try:
            return scheme == "Basic" and base64.b64decode(given).decode() == f"{self.email}:{self.token}"
        except (binascii.Error, UnicodeDecodeError):
            return False

    def _error(self, status: int, said: str) -> Response:
        if self.cloud:
            error = {"status": status, "code": "INVALID_REQUEST_PARAMETER", "title": said, "detail": None}
            return Response(status, {"errors": [error]})
        return Response(status, {"statusCode": status, "data": {"valid": True, "errors": []}, "message": said})

    # Spaces

    def _spaces(self, request: Request) -> Response:
        space = {"id": self.space_id, "key": self.space, "name": "Goals", "type": "global", "status": "current"}
        found = [space] if self.space in request.query.get("keys", []) else []
        return Response(200, {"results": found, "_links": {"base": "https://acme.atlassian.net/wiki"}})

    def _space(self, request: Request, key: str) -> Response:
        if key != self.space:
            return self._error(404, f"No space with key : {key}")
        links = {"webui": f"/display/{key}", "self": "http://confluence.internal/rest/api/space/OKR"}
        return Response(200, {"id": 65537, "key": key, "name": "Goals", "type": "global", "_links": links})

    def _operations(self, request: Request, space: str) -> Response:
        operations = [{"operation": "read", "targetType": "space"}]
        if self.may_write:
            operations.append({"operation": "create", "targetType": "page"})
        operations += [dict(zip(("operation", "targetType"), each.split(), strict=True)) for each in self.may_also]
        return Response(200, {"operations": operations})

    # Pages

    def _find(self, request: Request) -> Response:
        statuses = request.query.get("status", ["current"])
        asked = request.first("space-id") == self.space_id if self.cloud else request.first("spaceKey") == self.space
        title = request.first("title").lower()
        found = [
            self._shown(page)
            for page in self._pages.values()
            if asked and page.title.lower() == title and page.status in statuses
        ]
        if self.cloud:
            return Response(200, {"results": found, "_links": {"base": "https://acme.atlassian.net/wiki"}})
        return Response(200, {"results": found, "start": 0, "limit": 25, "size": len(found), "_links": {}})

    def _create(self, request: Request) -> Response:
        asked = request.json()
        if not self.may_write:
            return self._error(403, "You are not permitted to create content in this space")
        if self._titled(asked["title"]) is not None:
            said = "A page with this title already exists" if self.cloud else (
                f"A page with this title already exists: A page already exists with the title {asked['title']} in "
                "the space with key OKR"
            )  # fmt: skip
            return self._error(400, said)
        if self.cloud:
            if asked.get("spaceId") != self.space_id:
                return self._error(404, "Space not found")
            parent = asked.get("parentId")
        else:
            if asked.get("space", {}).get("key") != self.space:
                return self._error(404, "No space with that key")
            parent = next((each["id"] for each in asked.get("ancestors", [])), None)
        body = self._body(asked)
        if isinstance(body, Response):
            return body
        return Response(200, self._shown(self._add(asked["title"], body, parent)))

    def _get(self, request: Request, id_: str) -> Response:
        page = self._pages.get(id_)
        version = int(request.first("version", "0"))
        if page is None or version > len(page.versions):
            return self._error(404, "Not Found")
        return Response(200, self._shown(page, version or None, body="body-format" in request.query))

    def _update(self, request: Request, id_: str) -> Response:
        page, asked = self._pages.get(id_), request.json()
        if page is None:
            return self._error(404, "Not Found")
        if not self.may_write:
            return self._error(403, "You are not permitted to edit this page")
        if asked["version"]["number"] != len(page.versions) + 1:
            return self._error(409, f"Version must be incremented on update. Current Version: [{len(page.versions)}].")
        body = self._body(asked)
        if isinstance(body, Response):
            return body
        page.versions.append((body, asked["version"].get("message", "")))
        page.title = asked["title"]
        return Response(200, self._shown(page, body=not self.cloud))

    def _body(self, asked: dict[str, Any]) -> str | Response:
        """The body as it will be stored. Raises ``Malformed``."""
        body = asked["body"] if self.cloud else asked["body"]["storage"]
        if body.get("representation") != "storage":
            return self._error(400, f"Unsupported representation {body.get('representation')}")
        if len(body["value"].encode()) > _BODY_LIMIT:
            return self._error(413, "Request entity too large")
        return normalised(body["value"], self._macros, cloud=self.cloud)

    def _add(self, title: str, body: str, parent: str | None) -> _Page:
        page = _Page(str(next(self._ids)), title, parent, [(body, "")])
        self._pages[page.id] = page
        return page

    def _titled(self, title: str) -> _Page | None:
        return next((page for page in self._pages.values() if page.title.lower() == title.lower()), None)

    def _shown(self, page: _Page, version: int | None = None, *, body: bool = True) -> dict[str, Any]:
        number = version or len(page.versions)
        text, message = page.versions[number - 1]
        storage = {"storage": {"representation": "storage", "value": text}} if body else {}
        if not self.cloud:
            return {
                "id": page.id,
                "type": "page",
                "status": page.status,
                "title": page.title,
                "version": {"number": number, "message": message, "minorEdit": False, "when": _AT},
                "body": storage,
                "_links": {"webui": f"/display/OKR/{page.title}", "self": f"http://confluence.internal/{page.id}"},
            }
        shown = {
            "id": page.id,
            "status": page.status,
            "title": page.title,
            "spaceId": self.space_id,
            "authorId": "5b10a2844c20165700ede21g",
            "createdAt": _AT,
            "version": {"number": number, "message": message, "minorEdit": False, "createdAt": _AT, "authorId": "5b10"},
            "body": storage,
            "_links": {"webui": f"/spaces/OKR/pages/{page.id}/{page.title}", "tinyui": f"/x/{page.id}"},
        }
        return shown if page.parent is None else {**shown, "parentId": page.parent, "parentType": "page"}

    # Properties

    def _property(self, request: Request, id_: str, key: str) -> Response:
        page = self._pages.get(id_)
        if page is None or key not in page.properties:
            return self._error(404, f"Could not find property for key {key}")
        return Response(200, self._property_shown(page, key))

    def _properties(self, request: Request, id_: str) -> Response:
        page = self._pages.get(id_)
        if page is None:
            return self._error(404, "Not Found")
        found = [self._property_shown(page, key) for key in page.properties if key in request.query.get("key", [key])]
        return Response(200, {"results": found, "_links": {}})

    def _property_made(self, request: Request, id_: str) -> Response:
        page, asked = self._pages.get(id_), request.json()
        if page is None:
            return self._error(404, "Not Found")
        if asked["key"] in page.properties:
            return self._error(409 if self.cloud else 400, "The content already has a value with the given key")
        page.properties[asked["key"]] = (str(next(self._ids)), 1, asked["value"])
        return Response(200, self._property_shown(page, asked["key"]))

    def _property_changed(self, request: Request, id_: str, which: str) -> Response:
        page, asked = self._pages.get(id_), request.json()
        found = [key for key, (own, _, _) in page.properties.items() if which in (key, own)] if page else []
        if page is None or not found:
            return self._error(404, "Not Found")
        own, version, _ = page.properties[found[0]]
        if asked["version"]["number"] != version + 1:
            return self._error(409, "The version does not match")
        page.properties[found[0]] = (own, version + 1, asked["value"])
        return Response(200, self._property_shown(page, found[0]))

    def _property_shown(self, page: _Page, key: str) -> dict[str, Any]:
        own, version, value = page.properties[key]
        return {"id": own, "key": key, "value": value, "version": {"number": version, "minorEdit": False}}

    # Attachments

    def _attachments(self, request: Request, id_: str) -> Response:
        page = self._pages.get(id_)
        if page is None:
            return self._error(404, "Not Found")
        limit = int(request.first("limit", "50"))
        start = int(request.first("cursor" if self.cloud else "start", "0") or 0)
        names = sorted(page.files)
        results = [self._file_shown(page, name) for name in names[start : start + limit]]
        more = start + limit < len(names)
        if self.cloud:
            following = f"/wiki/api/v2/pages/{id_}/attachments?limit={limit}&cursor={start + limit}"
            return Response(200, {"results": results, "_links": {"next": following} if more else {}})
        following = f"/rest/api/content/{id_}/child/attachment?limit={limit}&start={start + limit}"
        links = {"next": following} if more else {}
        return Response(
            200, {"results": results, "start": start, "limit": limit, "size": len(results), "_links": links}
        )

    def _uploaded(self, request: Request, id_: str, attachment: str | None = None) -> Response:
        page = self._pages.get(id_)
        if request.headers.get("X-Atlassian-Token") not in {"nocheck", "no-check"}:
            return Response(403, headers={"Content-Type": "text/html"}, body=b"XSRF check failed")
        if page is None:
            return self._error(404, "Not Found")
        if not self.attachments:
            return self._error(403, "Attachments are disabled")
        head = f"Content-Type: {request.headers.get('Content-Type', '')}\r\n\r\n".encode()
        name = data = None
        fields = {}
        for part in message_from_bytes(head + request.body, policy=HTTP).iter_parts():
            which = part.get_param("name", header="content-disposition")
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            if which == "file":
                name, data = part.get_filename(), content
            else:
                fields[str(which)] = content.decode()
        if name is None or data is None:
            return self._error(400, "At least one file is needed")
        there = page.files.get(name)
        if not self.cloud and attachment is None and there is not None:
            said = f"Cannot add a new attachment with same file name as an existing attachment: {name}"
            return self._error(400, said)
        if attachment is not None and (there is None or there.id != attachment):
            return self._error(404, "No attachment of that id")
        self.put_file(page.title, name, data, fields.get("comment", ""))
        shown = self._file_shown(page, name)
        return Response(200, shown if attachment is not None else {"results": [shown], "size": 1})

    def _file_shown(self, page: _Page, name: str) -> dict[str, Any]:
        file = page.files[name]
        data, media_type, comment = file.versions[-1]
        version = {"number": len(file.versions), "minorEdit": False}
        if self.cloud:
            return {
                "id": file.id,
                "status": "current",
                "title": name,
                "pageId": page.id,
                "mediaType": media_type,
                "comment": comment,
                "fileSize": len(data),
                "version": version,
            }
        return {
            "id": file.id,
            "type": "attachment",
            "status": "current",
            "title": name,
            "version": version,
            "metadata": {"mediaType": media_type, "comment": comment},
            "extensions": {"mediaType": media_type, "fileSize": len(data), "comment": comment},
            "_links": {},
        }
