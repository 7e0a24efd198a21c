"""How the findings put things, in the language in use: lists, spans of time, and whom an action is for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from okrsync.language import _, ngettext

MOST = 4
"""How many names a sentence has."""


def listed(names: Sequence[str], most: int = MOST) -> str:
    """``O1, O2 and O3``; of more than ``most`` the first ones, and how many there are besides."""
    if len(names) > most:
        return ngettext("{names} and {count} more", "{names} and {count} more", len(names) - most).format(
            names=_(", ").join(names[:most]), count=len(names) - most
        )
    if len(names) < 2:
        return "".join(names)
    return _("{names} and {last}").format(names=_(", ").join(names[:-1]), last=names[-1])


def days(length: timedelta) -> str:
    """``7 days``."""
    return ngettext("{count} day", "{count} days", length.days).format(count=length.days)


def too_few_completed(few: int) -> str:
    """Why a share of completed work is not judged."""
    return ngettext(
        "fewer than {count} piece of work was completed there",
        "fewer than {count} pieces of work were completed there",
        few,
    ).format(count=few)


def owner_of(*names: str | None) -> str:
    """The first name that is known; otherwise the owner, whoever that is."""
    return next((name for name in names if name), None) or _("Its owner")


def lead_or(*names: str | None) -> str:
    """The first name that is known; otherwise the lead, whoever that is."""
    return next((name for name in names if name), None) or _("Its lead")
