"""The tree of goals as a Mermaid diagram, which GitHub, GitLab and most wikis draw; elsewhere it reads as text."""

from __future__ import annotations

from collections.abc import Sequence

from okrsync.language import _
from okrsync.report import words
from okrsync.report.escape import clean
from okrsync.report.value import GoalNode, Report

MOST = 60
"""More objectives than this are not drawn: what stands lowest is left out, and counted."""
TITLE = 50
"""Characters of a title in the diagram."""


def drawn(nodes: Sequence[GoalNode]) -> tuple[GoalNode, ...]:
    """The objectives that fit: whole levels from the top down, but of a top level that is too large its first."""
    for depth in sorted({node.depth for node in nodes}, reverse=True):
        kept = tuple(node for node in nodes if node.depth <= depth)
        if len(kept) <= MOST:
            return kept
    return tuple(nodes[:MOST])


def mermaid(report: Report) -> str:
    """The lines of a Mermaid flowchart; empty where there are not two objectives to connect.

    A broken chain is a dashed red box, an objective with busy key results says how many. Titles are foreign text: what
    could mean something to Mermaid, Markdown or HTML stands as a character code.
    """
    nodes = drawn(report.goals)
    if len(report.goals) < 2:
        return ""
    names = {node.id: f"g{number}" for number, node in enumerate(nodes)}
    hidden: dict[str, int] = {}
    for node in report.goals:
        if node.id not in names and node.parent in names:
            hidden[node.parent] = hidden.get(node.parent, 0) + 1
    lines = ["flowchart TD"]
    for node in nodes:
        said = [f"{clean(node.id, 40)} {clean(node.title, TITLE)}", words.team_name(report, node.team)]
        if node.busy:
            said.append(_("{count} busy").format(count=node.busy))
        if node.broken:
            said.append(_("leads to nothing above"))
        if node.id in hidden:
            said.append(_("{count} more below").format(count=hidden[node.id]))
        lines.append(f'  {names[node.id]}["{"<br>".join(map(_label, said))}"]{":::broken" if node.broken else ""}')
    lines += [
        f"  {names[node.parent]} --> {names[node.id]}"
        for node in nodes
        if node.parent is not None and node.parent in names
    ]
    if any(node.broken for node in nodes):
        lines.append("  classDef broken stroke:#c00,stroke-width:2px,stroke-dasharray:5 4")
    return "\n".join(lines)


def _label(text: str) -> str:
    return "".join(
        character if character.isalnum() or character in " ,." else f"#{ord(character)};" for character in text
    )
