"""Which fields an issue is asked for: the standard ones, and the custom ones that matter, by what they are."""

from __future__ import annotations

from dataclasses import dataclass

STANDARD_FIELDS = (
    "summary", "status", "resolution", "resolutiondate", "statuscategorychangedate", "issuetype", "project", "created",
    "updated", "assignee", "reporter", "labels", "components", "fixVersions", "parent", "description",
)  # fmt: skip

_POINTS_BY_NAME = frozenset({"story points", "story point estimate", "故事点", "故事點", "故事点估算"})
_ROLES = {
    "gh-sprint": "sprint",
    "gh-epic-link": "epic_link",
    "gh-epic-label": "epic_label",
    "jpo-custom-field-parent": "parent_link",
    "jsw-story-points": "points",
}


@dataclass(frozen=True, slots=True)
class CustomFields:
    """Ids of the custom fields that matter, found by what they are and not by what they are called here."""

    sprint: tuple[str, ...] = ()
    epic_link: tuple[str, ...] = ()
    epic_label: tuple[str, ...] = ()
    parent_link: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    """The likeliest first."""

    @classmethod
    def found_in(cls, answer: object) -> CustomFields:
        """From what ``GET /field`` answers; what is not a list of fields finds none."""
        found: dict[str, list[str]] = {}
        for raw in answer if isinstance(answer, list) else ():
            schema = raw.get("schema") if isinstance(raw, dict) else None
            custom = schema.get("custom") if isinstance(schema, dict) else None
            if not isinstance(custom, str) or not isinstance(raw.get("id"), str):
                continue
            found.setdefault(_role(custom, str(raw.get("name") or "")), []).append(raw["id"])
        return cls(
            sprint=tuple(found.get("sprint", ())),
            epic_link=tuple(found.get("epic_link", ())),
            epic_label=tuple(found.get("epic_label", ())),
            parent_link=tuple(found.get("parent_link", ())),
            points=(*found.get("points", ()), *found.get("points_by_name", ())),
        )

    def ids(self) -> tuple[str, ...]:
        """All of them, for the list of fields that a search asks for."""
        return (*self.sprint, *self.epic_link, *self.epic_label, *self.parent_link, *self.points)


def _role(custom: str, name: str) -> str:
    kind = custom.rpartition(":")[2]
    if kind == "float" and name.strip().casefold() in _POINTS_BY_NAME:
        return "points_by_name"
    return _ROLES.get(kind, "")
