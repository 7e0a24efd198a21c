"""The shapes of GraphQL's answers to our queries: decoded and checked in one go, without dictionaries in between."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Generic, TypeAlias, TypeVar

import msgspec
from msgspec import Meta, Struct, field

from okrsync.errors import SourceError
from okrsync.http import one_line
from okrsync.language import _

T = TypeVar("T")
Moment: TypeAlias = Annotated[datetime, Meta(tz=True)]


class Login(Struct):
    login: str | None = None


class Actor(Struct):
    login: str
    kind: str = field(name="__typename", default="User")


class Named(Struct):
    name: str


class Titled(Struct):
    title: str


class Oid(Struct):
    oid: str


class CommitNode(Struct):
    commit: Oid


class RepositoryName(Struct):
    nameWithOwner: str  # noqa: N815 - the service's name, as all below
    databaseId: int | None = None  # noqa: N815


class Numbered(Struct):
    number: int


class Changed(Struct):
    number: int
    updatedAt: Moment  # noqa: N815


class IssueName(Struct):
    number: int
    repository: RepositoryName


class Listed(Struct, Generic[T]):
    nodes: list[T | None] | None = None


class PageInfo(Struct):
    hasNextPage: bool = False  # noqa: N815
    endCursor: str | None = None  # noqa: N815


class Paged(Struct, Generic[T]):
    pageInfo: PageInfo  # noqa: N815
    nodes: list[T | None] | None = None
    totalCount: int | None = None  # noqa: N815


class Asked(Struct):
    """Whose review was asked for."""

    login: str | None = None
    combinedSlug: str | None = None  # noqa: N815


class Source(Struct):
    author: Login | None = None


class Event(Struct):
    """Any of the events that ``queries`` asks for."""

    kind: str = field(name="__typename")
    createdAt: Moment | None = None  # noqa: N815
    submittedAt: Moment | None = None  # noqa: N815
    assignee: Login | None = None
    requestedReviewer: Asked | None = None  # noqa: N815
    author: Login | None = None
    source: Source | None = None


class Common(Struct, kw_only=True):
    number: int
    title: str
    createdAt: Moment  # noqa: N815
    updatedAt: Moment  # noqa: N815
    closed: bool
    closedAt: Moment | None = None  # noqa: N815
    body: str | None = None
    author: Actor | None = None
    assignees: Listed[Login]
    labels: Listed[Named] | None = None
    milestone: Titled | None = None
    timelineItems: Listed[Event] | None = None  # noqa: N815


class IssueNode(Common, tag_field="__typename", tag="Issue", kw_only=True):
    stateReason: str | None = None  # noqa: N815
    issueType: Named | None = None  # noqa: N815
    parent: IssueName | None = None


class PullNode(Common, tag_field="__typename", tag="PullRequest", kw_only=True):
    isDraft: bool = False  # noqa: N815
    mergedAt: Moment | None = None  # noqa: N815
    headRefName: str  # noqa: N815
    headRefOid: str | None = None  # noqa: N815
    mergeCommit: Oid | None = None  # noqa: N815
    closingIssuesReferences: Paged[IssueName]  # noqa: N815
    commits: Paged[CommitNode]


Node: TypeAlias = IssueNode | PullNode


class ByAlias(Struct, Generic[T]):
    """Objects under aliases; null where there is none, or where an error says why."""

    repository: dict[str, T | None] | None = None


class Count(Struct):
    totalCount: int  # noqa: N815


class MilestoneNode(Struct):
    number: int
    title: str
    state: str
    dueOn: str | None = None  # noqa: N815
    closedAt: str | None = None  # noqa: N815


class ReleaseNode(Struct):
    databaseId: int  # noqa: N815
    tagName: str  # noqa: N815
    isDraft: bool  # noqa: N815
    url: str
    name: str | None = None
    publishedAt: str | None = None  # noqa: N815


class LabelNode(Struct):
    id: str
    name: str


class Counts(Struct, kw_only=True):
    hasIssuesEnabled: bool  # noqa: N815
    issueCount: Count  # noqa: N815
    pullCount: Count  # noqa: N815
    newestIssue: Listed[Numbered] | None = None  # noqa: N815
    newestPull: Listed[Numbered] | None = None  # noqa: N815
    latestIssues: Listed[Numbered] | None = None  # noqa: N815
    latestPulls: Listed[Numbered] | None = None  # noqa: N815

    @property
    def total(self) -> int:
        """How many issues and pull requests there are; issues that are switched off do not count."""
        return self.pullCount.totalCount + (self.issueCount.totalCount if self.hasIssuesEnabled else 0)

    @property
    def newest(self) -> int:
        """The highest number among those created and those changed last.

        Nothing tells the highest of all: an issue that was transferred here has a new number and an old date, and may
        have been changed before others.
        """
        issues = (self.newestIssue, self.latestIssues) if self.hasIssuesEnabled else ()
        lists = (*issues, self.newestPull, self.latestPulls)
        return max((node.number for listed in lists if listed for node in listed.nodes or () if node), default=0)


class Head(Counts, kw_only=True):
    """The repository, see ``queries.head`` and ``queries.changes``."""

    databaseId: int  # noqa: N815
    nameWithOwner: str  # noqa: N815
    url: str
    milestones: Paged[MilestoneNode] | None = None
    releases: Paged[ReleaseNode] | None = None
    labels: Paged[LabelNode] | None = None
    changedIssues: Paged[Changed] | None = None  # noqa: N815
    changedPulls: Paged[Changed] | None = None  # noqa: N815


class InRepository(Struct, Generic[T]):
    repository: T | None = None


class Found(Struct, Generic[T]):
    found: T | None = None


ITEMS = msgspec.json.Decoder(ByAlias[Node])
PRESENT = msgspec.json.Decoder(ByAlias[Any])
HEAD = msgspec.json.Decoder(InRepository[Head])
COUNTS = msgspec.json.Decoder(InRepository[Counts])
CHANGES = msgspec.json.Decoder(InRepository[Found[Paged[Changed]]])
HAVING = msgspec.json.Decoder(InRepository[Found[Found[Paged[Numbered]]]])


def decode(decoder: msgspec.json.Decoder[T], data: bytes | msgspec.Raw, where: str) -> T:
    """The data of an answer. Raises ``SourceError`` naming the place and the field that is not as expected."""
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        raise SourceError(f"{where}{_culprit(decoder, data)}: GraphQL: {one_line(str(error))}") from None
    except msgspec.DecodeError as error:
        raise SourceError(
            _("{where}: GraphQL: the answer is no JSON: {error}").format(where=where, error=one_line(str(error)))
        ) from None


def _culprit(decoder: Any, data: bytes | msgspec.Raw) -> str:
    """Among objects under aliases, the number of the one that does not decode."""
    repository = json.loads(bytes(data)).get("repository")
    for alias, node in repository.items() if isinstance(repository, dict) else ():
        try:
            msgspec.convert({"repository": {alias: node}}, decoder.type)
        except msgspec.ValidationError:
            return f"#{alias.removeprefix('i')}" if alias.removeprefix("i").isdecimal() else ""
    return ""
