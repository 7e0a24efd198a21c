"""What the findings take for much or little: every limit with its default, settable under ``findings: thresholds:``."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from okrsync.config_errors import YamlModel

Share = Annotated[float, Field(ge=0, le=1)]
"""A fraction."""
Count = Annotated[int, Field(ge=0)]


class Thresholds(YamlModel):
    """Limits of the rules."""

    noun: ClassVar[str] = "'thresholds'"

    few: Annotated[int, Field(ge=1)] = 20
    """Fewer pieces of work than this are too few for a share of them to say anything."""
    sure: Annotated[float, Field(gt=0.5, lt=1)] = 0.99
    """How sure a test of shares must be before its rule fires: 0.99 is wrong 1 time in 100."""

    # --- alignment ---
    chain: Share = 0.5
    """A003, A004: less completed work than this share serving an objective at the top is a finding."""

    # --- strategy ---
    fewest_key_results: Count = 2
    """S012: fewer key results in an objective than this."""
    most_key_results: Count = 5
    """S012: more key results in an objective than this."""
    longest_cycle: Annotated[int, Field(ge=1)] = 370
    """S009: a cycle of more days than this sets no deadline."""
    leading: Count = 7
    """S015: a key result whose lag is at most this many days is a leading one."""
    lagging: Share = 0.3
    """S015: a key result whose lag is at least this share of the cycle is a lagging one."""
    untestable: Annotated[float, Field(ge=0)] = 2.0
    """S017: a way to the target of fewer standard deviations of its noise than this cannot be told from luck."""
    everything: Share = 0.9
    """S019: a work rule that matches at least this share of all pieces of its source."""
    unlinked: Share = 0.3
    """S021: more completed work of a team or scope than this share serving no key result is a finding."""
