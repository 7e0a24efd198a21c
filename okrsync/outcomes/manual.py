"""``type: manual``: people check the values in with ``okrsync check-in``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import ClassVar

from okrsync.outcomes.interface import OutcomeSettings, OutcomeSource, Reading


class ManualSettings(OutcomeSettings):
    """What people say: `okrsync check-in`."""


class Manual(OutcomeSource):
    """There is nothing to pull: a check-in is stored when it is made."""

    type_name: ClassVar[str] = "manual"
    Settings: ClassVar[type[OutcomeSettings]] = ManualSettings
    pulled: ClassVar[bool] = False

    def read(self, start: date, end: date) -> Sequence[Reading]:
        """Always empty; the values are in the store already."""
        return ()
