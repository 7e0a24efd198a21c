"""What GraphQL's objects mean: nodes in, work items out. No network.

The same meaning as ``items`` gives to REST's objects; the two are kept side by side because neither is read through the
other's names on the way of a hundred thousand items.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TypeVar, cast

from okrsync.model import ItemKind, ItemState, Reference, ReferenceKind, WorkItem
from okrsync.references import references_of
from okrsync_github.answers import Actor, CommitNode, IssueName, IssueNode, Listed, Node, Paged, PullNode
from okrsync_github.items import ABOVE_STANDARD, PullFacts, Repository, commit_of
from okrsync_github.waits import waits_of

T = TypeVar("T")


class Incomplete(Exception):
    """The service left a part of the node out."""


def all_of(listed: Listed[T] | Paged[T] | None) -> list[T]:
    """The nodes of a list. Raises ``Incomplete`` when some are null: over its limits the service leaves them out."""
    if listed is None or listed.nodes is None:
        raise Incomplete
    if None in listed.nodes:
        raise Incomplete
    return cast("list[T]", listed.nodes)


def item_of_node(node: Node, repository: Repository, closes: Iterable[IssueName], commits: Iterable[str]) -> WorkItem:
    """An issue or pull request; ``closes`` and ``commits`` are those of a pull request, their further pages included.

    Raises ``Incomplete``.
    """
    key = f"{repository.full_name}#{node.number}"
    pull = isinstance(node, PullNode)
    type_name = node.issueType.name if isinstance(node, IssueNode) and node.issueType else None
    parent_id, parent_key = _parent(node, repository)
    state, status, done_at, resolution = _standing(node)
    assignees = all_of(node.assignees)
    author = login_of(node.author)
    timeline = node.timelineItems
    waits = () if timeline is None else waits_of(all_of(timeline), author, node.closedAt, pull=pull)
    return WorkItem(
        id=repository.item_id(node.number),
        kind=ItemKind.PULL_REQUEST if pull else ItemKind.ISSUE,
        type=type_name or ("pull_request" if pull else "issue"),
        level=1 if type_name and type_name.lower() in ABOVE_STANDARD else 0,
        key=key,
        project=repository.full_name,
        title=node.title,
        url=f"{repository.html_url}/{'pull' if pull else 'issues'}/{node.number}",
        state=state,
        status=status,
        created_at=_utc(node.createdAt),
        updated_at=_utc(node.updatedAt),
        done_at=done_at,
        resolution=resolution,
        assignee=assignees[0].login if assignees else None,
        author=author,
        parent_id=parent_id,
        parent_key=parent_key,
        labels=tuple(label.name for label in all_of(node.labels)),
        milestones=(node.milestone.title,) if node.milestone else (),
        references=_references(node, repository, closes, commits),
        former_keys=(f"{repository.known_as}#{node.number}",) if repository.was_renamed else (),
        waits=waits,
    )


def facts_of_node(node: PullNode, closes: Iterable[IssueName], commits: Iterable[str]) -> PullFacts:
    """What ``/issues`` leaves out of a pull request; the two connections with all their pages."""
    merge = node.mergeCommit.oid if node.mergeCommit and node.mergedAt else None
    shas = dict.fromkeys(sha for text in (merge, node.headRefOid, *commits) if (sha := commit_of(text)))
    merged_at = None if node.mergedAt is None else _utc(node.mergedAt)
    return PullFacts(node.headRefName, merged_at, tuple(map(name_of, closes)), tuple(shas))


def name_of(issue: IssueName) -> str:
    """``owner/name#45``."""
    return f"{issue.repository.nameWithOwner}#{issue.number}"


def oids(commits: Iterable[CommitNode]) -> list[str]:
    """The hashes of a pull request's commits."""
    return [node.commit.oid for node in commits]


def login_of(actor: Actor | None) -> str | None:
    """An account as REST names it: what GraphQL calls ``dependabot`` is ``dependabot[bot]`` there."""
    if actor is None:
        return None
    return f"{actor.login}[bot]" if actor.kind == "Bot" and not actor.login.endswith("[bot]") else actor.login


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


def _standing(node: Node) -> tuple[ItemState, str, datetime | None, str | None]:
    if not node.closed:
        if isinstance(node, IssueNode):
            return ItemState.TODO, "open", None, None
        return ItemState.DOING, "draft" if node.isDraft else "open", None, None
    if node.closedAt is None:
        raise Incomplete
    if isinstance(node, IssueNode):
        return ItemState.DONE, "closed", _utc(node.closedAt), node.stateReason.lower() if node.stateReason else None
    if node.mergedAt is None:
        return ItemState.DONE, "closed", _utc(node.closedAt), "unmerged"
    return ItemState.DONE, "merged", _utc(node.mergedAt), "merged"


def _parent(node: Node, repository: Repository) -> tuple[str | None, str | None]:
    """Id (when it is in the same repository) and key of the issue that this one is a sub-issue of."""
    parent = node.parent if isinstance(node, IssueNode) else None
    if parent is None:
        return None, None
    here = parent.repository.databaseId == repository.id
    return repository.item_id(parent.number) if here else None, name_of(parent)


def _references(
    node: Node, repository: Repository, closes: Iterable[IssueName], commits: Iterable[str]
) -> tuple[Reference, ...]:
    """An issue that names another is no part of it: of an issue, only the trailer ``KR:`` counts."""
    body = node.body or ""
    if isinstance(node, IssueNode):
        if "kr" not in body.lower():
            return ()
        found = references_of(repo=repository.full_name, body=body)
        return tuple(reference for reference in found if reference.kind is ReferenceKind.KEY_RESULT)
    facts = facts_of_node(node, closes, commits)
    return (
        *references_of(
            repo=repository.full_name, title=node.title, body=body, branch=facts.branch, closes=facts.closes
        ),
        *(Reference(ReferenceKind.CONTAINS, commit) for commit in facts.commits),
    )
