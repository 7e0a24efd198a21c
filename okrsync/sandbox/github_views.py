"""What GitHub's GraphQL API shows of repositories, issues, pull requests, milestones, releases and labels."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from okrsync.sandbox.github_connections import connection, listed
from okrsync.sandbox.github_objects import Json, Objects, Repository
from okrsync.sandbox.github_timeline import events
from okrsync.sandbox.graphql import GraphQLError, View

_ORDER = {"CREATED_AT": "created_at", "UPDATED_AT": "updated_at", "COMMENTS": "comments"}


@dataclass(frozen=True)
class Visible:
    """The repositories that the asking account may read, and how much it may still ask."""

    repositories: list[Repository]
    find: Callable[[str], Repository | None]
    """By ``owner/name``, former names included; None where there is none or it may not be read."""
    login: str
    remaining: int
    reset_at: str


class Views:
    """Builds what GraphQL shows of each object; fields with arguments, and costly ones, are functions."""

    def __init__(self, visible: Visible, objects: Objects) -> None:
        self.visible = visible
        self.objects = objects

    def query(self, nodes: int) -> View:
        limit = {
            "__typename": "RateLimit", "limit": 5000, "cost": max(1, nodes // 100), "nodeCount": nodes,
            "remaining": self.visible.remaining, "used": 5000 - self.visible.remaining,
            "resetAt": self.visible.reset_at,
        }  # fmt: skip
        return {
            "__typename": "Query",
            "rateLimit": limit,
            "viewer": self.user(self.objects.user(self.visible.login)),
            "repository": self.repository_named,
            "node": lambda args: self.node(args["id"]),
            "nodes": lambda args: [partial(self.node_of, node_id) for node_id in args["ids"]],
        }

    def repository_named(self, args: Json) -> View:
        name = f"{args['owner']}/{args['name']}"
        repository = self.visible.find(name)
        if repository is None:
            raise GraphQLError(f"Could not resolve to a Repository with the name '{name}'.", type="NOT_FOUND")
        return self.repository(repository)

    def node_of(self, node_id: str, _args: Json) -> View:
        return self.node(node_id)

    def node(self, node_id: str) -> View:
        for repository, number in self.numbers():
            pull = number in repository.pulls
            shown = (self.objects.pull if pull else self.objects.issue)(repository, number)
            if shown["node_id"] == node_id:
                return self.pull(repository, number) if pull else self.issue(repository, number)
        for repository in self.visible.repositories:
            if self.objects.repository(repository)["node_id"] == node_id:
                return self.repository(repository)
        raise GraphQLError(f"Could not resolve to a node with the global id of '{node_id}'", type="NOT_FOUND")

    def numbers(self) -> Iterator[tuple[Repository, int]]:
        for repository in self.visible.repositories:
            for number in repository.numbers():
                yield repository, number

    def user(self, shown: Json | None) -> View | None:
        if shown is None:
            return None
        return {
            "__typename": shown["type"], "id": shown["node_id"], "databaseId": shown["id"], "login": shown["login"],
            "name": shown.get("name"), "url": shown["html_url"],
        }  # fmt: skip

    def repository(self, repository: Repository) -> View:
        shown = self.objects.repository(repository)

        def numbered(kind: str, among: dict[int, Json], view: Callable[[Repository, int], View]) -> Any:
            def find(args: Json) -> View:
                if args["number"] not in among:
                    raise GraphQLError(
                        f"Could not resolve to {kind} with the number of {args['number']}.", type="NOT_FOUND"
                    )
                return view(repository, args["number"])

            return find

        issues = {number: given for number, given in repository.issues.items() if number not in repository.pulls}

        def either(args: Json) -> View:
            number = args["number"]
            if number in repository.pulls:
                return self.pull(repository, number)
            if number in issues:
                return self.issue(repository, number)
            raise GraphQLError(
                f"Could not resolve to an issue or pull request with the number of {number}.", type="NOT_FOUND"
            )

        return {
            "__typename": "Repository", "id": shown["node_id"], "databaseId": shown["id"], "name": shown["name"],
            "nameWithOwner": shown["full_name"], "url": shown["html_url"], "isPrivate": shown["private"],
            "hasIssuesEnabled": shown["has_issues"], "createdAt": shown["created_at"],
            "owner": self.user(shown["owner"]),
            "issueOrPullRequest": either,
            "milestones": lambda args: self.milestones(repository, args),
            "milestone": lambda args: self.milestone(repository, args["number"]),
            "releases": lambda args: self.releases(repository, args),
            "labels": lambda args: listed(self.all_labels(repository), "labels")(args),
            "label": lambda args: self.label_named(repository, args["name"]),
            "issue": numbered("an Issue", issues, self.issue),
            "pullRequest": numbered("a PullRequest", repository.pulls, self.pull),
            "issues": lambda args: self.items(repository, issues, self.issue, "issues", args),
            "pullRequests": lambda args: self.items(repository, repository.pulls, self.pull, "pullRequests", args),
        }  # fmt: skip

    def milestones(self, repository: Repository, args: Json) -> View:
        """The connection of milestones, by number or as they are ordered."""
        order = args.get("orderBy") or {"field": "NUMBER", "direction": "ASC"}
        key = {"NUMBER": "number", "CREATED_AT": "created_at", "UPDATED_AT": "updated_at", "DUE_DATE": "due_on"}
        entries = [
            (self.objects.milestone(repository, number)[key[order["field"]]] or "", number)
            for number in repository.milestones
        ]
        return connection(
            entries,
            lambda number: self.milestone(repository, number),
            args,
            "milestones",
            reverse=order.get("direction") == "DESC",
        )

    def milestone(self, repository: Repository, number: int) -> View:
        if number not in repository.milestones:
            raise GraphQLError(f"Could not resolve to a Milestone with the number of {number}.", type="NOT_FOUND")
        return _milestone(self.objects.milestone(repository, number)) | self.having(
            repository, lambda facts: facts["milestone"] == number
        )

    def releases(self, repository: Repository, args: Json) -> View:
        """The connection of releases; drafts among them, as for whoever may write."""
        entries = [(self.objects.release(repository, id_)["created_at"], id_) for id_ in repository.releases]
        reverse = (args.get("orderBy") or {}).get("direction") == "DESC"

        def view(identity: int) -> View:
            shown = self.objects.release(repository, identity)
            return {
                "__typename": "Release", "id": shown["node_id"], "databaseId": shown["id"], "name": shown["name"],
                "tagName": shown["tag_name"], "isDraft": shown["draft"], "publishedAt": shown["published_at"],
                "createdAt": shown["created_at"], "url": shown["html_url"],
            }  # fmt: skip

        return connection(entries, view, args, "releases", reverse=reverse)

    def all_labels(self, repository: Repository) -> list[View]:
        """The labels that the repository has, which are those that any of its items carries."""
        found: dict[str, Json] = {}
        for number in repository.numbers():
            for label in self.objects.issue(repository, number)["labels"]:
                found.setdefault(label["node_id"], label)
        return [self.label(repository, label) for label in found.values()]

    def label_named(self, repository: Repository, name: str) -> View | None:
        return next((each for each in self.all_labels(repository) if each["name"].lower() == name.lower()), None)

    def label(self, repository: Repository, shown: Json) -> View:
        return {
            "__typename": "Label", "id": shown["node_id"], "name": shown["name"], "color": shown["color"],
            **self.having(repository, lambda facts: shown["name"] in facts["labels"]),
        }  # fmt: skip

    def having(self, repository: Repository, test: Callable[[Json], bool]) -> View:
        """The issues and the pull requests that pass a test, as connections."""

        def among(kind: str, given: dict[int, Json], view: Callable[[Repository, int], View]) -> Callable[[Json], View]:
            def resolve(args: Json) -> View:
                found = {number: each for number, each in given.items() if test(self.objects.facts(repository, number))}
                return self.items(repository, found, view, kind, args)

            return resolve

        issues = {number: given for number, given in repository.issues.items() if number not in repository.pulls}
        return {
            "issues": among("issues", issues, self.issue),
            "pullRequests": among("pullRequests", repository.pulls, self.pull),
        }

    def items(
        self,
        repository: Repository,
        among: dict[int, Json],
        view: Callable[[Repository, int], View],
        kind: str,
        args: Json,
    ) -> View:
        """The connection of issues or pull requests with its filters and its order."""
        order = args.get("orderBy") or {"field": "CREATED_AT", "direction": "ASC"}
        filters = args.get("filterBy") or {}
        since = _moment(filters["since"]) if filters.get("since") else None
        states = args.get("states") or filters.get("states")
        names = set(args.get("labels") or filters.get("labels") or ())
        entries = []
        for number in among:
            facts = self.objects.facts(repository, number)
            if (
                (states and _state(facts) not in states)
                or (since and _moment(facts["updated_at"]) < since)
                or (names and names.isdisjoint(facts["labels"]))
            ):
                continue
            entries.append((facts[_ORDER[order["field"]]], number))
        return connection(
            entries, lambda number: view(repository, number), args, kind, reverse=order.get("direction") == "DESC"
        )

    def issue(self, repository: Repository, number: int) -> View:
        shown = self.objects.issue(repository, number)
        reason = shown["state_reason"]

        def state_reason(args: Json) -> str | None:
            known = args.get("enableDuplicate") or reason != "duplicate"
            return (reason if known else "not_planned").upper() if reason else None

        return self.common(repository, shown, "Issue") | {
            "stateReason": state_reason,
            "parent": lambda _: self.parent(shown.get("parent_issue_url")),
            "issueType": shown.get("type") and {"__typename": "IssueType", "name": shown["type"]["name"]},
            "timelineItems": self.timeline(repository, number, "IssueTimelineItems"),
        }

    def parent(self, url: str | None) -> View | None:
        """The issue that another one is a sub-issue of; null where it may not be read."""
        place = re.search(r"/repos/([^/]+/[^/]+)/issues/(\d+)$", url or "")
        repository = self.visible.find(place[1]) if place else None
        if place is None or repository is None or int(place[2]) not in repository.issues:
            return None
        return self.issue(repository, int(place[2]))

    def timeline(self, repository: Repository, number: int, kind: str) -> Callable[[Json], View]:
        """What happened to an issue or pull request, oldest first, of the types that are asked for."""

        def resolve(args: Json) -> View:
            reviews = self.reviews(repository, number) if number in repository.pulls else []
            found = events(self.objects.timeline(repository, number), reviews, self, args.get("itemTypes"))
            return listed(found, kind)(args)

        return resolve

    def pull(self, repository: Repository, number: int) -> View:
        shown = self.objects.pull(repository, number)
        given = repository.pulls[number]
        merged = shown["merged_at"] is not None
        commits: list[View] = [
            {
                "__typename": "PullRequestCommit", "id": f"PRC_{each['sha']}",
                "commit": {
                    "__typename": "Commit", "id": each["node_id"], "oid": each["sha"],
                    "message": each["commit"]["message"], "committedDate": each["commit"]["committer"]["date"],
                    "messageHeadline": each["commit"]["message"].partition("\n")[0], "url": each["html_url"],
                },
            }
            for each in self.objects.commits(repository, number)
        ]  # fmt: skip
        requested: list[View] = [
            {"__typename": "ReviewRequest", "id": f"RR_{each['id']}", "requestedReviewer": self.user(each)}
            for each in shown["requested_reviewers"]
        ]
        return self.common(repository, shown, "PullRequest") | {
            "merged": merged, "mergedAt": shown["merged_at"], "isDraft": shown["draft"],
            "headRefName": shown["head"]["ref"], "baseRefName": shown["base"]["ref"],
            "headRefOid": shown["head"]["sha"],
            "mergeCommit": {"__typename": "Commit", "oid": shown["merge_commit_sha"]} if merged else None,
            "closingIssuesReferences": listed(self.closes(repository, given), "closingIssuesReferences"),
            "commits": listed(commits, "commits"),
            "reviews": listed(self.reviews(repository, number), "reviews"),
            "reviewRequests": listed(requested, "reviewRequests"),
            "timelineItems": self.timeline(repository, number, "PullRequestTimelineItems"),
        }  # fmt: skip

    def referred(self, repo: str, number: int) -> View | None:
        """The issue or pull request that an event came from."""
        repository = self.visible.find(repo)
        if repository is None or number not in repository.numbers():
            return None
        return self.pull(repository, number) if number in repository.pulls else self.issue(repository, number)

    def reviews(self, repository: Repository, number: int) -> list[View]:
        return [
            {
                "__typename": "PullRequestReview", "id": each["node_id"], "databaseId": each["id"],
                "author": self.user(each["user"]), "state": each["state"], "submittedAt": each["submitted_at"],
                "createdAt": each["submitted_at"], "url": each["html_url"], "body": each["body"],
            }
            for each in self.objects.reviews(repository, number)
        ]  # fmt: skip

    def closes(self, repository: Repository, given: Json) -> list[View]:
        """The issues that a pull request closes: given as numbers, or as ``owner/name#12`` in another repository."""
        found = []
        for reference in given.get("closes", []):
            name, _, number = str(reference).rpartition("#")
            other = self.visible.find(name) if name else repository
            if other is not None and int(number) in other.issues:
                found.append(self.issue(other, int(number)))
        return found

    def common(self, repository: Repository, shown: Json, type_name: str) -> View:
        milestone = shown["milestone"]
        labels = [self.label(repository, label) for label in shown["labels"]]
        return {
            "__typename": type_name, "id": shown["node_id"], "databaseId": shown["id"],
            "fullDatabaseId": str(shown["id"]), "number": shown["number"], "title": shown["title"],
            "body": shown["body"] or "", "bodyText": shown["body"] or "", "state": _state(shown),
            "closed": shown["closed_at"] is not None, "createdAt": shown["created_at"],
            "updatedAt": shown["updated_at"], "closedAt": shown["closed_at"], "url": shown["html_url"],
            "locked": shown["locked"], "author": self.user(shown["user"]),
            "assignees": listed([view for each in shown["assignees"] if (view := self.user(each))], "assignees"),
            "labels": listed(labels, "labels"),
            "milestone": milestone and _milestone(milestone),
            "repository": lambda _: self.repository(repository),
        }  # fmt: skip


def _milestone(shown: Json) -> View:
    return {
        "__typename": "Milestone", "id": shown["node_id"], "number": shown["number"], "title": shown["title"],
        "dueOn": shown["due_on"], "state": shown["state"].upper(), "closedAt": shown["closed_at"],
        "createdAt": shown["created_at"], "updatedAt": shown["updated_at"], "url": shown["html_url"],
    }  # fmt: skip


def _state(shown: Json) -> str:
    return "MERGED" if shown.get("merged_at") else str(shown["state"]).upper()


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise GraphQLError(f"Could not coerce value {json.dumps(text)} to DateTime") from None
