"""What each format is made of except its text: of a page with hostile text and of its harmless twin it is the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import cache
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

from markdown_it import MarkdownIt
from rich.cells import cell_len

from okrsync.publish.storage_section import parsed

Shape = list[Any]

HOSTS = frozenset({"acme.example", "acme.atlassian.net", "127.0.0.1"})
"""To these alone a page may link."""
_UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class Hole(AssertionError):
    """Foreign text did something."""


def checked_address(url: str) -> None:
    """Raises ``Hole`` unless a link leads to a place on the page, to another page of ours, or to where work is."""
    parts = urlsplit(url)
    ours = not parts.scheme and not parts.netloc and re.fullmatch(r"#?[\w.\-#]*", url)
    if not ours and not (parts.scheme in {"http", "https"} and parts.hostname in HOSTS and "@" not in parts.netloc):
        raise Hole(f"a link to {url[:200]!r}")


def writable(text: str) -> None:
    """Raises ``Hole`` when a control, direction or surrogate character is left, other than the line feed."""
    found = _UNSAFE.search(text)
    if found:
        raise Hole(f"{found[0]!r} in {text[max(0, found.start() - 60) : found.end() + 20]!r}")


# --- terminal ---

_SGR = re.compile(r"\x1b\[[0-9;]*m")


def terminal(text: str, width: int = 100) -> Shape:
    """Only colours and line feeds: a state machine of one state. Lines end where the terminal does."""
    plain = _SGR.sub("", text)
    writable(plain)
    for line in plain.split("\n"):
        if cell_len(line) > width:
            raise Hole(f"a line of {cell_len(line)} columns: {line[:80]!r}")
    # How text is wrapped depends on it; the rows of tables do not.
    return [line.split()[0] for line in plain.splitlines() if line[:1] in set("●◔◌◐◇○▲✓×")]


# --- Markdown ---


@cache
def _commonmark() -> MarkdownIt:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


def markdown(page: str) -> Shape:
    """The tokens of CommonMark with tables, as GitHub and GitLab read it."""
    writable(page)
    shape: Shape = []
    for block in _commonmark().parse(page):
        if block.type == "html_block":
            shape += markup(block.content)
        elif block.type == "fence":
            shape += [block.type, block.info, mermaid(block.content)]
        elif block.type != "inline":
            shape.append((block.type, block.tag, str(block.attrs) if block.type != "ordered_list_open" else ""))
        for token in block.children or ():
            if token.type == "html_inline":
                shape += markup(token.content)
            elif token.type == "image":
                shape.append(("image", _place(str(token.attrs["src"]))))
            elif token.type == "link_open":
                shape.append(("link", _place(str(token.attrs["href"]))))
            elif token.type != "text":
                shape.append((token.type, token.tag))
    return shape


def _place(url: str) -> str:
    checked_address(url)
    return "web" if "://" in url else "here"


def python_markdown(page: str) -> Shape:
    """The elements that Python-Markdown (MkDocs) makes, with the extensions that sites use."""
    from markdown import markdown as rendered

    extensions = [
        "tables",
        "md_in_html",
        "toc",
        "attr_list",
        "footnotes",
        "abbr",
        "def_list",
        "admonition",
        "fenced_code",
    ]
    return markup(rendered(page, extensions=extensions))


def mermaid(text: str) -> Shape:
    """The lines of a flowchart without what stands in its labels."""
    return [re.sub(r'"(?:[\w ,.]|#\d+;|<br>)*"', '""', line) for line in text.splitlines()]


# --- HTML ---


class _Elements(HTMLParser):
    """Elements and attributes in order, the data of scripts and styles, and no text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.shape: Shape = []
        self._in: str = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in = tag
        # Anchors and what filters compare are made of ids, which differ.
        kept = [(name, (value or "") if name in {"class", "type", "rel", "style"} else "") for name, value in attrs]
        for name, value in attrs:
            if name in {"href", "src", "xlink:href", "action", "formaction"}:
                checked_address(value or "")
            if name.startswith("on"):
                raise Hole(f"<{tag} {name}={value!r}>")
        self.shape.append((tag, kept))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        self._in = ""
        self.shape.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        if self._in == "script":
            self.shape.append(keys(json.loads(data)) if data.startswith("{") else data)
        elif self._in == "style":
            self.shape.append(data)

    def handle_comment(self, data: str) -> None:
        self.shape.append(("comment", data.split(" ")[0]))

    def handle_decl(self, decl: str) -> None:
        self.shape.append(("declaration", decl))

    def handle_pi(self, data: str) -> None:
        raise Hole(f"<?{data[:80]}")

    def unknown_decl(self, data: str) -> None:
        raise Hole(f"<![{data[:80]}")


def markup(text: str) -> Shape:
    """The elements of a page or a piece of one."""
    # A tab means nothing in HTML.
    writable(text.replace("\t", " "))
    parser = _Elements()
    parser.feed(text)
    parser.close()
    return parser.shape


def tree(text: str) -> Shape:
    """The same as a browser would nest them (libxml2)."""
    from lxml import html

    def walked(element: Any, depth: int) -> Iterable[Any]:
        yield depth, str(element.tag)
        for child in element:
            yield from walked(child, depth + 1)

    return list(
        walked(html.fromstring(text.encode("utf-8"), parser=html.HTMLParser(encoding="utf-8", huge_tree=True)), 0)
    )


# --- Confluence, MediaWiki, SVG ---


def storage(text: str) -> Shape:
    """The elements of Confluence's storage format, with their attributes."""
    writable(text)
    if len(re.findall(r"<!\[CDATA\[", text)) > 1 + text.count("]]]]>"):
        raise Hole("CDATA sections")

    def walked(element: ElementTree.Element) -> Iterable[Any]:
        if "href" in element.attrib:
            checked_address(element.attrib["href"])
        known = {name: value for name, value in element.attrib.items() if name.endswith(("}name", "style"))}
        yield element.tag, sorted(element.attrib), sorted(known.items())
        for child in element:
            yield from walked(child)
        yield "/"

    return list(walked(parsed(text)))


_TEXT = re.compile(r"(?:&(?:#\d+|amp);|[A-Za-z0-9 .,()/%+$?\"\-\u00a0-\U0010ffff])+")


_URL = re.compile(r"\[https://acme\.[A-Za-z0-9\-.:/?#@!$&()*+,;=%]+ ")


def wikitext(text: str) -> Shape:
    """The marks between what means nothing to MediaWiki."""
    writable(text)
    return [_TEXT.sub("T", _URL.sub("[U ", line)) for line in text.splitlines()]


def svg(text: str) -> Shape:
    """The elements of a drawing; positions and words differ."""

    def walked(element: ElementTree.Element) -> Iterable[Any]:
        for name, value in element.attrib.items():
            if name.startswith("on") or "href" in name or ("javascript:" in value.lower() and name != "aria-label"):
                raise Hole(f"<{element.tag} {name}={value[:80]!r}>")
        yield element.tag, sorted(element.attrib)
        for child in element:
            yield from walked(child)

    return list(walked(ElementTree.fromstring(text)))


# --- JSON ---

OURS = frozenset(
    {"id", "t", "tag", "type", "key", "source", "kind", "key_result", "rule", "text", "schema", "start", "title"}
)
"""A key that each object of our own has one of; objects whose keys are foreign have none."""


def keys(value: Any) -> Any:
    """The types in a JSON value, and the keys that are ours; how many numbers and texts, not which."""
    if isinstance(value, dict):
        if value and all(each is None or type(each) in (int, str) for each in value.values()) and not set(value) & OURS:
            return {"entries": len(value)}
        return {key if not key.startswith("result-") else "?": keys(each) for key, each in value.items()}
    if isinstance(value, list):
        return [keys(each) for each in value]
    return type(value).__name__ if not isinstance(value, int | float) or isinstance(value, bool) else "number"
