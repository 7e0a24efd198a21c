"""A stand-in of Jira: Cloud (REST v3 and v2) or Server and Data Center (v2), over the state of ``jira_state``."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

from okrsync.dates import parse_moment
from okrsync.sandbox.jira_state import JiraState, Json
from okrsync.sandbox.jql import JqlError
from okrsync.sandbox.server import Request, Response, StandIn

_EXPAND = "operations,versionedRepresentations,editmeta,changelog,renderedFields"
_CATEGORIES = ((1, "undefined", "medium-gray", "No Category"), (2, "new", "blue-gray", "To Do"),
               (4, "indeterminate", "yellow", "In Progress"), (3, "done", "green", "Done"))  # fmt: skip
_PERMISSIONS = (
    "BROWSE_PROJECTS", "CREATE_ISSUES", "EDIT_ISSUES", "DELETE_ISSUES", "ADMINISTER_PROJECTS", "ADMINISTER",
)  # fmt: skip
_SEARCH_BODY = {
    "expand", "fields", "fieldsByKeys", "jql", "maxResults", "nextPageToken", "properties", "reconcileIssues",
}  # fmt: skip
_TOKEN_LIFE = 7 * 24 * 3600
_WINDOW = 10_000
"""Data Center's ``max_result_window``."""


class JiraStandIn(JiraState, StandIn):
    """Jira with one account, whose time zone is ``account_timezone``.

    Cloud takes ``email`` and ``token`` as basic authentication, Server ``token`` as bearer. ``page_limit`` is the most
    that a page holds (Cloud 100 when fields are asked for, Server 1000). With ``short_pages`` Cloud answers every page
    but the first with half of what it could. ``beyond_window`` is how Server answers past an offset of 10,000.
    """

    def __init__(
        self,
        deployment: Literal["cloud", "server"] = "cloud",
        *,
        email: str = "bot@acme.example",
        token: str = "jira-token",  # noqa: S107 (it opens nothing but this stand-in)
        account_timezone: str = "UTC",
        page_limit: int | None = None,
        short_pages: bool = False,
        beyond_window: Literal["error", "empty"] = "error",
        record: bool = False,
        latency: float = 0.0,
    ) -> None:
        StandIn.__init__(self, record=record, latency=latency)
        JiraState.__init__(self, deployment=deployment, account_timezone=account_timezone)
        self.email, self.token = email, token
        self.page_limit = page_limit or (100 if self.cloud else 1000)
        self.short_pages = short_pages
        self.history_page = 10_000
        """Entries of histories in one answer at most (Cloud)."""
        self.permissions = {"BROWSE_PROJECTS"}
        """What the account may do in the projects that it sees."""
        self.beyond_window = beyond_window
        self._tokens: dict[str, tuple[str, list[str], int, float]] = {}
        routes: list[tuple[str, str, Callable[..., Response]]] = [
            ("GET", "serverInfo", self._server_info),
            ("GET", "myself", self._myself),
            ("GET", "field", lambda request: Response(json=self.fields)),
            ("GET", "status", lambda request: Response(json=self.all_statuses())),
            ("GET", "statuscategory", self._status_categories),
            ("GET", "mypermissions", self._my_permissions),
            ("GET", "project", lambda request: Response(json=[self._shown(one) for one in self.visible_projects()])),
            ("GET", "project/([^/]+)", self._get_project),
            ("GET", "project/([^/]+)/versions", self._versions),
            ("GET", "project/([^/]+)/version", self._version_page),
            ("GET", "issue/([^/]+)", self._get_issue),
        ]
        if self.cloud:
            routes += [
                ("GET", "project/search", self._project_search),
                ("GET|POST", "search/jql", self._search_cloud),
                ("POST", "search/approximate-count", self._approximate_count),
                ("POST", "issue/bulkfetch", self._bulk_fetch),
                ("POST", "changelog/bulkfetch", self._bulk_changelogs),
                ("GET|POST", "search", self._search_removed),
            ]
        else:
            routes.append(("GET|POST", "search", self._search_server))
        # The literal paths first: project/search is no project.
        self._routes = sorted(routes, key=lambda route: "(" in route[1])

    def handle(self, request: Request) -> Response:
        """Answer as Jira does; 404 for what it, or this stand-in, does not have."""
        versions = "2|3|latest" if self.cloud else "2|latest"
        match = re.fullmatch(rf"/rest/api/({versions})/(.+)", request.path)
        if match is None:
            return Response(404, {"message": "null for uri: " + request.path, "status-code": 404})
        resource = match[2]
        known, headers = self._who(request)
        if not known and self.rejects != "anonymous" and "Authorization" in request.headers:
            if resource != "serverInfo":
                return _error(401, "Client must be authenticated to access this resource.")
        elif not known and (answer := self._to_stranger(resource)) is not None:
            return Response(answer.status, answer.json, headers)
        for methods, pattern, answer_with in self._routes:
            if request.method in methods.split("|") and (found := re.fullmatch(pattern, resource)):
                try:
                    with self.lock:
                        return answer_with(request, *found.groups())
                except JqlError as error:
                    return _error(400, str(error))
                except ValueError:
                    return _error(400, "Invalid request payload. Refer to the REST API documentation and try again.")
        return Response(404, {"message": "null for uri: " + request.path, "status-code": 404})

    # --- who asks ---

    def _who(self, request: Request) -> tuple[bool, dict[str, str]]:
        """Is it our account; and the headers that go with the answer if it is not."""
        given = request.headers.get("Authorization", "")
        basic = base64.b64encode(f"{self.email}:{self.token}".encode()).decode()
        right = given == (f"Basic {basic}" if self.cloud else f"Bearer {self.token}")
        if right and self.rejects is None:
            return True, {}
        return False, {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"} if given else {}

    def _to_stranger(self, resource: str) -> Response | None:
        """What one without an account gets; None where it is the same as for all."""
        if resource in ("serverInfo", "field", "status", "statuscategory"):
            return None
        nothing: dict[str, Any] = {
            "search/jql": {"issues": [], "isLast": True},
            "search/approximate-count": {"count": 0},
            "project": [],
            "project/search": _page([], {}),
        }
        if not self.cloud:
            nothing["search"] = {"expand": "schema,names", "startAt": 0, "maxResults": 50, "total": 0, "issues": []}
        if resource in nothing:
            return Response(json=nothing[resource])
        if resource == "myself":
            return _error(401, "Client must be authenticated to access this resource.")
        return _error(404, "Issue does not exist or you do not have permission to see it.")

    # --- the site ---

    def _server_info(self, request: Request) -> Response:
        info: Json = {
            "baseUrl": self.url,
            "version": "1001.0.0-SNAPSHOT" if self.cloud else "10.3.2",
            "versionNumbers": [1001, 0, 0] if self.cloud else [10, 3, 2],
            "deploymentType": "Cloud" if self.cloud else "Server",
            "buildNumber": 100287 if self.cloud else 10030002,
            "buildDate": "2025-12-01T00:00:00.000+0000",
            "serverTime": self.stamp(self.now()),
            "serverTitle": "Jira",
        }
        return Response(json=info)

    def _myself(self, request: Request) -> Response:
        user: Json = {
            "self": f"{self.url}/rest/api/2/user",
            "emailAddress": self.email,
            "displayName": "okrsync",
            "active": True,
            "timeZone": str(self.zone),
            "locale": "en_US",
        }
        user |= {"accountId": "5b10a2844c20165700ede21g", "accountType": "atlassian"} if self.cloud else {
            "key": "JIRAUSER10100", "name": "okrsync",
        }  # fmt: skip
        return Response(json=user)

    def _status_categories(self, request: Request) -> Response:
        base = f"{self.url}/rest/api/2/statuscategory"
        return Response(
            json=[
                {"self": f"{base}/{id}", "id": id, "key": key, "colorName": color, "name": name}
                for id, key, color, name in _CATEGORIES
            ]
        )

    def _my_permissions(self, request: Request) -> Response:
        asked = request.first("permissions")
        if self.cloud and not asked:
            return _error(400, "The 'permissions' query parameter is required.")
        wanted = asked.split(",") if self.cloud else list(_PERMISSIONS)
        if unknown := [permission for permission in wanted if permission not in _PERMISSIONS]:
            return _error(400, f"Unrecognized permission(s): {', '.join(unknown)}")
        place = request.first("projectKey") or request.first("projectId")
        if place and not self.has_project(place):
            return _error(404, f"No project could be found with key '{place}'.")
        has = self.project(place) is not None if place else bool(self.visible_projects())
        return Response(
            json={
                "permissions": {
                    permission: {
                        "id": str(number),
                        "key": permission,
                        "name": permission.replace("_", " ").capitalize(),
                        "type": "GLOBAL" if permission == "ADMINISTER" else "PROJECT",
                        "description": "",
                        "havePermission": has and permission in self.permissions,
                    }
                    for number, permission in enumerate(_PERMISSIONS)
                    if permission in wanted
                }
            }
        )

    # --- projects ---

    def _shown(self, project: Json) -> Json:
        return {"expand": "description,lead,url", "self": f"{self.url}/rest/api/2/project/{project['id']}", **project}

    def _get_project(self, request: Request, key: str) -> Response:
        project = self.project(key)
        if project is None:
            return _no_project(key)
        return Response(json=self._shown(project) | {"versions": self._versions_of(project)})

    def _project_search(self, request: Request) -> Response:
        keys = {key.upper() for key in request.query.get("keys", ())}
        words = request.first("query").casefold()
        found = [
            self._shown(project)
            for project in self.visible_projects()
            if (not keys or project["key"].upper() in keys)
            and (words in project["key"].casefold() or words in project["name"].casefold())
        ]
        return Response(json=_page(found, request.query))

    def _versions(self, request: Request, key: str) -> Response:
        project = self.project(key)
        return _no_project(key) if project is None else Response(json=self._versions_of(project))

    def _version_page(self, request: Request, key: str) -> Response:
        project = self.project(key)
        return _no_project(key) if project is None else Response(json=_page(self._versions_of(project), request.query))

    def _versions_of(self, project: Json) -> list[Json]:
        return [
            {
                "self": f"{self.url}/rest/api/2/version/{version['id']}",
                **version,
                "projectId": int(project["id"]),
            }
            for version in self.versions.get(project["id"], ())
        ]

    # --- issues ---

    def _get_issue(self, request: Request, key: str) -> Response:
        issue = self.issue(key)
        if issue is None:
            return _error(404, "Issue does not exist or you do not have permission to see it.")
        shown = self._chosen(issue, _names(request.query.get("fields")) or ["*all"], request)
        return Response(json=shown | self._expanded(issue, _names(request.query.get("expand"))))

    def _expanded(self, issue: Json, expand: list[str]) -> Json:
        """The history of an issue, where it was asked for."""
        if "changelog" not in expand:
            return {}
        entries = self.histories.get(issue["id"], [])
        total = len(entries)
        return {"changelog": {"startAt": 0, "maxResults": total, "total": total, "histories": entries}}

    def _bulk_changelogs(self, request: Request) -> Response:
        """By date over all issues, oldest first, so many entries a page; ``created`` in milliseconds since 1970."""
        body = _object(request)
        asked, fields = body.get("issueIdsOrKeys"), body.get("fieldIds") or []
        if not body.keys() <= {"issueIdsOrKeys", "fieldIds", "maxResults", "nextPageToken"}:
            return _error(400, "Unrecognized field in the request.")
        if not isinstance(asked, list) or not 0 < len(asked) <= 1000 or len(fields) > 10:
            return _error(400, "Between 1 and 1000 issue ids or keys are needed, and at most 10 fields.")
        entries = sorted(
            (
                (parse_moment(entry["created"]), issue["id"], entry, items)
                for issue in (self.issue(str(one)) for one in asked)
                if issue is not None
                for entry in self.histories.get(issue["id"], ())
                if (items := [item for item in entry["items"] if not fields or item["fieldId"] in fields])
            ),
            key=lambda found: (found[0], int(found[1])),
        )
        start = int(body.get("nextPageToken") or 0)
        size = min(int(body.get("maxResults") or 1000), self.history_page)
        logs: dict[str, list[Json]] = {}
        for at, id_, entry, items in entries[start : start + size]:
            logs.setdefault(id_, []).append(entry | {"created": int(at.timestamp() * 1000), "items": items})
        answer: Json = {"issueChangeLogs": [{"issueId": id_, "changeHistories": each} for id_, each in logs.items()]}
        if start + size < len(entries):
            answer["nextPageToken"] = str(start + size)
        return Response(json=answer)

    def _bulk_fetch(self, request: Request) -> Response:
        body = _object(request)
        asked = body.get("issueIdsOrKeys")
        if not isinstance(asked, list) or not 0 < len(asked) <= 100:
            return _error(400, "Between 1 and 100 issue ids or keys are needed.")
        fields = _names(body.get("fields")) or ["*navigable"]
        found = {str(one): self.issue(str(one)) for one in asked}
        answer: Json = {
            "issues": [self._chosen(issue, fields, request) for issue in found.values() if issue is not None]
        }
        if missing := [one for one, issue in found.items() if issue is None]:
            message = "Issue does not exist or you do not have permission to see it."
            answer["issueErrors"] = [{"id": one, "errorMessage": message} for one in missing]
        return Response(json=answer)

    def _chosen(self, issue: Json, fields: list[str], request: Request) -> Json:
        """An issue with the fields that were asked for, by id or name; ``-x`` takes one away."""
        ids = {field["name"].lower(): field["id"] for field in self.fields}
        wanted = {ids.get(name.lower(), name) for name in fields if not name.startswith("-")}
        unwanted = {ids.get(name[1:].lower(), name[1:]) for name in fields if name.startswith("-")}
        every = not wanted or bool(wanted & {"*all", "*navigable"})
        chosen = {
            name: value
            for name, value in issue["fields"].items()
            if (every or name in wanted) and name not in unwanted
        }  # fmt: skip
        version = 3 if request.path.startswith("/rest/api/3/") else 2
        if version == 3 and isinstance(chosen.get("description"), str):
            chosen["description"] = _document(chosen["description"])
        return {
            "expand": _EXPAND,
            "id": issue["id"],
            "self": f"{self.url}/rest/api/{version}/issue/{issue['id']}",
            "key": issue["key"],
            "fields": chosen,
        }

    # --- search ---

    def _search_removed(self, request: Request) -> Response:
        return _error(
            410,
            "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. A full migration "
            "guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046",
        )

    def _bounded(self, jql: str) -> list[str]:
        query, ids = self.search(jql)
        if query.where is None:
            raise JqlError("Unbounded JQL queries are not allowed here. Please add a search restriction to your query.")
        return ids

    def _approximate_count(self, request: Request) -> Response:
        return Response(json={"count": len(self._bounded(_jql(_object(request))))})

    def _search_cloud(self, request: Request) -> Response:
        asked = _asked(request)
        if request.method == "POST" and not asked.keys() <= _SEARCH_BODY:
            raise ValueError("unknown key")
        fields = _names(asked.get("fields")) or ["id"]
        jql, at, now = _jql(asked), 0, self.now().timestamp()
        if token := asked.get("nextPageToken"):
            told, ids, at, since = self._tokens.get(str(token), ("", [], 0, 0.0))
            if told != jql or now - since > _TOKEN_LIFE:
                return _error(400, "The provided nextPageToken is invalid or has expired.")
        else:
            ids = self._bounded(jql)
        only_keys = set(fields) <= {"id", "key"}
        size = min(max(1, int(asked.get("maxResults") or 50)), 5000 if only_keys else self.page_limit)
        if self.short_pages and at:
            size = max(1, size // 2)
        # What was deleted since the first page is missing from its own: a page may be short, or empty.
        found = [issue for id in ids[at : at + size] if (issue := self.issue(id)) is not None]
        if only_keys:
            found = [{"id": issue["id"]} | ({"key": issue["key"]} if "key" in fields else {}) for issue in found]
        else:
            found = [self._chosen(issue, fields, request) for issue in found]
        answer: Json = {"issues": found, "isLast": at + size >= len(ids)}
        if not answer["isLast"]:
            answer["nextPageToken"] = f"Ch0jU3RyaW5nJlUwaFA{len(self._tokens):06d}"
            self._tokens[answer["nextPageToken"]] = (jql, ids, at + size, now)
        return Response(json=answer)

    def _search_server(self, request: Request) -> Response:
        asked = _asked(request)
        # Without validation an issue that does not exist is no error: it is not found.
        _, ids = self.search(_jql(asked), validate=str(asked.get("validateQuery", True)).lower() != "false")
        start = max(0, int(asked.get("startAt") or 0))
        size = int(asked.get("maxResults", 50))
        size = self.page_limit if size < 0 else min(size, self.page_limit)
        found = ids[start : start + size]
        if found and start + size > _WINDOW:
            if self.beyond_window == "error":
                return _error(
                    500,
                    "Search limit exceeded. We couldn't complete your search because it requests "
                    f"{start + size:,} results which exceeded the search platform limit of {_WINDOW:,}.",
                )
            found = ids[start:_WINDOW]
        fields = _names(asked.get("fields")) or ["*navigable"]
        page: Json = {"expand": "schema,names", "startAt": start, "maxResults": size, "total": len(ids)}
        expand = _names(asked.get("expand"))
        issues = [self.issues[id] for id in found]
        shown = [self._chosen(issue, fields, request) | self._expanded(issue, expand) for issue in issues]
        return Response(json=page | {"issues": shown})


def _error(status: int, message: str) -> Response:
    return Response(status, {"errorMessages": [message], "errors": {}})


def _no_project(key: str) -> Response:
    return _error(404, f"No project could be found with key '{key}'.")


def _object(request: Request) -> Json:
    body = request.json()
    if not isinstance(body, dict):
        raise ValueError("not an object")
    return body


def _asked(request: Request) -> Json:
    """What a search asks for, from the body of a POST or the query of a GET."""
    if request.method == "POST":
        return _object(request)
    return {name: values if name == "fields" else values[0] for name, values in request.query.items()}


def _jql(asked: Json) -> str:
    jql = asked.get("jql", "")
    if not isinstance(jql, str):
        raise ValueError("the query is no text")
    return jql


def _names(given: object) -> list[str]:
    if not isinstance(given, list):
        return []
    return [name.strip() for one in given for name in str(one).split(",") if name.strip()]


def _page(values: list[Json], query: Mapping[str, list[str]]) -> Json:
    start, size = int(query.get("startAt", ["0"])[0]), min(int(query.get("maxResults", ["50"])[0]), 100)
    return {
        "startAt": start,
        "maxResults": size,
        "total": len(values),
        "isLast": start + size >= len(values),
        "values": values[start : start + size],
    }


def _document(text: str) -> Json:
    """A text as API v3 shows it: Atlassian's document format."""
    lines = [[{"type": "text", "text": line}] if line else [] for line in text.split("\n")]
    return {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": line} for line in lines]}
