"""When two key results, of one cycle or of two, measure the same."""

from __future__ import annotations

import re

from okrsync.model import KeyResult

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def metric_of(key_result: KeyResult) -> tuple[str, ...]:
    """What key results have in common that measure the same: the outcome source with its settings.

    Of those that people check in, it is the unit, and the title without its baseline and target.
    """
    metric = key_result.metric
    if metric.source_type != "manual":
        return (metric.source_type, repr(metric.source_settings))
    aims = {metric.baseline, metric.target}

    def kept(match: re.Match[str]) -> str:
        number = match[0].replace(",", "")
        return " " if number.count(".") < 2 and float(number) in aims else match[0]

    return ("manual", metric.unit or "", " ".join(_NUMBER.sub(kept, key_result.title).casefold().split()))
