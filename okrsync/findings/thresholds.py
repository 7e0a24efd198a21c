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
    """A004: less completed work than this share serving an objective at the top is a finding."""
    on_paper: Count = 2
    """A003: check-in periods after which goals without a check-in and linked work stand on paper only."""

    # --- persistence ---
    missed: Annotated[int, Field(ge=1)] = 2
    """P001, P002, P003: so many check-ins in a row that nobody made."""
    abandoned: Annotated[int, Field(ge=1)] = 3
    """P004: cadences without a check-in or measurement after which a key result is taken for abandoned."""
    silent: Annotated[int, Field(ge=1)] = 3
    """P005: check-in periods in which a key result is measured automatically and nobody says anything about it."""
    doubt: Annotated[float, Field(ge=0, le=10)] = 3
    """P008: a confidence of at most this, from 0 to 10, says that the target will not be reached."""
    unmoved: Annotated[int, Field(ge=2)] = 3
    """P009, P010: so many cycles in a row without movement, the present one included."""
    little: Share = 0.25
    """P009: a movement of less of the way to the target than this, which did not last, counts as none."""
    by_chance: Annotated[int, Field(ge=1)] = 5
    """P010: of so many key results of a cycle that stand still, one may seem to have moved."""

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
    readings: Annotated[int, Field(ge=1)] = 3
    """S020: readings from after the first work could show, before a flat outcome is more than an info."""
    unlinked: Share = 0.3
    """S021: more completed work of a team or scope than this share serving no key result is a finding."""
    growing: Share = 0.15
    """S021: a share of work that serves no key result is a finding, too, when it has grown to this at least."""
    trend: Annotated[int, Field(ge=2)] = 4
    """S021: check-in periods after which one asks whether the share grows."""

    # --- drift ---
    settling: Count = 7
    """D001, D002, D003, P006: changes of goals in so many days from a cycle's start on still belong to its planning."""
    acknowledge: Count = 7
    """D003: days after a change within which those below have to acknowledge it."""
    winding_down: Count = 7
    """D004: days after its retirement in which work for a key result may still be brought to an end."""
    compared_weeks: Annotated[int, Field(ge=2)] = 4
    """D005: how many of the cycle's first and of the latest weeks are compared."""
    least_weeks: Annotated[int, Field(ge=1)] = 2
    """D005: not judged while there are not so many weeks to compare at either end."""
    shift: Share = 0.2
    """D005: a smaller fall of the share of linked work than this is no finding, however sure it is."""
    unreviewed: Annotated[int, Field(ge=1)] = 4
    """D006: check-in periods without a sign that anybody looked at an objective."""

    # --- bottleneck ---
    lead: Share = 0.5
    """B001, B002, B003, B005: a lead who holds more of the team's than this share is a finding."""
    owned: Annotated[int, Field(ge=1)] = 4
    """B005: of fewer key results than this nobody owns most."""
    waits: Annotated[int, Field(ge=1)] = 10
    """B004: fewer waits than this, for the lead or for the rest of the team, have no median worth comparing."""
    longer: Annotated[float, Field(ge=1)] = 2.0
    """B004: work waits so many times as long for the lead as for the rest of the team."""
    least_wait: Annotated[float, Field(ge=0)] = 2.0
    """B004: a shorter wait for the lead than so many days is no finding."""
    fair: Annotated[int, Field(ge=1)] = 3
    """B006: check-in periods of the cycle that nobody needs to have checked in for."""
