"""The texts of our GraphQL queries. No network.

Servers differ: sub-issues and issue types are missing from older Enterprise Servers. ``lacks`` names what the server is
known not to have (``Issue.parent``, ``stateReason.enableDuplicate``, ``timeline``), and no query asks for that.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

MOST_CLOSED = 50
MOST_COMMITS = 100
MOST_EVENTS = 50

TIMELINE = "timeline"
"""Stands in ``lacks`` for all that tells who waited for whom."""

_PAGE_INFO = "pageInfo { hasNextPage endCursor }"
_COMMON = """__typename number title body createdAt updatedAt closed closedAt author { __typename login }
  assignees(first: 1) { nodes { login } } labels(first: 100) { nodes { name } } milestone { title }"""
_PULL = f"""isDraft mergedAt headRefName headRefOid mergeCommit {{ oid }}
  closingIssuesReferences(first: {MOST_CLOSED}) {{ nodes {{ number repository {{ nameWithOwner }} }} {_PAGE_INFO} }}
  commits(first: {MOST_COMMITS}) {{ nodes {{ commit {{ oid }} }} {_PAGE_INFO} }}"""
_WHO = "{ ... on User { login } }"
_WHOM = "{ ... on User { login } ... on Team { combinedSlug } }"
_EVENTS = f"""__typename
    ... on AssignedEvent {{ createdAt assignee {_WHO} }} ... on UnassignedEvent {{ createdAt assignee {_WHO} }}"""
_ISSUE_EVENTS = f"""timelineItems(first: {MOST_EVENTS}, itemTypes: [
    ASSIGNED_EVENT, UNASSIGNED_EVENT, CROSS_REFERENCED_EVENT, CONNECTED_EVENT]) {{ nodes {{ {_EVENTS}
    ... on CrossReferencedEvent {{ createdAt source {{ ... on PullRequest {{ author {{ login }} }} }} }}
    ... on ConnectedEvent {{ createdAt source {{ ... on PullRequest {{ author {{ login }} }} }} }} }} }}"""
_PULL_EVENTS = f"""timelineItems(first: {MOST_EVENTS}, itemTypes: [ASSIGNED_EVENT, UNASSIGNED_EVENT,
    REVIEW_REQUESTED_EVENT, REVIEW_REQUEST_REMOVED_EVENT, PULL_REQUEST_REVIEW]) {{ nodes {{ {_EVENTS}
    ... on ReviewRequestedEvent {{ createdAt requestedReviewer {_WHOM} }}
    ... on ReviewRequestRemovedEvent {{ createdAt requestedReviewer {_WHOM} }}
    ... on PullRequestReview {{ submittedAt author {{ login }} }} }} }}"""

_IN_REPOSITORY = (
    "query($owner: String!, $name: String!{more}) {{ repository(owner: $owner, name: $name) {{ {body} }} }}"
)


def fragments(lacks: Collection[str], *, people: bool, issues: bool = True) -> str:
    """What is asked of an issue (fragment ``I``) and of a pull request (``P``); ``people``: whom it waited for."""
    reason = "stateReason" if "stateReason.enableDuplicate" in lacks else "stateReason(enableDuplicate: true)"
    optional = {
        "Issue.stateReason": reason,
        "Issue.issueType": "issueType { name }",
        "Issue.parent": "parent { number repository { databaseId nameWithOwner } }",
    }
    more = " ".join(text for name, text in optional.items() if name not in lacks)
    timeline = people and TIMELINE not in lacks
    pull = _PULL.replace("isDraft ", "") if "PullRequest.isDraft" in lacks else _PULL
    issue_fragment = f"fragment I on Issue {{ {_COMMON} {more} {_ISSUE_EVENTS if timeline else ''} }}\n"
    pull_fragment = f"fragment P on PullRequest {{ {_COMMON} {pull} {_PULL_EVENTS if timeline else ''} }}\n"
    return (issue_fragment if issues else "") + pull_fragment


def items(numbers: Sequence[int], lacks: Collection[str], *, people: bool, pulls_only: bool) -> str:
    """Issues and pull requests by number, each under the alias ``i<number>``."""
    what, spread = ("pullRequest", "...P") if pulls_only else ("issueOrPullRequest", "...I ...P")
    body = " ".join(f"i{number}: {what}(number: {number}) {{ {spread} }}" for number in numbers)
    return _IN_REPOSITORY.format(more="", body=body) + fragments(lacks, people=people, issues=not pulls_only)


def present(numbers: Sequence[int], *, pulls_only: bool) -> str:
    """Which of these numbers there are."""
    what = "pullRequest" if pulls_only else "issueOrPullRequest"
    body = " ".join(f"i{number}: {what}(number: {number}) {{ __typename }}" for number in numbers)
    return _IN_REPOSITORY.format(more="", body=body)


def rest_of(connection: str) -> str:
    """The further pages of one connection of one pull request: ``closingIssuesReferences`` or ``commits``."""
    nodes = "commit { oid }" if connection == "commits" else "number repository { nameWithOwner }"
    body = (
        "pullRequest(number: $number) "
        f"{{ {connection}(first: 100, after: $after) {{ nodes {{ {nodes} }} {_PAGE_INFO} }} }}"
    )
    return _IN_REPOSITORY.format(more=", $number: Int!, $after: String!", body=body)


_LATEST = "orderBy: {field: UPDATED_AT, direction: DESC}"
_NEWEST = f"""hasIssuesEnabled issueCount: issues {{ totalCount }} pullCount: pullRequests {{ totalCount }}
  newestIssue: issues(first: 1, orderBy: {{field: CREATED_AT, direction: DESC}}) {{ nodes {{ number ISSUE }} }}
  newestPull: pullRequests(first: 1, orderBy: {{field: CREATED_AT, direction: DESC}}) {{ nodes {{ number PULL }} }}
  latestIssues: issues(first: 50, {_LATEST}) {{ nodes {{ number }} }}
  latestPulls: pullRequests(first: 50, {_LATEST}) {{ nodes {{ number }} }}"""
_HEAD = f"""databaseId nameWithOwner url {_NEWEST}
  milestones(first: 100, orderBy: {{field: UPDATED_AT, direction: DESC}}) {{
    nodes {{ number title state dueOn closedAt }} {_PAGE_INFO} }}
  releases(first: 100, orderBy: {{field: CREATED_AT, direction: DESC}}) {{
    nodes {{ databaseId name tagName isDraft publishedAt url }} {_PAGE_INFO} }}
  labels(first: 100) {{ nodes {{ id name }} {_PAGE_INFO} }}"""
_CHANGED = f"""
  changedIssues: issues(first: 100, filterBy: {{since: $since}}, orderBy: {{field: UPDATED_AT, direction: ASC}}) {{
    totalCount nodes {{ number updatedAt }} {_PAGE_INFO} }}
  changedPulls: pullRequests(first: 100, orderBy: {{field: UPDATED_AT, direction: DESC}}) {{
    nodes {{ number updatedAt }} {_PAGE_INFO} }}"""


def head(lacks: Collection[str], *, people: bool) -> str:
    """The repository, how much it holds, its milestones, releases and labels; before everything is read.

    The newest issue and pull request are asked for whole: what the server does not know, or the token may not read, is
    refused here and not in many queries at once.
    """
    body = _HEAD.replace("ISSUE", "...I").replace("PULL", "...P")
    return _IN_REPOSITORY.format(more="", body=body) + fragments(lacks, people=people)


def changes() -> str:
    """The same, and what changed since."""
    body = _HEAD.replace("ISSUE", "").replace("PULL", "") + _CHANGED
    return _IN_REPOSITORY.format(more=", $since: DateTime!", body=body)


def more_changes(kind: str) -> str:
    """A further page of what changed: ``issues`` (the oldest first) or ``pullRequests`` (the latest first)."""
    order = "ASC" if kind == "issues" else "DESC"
    more, condition = (", $since: DateTime", "filterBy: {since: $since}, ") if kind == "issues" else ("", "")
    body = (
        f"found: {kind}(first: 100, after: $after, {condition}orderBy: {{field: UPDATED_AT, direction: {order}}}) "
        f"{{ nodes {{ number updatedAt }} {_PAGE_INFO} }}"
    )
    return _IN_REPOSITORY.format(more=f", $after: String{more}", body=body)


def having(kind: str, below: str) -> str:
    """A page of the numbers that carry a label (``kind`` is ``label``) or stand in a milestone (``milestone``);
    ``below`` is ``issues`` or ``pullRequests``."""
    argument, type_name = ("name", "String!") if kind == "label" else ("number", "Int!")
    body = (
        f"found: {kind}({argument}: $which) "
        f"{{ found: {below}(first: 100, after: $after) {{ nodes {{ number }} {_PAGE_INFO} }} }}"
    )
    return _IN_REPOSITORY.format(more=f", $which: {type_name}, $after: String", body=body)


COUNT = _IN_REPOSITORY.format(
    more="", body="hasIssuesEnabled issueCount: issues { totalCount } pullCount: pullRequests { totalCount }"
)
NEWEST = _IN_REPOSITORY.format(more="", body=_NEWEST.replace("ISSUE", "").replace("PULL", ""))
