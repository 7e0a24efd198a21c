"""Which ends do not count as completed (DESIGN section 7)."""

from __future__ import annotations

DEFAULT_NOT_COMPLETED: tuple[str, ...] = (
    "Won't Do",
    "Won't Fix",
    "Duplicate",
    "Cannot Reproduce",
    "Invalid",
    "Incomplete",
    "Not A Bug",
    "Not A Problem",
    "Declined",
    "Rejected",
    "Abandoned",
    "Obsolete",
    "Unresolved",
    "not_planned",
    "duplicate",
    "unmerged",
    # The same resolutions and statuses as a Jira in simplified Chinese usually shows them
    "不做",
    "不会做",
    "不修复",
    "不会修复",
    "不予修复",
    "无法修复",
    "重复",
    "重复提交",
    "无法重现",
    "不能重现",
    "无法复现",
    "无效",
    "不完整",
    "信息不完整",
    "不是缺陷",
    "非缺陷",
    "不是问题",
    "非问题",
    "已谢绝",
    "拒绝",
    "已拒绝",
    "已驳回",
    "放弃",
    "已放弃",
    "已废弃",
    "过时",
    "已过时",
    "未解决",
)
"""Names of resolutions and statuses that do not count as completed; matched without case.

The English ones are the contract's. Which Chinese name a site shows depends on its language pack and its administrator
(unverified for each), hence several for each; ``not_completed`` in ``okrsync.yaml`` replaces the whole list.
"""

NEVER_COMPLETED: tuple[str, ...] = ("not_planned", "duplicate", "unmerged")
"""GitHub's ``state_reason``, and what okrsync itself calls a pull request closed without a merge: whatever the
configuration says of resolutions, these are no completion (DESIGN section 7)."""
