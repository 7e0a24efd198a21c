"""The pages of ``docs/findings/``: one for each rule, from the rule itself and its examples, and an index."""

from __future__ import annotations

from difflib import unified_diff

from docs.examples import EXAMPLES
from docs.examples.example import HEAD, SETTINGS, Example
from okrsync.findings.catalogue import RULES
from okrsync.findings.interface import Rule
from okrsync.findings.thresholds import Thresholds
from okrsync.report.value import MODES
from okrsync.report.words import MODES as MODE_WORDS
from okrsync.schemas import docstrings_of

_WRITTEN = "This page is written by `make docs` from the rule itself; a test runs its examples."
_TABLES = {
    "history": "day | the goals said | and since then say",
    "work": "piece | done | serves | done by | created",
    "series": "key result | origin | first day | values, one a cadence",
    "links": "key result | work rule | work items | pieces | pieces in its source",
}
"""Field of an example → the heading of its table."""


def index() -> str:
    """All rules, mode by mode, with what they have in common."""
    parts = [_INTRODUCTION]
    for mode in MODES:
        words = MODE_WORDS[mode]
        parts.append(f"## {words.name.capitalize()}: {words.meaning}\n")
        rules = [rule for rule in RULES if rule.mode == mode]
        parts.append("| rule | | severity | `check` |\n|---|---|---|---|")
        for rule in rules:
            checked = "yes" if rule.configuration else ""
            parts.append(f"| [{rule.id}](findings/{rule.id}.md) | {rule.title} | {rule.severity} | {checked} |")
        parts.append("")
    parts.append("## Thresholds\n")
    parts.append("Set them in `okrsync.yaml` under `findings: {thresholds: {…}}`.\n")
    parts.append("| threshold | default | |\n|---|---|---|")
    texts = docstrings_of(Thresholds)
    parts += [f"| `{name}` | {field.default} | {texts[name]} |" for name, field in Thresholds.model_fields.items()]
    parts.append("\n## Which rule yields to which\n")
    parts.append("| rule | yields to |\n|---|---|")
    parts += [
        f"| {rule.id} {rule.title} | {', '.join(rule.yields_to)} |"
        for rule in RULES
        if any(each != rule.id for each in rule.yields_to)
    ]
    parts.append(_ALSO)
    parts.append(f"\n{_EXAMPLES}")
    return "\n".join(parts)


def page(rule: Rule) -> str:
    """One rule."""
    fires, spares = EXAMPLES[rule.id]
    where = "in the report and by `okrsync check`" if rule.configuration else "in the report"
    return "\n".join(
        [
            f"# {rule.id}: {rule.title}\n",
            f"{_WRITTEN}\n",
            f"Mode: {rule.mode} · severity: {rule.severity} · said {where} · [all rules](../findings.md)\n",
            f"## What it means\n\n{rule.meaning}\n",
            f"## How it is computed\n\n{rule.computed}{_yields(rule)}\n",
            f"## Data that fires it\n\n{_data(fires)}",
            f"## The nearest data that does not\n\n{_difference(fires, spares)}",
            f"## How to silence it\n\n{_silence(rule)}",
        ]
    )


def _yields(rule: Rule) -> str:
    if not rule.yields_to:
        return ""
    others = [f"[{each}]({each}.md)" for each in rule.yields_to if each != rule.id]
    others += ["the finding at its objective"] if rule.id in rule.yields_to else []
    return (
        f" Where {' or '.join(others)} says the same, of the same subject or of what it belongs to, "
        "that is the finding, and this one becomes a line of its evidence."
    )


def _data(example: Example) -> str:
    parts = [f"```yaml\n{example.goals}```\n"]
    if example.earlier:
        parts.append(f"Earlier cycles:\n\n```yaml\n{example.earlier}```\n")
    if example.settings:
        parts.append(f"In `okrsync.yaml`:\n\n```yaml\n{example.settings}```\n")
    for field, heading in _TABLES.items():
        text = getattr(example, field)
        if text:
            parts.append(f"```text\n{heading}\n{text.strip()}\n```\n")
    if example.store:
        parts.append(f"Judged on {example.as_of}.\n")
    return "\n".join(parts)


def _difference(fires: Example, spares: Example) -> str:
    parts = []
    for field in ("goals", "earlier", "settings", *_TABLES):
        before, after = getattr(fires, field).strip(), getattr(spares, field).strip()
        if before != after:
            lines = list(unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0))
            changes = [line for line in lines[2:] if not line.startswith("@@")]
            files = {"goals": "In the goals", "earlier": "In earlier cycles", "settings": "In `okrsync.yaml`"}
            named = files.get(field, f"In {_TABLES.get(field)}")
            parts.append(f"{named}:\n\n```diff\n" + "\n".join(changes) + "\n```\n")
    if fires.as_of != spares.as_of:
        parts.append(f"Judged on {spares.as_of} instead of {fires.as_of}.\n")
    return "\n".join(parts)


def _silence(rule: Rule) -> str:
    return (
        "At the goal or team that it is about:\n\n"
        f"```yaml\nignore: [{{rule: {rule.id}, reason: why it does not apply here}}]\n```\n\n"
        "For a subject without a place in the files of goals, in `okrsync.yaml` (without `subject`: for all):\n\n"
        f'```yaml\nfindings:\n  ignore:\n    - {{rule: {rule.id}, subject: "{_SUBJECTS[rule.mode]}", '
        "reason: why it does not apply here}\n```\n"
    )


_SUBJECTS = {
    "alignment": "level:department",
    "persistence": "level:department",
    "strategy": "source:jira:PAY",
    "drift": "team:payments",
    "bottleneck": "person:lin",
}

_INTRODUCTION = """\
# Findings

This page is written by `make docs` from the rules themselves (`okrsync/findings/`).

An OKR programme fails in one of five ways without anybody seeing it. Each leaves traces in the data that okrsync has.
A *finding* is such a trace: which rule, about what, how one knows, and what to do next. The report shows them on the
page, on the terminal and in `--format json`; `okrsync check` shows those that the configuration alone can tell, before
a cycle begins.

An **error** is a goal that cannot be judged as it is (`check` exits with 1), a **warning** is something to mend or to
decide, an **info** is worth knowing. A rule that lacks the data it needs says "not judged, because …" instead of
nothing. A finding that does not apply is silenced with a reason; silenced findings are counted in the report, listed
in its JSON and by `okrsync check --verbose`.

One cause is one finding. Where two rules see the same (nobody in a team checks in, so each of its key results misses
check-ins, and the reviews of its objectives are overdue), one yields to the other, as its page says: it becomes a line
of the other's evidence. It yields to what is at least as severe, so that no error hides behind a warning, and to
nothing that was silenced.
"""

_ALSO = """
P006 at a key result yields to P006 at its objective, and S021 at a team yields to D005 where the share only grows.
"""

_EXAMPLES = f"""\
## The examples

Before the goals of each example that has no `cycle:` of its own stands

```yaml
{HEAD}```

and their `okrsync.yaml` is

```yaml
{SETTINGS}```
"""
