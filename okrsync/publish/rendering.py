"""Pages in a wiki's own format, from the tokens of their Markdown: one subclass a format, and there the escaping.

Foreign text in the Markdown was escaped when the page was made; the tokens hold it as the reader sees it, and a format
escapes it again for itself. Of HTML, a page may hold anchors (``<a id>``), line breaks and ``<details>``; other tags
are left out and what stands between them is kept.
"""

from __future__ import annotations

import html
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.tree import SyntaxTreeNode

_ANCHOR = re.compile(r"""<a\s+(?:id|name)=(?P<quote>["'])(?P<id>[A-Za-z][\w.:-]{0,99})(?P=quote)\s*>""")
_BREAK = re.compile(r"<br\s*/?>", re.I)
_DETAILS = re.compile(
    r"<details\b[^>]*>(?:\s*<summary>(?P<summary>.*?)</summary>)?|(?P<end></details\s*>)", re.I | re.S
)
_TAG = re.compile(r"<!--.*?-->|</?[A-Za-z][^>]*>|<[?!][^>]*>", re.S)
_PAGE = re.compile(r"(?P<name>[^/\\:#?]+)\.md(?:#(?P<place>[^#]*))?")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class Format(ABC):
    """Renders pages. ``shown`` are the names of the attachments that the wiki has; of others the text alone is said."""

    def __init__(self, shown: Iterable[str] = ()) -> None:
        self.shown = frozenset(shown)

    def render(self, markdown: str) -> str:
        """The page in this format."""
        from markdown_it.tree import SyntaxTreeNode

        return self.blocks(SyntaxTreeNode(_parser().parse(_CONTROL.sub("", markdown))).children)

    # What a format says.

    @abstractmethod
    def text(self, text: str) -> str:
        """Foreign text, so that it shows as itself."""

    @abstractmethod
    def tag(self, name: str, inner: str) -> str:
        """One of strong, em, s, code: ``inner`` is rendered already."""

    @abstractmethod
    def line_break(self) -> str: ...

    @abstractmethod
    def anchor(self, name: str) -> str: ...

    @abstractmethod
    def link(self, url: str, inner: str) -> str:
        """A link to an http, https or mailto address."""

    @abstractmethod
    def page_link(self, name: str, place: str, inner: str) -> str:
        """A link to a page of this wiki; ``name`` is empty for this very page, ``place`` for its top."""

    @abstractmethod
    def image(self, name: str, description: str) -> str:
        """An attachment that the wiki has."""

    @abstractmethod
    def heading(self, level: int, inner: str) -> str: ...

    @abstractmethod
    def paragraph(self, inner: str) -> str: ...

    @abstractmethod
    def items(self, ordered: bool, start: int, items: Sequence[str]) -> str:
        """A list; each item is inline text, or blocks."""

    @abstractmethod
    def quote(self, inner: str) -> str: ...

    @abstractmethod
    def code(self, text: str, language: str) -> str:
        """A block of code; ``text`` is as it stands in the page, to be escaped."""

    @abstractmethod
    def rule(self) -> str: ...

    @abstractmethod
    def table(self, rows: Sequence[Sequence[tuple[bool, str, str]]]) -> str:
        """Rows of cells: whether it is a header, its alignment ("" or left, center, right), and its inline text."""

    @abstractmethod
    def folded(self, summary: str, inner: str) -> str:
        """Blocks that a reader unfolds; ``summary`` is rendered already."""

    # How a page is walked.

    def blocks(self, nodes: Sequence[SyntaxTreeNode]) -> str:
        """Blocks one after another; those between ``<details>`` and its end as one."""
        open_: list[tuple[str, list[str]]] = [("", [])]
        for node in nodes:
            if node.type != "html_block":
                open_[-1][1].append(self._block(node))
                continue
            at = 0
            for found in _DETAILS.finditer(node.content):
                open_[-1][1].append(self._rest(node.content[at : found.start()]))
                at = found.end()
                if not found["end"]:
                    open_.append((self.text(_plain(found["summary"] or "…")), []))
                elif len(open_) > 1:
                    summary, inner = open_.pop()
                    open_[-1][1].append(self.folded(summary, "".join(inner)))
            open_[-1][1].append(self._rest(node.content[at:]))
        while len(open_) > 1:
            summary, inner = open_.pop()
            open_[-1][1].append(self.folded(summary, "".join(inner)))
        return "".join(open_[0][1])

    def _rest(self, content: str) -> str:
        """What an HTML block says beside ``<details>``."""
        anchors = "".join(self.anchor(found["id"]) for found in _ANCHOR.finditer(content))
        text = self.text(_plain(content))
        return self.paragraph(anchors + text) if anchors or text else ""

    def _block(self, node: SyntaxTreeNode) -> str:
        kind, children = node.type, node.children
        if kind == "paragraph":
            return self.paragraph(self._inline(children))
        if kind == "heading":
            return self.heading(int(node.tag[1]), self._inline(children))
        if kind in {"bullet_list", "ordered_list"}:
            return self.items(
                kind == "ordered_list", int(node.attrs.get("start", 1)), [self._item(item) for item in children]
            )
        if kind == "blockquote":
            return self.quote(self.blocks(children))
        if kind in {"fence", "code_block"}:
            return self.code(node.content.rstrip("\n"), node.info.strip().partition(" ")[0])
        if kind == "hr":
            return self.rule()
        if kind == "table":
            rows = [row for part in children for row in part.children]
            return self.table([[self._cell(cell) for cell in row.children] for row in rows])
        return self.paragraph(self._inline([node]))

    def _item(self, node: SyntaxTreeNode) -> str:
        """In a tight list the text alone, with what is nested below it."""
        parts = []
        for child in node.children:
            tight = child.type == "paragraph" and child.hidden
            parts.append(self._inline(child.children) if tight else self.blocks([child]))
        return "".join(parts)

    def _cell(self, node: SyntaxTreeNode) -> tuple[bool, str, str]:
        align = re.search(r"text-align:\s*(left|center|right)", str(node.attrs.get("style", "")))
        return node.type == "th", align[1] if align else "", self._inline(node.children)

    def _inline(self, nodes: Iterable[SyntaxTreeNode]) -> str:
        return "".join(map(self._span, nodes))

    def _span(self, node: SyntaxTreeNode) -> str:
        kind = node.type
        if kind == "inline":
            return self._inline(node.children)
        if kind in {"strong", "em", "s"}:
            return self.tag(kind, self._inline(node.children))
        if kind == "code_inline":
            return self.tag("code", self.text(node.content))
        if kind == "softbreak":
            return " "
        if kind == "hardbreak":
            return self.line_break()
        if kind == "link":
            return self._link(str(node.attrs.get("href", "")), self._inline(node.children))
        if kind == "image":
            name = unquote(str(node.attrs.get("src", "")))
            description = _said(node)
            return self.image(name, description) if name in self.shown else self.text(description)
        if kind == "html_inline":
            anchor = _ANCHOR.fullmatch(node.content)
            if anchor:
                return self.anchor(anchor["id"])
            return self.line_break() if _BREAK.fullmatch(node.content) else ""
        return self.text(node.content)

    def _link(self, target: str, inner: str) -> str:
        if re.match(r"(?:https?://|mailto:)", target, re.I):
            return self.link(target, inner or self.text(target))
        if target.startswith("#") and len(target) > 1:
            return self.page_link("", unquote(target[1:]), inner)
        page = _PAGE.fullmatch(unquote(target))
        if page:
            return self.page_link(page["name"], page["place"] or "", inner or self.text(page["name"]))
        return inner


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


def _plain(content: str) -> str:
    """The text of a piece of HTML, on one line."""
    return " ".join(_CONTROL.sub("", html.unescape(_TAG.sub(" ", content))).split())


def _said(node: SyntaxTreeNode) -> str:
    """The text that stands for an image."""
    if node.type == "image" or node.children:
        return "".join(map(_said, node.children)) or (node.content if node.type == "image" else "")
    return " " if node.type in {"softbreak", "hardbreak"} else node.content
