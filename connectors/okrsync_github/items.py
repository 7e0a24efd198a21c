"""What GitHub's objects mean: JSON in, work items and milestones out. No network.

Everything here comes from outside: whatever has the wrong type raises ``SourceError`` naming the object and the field.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from okrsync.dates import day_of, parse_moment
from okrsync.errors import SourceError
from okrsync.http import one_line
from okrsync.language import _
from okrsync.model import ItemKind, ItemState, Milestone, Reference, ReferenceKind, WorkItem
from okrsync.references import references_of
from okrsync.storable import storable

T = TypeVar("T")

FULL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*/(?!\.{1,2}$)[A-Za-z0-9._-]+", re.ASCII)
"""``owner/name``. Managed users of an enterprise have an underscore in their name."""
_COMMIT = re.compile(r"[0-9a-f]{40}", re.ASCII)
_PARENT = re.compile(r"/repos/([^/?#]+/[^/?#]+)/issues/([0-9]{1,18})/?$", re.ASCII)
ABOVE_STANDARD = frozenset({"epic", "initiative"})


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository as it stands now."""

    id: int
    """Never changes, whatever it is called."""
    full_name: str
    """``owner/name`` as the service spells it now."""
    html_url: str
    known_as: str
    """As the configuration names it: another name than ``full_name`` after a rename."""

    @property
    def was_renamed(self) -> bool:
        """Is it called otherwise now than the configuration does?"""
        return self.known_as.lower() != self.full_name.lower()

    @property
    def variables(self) -> dict[str, str]:
        """Those that every GraphQL query takes."""
        owner, name = self.full_name.split("/")
        return {"owner": owner, "name": name}

    def item_id(self, number: int) -> str:
        """``WorkItem.id`` of an issue or pull request."""
        return f"{self.id}/{number}"


@dataclass(frozen=True, slots=True)
class PullFacts:
    """What ``/issues`` leaves out of a pull request."""

    branch: str = ""
    merged_at: datetime | None = None
    closes: tuple[str, ...] = ()
    """Issues that the service says it closes: ``owner/name#45``."""
    commits: tuple[str, ...] = ()
    """Its merge commit, its head and its commits, full hashes in lower case."""


# --- reading hostile JSON ---------------------------------------------------------------------------------------------


def take(record: Any, field: str, kind: type[T], where: str) -> T:
    """A field that must be there and of that type. Raises ``SourceError`` naming ``where`` and the field."""
    value = maybe(record, field, kind, where)
    if value is None:
        raise SourceError(_("{where}: the field {field!r} is missing").format(where=where, field=field))
    return value


def maybe(record: Any, field: str, kind: type[T], where: str) -> T | None:
    """A field of that type; None when it is absent or null. In text, NUL and lone surrogates are replaced: databases
    refuse them.
    """
    if not isinstance(record, Mapping):
        raise SourceError(_("{where}: expected an object, got {name}").format(where=where, name=type(record).__name__))
    value = record.get(field)
    if value is None:
        return None
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise SourceError(
            _("{where}: the field {field!r} should be {wanted}, is {given}").format(
                where=where, field=field, wanted=kind.__name__, given=type(value).__name__
            )
        )
    return cast(T, storable(value)) if isinstance(value, str) else value


def moment(record: Any, field: str, where: str) -> datetime | None:
    """A time stamp in UTC; None when it is absent or null."""
    text = maybe(record, field, str, where)
    if text is None:
        return None
    try:
        return parse_moment(text)
    except (ValueError, OverflowError):
        raise SourceError(
            _("{where}: the field {field!r} is no time stamp: {text!r}").format(
                where=where, field=field, text=one_line(text, 40)
            )
        ) from None


def _needed_moment(record: Any, field: str, where: str) -> datetime:
    value = moment(record, field, where)
    if value is None:
        raise SourceError(_("{where}: the field {field!r} is missing").format(where=where, field=field))
    return value


def _login(record: Any, field: str, where: str) -> str | None:
    """The account in a field; None for nobody, and for an account that was deleted (a "ghost", null)."""
    user = maybe(record, field, dict, where)
    return None if user is None else maybe(user, "login", str, f"{where}, {field}")


def _web_url(text: str | None, otherwise: str) -> str:
    try:
        parts = urlsplit(text or "")
    except ValueError:
        return otherwise
    return text if text and parts.scheme in ("http", "https") and parts.hostname else otherwise


def commit_of(text: str | None) -> str | None:
    """A full commit hash in lower case; None for anything else."""
    lower = (text or "").lower()
    return lower if _COMMIT.fullmatch(lower) else None


# --- repositories -----------------------------------------------------------------------------------------------------


def repository_of(record: Any, known_as: str, web: str, where: str) -> Repository:
    """The repository of an answer to ``/repos/{owner}/{repo}``; ``web`` is where its pages are if it does not say."""
    full_name = take(record, "full_name", str, where)
    if not FULL_NAME.fullmatch(full_name):
        raise SourceError(
            _("{where}: the field 'full_name' is no owner/name: {full_name!r}").format(
                where=where, full_name=one_line(full_name, 60)
            )
        )
    url = _web_url(maybe(record, "html_url", str, where), f"{web}/{full_name}")
    return Repository(take(record, "id", int, where), full_name, url, known_as)


# --- pull requests ----------------------------------------------------------------------------------------------------


def facts_of_rest(pull: Any, commits: list[Any], where: str) -> PullFacts:
    """From ``/pulls/{n}`` and ``/pulls/{n}/commits``.

    ``merge_commit_sha`` of an open pull request is a trial merge that nobody will ever see: it counts once merged.
    """
    head = maybe(pull, "head", dict, where) or {}
    merged_at = moment(pull, "merged_at", where)
    shas = (
        maybe(pull, "merge_commit_sha", str, where) if merged_at else None,
        maybe(head, "sha", str, where),
        *(maybe(commit, "sha", str, where) for commit in commits),
    )
    return PullFacts(maybe(head, "ref", str, where) or "", merged_at, (), _commits(shas))


def _commits(shas: tuple[str | None, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sha for sha in map(commit_of, shas) if sha))


# --- work items -------------------------------------------------------------------------------------------------------


def place_of(row: Any, repository: Repository) -> tuple[int, str]:
    """Number of a row of ``/issues`` or ``/pulls``, and how messages name it: ``acme/storefront#45``."""
    number = take(row, "number", int, repository.full_name)
    if number < 1:
        raise SourceError(
            _("{full_name}: the field 'number' is {number}").format(full_name=repository.full_name, number=number)
        )
    return number, f"{repository.full_name}#{number}"


def number_of(item_id: str) -> int:
    """The number in ``Repository.item_id``."""
    return int(item_id.rpartition("/")[2])


def is_pull(row: Any) -> bool:
    """``/issues`` lists pull requests too, told by this key; rows of ``/pulls`` are told by their branch."""
    return isinstance(row, dict) and (row.get("pull_request") is not None or "head" in row)


def work_item(row: Any, repository: Repository, facts: PullFacts | None) -> WorkItem:
    """A row of ``/issues`` (or ``/pulls``) as a work item; ``facts`` for pull requests only.

    State: an open issue is ``TODO``, an open pull request ``DOING``. A pull request is done when it was merged, or
    closed unmerged, which is its resolution then; an issue's resolution is its ``state_reason``.
    """
    number, where = place_of(row, repository)
    pull = is_pull(row)
    facts = facts or PullFacts()
    type_name = maybe(maybe(row, "type", dict, where) or {}, "name", str, where) if not pull else None
    state, status, done_at, resolution = _standing(row, facts, pull, where)
    parent_id, parent_key = _parent(row, repository, where)
    milestone = maybe(row, "milestone", dict, where)
    title = take(row, "title", str, where)
    return WorkItem(
        id=repository.item_id(number),
        kind=ItemKind.PULL_REQUEST if pull else ItemKind.ISSUE,
        type=type_name or ("pull_request" if pull else "issue"),
        level=1 if (type_name or "").lower() in ABOVE_STANDARD else 0,
        key=where,
        project=repository.full_name,
        title=title,
        url=_web_url(
            maybe(row, "html_url", str, where), f"{repository.html_url}/{'pull' if pull else 'issues'}/{number}"
        ),
        state=state,
        status=status,
        created_at=_needed_moment(row, "created_at", where),
        updated_at=_needed_moment(row, "updated_at", where),
        done_at=done_at,
        resolution=resolution,
        assignee=_assignee(row, where),
        author=_login(row, "user", where),
        parent_id=parent_id,
        parent_key=parent_key,
        labels=_labels(row, where),
        milestones=() if milestone is None else (take(milestone, "title", str, f"{where}, milestone"),),
        references=_references(title, maybe(row, "body", str, where) or "", repository, facts if pull else None),
        former_keys=(f"{repository.known_as}#{number}",) if repository.was_renamed else (),
    )


def _standing(row: Any, facts: PullFacts, pull: bool, where: str) -> tuple[ItemState, str, datetime | None, str | None]:
    state = take(row, "state", str, where)
    if state not in ("open", "closed"):
        raise SourceError(
            _("{where}: the field 'state' is {state!r}, neither open nor closed").format(
                where=where, state=one_line(state, 40)
            )
        )
    if state == "open":
        if not pull:
            return ItemState.TODO, "open", None, None
        return ItemState.DOING, "draft" if maybe(row, "draft", bool, where) else "open", None, None
    closed_at = _needed_moment(row, "closed_at", where)
    if not pull:
        return ItemState.DONE, "closed", closed_at, maybe(row, "state_reason", str, where)
    given = row if "merged_at" in row else maybe(row, "pull_request", dict, where) or {}
    merged_at = moment(given, "merged_at", where) or facts.merged_at
    if merged_at is None:
        return ItemState.DONE, "closed", closed_at, "unmerged"
    return ItemState.DONE, "merged", merged_at, "merged"


def _labels(row: Any, where: str) -> tuple[str, ...]:
    """Labels come as objects, and in old answers as plain text."""
    labels = maybe(row, "labels", list, where) or []
    names = (maybe({"name": x} if isinstance(x, str) else x, "name", str, f"{where}, labels") for x in labels)
    return tuple(dict.fromkeys(name for name in names if name))


def _assignee(row: Any, where: str) -> str | None:
    everyone = maybe(row, "assignees", list, where) or [maybe(row, "assignee", dict, where)]
    return _login({"assignee": everyone[0]}, "assignee", where)


def _parent(row: Any, repository: Repository, where: str) -> tuple[str | None, str | None]:
    """Id (when it is in the same repository) and key of the issue that this one is a sub-issue of."""
    url = maybe(row, "parent_issue_url", str, where)
    parent = maybe(row, "parent", dict, where)
    if url is None and parent is not None:
        url = maybe(parent, "url", str, f"{where}, parent")
    found = _PARENT.search(url or "")
    if found is None:
        return None, None
    owner_name, number = found.group(1), int(found.group(2))
    if owner_name.lower() in (repository.full_name.lower(), repository.known_as.lower()):
        return repository.item_id(number), f"{repository.full_name}#{number}"
    return None, f"{owner_name}#{number}"


def _references(title: str, body: str, repository: Repository, facts: PullFacts | None) -> tuple[Reference, ...]:
    """An issue that names another is no part of it: of an issue, only the trailer ``KR:`` counts."""
    if facts is None:
        found = references_of(repo=repository.full_name, body=body)
        return tuple(reference for reference in found if reference.kind is ReferenceKind.KEY_RESULT)
    return (
        *references_of(repo=repository.full_name, title=title, body=body, branch=facts.branch, closes=facts.closes),
        *(Reference(ReferenceKind.CONTAINS, commit) for commit in facts.commits),
    )


# --- milestones -------------------------------------------------------------------------------------------------------


def milestone_of(row: Any, repository: Repository, zone: ZoneInfo) -> Milestone:
    """A row of ``/milestones``.

    ``due_on`` is midnight of the day that a person picked, written in UTC (or in the early hours): its UTC date is that
    day. Its counts of issues are left alone: they include pull requests.
    """
    number = take(row, "number", int, f"{repository.full_name}, milestones")
    where = f"{repository.full_name}, milestone {number}"
    due, closed = moment(row, "due_on", where), moment(row, "closed_at", where)
    return Milestone(
        id=repository.item_id(number),
        kind="milestone",
        project=repository.full_name,
        name=take(row, "title", str, where),
        state="closed" if take(row, "state", str, where) == "closed" else "open",
        due=due.astimezone(UTC).date() if due else None,
        closed=day_of(closed, zone) if closed else None,
        url=_web_url(maybe(row, "html_url", str, where), f"{repository.html_url}/milestone/{number}"),
    )


def release_of(row: Any, repository: Repository, zone: ZoneInfo) -> Milestone | None:
    """A row of ``/releases``; None for a draft, which nobody outside has seen."""
    identity = take(row, "id", int, f"{repository.full_name}, releases")
    where = f"{repository.full_name}, release {identity}"
    published = moment(row, "published_at", where)
    if maybe(row, "draft", bool, where) or published is None:
        return None
    tag = take(row, "tag_name", str, where)
    return Milestone(
        id=str(identity),
        kind="release",
        project=repository.full_name,
        name=maybe(row, "name", str, where) or tag,
        state="closed",
        closed=day_of(published, zone),
        url=_web_url(maybe(row, "html_url", str, where), f"{repository.html_url}/releases"),
    )
