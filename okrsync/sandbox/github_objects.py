"""GitHub's JSON objects, built from the few fields that a test or the demo gives.

Every ``dict`` that goes in is *given* data: any field of the service's own object, none of them required except
``number``. What is missing is filled in so that the result satisfies GitHub's OpenAPI description; what is given wins.
Times are ISO 8601 text in UTC (``2026-10-01T08:00:00Z``), as the service writes them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Given = Mapping[str, Any]
Json = dict[str, Any]

EPOCH = "2026-01-01T00:00:00Z"
"""When anything was created that does not say when."""

ISSUE_FIELDS = (
    "title", "body", "state", "created_at", "updated_at", "closed_at", "user", "labels", "assignee", "assignees",
    "milestone", "draft", "locked", "comments", "author_association",
)  # fmt: skip
"""What a pull request and its face as an issue have in common."""

_PLURALS = [
    "archive", "assignees", "blobs", "branches", "collaborators", "comments", "commits", "compare", "contents",
    "contributors", "deployments", "downloads", "events", "forks", "git_commits", "git_refs", "git_tags", "hooks",
    "issue_comment", "issue_events", "issues", "keys", "labels", "languages", "merges", "milestones", "notifications",
    "pulls", "releases", "stargazers", "statuses", "subscribers", "subscription", "tags", "teams", "trees",
]  # fmt: skip
"""A repository's ``…_url`` fields that are its address and a word."""


@dataclass
class Repository:
    """One repository: plain data that a test may change between two requests. Keys of the dicts are numbers."""

    id: int
    full_name: str
    given: Json = field(default_factory=dict)
    issues: dict[int, Json] = field(default_factory=dict)
    """Issues, and what is known of a pull request as an issue beyond the pull request's own fields."""
    pulls: dict[int, Json] = field(default_factory=dict)
    milestones: dict[int, Json] = field(default_factory=dict)
    releases: dict[int, Json] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)
    transferred: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Old number → (id of the other repository, number there)."""
    revoked: bool = False

    def numbers(self) -> list[int]:
        """The numbers of issues and pull requests together, ascending."""
        return sorted(self.issues.keys() | self.pulls.keys())

    def identity(self, number: int, *, pull: bool = False) -> int:
        """The ``id`` of an issue (also of a pull request's face as one) or, with ``pull``, of the pull request."""
        given = (self.pulls if pull else self.issues).get(number, {})
        return int(given.get("id", self.id * 1_000_000 + number * 2 + pull))


def identity_of(text: str) -> int:
    """A number that is always the same for the same text: ids of accounts and labels."""
    return int.from_bytes(hashlib.sha256(text.lower().encode("utf-8", "surrogatepass")).digest()[:4], "big")


def sha_of(text: str) -> str:
    """A 40-digit hash that is always the same for the same text: commits nobody gave one."""
    return hashlib.sha256(text.encode()).hexdigest()[:40]


@dataclass(frozen=True)
class Objects:
    """Builds objects whose addresses point at ``api`` (for programs) and ``web`` (for people).

    Made anew for each answer: what is counted over a whole repository is counted once and kept for the rest of it.
    """

    api: str
    web: str
    _counted: dict[tuple[str, int, int], Json] = field(default_factory=dict, repr=False)

    def user(self, given: str | Given | None) -> Json | None:
        """An account from its login or from its own object."""
        if given is None:
            return None
        fields: Given = {"login": given} if isinstance(given, str) else given
        login = fields["login"]
        url = f"{self.api}/users/{login}"
        return {
            "id": identity_of(login), "node_id": f"U_{login}", "avatar_url": f"{self.web}/{login}.png",
            "gravatar_id": "", "url": url, "html_url": f"{self.web}/{login}", "followers_url": f"{url}/followers",
            "following_url": f"{url}/following{{/other_user}}", "gists_url": f"{url}/gists{{/gist_id}}",
            "starred_url": f"{url}/starred{{/owner}}{{/repo}}", "subscriptions_url": f"{url}/subscriptions",
            "organizations_url": f"{url}/orgs", "repos_url": f"{url}/repos", "events_url": f"{url}/events{{/privacy}}",
            "received_events_url": f"{url}/received_events", "type": "User", "site_admin": False, **fields,
        }  # fmt: skip

    def viewer(self, login: str) -> Json:
        """The account of a token, as ``GET /user`` shows it to others."""
        profile = dict.fromkeys(["bio", "blog", "company", "email", "hireable", "location", "name"])
        counts = dict.fromkeys(["followers", "following", "public_gists", "public_repos"], 0)
        return {
            **(self.user(login) or {}), **profile, **counts, "user_view_type": "public",
            "created_at": EPOCH, "updated_at": EPOCH,
        }  # fmt: skip

    def labels(self, repository: Repository, given: list[str | Json]) -> list[Json]:
        """Labels from their names or their own objects."""
        found = []
        for label in given:
            fields = {"name": label} if isinstance(label, str) else label
            number = identity_of(fields["name"])
            url = f"{self.api}/repos/{repository.full_name}/labels/{fields['name']}"
            found.append(
                {"id": number, "node_id": f"LA_{number}", "url": url, "color": "ededed", "default": False}
                | {"description": ""}
                | fields
            )
        return found

    def repository(self, repository: Repository) -> Json:
        """The repository itself, complete enough for every endpoint that answers one."""
        key = ("repository", repository.id, 0)
        if key not in self._counted:
            self._counted[key] = self._repository(repository)
        return self._counted[key]

    def _repository(self, repository: Repository) -> Json:
        owner, _, name = repository.full_name.partition("/")
        url = f"{self.api}/repos/{repository.full_name}"
        page = f"{self.web}/{repository.full_name}"
        open_count = sum(self.facts(repository, number)["state"] == "open" for number in repository.numbers())
        counts = dict.fromkeys(["forks", "stargazers", "watchers", "network", "subscribers"], 0)
        return {
            "id": repository.id, "node_id": f"R_{repository.id}", "name": name, "full_name": repository.full_name,
            "private": True, "owner": self.user(owner), "html_url": page, "description": None, "fork": False,
            "url": url, **{f"{plural}_url": f"{url}/{plural.replace('git_', 'git/')}" for plural in _PLURALS},
            "clone_url": f"{page}.git", "git_url": f"{page}.git", "ssh_url": f"{page}.git", "svn_url": page,
            "mirror_url": None, "homepage": None, "language": None, "license": None, "default_branch": "main",
            "archived": False, "disabled": False, "has_issues": True, "has_projects": True, "has_wiki": True,
            "has_pages": False, "has_downloads": True, "has_discussions": False, "visibility": "private", "topics": [],
            "created_at": EPOCH, "updated_at": EPOCH, "pushed_at": EPOCH, "size": 0,
            "forks": 0, "watchers": 0, **{f"{what}_count": number for what, number in counts.items()},
            "open_issues": open_count, "open_issues_count": open_count, **repository.given,
        }  # fmt: skip

    def milestone(self, repository: Repository, number: int) -> Json:
        """A milestone; like the service's, its counts are of issues and pull requests together."""
        key = ("milestone", repository.id, number)
        if key not in self._counted:
            self._counted[key] = self._milestone(repository, number)
        return self._counted[key]

    def _milestone(self, repository: Repository, number: int) -> Json:
        given = repository.milestones[number]
        facts = [self.facts(repository, item) for item in repository.numbers()]
        states = [each["state"] for each in facts if each["milestone"] == number]
        url = f"{self.api}/repos/{repository.full_name}/milestones/{number}"
        created = given.get("created_at", EPOCH)
        return {
            "id": repository.id * 10_000 + number, "node_id": f"MI_{repository.id}_{number}", "number": number,
            "url": url, "html_url": f"{self.web}/{repository.full_name}/milestone/{number}",
            "labels_url": f"{url}/labels", "title": f"Milestone {number}", "description": None,
            "open_issues": states.count("open"), "closed_issues": states.count("closed"),
            "created_at": created, "updated_at": given.get("closed_at") or created, "closed_at": None, "due_on": None,
            "state": "closed" if given.get("closed_at") else "open", **given,
            "creator": self.user(given.get("creator", "ghost")),
        }  # fmt: skip

    def release(self, repository: Repository, number: int) -> Json:
        """A release; ``number`` is its id."""
        given = repository.releases[number]
        url = f"{self.api}/repos/{repository.full_name}/releases/{number}"
        tag = given.get("tag_name", f"v{number}")
        created = given.get("created_at", given.get("published_at", EPOCH))
        return {
            "id": number, "node_id": f"RE_{number}", "url": url, "assets_url": f"{url}/assets", "assets": [],
            "upload_url": f"{url}/assets{{?name,label}}", "tag_name": tag, "name": tag, "target_commitish": "main",
            "html_url": f"{self.web}/{repository.full_name}/releases/tag/{tag}", "body": None, "draft": False,
            "tarball_url": f"{self.api}/repos/{repository.full_name}/tarball/{tag}", "prerelease": False,
            "zipball_url": f"{self.api}/repos/{repository.full_name}/zipball/{tag}",
            "created_at": created, "published_at": created, **given, "author": self.user(given.get("author", "ghost")),
        }  # fmt: skip

    def issue(self, repository: Repository, number: int) -> Json:
        """An issue, or a pull request's face as one."""
        pull = repository.pulls.get(number)
        given = self._given(repository, number)
        url = f"{self.api}/repos/{repository.full_name}/issues/{number}"
        page = f"{self.web}/{repository.full_name}/{'issues' if pull is None else 'pull'}/{number}"
        identity = repository.identity(number)
        issue = {
            "id": identity, "node_id": f"{'I' if pull is None else 'PR'}_{identity}", "url": url,
            "repository_url": f"{self.api}/repos/{repository.full_name}", "labels_url": f"{url}/labels{{/name}}",
            "comments_url": f"{url}/comments", "events_url": f"{url}/events", "timeline_url": f"{url}/timeline",
            "html_url": page, "comments": 0, "state_reason": None,
            **{key: value for key, value in given.items() if key != "timeline"},
            **self._common(repository, number, given),
        }  # fmt: skip
        if pull is None:
            del issue["draft"]
            if issue["state"] == "closed":
                issue["state_reason"] = given.get("state_reason", "completed")
        else:
            issue["node_id"] = pull.get("node_id", f"PR_{repository.identity(number, pull=True)}")
            issue["pull_request"] = {
                "url": f"{self.api}/repos/{repository.full_name}/pulls/{number}", "html_url": page,
                "diff_url": f"{page}.diff", "patch_url": f"{page}.patch", "merged_at": pull.get("merged_at"),
            }  # fmt: skip
        return issue

    def pull(self, repository: Repository, number: int, *, single: bool = False) -> Json:
        """A pull request as in a list, or with ``single`` with the fields that only its own address shows."""
        given = repository.pulls[number]
        root = f"{self.api}/repos/{repository.full_name}"
        url, issue_url = f"{root}/pulls/{number}", f"{root}/issues/{number}"
        page = f"{self.web}/{repository.full_name}/pull/{number}"
        head, base = self._end(repository, given, "head", "topic"), self._end(repository, given, "base", "main")
        identity = repository.identity(number, pull=True)
        merged = given.get("merged_at") is not None
        pull = {
            "id": identity, "node_id": f"PR_{identity}", "url": url, "html_url": page, "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch", "issue_url": issue_url, "commits_url": f"{url}/commits",
            "review_comments_url": f"{url}/comments", "review_comment_url": f"{root}/pulls/comments{{/number}}",
            "comments_url": f"{issue_url}/comments", "statuses_url": f"{root}/statuses/{head['sha']}",
            "requested_teams": [], "auto_merge": None, "merged_at": None,
            "merge_commit_sha": sha_of(f"{repository.id} merge {number}") if merged else None,
        }  # fmt: skip
        pull |= {key: value for key, value in given.items() if key not in ("commits", "reviews", "closes", "timeline")}
        pull |= self._common(repository, number, given) | {"head": head, "base": base}
        pull["requested_reviewers"] = [self.user(login) for login in given.get("requested_reviewers", [])]
        pull["_links"] = {
            name: {"href": pull[key]}
            for name, key in [
                ("self", "url"), ("html", "html_url"), ("issue", "issue_url"), ("comments", "comments_url"),
                ("review_comments", "review_comments_url"), ("review_comment", "review_comment_url"),
                ("commits", "commits_url"), ("statuses", "statuses_url"),
            ]
        }  # fmt: skip
        if single:
            totals = dict.fromkeys(["additions", "deletions", "changed_files", "comments", "review_comments"], 0)
            pull = totals | pull
            pull |= {
                "commits": len(given.get("commits", [])), "merged": merged, "mergeable": None,
                "mergeable_state": "unknown", "maintainer_can_modify": False,
                "merged_by": self.user(given.get("merged_by")),
            }  # fmt: skip
        return pull

    def commits(self, repository: Repository, number: int) -> list[Json]:
        """The commits of a pull request; each is given as ``{"sha", "message", "date", "author"}``."""
        found = []
        for index, given in enumerate(repository.pulls[number].get("commits", [])):
            sha = given.get("sha", sha_of(f"{repository.id} commit {number} {index}"))
            url = f"{self.api}/repos/{repository.full_name}/commits/{sha}"
            author = given.get("author", "ghost")
            who = {"name": author, "email": f"{author}@example.com", "date": given.get("date", EPOCH)}
            commit = {
                "sha": sha,
                "node_id": f"C_{sha}",
                "url": url,
                "comments_url": f"{url}/comments",
                "parents": [],
                "html_url": f"{self.web}/{repository.full_name}/commit/{sha}",
                "author": self.user(author),
                "committer": self.user(author),
                "commit": {
                    "url": url.replace("/commits/", "/git/commits/"),
                    "author": who,
                    "committer": who,
                    "message": given.get("message", ""),
                    "comment_count": 0,
                    "tree": {"sha": sha_of(sha), "url": url.replace("/commits/", "/git/trees/")},
                },
            }
            found.append(commit)
        return found

    def reviews(self, repository: Repository, number: int) -> list[Json]:
        """The reviews of a pull request, oldest first."""
        pull_url = f"{self.api}/repos/{repository.full_name}/pulls/{number}"
        found = []
        for index, given in enumerate(repository.pulls[number].get("reviews", [])):
            identity = given.get("id", repository.identity(number, pull=True) * 100 + index)
            page = f"{self.web}/{repository.full_name}/pull/{number}#pullrequestreview-{identity}"
            review = {
                "id": identity,
                "node_id": f"PRR_{identity}",
                "body": "",
                "state": "COMMENTED",
                "commit_id": sha_of(str(identity)),
                "submitted_at": EPOCH,
                "author_association": "MEMBER",
                "html_url": page,
                **given,
                "pull_request_url": pull_url,
                "user": self.user(given.get("user")),
                "_links": {"html": {"href": page}, "pull_request": {"href": pull_url}},
            }
            found.append(review)
        return found

    def timeline(self, repository: Repository, number: int) -> list[Json]:
        """The events that were given of an issue or pull request."""
        among = repository.pulls if number in repository.pulls else repository.issues
        return list(among[number].get("timeline", []))

    def facts(self, repository: Repository, number: int) -> Json:
        """What lists are filtered and sorted by, far cheaper than the whole object."""
        given = self._given(repository, number)
        merged = repository.pulls.get(number, {}).get("merged_at")
        closed = given.get("closed_at") or merged
        created = given.get("created_at", EPOCH)
        milestone = given.get("milestone")
        labels = given.get("labels", [])
        return {
            "number": number, "state": given.get("state", "closed" if closed else "open"), "merged_at": merged,
            "created_at": created, "updated_at": given.get("updated_at") or closed or created, "closed_at": closed,
            "milestone": milestone["number"] if isinstance(milestone, Mapping) else milestone,
            "labels": [each if isinstance(each, str) else each["name"] for each in labels],
            "comments": given.get("comments", 0),
        }  # fmt: skip

    def _given(self, repository: Repository, number: int) -> Json:
        """All that is known of a number as an issue: its pull request's fields under its own."""
        pull = repository.pulls.get(number)
        if pull is None:
            return repository.issues[number]
        return {key: pull[key] for key in ISSUE_FIELDS if key in pull} | repository.issues.get(number, {})

    def _common(self, repository: Repository, number: int, given: Given) -> Json:
        """The fields that issue and pull request share, in the service's shape."""
        facts = self.facts(repository, number)
        milestone = given.get("milestone")
        if isinstance(milestone, Mapping):
            milestone = {"description": None, **milestone, "creator": self.user(milestone["creator"])}
        elif milestone is not None:
            milestone = self.milestone(repository, milestone)
        assignees = [self.user(login) for login in given.get("assignees", [])]
        association = given.get("author_association", "NONE")
        return {
            "number": number, "title": given.get("title", f"Number {number}"), "body": given.get("body"),
            "locked": given.get("locked", False), "active_lock_reason": given.get("active_lock_reason"),
            "draft": given.get("draft", False), "user": self.user(given.get("user", "ghost")),
            "author_association": association, "labels": self.labels(repository, given.get("labels", [])),
            "assignee": assignees[0] if assignees else None, "assignees": assignees, "milestone": milestone,
            **{key: facts[key] for key in ("state", "created_at", "updated_at", "closed_at")},
        }  # fmt: skip

    def _end(self, repository: Repository, given: Given, side: str, default: str) -> Json:
        """``head`` or ``base`` from a branch's name or from its own object; always in this repository."""
        end = given.get(side, default)
        fields = {"ref": end} if isinstance(end, str) else end
        owner = repository.full_name.partition("/")[0]
        return {
            "label": f"{owner}:{fields['ref']}", "sha": sha_of(f"{repository.id} {fields['ref']}"), **fields,
            "user": self.user(owner), "repo": self.repository(repository),
        }  # fmt: skip
