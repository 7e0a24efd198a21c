"""What happened to an issue or pull request, as GitHub's GraphQL API tells it in ``timelineItems``.

An event is given as ``{"event": "review_requested", "created_at": …}``, with ``reviewer`` (a login, or
``team:acme/ops``), ``assignee`` (a login) or ``source`` (``(repository, number)`` of what referred to it), and with
``actor``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from okrsync.sandbox.github_objects import Given, Json, Objects
from okrsync.sandbox.graphql import View

_TYPES = {
    "review_requested": "ReviewRequestedEvent",
    "review_request_removed": "ReviewRequestRemovedEvent",
    "assigned": "AssignedEvent",
    "unassigned": "UnassignedEvent",
    "cross-referenced": "CrossReferencedEvent",
    "connected": "ConnectedEvent",
}


class Views(Protocol):
    """What other objects look like."""

    objects: Objects

    def user(self, shown: Json | None) -> View | None: ...
    def referred(self, repo: str, number: int) -> View | None: ...


def events(given: Sequence[Given], reviews: list[View], views: Views, wanted: Sequence[str] | None) -> list[View]:
    """The events of the wanted types (``REVIEW_REQUESTED_EVENT``; None: all), reviews among them, oldest first."""
    found = [*(_event(each, views) for each in given), *reviews]
    kept = [each for each in found if wanted is None or _enum(each["__typename"]) in wanted]
    return sorted(kept, key=lambda each: str(each["createdAt"]))


def _enum(type_name: str) -> str:
    return "".join(f"_{letter}" if letter.isupper() else letter for letter in type_name).lstrip("_").upper()


def _event(given: Given, views: Views) -> View:
    view: View = {
        "__typename": _TYPES[given["event"]],
        "createdAt": given["created_at"],
        "actor": views.user(views.objects.user(given.get("actor", "ghost"))),
    }
    if "reviewer" in given:
        view["requestedReviewer"] = _reviewer(given["reviewer"], views)
    if "assignee" in given:
        view["assignee"] = views.user(views.objects.user(given["assignee"]))
    if "source" in given:
        view["source"] = views.referred(*given["source"])
    return view


def _reviewer(name: str | None, views: Views) -> View | None:
    kind, colon, slug = (name or "").partition(":")
    if not colon:
        return views.user(views.objects.user(name))
    return {"__typename": kind.capitalize(), "combinedSlug": slug, "slug": slug.rpartition("/")[2]}
