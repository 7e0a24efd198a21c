"""``docs/explanation/limits.md``: how often okrsync is wrong, as ``benchmarks/RESULTS.md`` has it."""

from __future__ import annotations

import re

from docs.decides_pages import RESULTS, error_rates
from okrsync.stories import SEASON_YEARS


def page() -> str:
    """The page. Raises ``LookupError`` when RESULTS.md does not say any more what the page tells."""
    found = _measured("findings", r"\| all \| (\d+) \| (\d+) \| (\d+) \| (\d+) \(([\d.]+%)\) \|")
    busy = _measured("findings", r"\| S020 busy key result \| \d+ \| \d+ \| (\d+) \| (\d+) \(([\d.]+%)\) \|")
    year = _measured("movement", r"\| ([\d.]+%) / [\d.]+% \| ([\d.]+%) / [\d.]+% \| ([\d.]+%) / [\d.]+% \|$")
    inside = _measured("movement", r"\| 20 \|.*\| (\d+%) / (\d+%) / (\d+%) \|$")
    wording = _measured("wording", r"\| all held out \|.*\| (\d+) of (\d+) \(")
    return _PAGE.format(
        errors=error_rates(),
        planted=found[0],
        found=found[1],
        clean=f"{int(found[2]):,}",
        flagged=found[3],
        share=found[4],
        busy_clean=f"{int(busy[0]):,}",
        busy=busy[1],
        busy_share=busy[2],
        years=SEASON_YEARS,
        year=year[0],
        inside=f"{inside[0]}, {inside[1]} and {inside[2]}",
        wording=f"{wording[0]} of {wording[1]}",
    )


def _measured(section: str, pattern: str) -> tuple[str, ...]:
    """The groups of the last place in a section of RESULTS.md that a pattern matches."""
    text = RESULTS.read_text("utf-8").partition(f"<!-- {section} -->")[2].partition(f"<!-- /{section} -->")[0]
    places = list(re.finditer(pattern, text, re.MULTILINE))
    if not places:
        raise LookupError(f"RESULTS.md, {section}: nothing matches {pattern}")
    return places[-1].groups()


_PAGE = """\
# Its limits, and how often it is wrong

This page is written by `make docs` from [what was measured](../../benchmarks/RESULTS.md), where each figure stands with the
command that measures it.

## Movement

In simulated weekly series with a cycle of 13 weeks (`python -m benchmarks movement`); the false alarms are the worst of eight kinds
of noise, the steps come in week 4, in normal noise:

{errors}
- A yearly season cannot be told from a change before the history spans {years} years. With a wave of 52 weeks
  that is half of the variance, and 20 readings before the cycle, `toward` is said of {year} of series in which nothing changed. So
  compare a Christmas quarter with care.
- A change in noise as strongly autocorrelated as .8 is not found reliably.
- A key result whose way to the target is less than 2 σ of its own noise is called *untestable*
  ([S017](../findings/S017.md)): no method could tell.
- The forecast's interval is meant to hold 80% of ends. With 20 readings before the cycle it holds {inside}, seen from weeks 4, 8 and
  12, over all simulated shapes; less where a change is still to come.

## Findings

In generated organisations of 5 to 300 teams (`python -m benchmarks findings`): {found} of {planted} planted failures were found, and
{flagged} of {clean} clean subjects were flagged ({share}). The most false alarms are of [S020](../findings/S020.md), *busy key
result*: {busy} of {busy_clean} ({busy_share}). Organisations that were made by the
author of the rules are kinder to them than yours may be.

Whether a title reads like a task ([S001](../findings/S001.md)) is told by words, in English and Chinese: {wording} titles of a held-out
list were told right (`python -m benchmarks wording`), and about nine in ten of titles in a style that is new to the rules.

## What it does not see

- Why anything happened. A verdict puts work and an outcome beside each other; it claims no cause.
- Work that is in no source. A team that works without issues looks as if it neglected its goals.
- Whether the work was large or small. A piece counts once, a typo like a rebuild; story points are stored and not judged.
- How a piece stood on a past day. Only its latest change is kept ([what that means](how-it-decides.md#what-counts-as-work)).
- Outcomes that nobody measures. `unmeasured` is the honest answer, and not a verdict on the work.

## What was not tried

- Confluence: tested against a stand-in only. So were Slack, Teams, 飞书 and 钉钉.
- Docusaurus and Obsidian: their pages were not looked at.
- The Docker image is not built by the tests.
- Windows: nothing was tried there.
"""  # noqa: E501
